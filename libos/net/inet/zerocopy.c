/* SPDX-License-Identifier: MIT
 *
 * MSG_ZEROCOPY: parts of what a program sends are lent to the packets that are made of them, and
 * the error queue tells when the last of those is freed. Part of images whose program can set
 * SO_ZEROCOPY (musl/src/network/setsockopt_any.c, docs/decisions/0036).
 *
 * A notice is an entry of the error queue that waits, on its socket's list, until nothing of its
 * sends is lent any more, and until those before it are done. When the socket is closed first,
 * nobody is told. */
#include "iface/lend.h"
#include "iface/plat.h"
#include "iface/timer.h"
#include "iface/user.h"
#include "inet/internal.h"

#include "base/assert.h"
#include "base/list.h"
#include "mm/heap.h"

#define COPIED      1            /* SO_EE_CODE_ZEROCOPY_COPIED */
#define LEAST       PKT_LARGE    /* fewer bytes in a row are cheaper to copy */
#define NOTICES_MAX 227          /* as many as Linux has memory for (net.core.optmem_max) */
#define JOINED_MOST (512u << 10) /* bytes of sends on a stream that have one notice: Linux's */

#define LOOK_AFTER (1000000ll) /* ns */

/* Not all programs that can set the option have what could lend. */
#pragma weak inet_message
#pragma weak inet_tcp
#pragma weak pkt_of_mem
#pragma weak tcp_path
#pragma weak tcp_send_pieces
#pragma weak tcp_settle
#pragma weak timer_set

/* Named by libc's setsockopt, so that the linker finds this file. */
const void *const zerocopy_parts[] = {(const void *)inet_zerocopy_begin};

/* Memory of the program that packets refer to. */
struct lent {
    struct pkt_mem mem;
    struct list node; /* of lent */
    uintptr_t from;
    size_t len;
    struct inet_error *notice;
    bool goes; /* the program takes it away */
};

static struct list lent = LIST_INIT(lent);
static struct timer timer;

/* Nobody answers a datagram, so nothing tells that a device has sent it: while some are with one,
 * it is asked. */
static void look(struct timer *t)
{
    netdev_reclaim();
    list_for_each(node, &lent)
    {
        const struct isock *i = list_entry(node, struct lent, node)->notice->owner;
        if (i && i->sock.type != SOCK_STREAM) {
            timer_set(t, clock_monotonic() + LOOK_AFTER, look);
            break;
        }
    }
}

/* Tells of the notices that are due. */
static void tell(struct isock *i)
{
    bool some = false;

    for (struct inet_error *e; (e = i->notices) && e->refs == 0;) {
        struct inet_error *last =
            i->errors ? container_of(i->errors_end, struct inet_error, next) : NULL;
        bool sent = e->data - e->info != UINT32_MAX;
        some |= sent;
        i->notices = e->next;
        e->next = NULL;
        if (sent && last && last->origin == ERROR_ZEROCOPY && last->data + 1 == e->info) {
            last->data = e->data;
            last->code |= e->code;
            heap_free(e, sizeof(*e));
        } else if (sent) {
            *i->errors_end = e;
            i->errors_end = &e->next;
            i->error_count++;
        } else {
            heap_free(e, sizeof(*e));
        }
    }
    if (some)
        wait_wake_events(&i->sock.wait, POLLERR);
}

static void put_notice(struct inet_error *e)
{
    if (--e->refs > 0)
        return;
    if (e->owner)
        tell(e->owner);
    else
        heap_free(e, sizeof(*e));
}

int inet_zerocopy_begin(struct isock *i, const struct sock_msg *m, struct inet_error **notice)
{
    struct inet_error **end = &i->notices, *e = NULL;
    unsigned count = 0;

    if (m->len == 0)
        return 0;
    for (; *end; end = &e->next, count++)
        e = *end;
    /* While a call sleeps no other one gets a notice: numbers are given when calls end. */
    if (!e || (e->calls == 0 && (i->sock.type != SOCK_STREAM || e->bytes + m->len > JOINED_MOST))) {
        e = count < NOTICES_MAX ? heap_alloc(sizeof(*e)) : NULL;
        if (!e)
            return -ENOBUFS;
        e->origin = ERROR_ZEROCOPY;
        e->code = COPIED;
        e->info = i->zerocopied;
        e->data = i->zerocopied - 1;
        e->owner = i;
        *end = e;
    }
    e->bytes += m->len;
    e->calls++;
    e->refs++;
    *notice = e;
    return 0;
}

