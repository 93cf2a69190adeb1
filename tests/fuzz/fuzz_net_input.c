/* SPDX-License-Identifier: MIT
 *
 * The whole way of packets in, link, IP, ICMP and UDP with two sockets that answer, on a series of
 * frames: each is a byte of flags, two bytes of length, and its bytes. Checksums are put right
 * unless a flag says no. Checks that nobody is sent more than he has sent, but for a constant, that
 * frames fit, and that in the end no memory is left.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link udp mm random */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake_mm.h"
#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"
#include "udp/udp.h"
#include "wire/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* With TIME the upper four bits say how long nothing comes; else that there is little memory. */
enum { AS_IT_IS = 1, TO_US = 2, IN_PIECES = 4, TIME = 8, NO_HEAP = 16, FEW_PACKETS = 32 };

/* Bytes sent to one host, and received. */
static size_t bytes_out, bytes_in;

/* Answers a datagram with what it held. */
static void receive(struct udp_end *e, struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct ip_ends ends = {
        .local_port = e->ends.local_port, .remote = rx->from, .remote_port = rx->from_port};
    struct net_path path = {.ttl = 0};

    if (ip_is_link_local(&ends.remote))
        ends.scope = rx->iface->index;
    struct pkt *answer = p->total ? pkt_clone(p, PKT_HEADROOM) : NULL;
    pkt_free(p);
    if (!answer)
        return;
    if (ip_route(&ends, &path)) {
        pkt_free(answer);
        return;
    }
    (void)!udp_send(&ends, &path, answer);
}

static void error(struct udp_end *e, const struct ip_ends *ends, int err, unsigned mtu,
                  const struct ip_icmp *icmp, const struct pkt *p)
{
    (void)e, (void)mtu, (void)icmp;
    check(err < 0 && ends->local_port == 53 && p->len <= p->total);
}

static void start(void)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24,10.0.0.2",
                                           "net0.ip=2001:db8::1/64,2001:db8::2", NULL};
    static struct udp_end ends[2];

    fake_reset();
    fake_netdevs = 1;
    fake_settings = settings;
    check(ip_start() == 0);
    for (int i = 0; i < 2; i++) {
        ends[i].ends.local = i ? (struct ip_addr){.d = {0}} : ip_from_v4(0);
        ends[i].ends.local_port = 53;
        ends[i].receive = receive;
        ends[i].error = error;
        udp_add(&ends[i]);
    }
}

static void count_sent(void)
{
    static uint8_t frame[FAKE_FRAME];
    size_t len;

    while ((len = fake_netdev_sent(0, frame))) {
        check(len >= 42 && len <= 1514);
        if (!(frame[0] & 1))
            bytes_out += len;
    }
}

/* Makes the checksums right that an attacker would. */
static void repair(uint8_t *f, size_t len)
{
    size_t header = 14 + (f[14] & 15u) * 4;

    if (get16(f + 12) == 0x0800 && len >= 34 && header >= 34 && header <= len) {
        size_t total = get16(f + 16);
        size_t end = total + 14 >= header && total + 14 <= len ? total + 14 : len;
        put16(f + 24, 0);
        put16(f + 24, ~naive_sum(0, f + 14, header - 14) & 0xffff);
        if ((f[23] == 1 || f[23] == 2) && end >= header + 4)
            sum_at(f + header, end - header);
    }
}

static void one_frame(const uint8_t *bytes, size_t len, unsigned flags)
{
    struct pkt *first = NULL;
    size_t piece = flags & IN_PIECES ? 37 : 2048;
    uint8_t frame[FAKE_FRAME];

    memcpy(frame, bytes, len);
    if (len > 15 && flags & TO_US)
        memcpy(frame, fake_netdev[0].mac, 6);
    if (len > 15 && !(flags & AS_IT_IS))
        repair(frame, len);
    for (size_t at = 0; at < len || !first; at += piece) {
        size_t n = min_size(piece, len - at);
        struct pkt *p = pkt_alloc(0, first ? n : 1600);
        memcpy(p->data, frame + at, n);
        p->len = p->total = (uint32_t)n;
        if (!(flags & AS_IT_IS))
            p->flags = PKT_CSUM_OK;
        if (first)
            pkt_append(first, p);
        else
            first = p;
    }
    bytes_in += len + 200;
    if (!(flags & TIME) && flags & NO_HEAP)
        fake_mm.fail_percent = 50;
    if (!(flags & TIME) && flags & FEW_PACKETS)
        fake_pkt_left = flags >> 6;
    fake_netdev[0].input(&fake_netdev[0], first);
    fake_mm.fail_percent = 0;
    fake_pkt_left = UINT_MAX;
    count_sent();
    check(bytes_out <= bytes_in);
    check(pkt_memory() < 8u << 20);
}

/* Forgets what was learned, so that each input begins alike. */
static void forget(void)
{
    fake_netdev_pass(700 * NSEC_PER_SEC);
    for (struct ip_iface *i = ip_ifaces; i; i = i->next) {
        for (struct ip_iface_addr *a = i->addrs, *next; a; a = next) {
            next = a->next;
            if (a->dynamic || a->state == IP_ADDR_DUPLICATE)
                a->valid_until = fake.now;
        }
    }
    for (struct ip_route *r = ip_routes; r; r = r->next)
        if (r->origin == 9)
            r->valid_until = fake.now;
    ip_deadline(fake.now);
    fake_netdev_pass(700 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    check(fake_pkt_live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool started;

    if (!started)
        start();
    started = true;
    bytes_in = bytes_out = 0;
    while (len >= 3) {
        unsigned flags = bytes[0];
        size_t n = min_size(get16(bytes + 1) % 1515, len - 3);
        if (flags & TIME)
            fake_netdev_pass((flags >> 4) * (NSEC_PER_SEC / 2));
        fake_netdev_drop(0);
        one_frame(bytes + 3, n, flags);
        bytes += 3 + n;
        len -= 3 + n;
    }
    forget();
    return 0;
}
