/* SPDX-License-Identifier: MIT
 *
 * MSG_ZEROCOPY: notices, their numbers and order, and memory that the program takes away.
 *
 * sources: libos/net/inet/zerocopy.c libos/net/wire/pkt.c libos/net/sock/message.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: inet ip tcp udp wire mm iface */
#include "unit.h"
#include <limits.h>

#include "fake_mm.h"
#include "fake_pkt.h"
#include "iface/lend.h"
#include "iface/plat.h"
#include "iface/timer.h"
#include "iface/user.h"
#include "inet/internal.h"
#include "mm/heap.h"

#define PART 5000

static struct isock sock;
static uint8_t bytes[40 * PART];
static struct net_path path;
static struct pkt *queued[300]; /* by TCP, one for each part */
static unsigned queued_count, woken, taken_back, settled;
static const uint8_t *unreadable, *unreachable;
static struct timer *set;

struct tcp *inet_tcp;

/* What is around it. */

struct net_path *tcp_path(struct tcp_conn *c)
{
    (void)c;
    return &path;
}

void tcp_send_pieces(struct tcp_conn *c, struct pkt *p)
{
    (void)c;
    queued[queued_count++] = p;
}

void tcp_settle(struct tcp *t, bool (*goes)(const struct pkt_mem *mem))
{
    (void)t;
    settled++;
    for (unsigned i = 0; i < queued_count; i++) {
        if (!queued[i] || !goes(queued[i]->mem))
            continue;
        struct pkt *copy = pkt_alloc(0, queued[i]->len);
        assert_non_null(copy);
        pkt_copy(queued[i], 0, copy->data, queued[i]->len);
        pkt_move(queued[i], copy);
    }
}

static struct pkt *at_device;

void netdev_take_back(void)
{
    taken_back++;
    pkt_free(at_device);
    at_device = NULL;
}

void netdev_reclaim(void)
{
}

int inet_message(struct sock_msg *m, size_t n, struct pkt **out)
{
    *out = pkt_alloc(PKT_HEADROOM, n);
    assert_non_null(*out);
    (*out)->len = (*out)->total = (uint32_t)n;
    return sock_copy_in(m, (*out)->data, n);
}

bool user_readable(const void *addr, size_t len)
{
    const uint8_t *from = addr;

    return !unreadable || unreadable < from || unreadable >= from + len;
}

bool user_writable(const void *addr, size_t len)
{
    return user_readable(addr, len);
}

int plat_device_reach(const void *addr, size_t len, bool write)
{
    const uint8_t *from = addr;

    (void)write;
    return unreachable && unreachable >= from && unreachable < from + len ? -EOPNOTSUPP : 0;
}

void wait_wake_events(struct wait_queue *q, unsigned events)
{
    assert_ptr_equal(q, &sock.sock.wait);
    woken |= events;
}

void timer_set(struct timer *t, nsec_t at, void (*fn)(struct timer *t))
{
    *t = (struct timer){.at = at, .fn = fn, .armed = true};
    set = t;
}

/* The tests. */

static int start(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    memset(&sock, 0, sizeof(sock));
    sock.errors_end = &sock.errors;
    sock.sock.type = SOCK_STREAM;
    path = (struct net_path){.local = false};
    queued_count = woken = taken_back = settled = 0;
    unreadable = unreachable = NULL;
    set = NULL;
    return 0;
}

/* Packet number (i) of what has been queued is acknowledged. */
static void acked(unsigned i)
{
    pkt_free(queued[i]);
    queued[i] = NULL;
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < queued_count; i++)
        acked(i);
    if (sock.notices)
        inet_zerocopy_forget(&sock);
    for (struct inet_error *e; (e = sock.errors);) {
        sock.errors = e->next;
        heap_free(e, sizeof(*e));
    }
    assert_int_equal(fake_mm.heap_bytes, 0);
    assert_int_equal(fake_pkt_live, 0);
    return 0;
}

/* A send of (n) parts of (len) bytes each. Returns how many bytes were lent. */
static size_t send_parts(size_t from, unsigned n, size_t len)
{
    struct iovec iov[40];
    struct sock_msg m = {.iov = iov, .iov_count = (int)n, .len = n * len};
    struct inet_error *notice = NULL;
    static uint8_t copy[sizeof(bytes)];
    size_t lent = 0;

    for (unsigned i = 0; i < n; i++)
        iov[i] = (struct iovec){bytes + from + i * PART, len};
    assert_int_equal(inet_zerocopy_begin(&sock, &m, &notice), 0);
    for (size_t left = m.len, at; left > 0; left -= at) {
        at = left;
        size_t r = inet_zerocopy_put(NULL, notice, &m, &at);
        if (r == 0)
            assert_int_equal(sock_copy_in(&m, copy, at), 0);
        lent += r;
    }
    inet_zerocopy_end(&sock, notice, true);
    return lent;
}

