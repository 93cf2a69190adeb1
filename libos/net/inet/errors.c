/* SPDX-License-Identifier: MIT
 *
 * The queue of errors (ip(7), IP_RECVERR), and control messages of both directions. */

#include "inet/internal.h"
#include "mm/heap.h"
#include "wire/ip.h"

/* struct cmsghdr as Linux has it; libc's has padding in place of the upper half of the length. */
struct header {
    size_t len; /* with the header */
    int level, type;
};

void inet_error_put(struct isock *i, const struct inet_error *e)
{
    struct inet_error *copy = i->error_count < INET_ERRORS_MAX ? heap_alloc(sizeof(*copy)) : NULL;

    if (!copy)
        return;
    *copy = *e;
    copy->next = NULL;
    *i->errors_end = copy;
    i->errors_end = &copy->next;
    i->error_count++;
    wait_wake_events(&i->sock.wait, POLLERR);
}

static struct inet_error *take_error(struct isock *i)
{
    struct inet_error *e = i->errors;

    if (!e)
        return NULL;
    i->errors = e->next;
    if (!e->next)
        i->errors_end = &i->errors;
    i->error_count--;
    return e;
}

void inet_errors_free(struct isock *i)
{
    for (struct inet_error *e; (e = take_error(i));)
        heap_free(e, sizeof(*e));
}

ssize_t inet_error_recv(struct isock *i, struct sock_msg *m)
{
    struct {
        struct sock_extended_err e;
        union {
            struct sockaddr_in in;
            struct sockaddr_in6 in6;
        } offender;
    } x = {.e.ee_errno = 0};
    struct inet_error *e = take_error(i);

    if (!e)
        return -EAGAIN;
    size_t n = min_size(e->len, m->len);
    ssize_t r = sock_copy_out(m, e->quote, n);
    if (n < e->len)
        m->result |= MSG_TRUNC;
    m->result |= MSG_ERRQUEUE;
    if (m->name)
        m->name_len = e->origin == ERROR_ZEROCOPY
                          ? 0
                          : (socklen_t)inet_put_name(i, &e->to, e->port, i->ends.scope, m->name);
    x.e = (struct sock_extended_err){
        .ee_errno = e->err,
        .ee_origin = e->origin,
        .ee_type = e->type,
        .ee_code = e->code,
        .ee_info = e->info,
        .ee_data = e->data,
    };
    bool v6 = is_six(i) && e->v6;
    if (e->offender_known && is_six(i)) {
        x.offender.in6.sin6_family = AF_INET6;
        memcpy(&x.offender.in6.sin6_addr, e->offender.b, 16);
    } else if (e->offender_known) {
        x.offender.in.sin_family = AF_INET;
        x.offender.in.sin_addr.s_addr = ip_to_v4(&e->offender);
    }
    size_t size = sizeof(x.e) + (is_six(i) ? sizeof(x.offender.in6) : sizeof(x.offender.in));
    if (m->control)
        sock_put_control(m, v6 || is_six(i) ? SOL_IPV6 : SOL_IP,
                         is_six(i) ? IPV6_RECVERR : IP_RECVERR, &x, size);
    heap_free(e, sizeof(*e));
    /* The pending error was this one, or is the next one's. */
    i->sock.error = i->errors && i->errors->origin != ERROR_ZEROCOPY ? (int)i->errors->err : 0;
    return r ? r : (ssize_t)n;
}

/* One control message of sendmsg, (len) bytes at (data). */
static int read_one(const struct isock *i, const struct header *h, const void *data, size_t len,
                    struct inet_control *c)
{
    int v = 0;

    if (len >= sizeof(v))
        memcpy(&v, data, sizeof(v));
    if (h->level == SOL_SOCKET)
        return h->type == SCM_RIGHTS || h->type == SCM_CREDENTIALS || h->type == SO_MARK ||
                       h->type == SO_PRIORITY
                   ? 0
                   : -EINVAL;
    if (h->level == IPPROTO_UDP)
        return -EINVAL; /* UDP_SEGMENT, of which there is none */
    if (h->level == SOL_IP && h->type == IP_PKTINFO) {
        struct in_pktinfo info;
        if (len != sizeof(info))
            return -EINVAL;
        memcpy(&info, data, sizeof(info));
        c->iface = (unsigned)info.ipi_ifindex;
        c->from = ip_from_v4(info.ipi_spec_dst.s_addr);
        c->has_from = true;
    } else if (h->level == SOL_IP && (h->type == IP_TTL || h->type == IP_TOS)) {
        if (h->type == IP_TOS && len == 1)
            v = *(const uint8_t *)data;
        else if (len != sizeof(v))
            return -EINVAL;
        if (v < (h->type == IP_TTL) || v > 255)
            return -EINVAL;
        *(h->type == IP_TTL ? &c->ttl : &c->tos) = (int16_t)v;
    } else if (h->level == SOL_IPV6 && h->type == IPV6_PKTINFO && is_six(i)) {
        struct in6_pktinfo info;
        if (len < sizeof(info))
            return -EINVAL;
        memcpy(&info, data, sizeof(info));
        c->iface = info.ipi6_ifindex;
        c->from = ip_from_v6(&info.ipi6_addr);
        c->has_from = true;
    } else if (h->level == SOL_IPV6 && is_six(i) &&
               (h->type == IPV6_HOPLIMIT || h->type == IPV6_TCLASS)) {
        if (len != sizeof(v) || v < -1 || v > 255)
            return -EINVAL;
        *(h->type == IPV6_HOPLIMIT ? &c->ttl : &c->tos) = (int16_t)v;
    } else if (h->level == SOL_IP || (h->level == SOL_IPV6 && is_six(i))) {
        return -EINVAL;
    }
    return 0;
}

