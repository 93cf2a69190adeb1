/* SPDX-License-Identifier: MIT
 *
 * Groups of some sources only (RFC 3678), and IP_MULTICAST_ALL. All on the loopback, from senders with
 * addresses of their own. */
#include "inet.h"

#define GROUP "224.0.2.3"

static char bytes[64];
static struct ip_mreq_source one;
static int in, from1, from5;

/* Both senders send, and what has come is shown. */
static void send_both(const char *what)
{
    struct sockaddr_in to = four(GROUP, 7501), a;
    socklen_t len;

    sendto(from1, "x", 1, 0, (void *)&to, sizeof(to));
    sendto(from5, "x", 1, 0, (void *)&to, sizeof(to));
    printf("%s:", what);
    while (len = sizeof(a), recvfrom(in, bytes, sizeof(bytes), MSG_DONTWAIT, (void *)&a, &len) >= 0)
        printf(" %s", inet_ntoa(a.sin_addr));
    printf("\n");
}

static int source(int name, const char *address)
{
    inet_pton(AF_INET, address, &one.imr_sourceaddr);
    return setsockopt(in, SOL_IP, name, &one, sizeof(one));
}

static int all(int name)
{
    struct ip_mreq m = {one.imr_multiaddr, one.imr_interface};

    return setsockopt(in, SOL_IP, name, &m, sizeof(m));
}

struct filter {
    struct in_addr group, iface;
    unsigned mode, count;
    struct in_addr source[12];
};

static int set_filter(unsigned mode, unsigned count, socklen_t len)
{
    struct filter f = {one.imr_multiaddr, one.imr_interface, mode, count, {{0}}};

    inet_pton(AF_INET, "127.0.0.5", &f.source[0]);
    inet_pton(AF_INET, "127.0.0.1", &f.source[1]);
    return setsockopt(in, SOL_IP, IP_MSFILTER, &f, len);
}

static void show_filter(unsigned room, socklen_t len)
{
    struct filter f = {one.imr_multiaddr, one.imr_interface, 9, room, {{0}}};

    if (getsockopt(in, SOL_IP, IP_MSFILTER, &f, &len)) {
        printf("filter: %s\n", strerror(errno));
        return;
    }
    printf("filter: mode %u, %u sources, %d bytes, first %s\n", f.mode, f.count, (int)len,
           inet_ntoa(f.source[0]));
}

static int sender(const char *address)
{
    struct ip_mreqn q = {.imr_ifindex = 1};
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    T(bind4(s, address, 0));
    T(setsockopt(s, SOL_IP, IP_MULTICAST_IF, &q, sizeof(q)));
    return s;
}