static void assert_notice(unsigned from, unsigned to, unsigned code)
{
    struct inet_error *e = sock.errors;

    assert_non_null(e);
    assert_int_equal(e->origin, ERROR_ZEROCOPY);
    assert_int_equal(e->info, from);
    assert_int_equal(e->data, to);
    assert_int_equal(e->code, code);
    assert_int_equal(e->err, 0);
    sock.errors = e->next;
    if (!sock.errors)
        sock.errors_end = &sock.errors;
    sock.error_count--;
    heap_free(e, sizeof(*e));
}

/* A notice comes with the last packet, not before; sends of 512 KiB share one. */
static void last_packet(void **state)
{
    (void)state;
    assert_int_equal(send_parts(0, 3, PART), 3 * PART);
    assert_int_equal(send_parts(3 * PART, 1, PART), PART);
    struct pkt *again = pkt_share(queued[1], 100, 200);
    for (unsigned i = 0; i < 4; i++)
        acked(i);
    assert_null(sock.errors);
    assert_int_equal(woken, 0);
    assert_memory_equal(again->data, bytes + PART + 100, 200);
    pkt_free(again);
    assert_int_equal(woken, POLLERR);
    assert_notice(0, 1, 0);
    assert_null(sock.errors);
}

/* In order, whatever comes back first; those that are not fetched are joined. */
static void out_of_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        send_parts(0, 40, PART);
    /* Two sends fill a notice: 0-1, 2-3, 4-5. */
    for (unsigned i = 80; i < 160; i++)
        acked(i);
    assert_null(sock.errors);
    assert_int_equal(woken, 0);
    for (unsigned i = 0; i < 80; i++)
        acked(i);
    assert_int_equal(sock.error_count, 1);
    for (unsigned i = 160; i < 240; i++)
        acked(i);
    assert_int_equal(sock.error_count, 1);
    assert_notice(0, 5, 0);
}

/* What is copied: few bytes in a row, what a device cannot read, and what goes to the machine
 * itself. */
static void copied(void **state)
{
    (void)state;
    assert_int_equal(send_parts(0, 10, 1000), 0);
    assert_notice(0, 0, 1);
    unreachable = bytes + PART + 1;
    assert_int_equal(send_parts(0, 3, PART), 2 * PART);
    acked(0);
    acked(1);
    assert_notice(1, 1, 0);
    path.local = true;
    assert_int_equal(send_parts(0, 3, PART), 0);
    assert_notice(2, 2, 1);
    path.local = false;
    fake_pkt_left = 0;
    assert_int_equal(send_parts(0, 1, PART), 0);
    fake_pkt_left = UINT_MAX;
    assert_notice(3, 3, 1);
    /* One that has nothing lent comes after one that has, and does not wait if that is done. */
    send_parts(0, 1, PART);
    send_parts(0, 1, 10);
    assert_null(sock.errors);
    acked(2);
    assert_notice(4, 5, 0);
}

/* A message of one part, whose send begins. */
static struct sock_msg begin_part(struct inet_error **notice)
{
    static struct iovec iov = {bytes, PART};
    struct sock_msg m = {.iov = &iov, .iov_count = 1, .len = PART};

    *notice = NULL;
    assert_int_equal(inet_zerocopy_begin(&sock, &m, notice), 0);
    return m;
}

/* Memory that cannot be read is not lent; a send that comes to nothing has no number. */
static void not_accessible(void **state)
{
    struct inet_error *notice;
    struct sock_msg m = begin_part(&notice);
    uint8_t byte;
    size_t n = PART;

    (void)state;
    unreadable = bytes + 4999;
    assert_int_equal(inet_zerocopy_put(NULL, notice, &m, &n), 0);
    assert_int_equal(sock_copy_in(&m, &byte, n), -EFAULT);
    inet_zerocopy_end(&sock, notice, false);
    assert_null(sock.errors);
    assert_int_equal(woken, 0);
    unreadable = NULL;
    send_parts(0, 1, PART);
    acked(0);
    assert_notice(0, 0, 0);
}

/* A call in several steps, as there is room. */
static void in_steps(void **state)
{
    struct inet_error *notice;
    struct sock_msg m = begin_part(&notice);
    size_t n = 2000;

    (void)state;
    assert_int_equal(inet_zerocopy_put(NULL, notice, &m, &n), 2000);
    acked(0);
    assert_null(sock.errors); /* the call goes on */
    n = 3000;
    assert_int_equal(inet_zerocopy_put(NULL, notice, &m, &n), 3000);
    assert_memory_equal(queued[1]->data, bytes + 2000, 3000);
    inet_zerocopy_end(&sock, notice, true);
    acked(1);
    assert_notice(0, 0, 0);
}

