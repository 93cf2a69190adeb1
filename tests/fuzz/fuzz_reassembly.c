/* SPDX-License-Identifier: MIT
 *
 * Fragments in any order, overlapping, repeated and contradictory: every 5 bytes are one, of a few
 * packets of both versions. Where a byte stands says what it is, so whatever is delivered has to be
 * made of the right bytes, from the first to one that a last fragment ended with; and what is kept
 * has its limits.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/thread/timer.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link mm random */
#include <stdlib.h>

#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NUMBER 200
#define OWN    IP4(10, 0, 0, 1)

static const uint8_t own6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t peer6[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
static bool ended[65536 / 8 * 8 + 1]; /* lengths that a last fragment has said */

static void check(bool what)
{
    if (!what)
        abort();
}

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 13 + at / 251);
}

static void input(struct ip_ends *ends, struct pkt *p)
{
    static uint8_t data[65536];
    size_t n = p->total;

    (void)ends;
    check(n <= 65535 && ended[n]);
    size_t pieces = 0;
    for (const struct pkt *q = p; q; q = q->more)
        pieces += q->len;
    check(pieces == n);
    pkt_copy(p, 0, data, n);
    for (size_t i = 0; i < n; i++)
        check(data[i] == byte_at(i));
    pkt_free(p);
}

static struct ip_protocol transport = {.number = NUMBER, .input = input};

static void start(void)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24", "net0.ip=2001:db8::1/64", NULL};

    fake_reset();
    fake_netdevs = 1;
    fake_settings = settings;
    check(ip_start() == 0);
    ip_protocol_add(&transport);
}

static void fragment(bool v6, unsigned id, unsigned options, size_t off, size_t len, bool more)
{
    struct frame f;

    ether(&f, fake_netdev[0].mac, v6 ? 0x86dd : 0x0800);
    if (v6) {
        ip6(&f, peer6, own6, options ? 60 : 44, 64);
        for (unsigned i = 0; i < options; i++) {
            add8(&f, i + 1 < options ? 60 : 44);
            add8(&f, 0);
            add16(&f, 0x0104);
            add32(&f, 0);
        }
        add16(&f, NUMBER << 8);
        add16(&f, (unsigned)off | more);
        add32(&f, id);
    } else {
        ip4(&f, IP4(10, 0, 0, 2), OWN, NUMBER, id, (unsigned)off / 8 | (more ? 0x2000 : 0));
        f.b[14] += options;
        for (unsigned i = 0; i < options; i++)
            add32(&f, 0x01010101);
    }
    for (size_t i = off; i < off + len; i++)
        add8(&f, byte_at(i));
    if (v6)
        put16(f.b + 18, (unsigned)(f.len - 54));
    else
        ip4_end(&f);
    if (!more && off + len < sizeof(ended))
        ended[off + len] = true;
    fake_netdev_receive(0, f.b, f.len, len % 3 ? 0 : 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool started;

    if (!started)
        start();
    started = true;
    memset(ended, 0, sizeof(ended));
    for (; len >= 5; bytes += 5, len -= 5) {
        unsigned flags = bytes[0];
        size_t off = (bytes[1] & 31u) << 11 | (size_t)bytes[2] << 3;
        if (flags & 128)
            off = (bytes[2] & 15u) * 8; /* close to others */
        size_t n = bytes[3] * (flags & 64 ? 5u : 1u);
        if (flags & 32)
            n &= ~(size_t)7;
        fragment(flags & 1, bytes[4] & 7, bytes[4] >> 6, off, n, flags & 2);
        if (bytes[1] >> 5 == 7)
            fake_netdev_pass(NSEC_PER_SEC);
        check(pkt_memory() < 6u << 20);
        fake_netdev_drop(0);
    }
    fake_netdev_pass(700 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    check(fake_pkt_live == 0);
    return 0;
}