static void include(void)
{
    T(source(IP_BLOCK_SOURCE, "127.0.0.1"));
    T(source(IP_UNBLOCK_SOURCE, "127.0.0.1"));
    T(source(IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.1"));
    T(setsockopt(in, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, 4));
    send_both("before");
    T(source(IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    T(source(IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    send_both("one");
    T(source(IP_BLOCK_SOURCE, "127.0.0.1"));
    T(source(IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.5"));
    T(source(IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.5"));
    send_both("both");
    T(all(IP_ADD_MEMBERSHIP));
    show_filter(12, sizeof(struct filter));
    show_filter(1, 20);
    show_filter(2, 20);
    show_filter(0, 12);
    T(source(IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.1"));
    send_both("the other");
    T(source(IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.5"));
    send_both("none");
    T(source(IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.5"));
    T(all(IP_DROP_MEMBERSHIP));
}

static void exclude(void)
{
    T(all(IP_ADD_MEMBERSHIP));
    T(all(IP_ADD_MEMBERSHIP));
    send_both("all");
    T(source(IP_UNBLOCK_SOURCE, "127.0.0.1"));
    T(source(IP_BLOCK_SOURCE, "127.0.0.1"));
    T(source(IP_BLOCK_SOURCE, "127.0.0.1"));
    send_both("all but one");
    T(source(IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    T(source(IP_UNBLOCK_SOURCE, "127.0.0.1"));
    send_both("all again");
    for (int n = 10; n < 21; n++) {
        char text[32];
        snprintf(text, sizeof(text), "127.0.0.%d", n);
        T(source(IP_BLOCK_SOURCE, text));
    }
    show_filter(12, sizeof(struct filter));
    T(all(IP_DROP_MEMBERSHIP));
    T(all(IP_ADD_MEMBERSHIP));
    T(source(IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.5"));
    send_both("switched");
    T(all(IP_DROP_MEMBERSHIP));
}

static void filters(void)
{
    T(set_filter(MCAST_INCLUDE, 1, 20));
    T(set_filter(MCAST_INCLUDE, 0, 16));
    show_filter(12, sizeof(struct filter));
    T(all(IP_ADD_MEMBERSHIP));
    T(set_filter(MCAST_INCLUDE, 1, 20));
    send_both("include");
    T(set_filter(MCAST_EXCLUDE, 1, 20));
    send_both("exclude");
    T(set_filter(MCAST_EXCLUDE, 2, 20));
    T(set_filter(MCAST_EXCLUDE, 2, 24));
    send_both("exclude both");
    T(set_filter(7, 0, 16));
    T(set_filter(MCAST_EXCLUDE, 11, 60));
    T(set_filter(MCAST_EXCLUDE, 0, 15));
    T(set_filter(MCAST_EXCLUDE, 0, 16));
    send_both("exclude none");
    T(set_filter(MCAST_INCLUDE, 0, 16));
    show_filter(12, sizeof(struct filter));
}

static void any_version(int s, int level, struct group_source_req *r)
{
#define ASK(name) T(setsockopt(s, level, name, r, sizeof(*r)))
    ASK(MCAST_LEAVE_SOURCE_GROUP);
    ASK(MCAST_BLOCK_SOURCE);
    ASK(MCAST_JOIN_SOURCE_GROUP);
    ASK(MCAST_JOIN_SOURCE_GROUP);
    ASK(MCAST_BLOCK_SOURCE);
    ASK(MCAST_LEAVE_SOURCE_GROUP);
    ASK(MCAST_LEAVE_SOURCE_GROUP);
    T(setsockopt(s, level, MCAST_JOIN_GROUP, r, sizeof(struct group_req)));
    T(setsockopt(s, level, MCAST_JOIN_GROUP, r, sizeof(struct group_req)));
    ASK(MCAST_BLOCK_SOURCE);
    ASK(MCAST_BLOCK_SOURCE);
    ASK(MCAST_JOIN_SOURCE_GROUP);
    ASK(MCAST_UNBLOCK_SOURCE);
    ASK(MCAST_UNBLOCK_SOURCE);
    T(setsockopt(s, level, MCAST_LEAVE_GROUP, r, sizeof(struct group_req)));
    T(setsockopt(s, level, MCAST_JOIN_SOURCE_GROUP, r, 100));
    r->gsr_interface = 77;
    ASK(MCAST_JOIN_SOURCE_GROUP);
    r->gsr_interface = 1;
    r->gsr_source.ss_family = AF_UNIX;
    ASK(MCAST_JOIN_SOURCE_GROUP);
}

int main(void)
{
    struct group_source_req r = {.gsr_interface = 1};
    int s = socket(AF_INET6, SOCK_DGRAM, 0);

    inet_pton(AF_INET, GROUP, &one.imr_multiaddr);
    inet_pton(AF_INET, "127.0.0.1", &one.imr_interface);
    in = socket(AF_INET, SOCK_DGRAM, 0);
    T(bind4(in, GROUP, 7501));
    T(set(in, SOL_IP, IP_MULTICAST_ALL, 0));
    from1 = sender("127.0.0.1");
    from5 = sender("127.0.0.5");
    include();
    exclude();
    filters();
    memcpy(&r.gsr_group, &(struct sockaddr_in){.sin_family = AF_INET, .sin_addr = one.imr_multiaddr},
           sizeof(struct sockaddr_in));
    memcpy(&r.gsr_source, &(struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}},
           sizeof(struct sockaddr_in));
    any_version(in, SOL_IP, &r);
    struct sockaddr_in6 group = six("ff05::77", 0), from = six("::1", 0);
    memcpy(&r.gsr_group, &group, sizeof(group));
    memcpy(&r.gsr_source, &from, sizeof(from));
    any_version(s, SOL_IPV6, &r);
    /* Others' memberships count, unless IP_MULTICAST_ALL is 0. */
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreq m = {one.imr_multiaddr, one.imr_interface};
    send_both("nobody");
    T(setsockopt(other, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    send_both("another");
    T(set(in, SOL_IP, IP_MULTICAST_ALL, 1));
    send_both("another, and all");
    printf("%d %d\n", get(s, SOL_IP, IP_MULTICAST_ALL), get(s, SOL_IPV6, 29));
    return 0;
}