int inet_read_control(const struct isock *i, const struct sock_msg *m, struct inet_control *c)
{
    const char *at = m->control;
    size_t left = m->control_len;
    struct header h;

    *c = (struct inet_control){.ttl = -1, .tos = -1};
    while (left >= sizeof(h)) {
        memcpy(&h, at, sizeof(h));
        if (h.len < sizeof(h) || h.len > left)
            return -EINVAL;
        int err = read_one(i, &h, at + sizeof(h), h.len - sizeof(h), c);
        if (err)
            return err;
        size_t step = min_size(align_up(h.len, sizeof(size_t)), left);
        at += step;
        left -= step;
    }
    if (c->iface && !ip_iface_by_index(c->iface))
        return -ENODEV;
    if (c->has_from && !ip_is_any(&c->from) && !ip_addr_owner(&c->from, false))
        return -EINVAL;
    return 0;
}

static void put4(struct isock *i, struct sock_msg *m, const struct ip_rx *rx,
                 const struct ip_addr *to, uint16_t to_port)
{
    if (i->flags & INET_PKTINFO) {
        struct in_pktinfo info = {.ipi_ifindex = (int)rx->iface->index,
                                  .ipi_addr.s_addr = ip_to_v4(to),
                                  .ipi_spec_dst.s_addr = ip_to_v4(to)};
        struct ip_addr own;
        if ((ip_is_multicast(to) || ip_addr_is_broadcast(to)) &&
            ip_source(rx->iface, &rx->from, &rx->from, &own))
            info.ipi_spec_dst.s_addr = ip_to_v4(&own);
        if (i->sock.type == SOCK_DGRAM && i->sock.protocol == IPPROTO_ICMP)
            info.ipi_spec_dst.s_addr = 0; /* Linux's echo sockets do not tell it */
        sock_put_control(m, SOL_IP, IP_PKTINFO, &info, sizeof(info));
    }
    if (i->flags & INET_RECVTTL) {
        int v = rx->ttl;
        sock_put_control(m, SOL_IP, IP_TTL, &v, sizeof(v));
    }
    if (i->flags & INET_RECVTOS)
        sock_put_control(m, SOL_IP, IP_TOS, &rx->tos, 1);
    if (i->flags & INET_ORIGDST) {
        struct sockaddr_in in = {
            .sin_family = AF_INET, .sin_port = htons(to_port), .sin_addr.s_addr = ip_to_v4(to)};
        sock_put_control(m, SOL_IP, IP_ORIGDSTADDR, &in, sizeof(in));
    }
}

void inet_put_control(struct isock *i, struct sock_msg *m, const struct pkt *p,
                      const struct ip_addr *to, uint16_t to_port, nsec_t when)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;

    if (!m->control)
        return;
    sock_put_time(&i->sock, m, when);
    if (is_six(i) && i->flags & INET_PKTINFO6) {
        struct in6_pktinfo info = {.ipi6_ifindex = rx->iface->index};
        memcpy(&info.ipi6_addr, to->b, 16);
        sock_put_control(m, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
    if (!rx->v6) {
        put4(i, m, rx, to, to_port);
        return;
    }
    if (i->flags & INET_HOPLIMIT) {
        int v = rx->ttl;
        sock_put_control(m, SOL_IPV6, IPV6_HOPLIMIT, &v, sizeof(v));
    }
    if (i->flags & INET_TCLASS) {
        int v = rx->tos;
        sock_put_control(m, SOL_IPV6, IPV6_TCLASS, &v, sizeof(v));
    }
    if (i->flags & INET_ORIGDST6) {
        struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(to_port)};
        memcpy(&in.sin6_addr, to->b, sizeof(in.sin6_addr));
        if (ip_is_link_local(to))
            in.sin6_scope_id = rx->iface->index;
        sock_put_control(m, SOL_IPV6, IPV6_ORIGDSTADDR, &in, sizeof(in));
    }
}
