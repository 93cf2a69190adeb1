/* SPDX-License-Identifier: MIT
 *
 * A DHCP server of arbitrary messages: each is a byte of flags, two of length, and its bytes, which
 * get the transaction and the client's address. Checks that the client does not send more often
 * than its timers allow, that what it takes for its own are addresses and names of hosts, and that
 * no memory is left.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: libos/net/dhcp/dhcp.c libos/net/dhcp/options.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link udp dhcp mm random */
#include <stdlib.h>

#include "dhcp/options.h"
#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "net_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { RAW = 1, ACK = 2, NAK = 4, TIME = 8, ARP = 16, LONG = 32 };

static uint8_t xid[4];
static unsigned messages_out;

static void check(bool what)
{
    if (!what)
        abort();
}

static void start(void)
{
    fake_reset();
    fake_netdevs = 1;
    check(ip_start() == 0);
}

/* Looks at what the client has sent. */
static void look(void)
{
    static uint8_t frame[FAKE_FRAME];
    size_t len;

    while ((len = fake_netdev_sent(0, frame))) {
        if (get16(frame + 12) != 0x0800 || frame[23] != 17)
            continue;
        check(len >= 42 + 300 && get16(frame + 36) == 67);
        memcpy(xid, frame + 46, 4);
        messages_out++;
    }
}

static bool is_text(const char *s)
{
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
              *s == '-' || *s == '_' || *s == '.' || *s == ' '))
            return false;
    return true;
}

static void look_at_state(void)
{
    unsigned addresses = 0, routes = 0;

    for (const struct ip_iface_addr *a = ip_iface_by_index(2)->addrs; a; a = a->next) {
        if (!ip_is_v4(&a->addr))
            continue;
        addresses++;
        check(a->addr.b[12] != 0 && a->addr.b[12] != 127 && a->addr.b[12] < 224);
        check(a->prefix <= 32);
    }
    for (const struct ip_route *r = ip_routes; r; r = r->next)
        routes += r->origin == 16;
    check(addresses <= 1 && routes <= DHCP_ROUTES_MAX);
    check(ip_names.count <= IP_DNS_MAX);
    check(strlen(ip_names.search) < sizeof(ip_names.search) && is_text(ip_names.search));
    check(strlen(ip_names.hostname) < sizeof(ip_names.hostname) && is_text(ip_names.hostname));
}

static void arp_conflict(void)
{
    struct frame f;

    ether(&f, fake_netdev[0].mac, 0x0806);
    add32(&f, 0x00010800);
    add32(&f, 0x06040002);
    add(&f, peer_mac, 6);
    add32(&f, IP4(10, 0, 0, 5));
    add(&f, fake_netdev[0].mac, 6);
    add32(&f, IP4(10, 0, 0, 5));
    fake_netdev_receive(0, f.b, f.len, 0);
}

static void message(const uint8_t *bytes, size_t len, unsigned flags)
{
    struct frame f;
    size_t at;

    ether(&f, all_macs, 0x0800);
    ip4(&f, IP4(10, 0, 0, 1), 0xffffffff, 17, 1, 0);
    udp(&f, 67, 68, 0, 0);
    at = f.len;
    if (!(flags & RAW)) { /* a good beginning, the options are arbitrary */
        memset(f.b + at, 0, 240);
        f.len += 240;
        f.b[at] = 2;
        f.b[at + 1] = 1;
        f.b[at + 2] = 6;
        memcpy(f.b + at + 4, xid, 4);
        put16(f.b + at + 16, 0x0a00);
        put16(f.b + at + 18, 5);
        memcpy(f.b + at + 28, fake_netdev[0].mac, 6);
        put16(f.b + at + 236, 0x6382);
        put16(f.b + at + 238, 0x5363);
        add16(&f, 0x3501);
        add8(&f, flags & NAK ? 6 : flags & ACK ? 5 : 2);
        add16(&f, 0x3604);
        add32(&f, IP4(10, 0, 0, 1));
        add16(&f, 0x3304);
        add32(&f, flags & LONG ? ~0u : 60);
    }
    add(&f, bytes, min_size(len, 1500 - f.len));
    if (flags & RAW && f.len >= at + 34) {
        memcpy(f.b + at + 4, xid, 4);
        memcpy(f.b + at + 28, fake_netdev[0].mac, 6);
    }
    put16(f.b + 38, (unsigned)(f.len - 34));
    ip4_end(&f);
    fake_netdev_receive(0, f.b, f.len, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool started;
    unsigned seconds = 200, received = 0;

    if (!started)
        start();
    started = true;
    messages_out = 0;
    /* A lease of an earlier input, even an endless one, ends; then it asks again. */
    for (struct ip_iface_addr *a = ip_iface_by_index(2)->addrs; a; a = a->next)
        if (ip_is_v4(&a->addr) && dhcp_conflict) {
            struct ip_addr addr = a->addr;
            dhcp_conflict(ip_iface_by_index(2), &addr);
            break;
        }
    fake_netdev_pass(200 * NSEC_PER_SEC);
    look();
    while (len >= 3) {
        unsigned flags = bytes[0];
        size_t n = min_size(get16(bytes + 1) % 1200, len - 3);
        if (flags & TIME) {
            fake_netdev_pass((flags >> 5) * 8 * NSEC_PER_SEC);
            seconds += (flags >> 5) * 8;
        }
        if (flags & ARP)
            arp_conflict();
        message(bytes + 3, n, flags);
        received++;
        look();
        look_at_state();
        bytes += 3 + n;
        len -= 3 + n;
    }
    /* An offer is answered at once, the rest is a matter of time. */
    check(messages_out <= 8 + 3 * received + seconds / 2);
    fake_netdev_pass(100 * NSEC_PER_SEC);
    look();
    fake_netdev_pass(2000 * NSEC_PER_SEC);
    look();
    check(fake_pkt_live == 0 || fake_pkt_live < 10); /* what waits for a neighbour */
    return 0;
}
