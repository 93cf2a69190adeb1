/* SPDX-License-Identifier: MIT
 *
 * Requests that change addresses, routes and links, of the loopback, and the way to an address; on
 * Linux in a network namespace of its own. Sockets of events of devices. */
#define _GNU_SOURCE
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/syscall.h>

#include "inet.h"

static int nl;
static char buf[8192];
static struct {
    struct nlmsghdr h;
    char body[256];
} q;

static void start(int type, int flags, const void *fixed, size_t len)
{
    memset(&q, 0, sizeof(q));
    q.h = (struct nlmsghdr){(unsigned)NLMSG_LENGTH(len), (unsigned short)type,
                            (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags), 9, 0};
    memcpy(q.body, fixed, len);
}

static void add(int type, const void *value, size_t len)
{
    struct rtattr *a = (struct rtattr *)((char *)&q + NLMSG_ALIGN(q.h.nlmsg_len));

    a->rta_type = (unsigned short)type;
    a->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), value, len);
    q.h.nlmsg_len = NLMSG_ALIGN(q.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* Sends the request: 0 or the error of its acknowledgement as errno. */
static int ask(void)
{
    struct nlmsghdr *h = (struct nlmsghdr *)buf;

    send(nl, &q, q.h.nlmsg_len, 0);
    while (recv(nl, buf, sizeof(buf), 0) > 0 && h->nlmsg_type != NLMSG_ERROR)
        ;
    errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
    return errno ? -1 : 0;
}

static int address(int type, int flags, int family, const char *text, int prefix, int index)
{
    struct ifaddrmsg m = {.ifa_family = (unsigned char)family,
                          .ifa_prefixlen = (unsigned char)prefix,
                          .ifa_index = (unsigned)index};
    char a[16];

    start(type, flags, &m, sizeof(m));
    if (inet_pton(family, text, a) == 1)
        add(IFA_LOCAL, a, family == AF_INET ? 4 : 16);
    return ask();
}

static int route(int type, int flags, int family, const char *text, int prefix, int index)
{
    struct rtmsg m = {.rtm_family = (unsigned char)family,
                      .rtm_dst_len = (unsigned char)prefix,
                      .rtm_table = RT_TABLE_MAIN,
                      .rtm_protocol = RTPROT_STATIC,
                      .rtm_scope = RT_SCOPE_UNIVERSE,
                      .rtm_type = RTN_UNICAST};
    char a[16];

    start(type, flags, &m, sizeof(m));
    inet_pton(family, text, a);
    add(RTA_DST, a, family == AF_INET ? 4 : 16);
    add(RTA_OIF, &index, sizeof(index));
    return ask();
}

static int link_up(int type, int flags, int index, const char *name)
{
    struct ifinfomsg m = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    start(type, flags, &m, sizeof(m));
    if (name)
        add(IFLA_IFNAME, name, strlen(name) + 1);
    return ask();
}

/* The answer to one request for a way. */
static void way(int family, const char *text)
{
    struct rtmsg m = {.rtm_family = (unsigned char)family,
                      .rtm_dst_len = family == AF_INET ? 32 : 128,
                      .rtm_flags = RTM_F_LOOKUP_TABLE};
    struct nlmsghdr *h = (struct nlmsghdr *)buf;
    char a[16];

    start(RTM_GETROUTE, 0, &m, sizeof(m));
    q.h.nlmsg_flags = NLM_F_REQUEST;
    inet_pton(family, text, a);
    add(RTA_DST, a, family == AF_INET ? 4 : 16);
    send(nl, &q, q.h.nlmsg_len, 0);
    ssize_t n = recv(nl, buf, sizeof(buf), 0);
    if (n > 0 && h->nlmsg_type == NLMSG_ERROR) {
        printf("way to %s: %s\n", text, strerror(-((struct nlmsgerr *)NLMSG_DATA(h))->error));
        return;
    }
    struct rtmsg *r = NLMSG_DATA(h);
    printf("way to %s: %d flags %x, family %d, %d bits, type %d, cloned %d", text, h->nlmsg_type,
           h->nlmsg_flags, r->rtm_family, r->rtm_dst_len, r->rtm_type,
           (r->rtm_flags & RTM_F_CLONED) != 0);
    unsigned left = RTM_PAYLOAD(h), seen = 0;
    for (struct rtattr *x = RTM_RTA(r); RTA_OK(x, left); x = RTA_NEXT(x, left)) {
        if (x->rta_type == RTA_OIF)
            printf(", by %d", *(int *)RTA_DATA(x));
        if (x->rta_type == RTA_DST || x->rta_type == RTA_PREFSRC || x->rta_type == RTA_GATEWAY)
            seen |= 1u << x->rta_type;
    }
    printf(", attributes %x\n", seen);
}

/* Whether datagrams can be sent from an address. */
static int usable(const char *text)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0), r = bind4(s, text, 0);

    close(s);
    return r;
}

