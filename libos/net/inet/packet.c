/* SPDX-License-Identifier: MIT
 *
 * Packet sockets (packet(7)): frames of devices and of the loopback, as they are (SOCK_RAW) or
 * without their Ethernet header (SOCK_DGRAM). The first one puts a tap between each device and IP,
 * which passes on all that comes and goes, with copies for those sockets that want them. Frames
 * that are sent go to the device; those for the loopback to IP. */
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iface/cred.h"
#include "iface/policy.h"
#include "iface/user.h"
#include "inet/filter.h"
#include "inet/internal.h"
#include "mm/heap.h"
#include "wire/ether.h"
#include "wire/ip.h"

/* Of linux/if_packet.h, where libc's headers lack them. */
#define PACKET_IGNORE_OUTGOING 23
#define TP_STATUS_USER         1u
#define TP_STATUS_CSUMNOTREADY (1u << 3)
#define TP_STATUS_CSUM_VALID   (1u << 7)

#define TYPE_ALL   3u    /* ETH_P_ALL */
#define TYPE_802_2 4u    /* ETH_P_802_2: what has a length in place of a type */
#define TYPE_LEAST 1536u /* types below are lengths */
#define VLAN_TAG   4u    /* may come on top of the MTU */
#define NAME_LEAST offsetof(struct sockaddr_ll, sll_addr)

/* Bits of packet.flags. */
#define AUXDATA         (1u << 0)
#define ORIGDEV         (1u << 1)
#define IGNORE_OUTGOING (1u << 2)

struct packet {
    struct socket sock;
    struct pkt_queue queue;
    size_t memory;  /* of (queue) */
    unsigned index; /* of the interface; 0: of all */
    uint16_t type;  /* of the frames it wants; 0: none, TYPE_ALL */
    unsigned flags;
    struct filter *filter; /* NULL: none */
    bool filter_locked;    /* SO_LOCK_FILTER */
    struct tpacket_stats {
        uint32_t packets, drops;
    } stats;
    struct packet *next;
};

/* In pkt.cb of a waiting frame, which starts with its Ethernet header, or behind that. */
struct arrival {
    nsec_t when;
    uint32_t len; /* before the filter has cut it */
    uint16_t type;
    uint8_t index, kind; /* PACKET_HOST and so on */
    uint8_t from[6];
};
_Static_assert(sizeof(struct arrival) <= sizeof(((struct pkt *)0)->cb), "in a packet's cb");

static struct packet *sockets;
static const struct packet *sending; /* is not shown as outgoing what it sends itself */

static struct tap {
    void (*input)(struct netdev *dev, struct pkt *list);
    const struct netdev_ops *ops;
} taps[NETDEV_MAX];

static struct packet *to_packet(struct socket *s)
{
    return container_of(s, struct packet, sock);
}

static size_t memory_of(const struct pkt *p)
{
    return p->total + sizeof(*p);
}

static struct pkt *queue_take(struct packet *k)
{
    struct pkt *p = pkt_queue_take(&k->queue);

    if (p)
        k->memory -= memory_of(p);
    return p;
}

static bool wants(const struct packet *k, const struct arrival *a)
{
    if (k->index && k->index != a->index)
        return false;
    if (a->kind == PACKET_OUTGOING)
        return k->type == TYPE_ALL && k != sending && !(k->flags & IGNORE_OUTGOING);
    return k->type && (k->type == TYPE_ALL || k->type == a->type);
}

/* How much of frame (p) (k) gets, from (start) on; 0: nothing. */
static size_t wanted_part(const struct packet *k, const struct ip_iface *i, const struct arrival *a,
                          const struct pkt *p, uint32_t start)
{
    struct filter_frame frame = {.p = p,
                                 .start = start,
                                 .net = ETHER_HEADER,
                                 .type = a->type,
                                 .kind = a->kind,
                                 .index = i->index,
                                 .hardware = i->dev ? ARPHRD_ETHER : ARPHRD_LOOPBACK};

    return k->filter ? filter_run(k->filter, &frame) : p->total;
}

/* A copy of (p) for (k), if its filter lets it pass. */
static void give(struct packet *k, const struct ip_iface *i, struct arrival *a, const struct pkt *p)
{
    uint32_t start = k->sock.type == SOCK_DGRAM ? ETHER_HEADER : 0;
    size_t part = wanted_part(k, i, a, p, start);

    if (part == 0)
        return;
    bool full = k->memory > 0 && k->memory + memory_of(p) > k->sock.rcvbuf;
    struct pkt *c = full ? NULL : pkt_clone(p, 0);
    k->stats.packets++;
    if (!c) {
        k->stats.drops++;
        return;
    }
    pkt_trim_front(c, start);
    a->len = c->total;
    if (part < c->total)
        pkt_trim_back(c, c->total - part);
    memcpy(c->cb, a, sizeof(*a));
    k->memory += memory_of(c);
    pkt_queue_put(&k->queue, c);
    wait_wake_events(&k->sock.wait, READY_IN);
}

