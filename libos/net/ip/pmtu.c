/* SPDX-License-Identifier: MIT
 *
 * What is known of the MTU of paths (RFC 1191, 8201): a small cache that forgets the oldest. */
#include "ip/ip.h"

#include "iface/clock.h"
#include "wire/ip.h"

#define ENTRIES 64
#define KEEP    (600 * NSEC_PER_SEC)

static struct {
    struct ip_addr to;
    unsigned mtu; /* 0: free */
    nsec_t until;
} entries[ENTRIES];
static bool any;

void ip_pmtu_set(const struct ip_addr *to, unsigned mtu)
{
    unsigned least = ip_is_v4(to) ? IP4_MIN_MTU - 24 : IP6_MIN_MTU, at = 0;
    nsec_t now = clock_monotonic();

    if (mtu > 65535)
        return;
    if (mtu < least)
        mtu = least;
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (entries[i].mtu && ip_equal(&entries[i].to, to)) {
            /* A larger one is not believed (RFC 8201, 4). */
            if (mtu >= entries[i].mtu && entries[i].until > now)
                return;
            at = i;
            break;
        }
        if (entries[i].until < entries[at].until)
            at = i;
    }
    entries[at].to = *to;
    entries[at].mtu = mtu;
    entries[at].until = now + KEEP;
    any = true;
    ip_generation++;
}

unsigned ip_pmtu(const struct ip_addr *to)
{
    if (!any)
        return 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (entries[i].mtu && ip_equal(&entries[i].to, to))
            return entries[i].until > clock_monotonic() ? entries[i].mtu : 0;
    return 0;
}
