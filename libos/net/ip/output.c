/* SPDX-License-Identifier: MIT
 *
 * Packets that go out. For those of a flow whose path is known, a header is copied and completed.
 */
#include <errno.h>

#include "ip/iface.h"
#include "ip/internal.h"
#include "ip/ip.h"
#include "random/random.h"
#include "wire/checksum.h"
#include "wire/ip.h"

/* Puts the sum of the pseudo-header where the device, or ip_checksum_finish, goes on from it. */
static void start_checksum(const struct ip_ends *ends, uint8_t protocol, struct pkt *p)
{
    uint16_t sum = checksum_fold(checksum_pseudo(&ends->local, &ends->remote, protocol, p->total));

    memcpy(p->data + p->csum_from + p->csum_at, &sum, 2);
}

void ip_checksum_finish(struct pkt *p)
{
    if (!(p->flags & PKT_CSUM_PARTIAL))
        return;
    uint16_t sum = checksum_finish(checksum_add_pkt(0, p, p->csum_from, p->total - p->csum_from));
    /* UDP's 0 means that there is none; 0xffff is the same sum. */
    if (sum == 0)
        sum = 0xffff;
    memcpy(p->data + p->csum_from + p->csum_at, &sum, 2);
    p->flags &= (uint8_t)~PKT_CSUM_PARTIAL;
}

/* Each peer shares its sequence of numbers with few others, who learn little by it (RFC 7739). */
static uint16_t next_id(uint32_t to)
{
    static struct {
        uint32_t key;
        uint16_t id[64];
    } ids;

    if (unlikely(!ids.key)) {
        random_bytes(&ids, sizeof(ids));
        ids.key |= 1;
    }
    return ++ids.id[(to ^ ids.key >> 16) * ids.key >> 26];
}

/* Puts IP's header before (p). */
static void put_header(const struct net_path *path, uint8_t protocol, struct pkt *p)
{
    size_t payload = p->total;
    uint8_t *at = pkt_push(p, path->header_len);

    memcpy(at, path->header + ETHER_HEADER, path->header_len);
    if (path->header_len == IP4_HEADER) {
        struct wire_ip4 *h = (struct wire_ip4 *)at;
        h->len = be16((uint16_t)(IP4_HEADER + payload));
        h->id = be16(next_id(h->to));
        h->protocol = protocol;
        h->checksum = checksum_finish(checksum_ip4(h));
    } else {
        struct wire_ip6 *h = (struct wire_ip6 *)at;
        h->len = be16((uint16_t)payload);
        h->next = protocol;
    }
}

/* Sends (p), from its IP header on, which fits, by the path's interface. Takes it. */
static void transmit(const struct ip_ends *ends, const struct net_path *path, struct pkt *p)
{
    struct ip_iface *i = path->iface, *found;
    struct ip_addr hop;
    unsigned mtu;

    p->next = NULL;
    if (p->flags & PKT_CSUM_PARTIAL && !(path->offers & NETDEV_TX_CSUM))
        ip_checksum_finish(p);
    if (path->resolved) {
        memcpy(pkt_push(p, ETHER_HEADER), path->header, ETHER_HEADER);
        i->dev->ops->send(i->dev, p);
    } else if (ip_find_hop(ends, path, &found, &hop, &mtu) == 0 && found == i) {
        i->output(i, &hop, p);
    } else {
        pkt_free(p);
    }
}

struct transmit_arg {
    const struct ip_ends *ends;
    const struct net_path *path;
};

static void transmit_fragment(void *arg, struct pkt *p)
{
    const struct transmit_arg *t = arg;

    transmit(t->ends, t->path, p);
}

/* What goes to groups or everybody goes to ourselves, too, if we are among them. */
static void loop_back(const struct ip_ends *ends, const struct net_path *path, const struct pkt *p)
{
    struct ip_iface *i = path->iface;

    if (path->no_loop || (ip_is_multicast(&ends->remote) ? !ip_group_joined(i, &ends->remote)
                                                         : !ip_addr_is_broadcast(&ends->remote)))
        return;
    struct pkt *copy = pkt_clone(p, 0);
    if (copy)
        ip_send_local(i, copy);
}

static int send_large(const struct ip_ends *ends, const struct net_path *path, struct pkt *p)
{
    struct transmit_arg t = {ends, path};

    if (!p->gso) {
        ip_checksum_finish(p);
        return ip_fragment(p, path->mtu, transmit_fragment, &t);
    }
    for (struct pkt *s = ip_segment(p), *next; s; s = next) {
        next = s->next;
        transmit(ends, path, s);
    }
    return 0;
}

static int fail(struct pkt *p, bool v6, int err)
{
    if (err == -ENETUNREACH || err == -EHOSTUNREACH)
        ip_counts[v6].out_no_routes++;
    else
        ip_counts[v6].out_discards++;
    pkt_free(p);
    return err;
}

int ip_output(const struct ip_ends *ends, struct net_path *path, uint8_t protocol, struct pkt *p)
{
    if (unlikely(path->generation != ip_generation)) {
        struct ip_ends e = *ends;
        int err = ip_route(&e, path);
        if (err)
            return fail(p, !ip_is_v4(&ends->remote), err);
    }
    bool v6 = path->header_len == IP6_HEADER;
    size_t len = path->header_len + p->total;
    bool cut = p->gso ? !(path->offers & (v6 ? NETDEV_TSO6 : NETDEV_TSO4)) : len > path->mtu;

    if (len > 65535u + (v6 ? IP6_HEADER : 0) || (cut && !p->gso && path->no_frag))
        return fail(p, v6, -EMSGSIZE);
    ip_counts[v6].out++;
    if (p->flags & PKT_CSUM_PARTIAL)
        start_checksum(ends, protocol, p);
    put_header(path, protocol, p);
    if (path->local) {
        ip_send_local(path->iface, p);
        return 0;
    }
    if (ip_is_multicast(&ends->remote) || unlikely(ip_addr_is_broadcast(&ends->remote)))
        loop_back(ends, path, p);
    if (cut)
        return send_large(ends, path, p);
    transmit(ends, path, p);
    return 0;
}

int ip_output_raw(const struct ip_ends *to, struct net_path *path, struct pkt *p)
{
    struct wire_ip4 *h = (struct wire_ip4 *)p->data;

    if (!pkt_pull(p, IP4_HEADER) || h->version_ihl >> 4 != 4 || (h->version_ihl & 15) < 5 ||
        !pkt_pull(p, (size_t)(h->version_ihl & 15) * 4) || p->total > 65535)
        return fail(p, false, -EINVAL);
    struct ip_ends ends = *to;
    if (h->from)
        ends.local = ip_from_v4(h->from);
    if (p->total > path->mtu)
        return fail(p, false, -EMSGSIZE);
    h->from = ip_to_v4(&ends.local);
    h->len = be16((uint16_t)p->total);
    if (!h->id)
        h->id = be16(next_id(h->to));
    h->checksum = 0;
    h->checksum = checksum_finish(checksum_add(0, h, (size_t)(h->version_ihl & 15) * 4));
    ip_counts[0].out++;
    p->flags |= PKT_OURS;
    if (path->local)
        ip_send_local(path->iface, p);
    else
        transmit(&ends, path, p);
    return 0;
}
