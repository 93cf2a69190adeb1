/* SPDX-License-Identifier: MIT
 *
 * Netlink sockets: names, errors, requests that are wrong, and what they and libc say of the
 * loopback interface. Run where there is no other: what differs between machines is not printed. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHOW(call)                                                                                 \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long r_ = (long)(call);                                                                    \
        printf("%s: %ld %s\n", #call, r_, errno ? strerror(errno) : "");                           \
    } while (0)

static _Alignas(8) char buf[32768];

static int ask(int s, int type, int flags, int family, size_t len)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg m;
    } q = {{(unsigned)len, (unsigned short)type, (unsigned short)(NLM_F_REQUEST | flags), 77, 0},
           {.ifi_family = (unsigned char)family}};
    return (int)send(s, &q, sizeof(q), 0);
}

/* Prints what kinds of messages come, once each, and the error of the last. */
static void answers(int s, const char *what)
{
    int last = 0, loopback = 0;
    printf("%s:", what);
    for (;;) {
        ssize_t n = recv(s, buf, sizeof(buf), MSG_DONTWAIT);
        if (n < 0) {
            printf(" end: %s", strerror(errno));
            break;
        }
        unsigned left = (unsigned)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            if (h->nlmsg_seq != 77)
                printf(" (seq %u)", h->nlmsg_seq);
            if (h->nlmsg_type != last)
                printf(" %u%s", h->nlmsg_type, h->nlmsg_flags & NLM_F_MULTI ? "m" : "");
            last = h->nlmsg_type;
            if (h->nlmsg_type == NLMSG_ERROR)
                printf(" error %d", ((struct nlmsgerr *)NLMSG_DATA(h))->error);
            if (h->nlmsg_type == RTM_NEWADDR)
                loopback |= ((struct ifaddrmsg *)NLMSG_DATA(h))->ifa_scope == RT_SCOPE_HOST;
        }
    }
    printf("%s\n", loopback ? " with the loopback's" : "");
}

static void names(void)
{
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    socklen_t len = sizeof(a);
    SHOW(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    SHOW(socket(AF_NETLINK, SOCK_RAW, 31));
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int t = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    SHOW(getsockname(s, (struct sockaddr *)&a, &len));
    printf("%d %u %u %u\n", a.nl_family, a.nl_pid, a.nl_groups, len);
    a.nl_pid = 4711;
    SHOW(bind(s, (struct sockaddr *)&a, sizeof(a) - 1));
    SHOW(bind(s, (struct sockaddr *)&a, sizeof(a)));
    SHOW(bind(t, (struct sockaddr *)&a, sizeof(a)));
    a.nl_groups = RTMGRP_LINK;
    SHOW(bind(s, (struct sockaddr *)&a, sizeof(a)));
    a.nl_pid = 4712;
    SHOW(bind(s, (struct sockaddr *)&a, sizeof(a)));
    SHOW(getsockname(s, (struct sockaddr *)&a, &len));
    printf("%u %u\n", a.nl_pid, a.nl_groups);
    SHOW(getpeername(s, (struct sockaddr *)&a, &len));
    printf("%u %u\n", a.nl_pid, a.nl_groups);
    a.nl_family = AF_INET;
    SHOW(connect(s, (struct sockaddr *)&a, sizeof(a)));
    SHOW(listen(s, 1));
    SHOW(accept(s, NULL, NULL));
    SHOW(shutdown(s, SHUT_WR));
    SHOW(send(s, buf, 0, MSG_OOB));
    int v = 1;
    SHOW(setsockopt(s, 270, NETLINK_ADD_MEMBERSHIP, &v, sizeof(v)));
    SHOW(setsockopt(s, 270, NETLINK_ADD_MEMBERSHIP, &v, 1));
    v = 0;
    SHOW(setsockopt(s, 270, NETLINK_ADD_MEMBERSHIP, &v, sizeof(v)));
    SHOW(setsockopt(s, 270, 99, &v, sizeof(v)));
    struct pollfd p = {s, POLLIN | POLLOUT, 0};
    SHOW(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    close(s);
    close(t);
}

static void requests(void)
{
    int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    SHOW(ask(s, RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC, 32));
    answers(s, "links");
    SHOW(ask(s, RTM_GETADDR, NLM_F_DUMP, AF_INET, 32));
    answers(s, "addresses of IPv4");
    SHOW(ask(s, 1000, 0, 0, 32));
    answers(s, "no such request");
    SHOW(ask(s, RTM_GETLINK, 0, 0, 5));
    answers(s, "too short");
    SHOW(ask(s, RTM_GETLINK, 0, 0, 1000));
    answers(s, "longer than it is");
    SHOW(ask(s, NLMSG_NOOP, 0, 0, 32));
    answers(s, "nothing");
    SHOW(ask(s, NLMSG_NOOP, NLM_F_ACK, 0, 32));
    answers(s, "nothing, with an acknowledgement");
    SHOW(send(s, "xyz", 3, 0));
    answers(s, "three bytes");
    /* Peeking and cutting. */
    SHOW(ask(s, NLMSG_NOOP, NLM_F_ACK, 0, 32));
    SHOW(recv(s, buf, 10, MSG_PEEK | MSG_TRUNC));
    SHOW(recv(s, buf, 10, 0));
    SHOW(recv(s, buf, 10, MSG_DONTWAIT));
    close(s);
}

static void libc(void)
{
    struct ifaddrs *all, *a;
    char name[IF_NAMESIZE];
    SHOW(getifaddrs(&all));
    for (a = all; a; a = a->ifa_next)
        if (!strcmp(a->ifa_name, "lo") && a->ifa_addr && a->ifa_addr->sa_family == AF_INET)
            printf("lo %s/%x %s\n", inet_ntoa(((struct sockaddr_in *)a->ifa_addr)->sin_addr),
                   ntohl(((struct sockaddr_in *)a->ifa_netmask)->sin_addr.s_addr),
                   a->ifa_flags & IFF_LOOPBACK ? "loopback" : "");
    freeifaddrs(all);
    struct if_nameindex *list = if_nameindex();
    printf("first: %u %s\n", list[0].if_index, list[0].if_name);
    if_freenameindex(list);
    printf("%u %s\n", if_nametoindex("lo"), if_indextoname(1, name));
    SHOW(if_nametoindex("nosuchname"));
    SHOW(if_indextoname(12345, name));
}

int main(void)
{
    names();
    requests();
    libc();
    return 0;
}
