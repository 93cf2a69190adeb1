/* SPDX-License-Identifier: MIT
 *
 * What ends by itself: duplicate address detection (RFC 4862, 5.4), preferred and valid lifetimes
 * of addresses, and routes. An address is in use while its detection goes on (RFC 4429). */
#include "base/log.h"
#include "ip/iface.h"
#include "ip/internal.h"

static struct timer timer;

static void run(struct timer *t);

void ip_deadline(nsec_t at)
{
    if (at != DEADLINE_NEVER && (!timer.armed || at < timer.at))
        timer_set(&timer, at, run);
}

/* Does what is due of (a), which may go. */
static void age(struct ip_iface *i, struct ip_iface_addr *a, nsec_t now)
{
    if (a->valid_until <= now) {
        ip_iface_del_addr(i, &a->addr, a->prefix);
        return;
    }
    if (a->detect_until && a->detect_until <= now) {
        a->detect_until = 0;
        if (i->announce)
            i->announce(i, &a->addr);
    }
    if (a->state == IP_ADDR_PREFERRED && a->preferred_until <= now) {
        a->state = IP_ADDR_DEPRECATED;
        ip_tables_changed();
    }
    if (a->detect_until)
        ip_deadline(a->detect_until);
    if (a->state == IP_ADDR_PREFERRED)
        ip_deadline(a->preferred_until);
    ip_deadline(a->valid_until);
}

static void run(struct timer *t)
{
    nsec_t now = clock_monotonic();

    (void)t;
    for (struct ip_iface *i = ip_ifaces; i; i = i->next)
        for (struct ip_iface_addr *a = i->addrs, *next; a; a = next) {
            next = a->next;
            age(i, a, now);
        }
    for (struct ip_route *r = ip_routes, *next; r; r = next) {
        next = r->next;
        if (r->valid_until <= now)
            (void)ip_route_del(r);
        else
            ip_deadline(r->valid_until);
    }
    ip_run_local();
}

void ip_addr_set_lifetimes(struct ip_iface_addr *a, nsec_t preferred_until, nsec_t valid_until)
{
    bool prefer = preferred_until > clock_monotonic();

    a->preferred_until = preferred_until;
    a->valid_until = valid_until;
    if (a->state == IP_ADDR_PREFERRED ? !prefer : a->state == IP_ADDR_DEPRECATED && prefer) {
        a->state = prefer ? IP_ADDR_PREFERRED : IP_ADDR_DEPRECATED;
        ip_tables_changed();
    }
    ip_deadline(preferred_until);
    ip_deadline(valid_until);
}

void ip_dad_start(struct ip_iface *i, struct ip_iface_addr *a)
{
    a->detect_until = clock_monotonic() + i->retrans_timer;
    ip_deadline(a->detect_until);
    if (ip_is_v4(&a->addr))
        arp_probe(i, &a->addr);
    else
        ndp_probe(i, &a->addr);
}

bool ip_dad_conflict(struct ip_iface *i, const struct ip_addr *addr)
{
    const struct ip_addr copy = *addr;

    for (struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        if (!ip_equal(&a->addr, addr) || !a->detect_until)
            continue;
        const uint8_t *b = addr->b;
        a->detect_until = 0;
        a->state = IP_ADDR_DUPLICATE;
        log_line("%s: another host has our address that ends in %d.%d.%d.%d: it is not used",
                 i->name, b[12], b[13], b[14], b[15]);
        ip_tables_changed();
        if (dhcp_conflict && ip_is_v4(addr))
            dhcp_conflict(i, &copy);
        return true;
    }
    return false;
}

bool ip_addr_is_optimistic(const struct ip_iface *i, const struct ip_addr *addr)
{
    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
        if (ip_equal(&a->addr, addr))
            return a->detect_until;
    return false;
}