/* Only what the program takes away is copied; then it may change at once. */
static void taken_away(void **state)
{
    uint8_t was[PART];

    (void)state;
    send_parts(0, 3, PART);
    at_device = pkt_share(queued[1], 0, PART);
    lend_end(bytes + 10 * PART, PART);
    assert_int_equal(settled, 0);
    assert_int_equal(taken_back, 0);
    memcpy(was, bytes + PART, PART);
    lend_end(bytes + 2 * PART - 1, 1); /* its last byte */
    assert_int_equal(settled, 1);
    assert_int_equal(taken_back, 1);
    memset(bytes + PART, 0xee, PART);
    assert_memory_equal(queued[1]->data, was, PART);
    assert_ptr_equal(queued[0]->data, bytes);
    assert_ptr_equal(queued[2]->data, bytes + 2 * PART);
    for (unsigned i = 0; i < 3; i++)
        acked(i);
    assert_notice(0, 0, 1);
    /* All of memory, and memory that nobody has lent. */
    send_parts(0, 1, PART);
    lend_end(bytes - 1, 1);
    lend_end(bytes + 1, 0);
    lend_end(bytes + PART, SIZE_MAX - (uintptr_t)bytes - PART);
    assert_int_equal(settled, 1);
    lend_end(bytes - PAGE_SIZE, sizeof(bytes) + 2 * PAGE_SIZE);
    assert_int_equal(settled, 2);
    assert_notice(1, 1, 1);
}

/* Nobody is told after the end, but memory that goes is still looked after. */
static void closed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        send_parts(0, 40, PART);
    for (unsigned i = 80; i < 160; i++)
        acked(i);
    inet_zerocopy_forget(&sock);
    lend_end(bytes, PART);
    assert_int_equal(settled, 1);
    for (unsigned i = 0; i < 80; i++)
        acked(i);
    for (unsigned i = 160; i < 240; i++)
        acked(i);
    assert_null(sock.errors);
    assert_int_equal(woken, 0);
}

/* A call that sleeps while another one sends: numbers are those of their ends. */
static void two_calls(void **state)
{
    struct inet_error *notice;
    struct sock_msg m = begin_part(&notice);
    size_t n = 2000;

    (void)state;
    assert_int_equal(inet_zerocopy_put(NULL, notice, &m, &n), 2000);
    for (unsigned i = 0; i < 4; i++)
        send_parts(0, 40, PART);
    for (unsigned i = 0; i < queued_count; i++)
        acked(i);
    assert_null(sock.errors);
    inet_zerocopy_end(&sock, notice, true);
    assert_notice(0, 4, 0);
}

/* Each datagram has a notice of its own, of which there are so many; a look goes after them. */
static void datagrams(void **state)
{
    struct iovec iov[2] = {{bytes, 10}, {bytes + 10, PART}};
    struct sock_msg m = {.iov = iov, .iov_count = 2, .len = PART + 10};
    struct inet_error *notice = NULL;
    static struct pkt *sent[227];
    uint8_t copy[PART + 10];

    (void)state;
    sock.sock.type = SOCK_DGRAM;
    for (unsigned i = 0; i < ARRAY_LEN(sent); i++) {
        m.at = 0;
        m.off = 0;
        assert_int_equal(inet_zerocopy_begin(&sock, &m, &notice), 0);
        assert_int_equal(inet_zerocopy_message(notice, &m, &sent[i]), 0);
        assert_int_equal(sent[i]->total, PART + 10);
        assert_ptr_equal(sent[i]->more->more->data, bytes + 10);
        inet_zerocopy_end(&sock, notice, true);
    }
    assert_int_equal(inet_zerocopy_begin(&sock, &m, &notice), -ENOBUFS);
    assert_true(set && set->armed);
    struct pkt *kept = lend_settle(sent[0]); /* by a receiver of the machine itself */
    assert_ptr_not_equal(kept, sent[0]);
    pkt_copy(kept, 0, copy, PART + 10);
    assert_memory_equal(copy, bytes, PART + 10);
    assert_notice(0, 0, 1);
    assert_ptr_equal(lend_settle(kept), kept);
    pkt_free(kept);
    assert_int_equal(inet_zerocopy_begin(&sock, &m, &notice), 0);
    inet_zerocopy_end(&sock, notice, false);
    for (unsigned i = 1; i < ARRAY_LEN(sent); i++) {
        set->armed = false;
        set->fn(set);
        assert_true(set->armed);
        pkt_free(sent[i]);
    }
    assert_notice(1, 226, 0);
    set->armed = false;
    set->fn(set);
    assert_false(set->armed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(last_packet, start, end),
        cmocka_unit_test_setup_teardown(out_of_order, start, end),
        cmocka_unit_test_setup_teardown(copied, start, end),
        cmocka_unit_test_setup_teardown(not_accessible, start, end),
        cmocka_unit_test_setup_teardown(in_steps, start, end),
        cmocka_unit_test_setup_teardown(taken_away, start, end),
        cmocka_unit_test_setup_teardown(closed, start, end),
        cmocka_unit_test_setup_teardown(two_calls, start, end),
        cmocka_unit_test_setup_teardown(datagrams, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