/* Shows (p), a frame of (i), to all that want it. */
static void show(const struct ip_iface *i, const struct pkt *p, bool out)
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct wire_ether e;

    if (p->total < sizeof(e))
        return;
    pkt_copy(p, 0, &e, sizeof(e));
    struct arrival a = {.when = clock_wall(), .index = (uint8_t)i->index};
    a.type = be16(e.type) < TYPE_LEAST ? TYPE_802_2 : be16(e.type);
    memcpy(a.from, e.from, sizeof(a.from));
    a.kind = out                                      ? PACKET_OUTGOING
             : memcmp(e.to, everybody, 6) == 0        ? PACKET_BROADCAST
             : e.to[0] & 1                            ? PACKET_MULTICAST
             : i->dev && memcmp(e.to, i->dev->mac, 6) ? PACKET_OTHERHOST
                                                      : PACKET_HOST;
    for (struct packet *k = sockets; k; k = k->next)
        if (wants(k, &a))
            give(k, i, &a, p);
}

static const struct ip_iface *iface_of(const struct netdev *dev)
{
    const struct ip_iface *i = ip_ifaces;

    while (i && i->dev != dev)
        i = i->next;
    return i;
}

static void tap_input(struct netdev *dev, struct pkt *list)
{
    const struct ip_iface *i = sockets ? iface_of(dev) : NULL;

    for (const struct pkt *p = i ? list : NULL; p; p = p->next)
        show(i, p, false);
    taps[dev->index].input(dev, list);
}

static void tap_send(struct netdev *dev, struct pkt *list)
{
    const struct ip_iface *i = sockets ? iface_of(dev) : NULL;

    for (const struct pkt *p = i ? list : NULL; p; p = p->next)
        show(i, p, true);
    taps[dev->index].ops->send(dev, list);
}

static const struct netdev_ops tap_ops = {.send = tap_send};

/* For frames of the loopback, whose addresses are zero. */
static void put_header(struct pkt *p, uint16_t type)
{
    struct wire_ether *e = pkt_push(p, sizeof(*e));

    memset(e, 0, sizeof(*e));
    e->type = be16(type);
}

void packet_local(const struct ip_iface *i, const struct pkt *p)
{
    struct pkt *frame = sockets && !i->dev ? pkt_clone(p, ETHER_HEADER) : NULL;

    if (!frame)
        return;
    put_header(frame, frame->len && frame->data[0] >> 4 == 6 ? ETHER_IP6 : ETHER_IP4);
    show(i, frame, true);
    show(i, frame, false);
    pkt_free(frame);
}

static void tap_all(void)
{
    for (struct ip_iface *i = ip_ifaces; i; i = i->next) {
        struct netdev *dev = i->dev;
        if (!dev || taps[dev->index].ops)
            continue;
        taps[dev->index] = (struct tap){dev->input, dev->ops};
        dev->input = tap_input;
        dev->ops = &tap_ops;
    }
}

static int packet_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len)
{
    const struct sockaddr_ll *ll = (const struct sockaddr_ll *)addr;
    struct packet *k = to_packet(s);

    if (len < sizeof(*ll) || ll->sll_family != AF_PACKET)
        return -EINVAL;
    if (ll->sll_ifindex && !ip_iface_by_index((unsigned)ll->sll_ifindex))
        return -ENODEV;
    k->index = (unsigned)ll->sll_ifindex;
    if (ll->sll_protocol)
        k->type = be16(ll->sll_protocol);
    return 0;
}

/* The address of a frame, or of an interface. */
static int put_name(struct sockaddr_storage *to, uint16_t type, const struct ip_iface *i,
                    uint8_t kind, const uint8_t mac[6])
{
    struct sockaddr_ll *ll = (struct sockaddr_ll *)to;

    *ll = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = be16(type)};
    if (!i)
        return NAME_LEAST;
    ll->sll_ifindex = (int)i->index;
    ll->sll_hatype = i->dev ? ARPHRD_ETHER : ARPHRD_LOOPBACK;
    ll->sll_pkttype = kind;
    ll->sll_halen = 6;
    if (mac)
        memcpy(ll->sll_addr, mac, 6);
    return NAME_LEAST + 6;
}

static int packet_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    const struct packet *k = to_packet(s);
    const struct ip_iface *i = ip_iface_by_index(k->index);

    if (peer)
        return -EOPNOTSUPP;
    return put_name(addr, k->type, i, 0, i && i->dev ? i->dev->mac : NULL);
}

/* Where a message goes: the interface, the type of a frame that gets its header here, and to
 * whom. */
