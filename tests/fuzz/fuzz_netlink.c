/* SPDX-License-Identifier: MIT
 *
 * Requests to a netlink socket of NETLINK_ROUTE: any bytes. The first says how much room the socket
 * has, and whether memory is out. What comes back must be whole messages, to the program and in its
 * datagrams, and no memory may be left in the end.
 *
 * sources: libos/net/inet/netlink.c libos/net/inet/rtnetlink.c libos/net/inet/netlink_watch.c
 * sources: libos/net/inet/rtnetlink_set.c
 * sources: libos/net/sock/sock.c libos/net/sock/message.c
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c
 * sources: libos/vfs/open.c libos/vfs/path.c libos/thread/wait.c libos/thread/thread.c
 * sources: tests/unit/fake_policy.c libos/vfs/permit.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: inet sock vfs thread wire ip icmp link udp tcp mm random */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake_mm.h"
#include "fake_pkt.h"
#include "fake_plat.h"
#include "inet/internal.h"
#include "inet/netlink.h"
#include "net_frames.h"
#include "vfs/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct file *const stdio_files[3];

struct fs *root_start(void)
{
    return NULL;
}

/* Of parts that are not here: what they answer is not looked at. */
unsigned inet_iface_flags(const struct ip_iface *i)
{
    return i->dev ? IFF_UP : IFF_UP | IFF_LOOPBACK;
}

int inet_give_int(int v, void *value, socklen_t *len)
{
    return inet_give(&v, sizeof(v), value, len);
}

int inet_give(const void *from, size_t size, void *value, socklen_t *len)
{
    (void)from, (void)size, (void)value, (void)len;
    return -ENOPROTOOPT;
}

static void start(void)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24,10.0.0.2",
                                           "net0.ip=2001:db8::1/64,2001:db8::2", NULL};

    fake_reset();
    fake_netdevs = 1;
    fake_settings = settings;
    check(ip_start() == 0);
}

/* The messages of one datagram, each whole, with whole attributes. */
static void check_answer(const uint8_t *at, size_t len)
{
    while (len > 0) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)at;
        check(len >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= len);
        check(h->nlmsg_len % 4 == 0 && h->nlmsg_len <= NL_MESSAGE_MAX);
        check(h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE ||
              h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_NEWADDR ||
              h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_NEWRULE);
        at += h->nlmsg_len;
        len -= h->nlmsg_len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static _Alignas(8) uint8_t answer[32768];
    static size_t pages;
    struct socket *s;

    if (len < 2)
        return 0;
    if (!pages) {
        start();
        check(sock_family_netlink.create(SOCK_RAW, NETLINK_ROUTE, &s) == 0);
        s->ops->release(s);
        inode_put(&s->inode);
        pages = fake_mm.pages + 1;
    }
    check(sock_family_netlink.create(SOCK_RAW, NETLINK_ROUTE, &s) == 0);
    s->rcvbuf = 2304u + (uint32_t)(bytes[0] & 0x3f) * 4096;
    uint8_t *copy = malloc(len - 1); /* so that reading beyond shows */
    check(copy);
    memcpy(copy, bytes + 1, len - 1);
    struct iovec iov = {copy, len - 1};
    struct sock_msg m = {.iov = &iov, .iov_count = 1, .len = len - 1, .trusted = true};
    check(s->ops->send(s, &m) == (ssize_t)len - 1 || len - 1 > s->sndbuf - 32);
    for (;;) {
        iov = (struct iovec){answer, sizeof(answer)};
        m = (struct sock_msg){.iov = &iov, .iov_count = 1, .len = sizeof(answer), .trusted = true,
                              .deadline = DEADLINE_NOW};
        ssize_t n = s->ops->recv(s, &m);
        if (n == -EAGAIN)
            break;
        check(n == -ENOBUFS || n >= (ssize_t)sizeof(struct nlmsghdr));
        if (n > 0)
            check_answer(answer, (size_t)n);
    }
    s->ops->release(s);
    inode_put(&s->inode);
    free(copy);
    check(fake_mm.pages <= pages);
    return 0;
}
