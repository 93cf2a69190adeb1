/* SPDX-License-Identifier: MIT */
#include "inet/ready.h"

#include "base/log.h"
#include "iface/hold.h"
#include "inet/internal.h"

bool inet_ready;

static struct wait_queue waiting = WAIT_QUEUE_EXTERNAL_INIT;
static nsec_t give_up; /* 0: nobody has waited yet */

void inet_ready_look(void)
{
    wait_wake(&waiting);
}

/* The first interface that still gets its first lease, and what that lacks, in (*step). */
static const struct ip_iface *pending(const char **step)
{
    for (const struct ip_iface *i = ip_ifaces; i; i = i->next)
        if (i->dev && dhcp_pending && (*step = dhcp_pending(i)))
            return i;
    return NULL;
}

/* Whether waiting may help: a lease brings IPv4, so the others have what they will have. */
static bool lacks(const struct sockaddr_storage *to)
{
    struct ip_ends ends = {.local = ip_from_v4(0)};
    struct net_path path = {.ttl = 0};

    if (!to)
        return ip_names.count == 0;
    if (to->ss_family == AF_INET)
        ends.remote = ip_from_v4(((const struct sockaddr_in *)to)->sin_addr.s_addr);
    else if (to->ss_family == AF_INET6)
        memcpy(ends.remote.b, &((const struct sockaddr_in6 *)to)->sin6_addr, 16);
    return ip_is_v4(&ends.remote) && !ip_is_any(&ends.remote) &&
           !ip_is_multicast(&ends.remote) && !ip_is_broadcast(&ends.remote) &&
           ip_route(&ends, &path);
}

int inet_ready_slow(const struct sockaddr_storage *to)
{
    const struct ip_iface *i = NULL;
    const char *step = NULL;

    while (!inet_ready && lacks(to)) {
        i = pending(&step);
        if (!i) {
            inet_ready = true;
            break;
        }
        if (!give_up)
            give_up = clock_monotonic() + INET_READY_WAIT;
        int err = wait_sleep(&waiting, give_up, "the network to come up");
        if (err == -EINTR)
            return err;
        if (err && !inet_ready) {
            inet_ready = true;
            log_line("%s has no address after 8 seconds: %s; the program goes on without", i->name,
                     step);
        }
    }
    return 0;
}

void inet_ready_names(void)
{
    HOLD;

    if (!ip_start())
        (void)!inet_ready_for(NULL); /* a signal's handler may run: the look-up goes on */
}