struct target {
    struct ip_iface *i;
    uint16_t type;
    const uint8_t *to; /* NULL: nobody */
};

static int find_target(const struct packet *k, const struct sock_msg *m, struct target *t)
{
    const struct sockaddr_ll *ll = (const struct sockaddr_ll *)m->name;
    unsigned index = k->index;

    *t = (struct target){.type = k->type};
    if (m->name_len) {
        if (m->name_len < sizeof(*ll) || ll->sll_halen > sizeof(ll->sll_addr))
            return -EINVAL;
        index = (unsigned)ll->sll_ifindex;
        t->type = be16(ll->sll_protocol);
        t->to = ll->sll_addr;
    }
    t->i = index ? ip_iface_by_index(index) : NULL;
    if (!t->i)
        return -ENXIO;
    if (!t->i->up)
        return -ENETDOWN;
    if (m->len > (k->sock.type == SOCK_RAW ? ETHER_HEADER + VLAN_TAG : 0u) + t->i->mtu)
        return -EMSGSIZE;
    if (k->sock.type == SOCK_RAW ? m->len < ETHER_HEADER : t->i->dev && !t->to)
        return -EINVAL;
    return 0;
}

/* What the policy says of (p), a whole frame for a device. */
static int may_send(const struct ip_iface *i, const struct pkt *p)
{
    struct wire_ether e;

    if (!i->dev || !policy_on_net())
        return 0;
    pkt_copy(p, 0, &e, sizeof(e));
    if (be16(e.type) == ETHER_ARP)
        return 0;
    return be16(e.type) == ETHER_IP4 || be16(e.type) == ETHER_IP6
               ? inet_may_send_whole(p, ETHER_HEADER)
               : -EACCES;
}

/* Sends (p), a whole frame; takes it. */
static void send_frame(const struct packet *k, struct ip_iface *i, struct pkt *p)
{
    struct wire_ether e;

    sending = k;
    if (i->dev) {
        i->dev->ops->send(i->dev, p);
        sending = NULL;
        return;
    }
    show(i, p, true);
    show(i, p, false);
    sending = NULL;
    pkt_copy(p, 0, &e, sizeof(e));
    if (be16(e.type) != ETHER_IP4 && be16(e.type) != ETHER_IP6) {
        pkt_free(p);
        return;
    }
    pkt_trim_front(p, ETHER_HEADER);
    p->flags = PKT_LOOPBACK;
    ip_input(i, p);
    ip_run_local();
}

static ssize_t packet_send(struct socket *s, struct sock_msg *m)
{
    static const uint8_t nobody[6];
    struct packet *k = to_packet(s);
    struct target t;
    struct pkt *p;

    int err = find_target(k, m, &t);
    if (!err)
        err = inet_message(m, m->len, &p);
    if (err)
        return err;
    if (s->type == SOCK_DGRAM) {
        put_header(p, t.type);
        struct wire_ether *e = (struct wire_ether *)p->data;
        memcpy(e->to, t.to ? t.to : nobody, 6);
        if (t.i->dev)
            memcpy(e->from, t.i->dev->mac, 6);
    }
    err = may_send(t.i, p);
    if (err) {
        pkt_free(p);
        return err;
    }
    send_frame(k, t.i, p);
    return (ssize_t)m->len;
}

static void put_control(const struct packet *k, struct sock_msg *m, const struct pkt *p)
{
    const struct arrival *a = (const struct arrival *)p->cb;
    uint32_t header = k->sock.type == SOCK_RAW ? ETHER_HEADER : 0;
    struct {
        uint32_t status, len, snaplen;
        uint16_t mac, net, vlan_tci, vlan_tpid;
    } aux = {
        .status = TP_STATUS_USER | (p->flags & PKT_CSUM_PARTIAL ? TP_STATUS_CSUMNOTREADY : 0) |
                  (p->flags & PKT_CSUM_OK ? TP_STATUS_CSUM_VALID : 0),
        .len = a->len,
        .snaplen = p->total,
        .net = (uint16_t)header,
    };

    sock_put_time(&k->sock, m, a->when);
    if (k->flags & AUXDATA && m->control)
        sock_put_control(m, SOL_PACKET, PACKET_AUXDATA, &aux, sizeof(aux));
}

static int wait_for_one(struct packet *k, struct sock_msg *m, struct pkt **out)
{
    while (!(*out = m->flags & MSG_PEEK ? k->queue.first : queue_take(k))) {
        int err = sock_error(&k->sock);
        if (!err)
            err = sock_msg_wait(&k->sock.wait, m, "receive of frames");
        if (err)
            return err;
    }
    return 0;
}