void inet_zerocopy_end(struct isock *i, struct inet_error *notice, bool sent)
{
    notice->calls--;
    if (sent)
        notice->data = i->zerocopied++;
    put_notice(notice);
    if (i->sock.type != SOCK_STREAM && !timer.armed)
        look(&timer);
}

void inet_zerocopy_forget(struct isock *i)
{
    struct inet_error *next;

    for (struct inet_error *e = i->notices; e; e = next) {
        next = e->next;
        e->owner = NULL;
        e->refs++; /* those that are done only waited for their turn */
        put_notice(e);
    }
    i->notices = NULL;
}

static void give_back(struct pkt_mem *mem)
{
    struct lent *l = container_of(mem, struct lent, mem);

    list_remove(&l->node);
    put_notice(l->notice);
    heap_free(l, sizeof(*l));
}

/* A packet of the next bytes of (m), at most (*n), where they lie. NULL: the next (*n) are to be
 * copied, as they are few, cannot be read (by a device), or there is no memory. */
static struct pkt *take(struct inet_error *notice, struct sock_msg *m, size_t *n)
{
    const char *from = sock_next_part(m, n, false);

    if (!from)
        return NULL;
    struct lent *l = NULL;
    if (*n >= LEAST && plat_device_reach(from, *n, false) == 0)
        l = heap_alloc(sizeof(*l));
    struct pkt *p = l ? pkt_of_mem(&l->mem, from, *n) : NULL;
    if (!p) {
        heap_free(l, sizeof(*l));
        m->off -= *n;
        return NULL;
    }
    *l = (struct lent){{1, give_back}, .from = (uintptr_t)from, .len = *n, .notice = notice};
    list_insert(&lent, &l->node);
    notice->refs++;
    notice->code = 0;
    return p;
}

size_t inet_zerocopy_put(struct tcp_conn *c, struct inet_error *notice, struct sock_msg *m,
                         size_t *n)
{
    /* On the machine itself it would wait for its reader. */
    struct pkt *p = tcp_path(c)->local ? NULL : take(notice, m, n);

    if (!p)
        return 0;
    tcp_send_pieces(c, p);
    return *n;
}

int inet_zerocopy_message(struct inet_error *notice, struct sock_msg *m, struct pkt **out)
{
    struct pkt *first = pkt_alloc(PKT_HEADROOM, 0);
    int err = first ? 0 : -ENOBUFS;

    for (size_t left = m->len, n; left > 0 && !err; left -= n) {
        n = left;
        struct pkt *p = take(notice, m, &n);
        if (!p)
            err = inet_message(m, n, &p);
        if (!err)
            pkt_append(first, p);
    }
    if (err)
        pkt_free(first);
    *out = first;
    return err;
}

/* What the program takes away. */

static bool goes(const struct pkt_mem *mem)
{
    return mem->free == give_back && container_of(mem, const struct lent, mem)->goes;
}

void lend_end(const void *addr, size_t len)
{
    uintptr_t start = (uintptr_t)addr;
    bool some = false;

    list_for_each(node, &lent)
    {
        struct lent *l = list_entry(node, struct lent, node);
        if (l->from - start < len || (len > 0 && start - l->from < l->len)) {
            l->goes = some = true;
            l->notice->code = COPIED;
        }
    }
    if (!some)
        return;
    tcp_settle(inet_tcp, goes);
    netdev_take_back();
    list_for_each(node, &lent) ASSERT(!list_entry(node, struct lent, node)->goes);
}

struct pkt *lend_settle(struct pkt *p)
{
    bool some = false;

    for (const struct pkt *q = p; q; q = q->more) {
        if (q->mem->free != give_back)
            continue;
        container_of(q->mem, struct lent, mem)->notice->code = COPIED;
        some = true;
    }
    if (!some)
        return p;
    struct pkt *copy = pkt_clone(p, PKT_HEADROOM);
    pkt_free(p);
    return copy;
}