static void events(void)
{
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    socklen_t len = sizeof(a);

    T(socket(AF_NETLINK, SOCK_STREAM, NETLINK_KOBJECT_UEVENT));
    T(socket(AF_NETLINK, 6, NETLINK_KOBJECT_UEVENT));
    int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
    a.nl_groups = 1;
    T(bind(s, (struct sockaddr *)&a, sizeof(a)));
    T(getsockname(s, (struct sockaddr *)&a, &len));
    IS(a.nl_pid != 0 && a.nl_groups == 1);
    T(get(s, SOL_SOCKET, SO_PROTOCOL));
    T(recv(s, buf, sizeof(buf), MSG_DONTWAIT));
    close(s);
}

int main(void)
{
    static volatile long own_network = SYS_unshare; /* Pith has none, and needs none */
    struct fib_rule_hdr any = {.family = AF_INET};

    syscall(own_network, CLONE_NEWNET);

    nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    struct timeval tv = {2, 0};
    setsockopt(nl, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    T(link_up(RTM_NEWLINK, 0, 1, NULL));
    T(address(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.77.0.1", 24, 1));
    T(usable("10.77.0.1"));
    T(address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.77.0.1", 24, 1));
    T(address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, AF_INET, "10.77.0.1", 24, 1));
    T(address(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.77.0.2", 33, 1));
    T(address(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.77.0.2", 24, 4711));
    T(address(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "", 24, 1));
    T(address(RTM_DELADDR, 0, AF_INET, "10.77.0.1", 24, 1));
    T(address(RTM_DELADDR, 0, AF_INET, "10.77.0.1", 24, 1));
    T(address(RTM_DELADDR, 0, AF_INET, "10.77.0.1", 24, 4711));
    T(usable("10.77.0.1"));
    T(address(RTM_NEWADDR, NLM_F_CREATE, AF_INET6, "fd77::1", 64, 1));
    T(address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, AF_INET6, "fd77::1", 64, 1));
    T(address(RTM_DELADDR, 0, AF_INET6, "fd77::1", 64, 1));
    T(address(RTM_DELADDR, 0, AF_INET6, "fd77::1", 64, 1));
    for (int i = 0; i < 2; i++) {
        int family = i ? AF_INET6 : AF_INET, bits = i ? 64 : 24;
        const char *to = i ? "2001:db8:77::" : "192.0.2.0";
        T(route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, family, to, bits, 1));
        T(route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, family, to, bits, 1));
        T(route(RTM_DELROUTE, 0, family, to, bits, 1));
        T(route(RTM_DELROUTE, 0, family, to, bits, 1));
        T(route(RTM_NEWROUTE, NLM_F_CREATE, family, to, bits, 4711));
        T(route(RTM_NEWROUTE, NLM_F_CREATE, family, to, 129, 1));
    }
    T(link_up(RTM_NEWLINK, 0, 1, NULL));
    T(link_up(RTM_NEWLINK, 0, 0, "lo"));
    T(link_up(RTM_NEWLINK, 0, 4711, NULL));
    T(link_up(RTM_NEWLINK, 0, 0, "none?"));
    T(link_up(RTM_DELLINK, 0, 1, NULL));
    T(link_up(RTM_DELLINK, 0, 0, "lo"));
    T(link_up(RTM_DELLINK, 0, 4711, NULL));
    way(AF_INET, "127.0.0.2");
    way(AF_INET6, "::1");
    start(RTM_GETRULE, NLM_F_DUMP, &any, sizeof(any));
    send(nl, &q, q.h.nlmsg_len, 0);
    ssize_t n = recv(nl, buf, sizeof(buf), 0);
    struct nlmsghdr *h = (struct nlmsghdr *)buf;
    struct fib_rule_hdr *r = NLMSG_DATA(h);
    IS(n > 0);
    printf("rules: %d, multi %d, family %d, table %d, action %d\n", h->nlmsg_type,
           (h->nlmsg_flags & NLM_F_MULTI) != 0, r->family, r->table, r->action);
    struct ifreq i = {.ifr_name = "lo"};
    T(ioctl(nl, SIOCGIFMTU, &i));
    T(ioctl(nl, SIOCSIFMTU, &i));
    T(ioctl(nl, SIOCGIFMTU, &i));
    IS(i.ifr_mtu == 65536);
    close(nl);
    events();
    return 0;
}