static ssize_t packet_recv(struct socket *s, struct sock_msg *m)
{
    struct packet *k = to_packet(s);
    bool peek = m->flags & MSG_PEEK;
    struct pkt *p;

    if (m->flags &
        ~(unsigned)(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE | MSG_CMSG_CLOEXEC))
        return -EINVAL;
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    ssize_t r = wait_for_one(k, m, &p);
    if (r)
        return r;
    size_t n = min_size(p->total, m->len);
    if (n < p->total)
        m->result |= MSG_TRUNC;
    r = inet_copy_out(m, p, 0, n);
    if (!r) {
        const struct arrival *a = (const struct arrival *)p->cb;
        if (!(s->options & SOCK_TIMES))
            s->stamp = a->when;
        if (m->name) {
            (void)put_name(m->name, a->type, ip_iface_by_index(a->index), a->kind, a->from);
            m->name_len = sizeof(struct sockaddr_ll);
        }
        put_control(k, m, p);
        r = (ssize_t)(m->flags & MSG_TRUNC ? p->total : n);
    }
    if (!peek)
        pkt_free(p);
    return r;
}

static int packet_poll(struct socket *s)
{
    const struct packet *k = to_packet(s);

    return POLLOUT | POLLWRNORM | (k->queue.first ? READY_IN : 0) | (s->error ? POLLERR : 0);
}

static long packet_ioctl(struct socket *s, unsigned long request, long arg)
{
    const struct packet *k = to_packet(s);

    if (request == FIONREAD)
        return user_give_int(arg, k->queue.first ? (int)k->queue.first->total : 0);
    return request == TIOCOUTQ ? user_give_int(arg, 0) : -ENOTTY;
}

/* All frames are seen in any case: what is asked for is only checked. */
static int set_membership(const void *value, socklen_t len)
{
    struct packet_mreq r;

    if (len < sizeof(r))
        return -EINVAL;
    memcpy(&r, value, sizeof(r));
    const struct ip_iface *i = ip_iface_by_index((unsigned)r.mr_ifindex);
    if (!i)
        return -ENODEV;
    return r.mr_alen > 6 ? -EINVAL : 0;
}

static unsigned flag_of(int name)
{
    return name == PACKET_AUXDATA           ? AUXDATA
           : name == PACKET_ORIGDEV         ? ORIGDEV
           : name == PACKET_IGNORE_OUTGOING ? IGNORE_OUTGOING
                                            : 0;
}

static int packet_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    struct packet *k = to_packet(s);
    unsigned flag = flag_of(name);
    int v;

    if (level == SOL_SOCKET)
        return filter_option(&k->filter, &k->filter_locked, name, value, len);
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)
        return set_membership(value, len);
    if (!flag)
        return -ENOPROTOOPT;
    int err = inet_int(value, len, false, &v);
    if (err || (flag == IGNORE_OUTGOING && (v < 0 || v > 1)))
        return -EINVAL;
    k->flags = v ? k->flags | flag : k->flags & ~flag;
    return 0;
}

static int packet_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct packet *k = to_packet(s);
    unsigned flag = flag_of(name);

    if (level == SOL_SOCKET && name == SO_LOCK_FILTER)
        return inet_give_int(k->filter_locked, value, len);
    if (level != SOL_PACKET)
        return -ENOPROTOOPT;
    if (name == PACKET_STATISTICS) {
        struct tpacket_stats stats = k->stats;
        k->stats = (struct tpacket_stats){0, 0};
        return inet_give(&stats, sizeof(stats), value, len);
    }
    return flag ? inet_give_int((k->flags & flag) != 0, value, len) : -ENOPROTOOPT;
}

static void packet_release(struct socket *s)
{
    struct packet *k = to_packet(s), **at = &sockets;

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    for (struct pkt *p; (p = queue_take(k));)
        pkt_free(p);
    filter_free(k->filter);
}

static void packet_destroy(struct socket *s)
{
    heap_free(to_packet(s), sizeof(struct packet));
}

static const struct sock_ops packet_ops = {
    .bind = packet_bind,
    .name = packet_name,
    .send = packet_send,
    .recv = packet_recv,
    .poll = packet_poll,
    .ioctl = packet_ioctl,
    .setopt = packet_setopt,
    .getopt = packet_getopt,
    .release = packet_release,
    .destroy = packet_destroy,
};

static int packet_create(int type, int protocol, struct socket **out)
{
    if (!cred_may(CAP_NET_RAW))
        return -EPERM;
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    int err = ip_start();
    if (err)
        return err;
    struct packet *k = heap_alloc(sizeof(*k));
    if (!k)
        return -ENOMEM;
    sock_init(&k->sock, &packet_ops, AF_PACKET, type, 0); /* Linux does not tell it */
    k->sock.wait.external = true;
    k->type = be16((uint16_t)protocol);
    pkt_queue_init(&k->queue);
    tap_all();
    k->next = sockets;
    sockets = k;
    *out = &k->sock;
    return 0;
}

const struct sock_family sock_family_packet = {packet_create};
