/* SPDX-License-Identifier: MIT
 *
 * The monitor's side of virtqueues, against drivers that obey and drivers that do not.
 *
 * sources: monitor/dev/queue.c
 * uses:    monitor abi */
#include <errno.h>

#include "unit.h"
#include "monitor/dev/queue.h"

#define MEM_BASE 0x10000000000ull
#define MEM_LEN  0x10000u

static struct queue_rings rings;
static char *mem;
static struct queue q;

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

static int start(void **state)
{
    (void)state;
    memset(&rings, 0, sizeof(rings));
    q = (struct queue){.rings = &rings, .mem = mem, .mem_base = MEM_BASE, .mem_len = MEM_LEN};
    return 0;
}

static void describe(unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    rings.desc[i] = (struct queue_desc){addr, len, flags, next};
}

static void offer(uint16_t head)
{
    rings.avail.ring[rings.avail.idx % QUEUE_SIZE] = head;
    rings.avail.idx++;
}

static void malformed(const char *fault)
{
    struct queue_chain chain;
    const char *why = "";
    assert_int_equal(queue_peek(&q, &chain, &why), -EPROTO);
    assert_non_null(strstr(why, fault));
}

static void empty(void **state)
{
    struct queue_chain chain;
    const char *why;
    (void)state;
    assert_int_equal(queue_peek(&q, &chain, &why), 0);
    q.rings = NULL;
    assert_int_equal(queue_peek(&q, &chain, &why), 0);
}

static void a_chain(void **state)
{
    struct queue_chain chain;
    const char *why;
    (void)state;
    describe(3, MEM_BASE, 10, 1, 7);
    describe(7, MEM_BASE + MEM_LEN - 5, 5, 1, 0);
    describe(0, MEM_BASE + MEM_LEN, 0, 0, 0);
    offer(3);
    assert_int_equal(queue_peek(&q, &chain, &why), 1);
    assert_int_equal(chain.head, 3);
    assert_int_equal(chain.count, 3);
    assert_ptr_equal(chain.iov[0].iov_base, mem);
    assert_int_equal(chain.iov[0].iov_len, 10);
    assert_ptr_equal(chain.iov[1].iov_base, mem + MEM_LEN - 5);
    assert_int_equal(chain.iov[2].iov_len, 0);
    queue_use(&q, chain.head, 15);
    assert_int_equal(rings.used.idx, 1);
    assert_int_equal(rings.used.ring[0].id, 3);
    assert_int_equal(rings.used.ring[0].len, 15);
    assert_int_equal(queue_peek(&q, &chain, &why), 0);
}

/* Indices are 16 bits and wrap; order is kept. */
static void round_and_round(void **state)
{
    struct queue_chain chain;
    const char *why;
    uint64_t seed = 3;
    unsigned offered = 0, used = 0;
    (void)state;
    while (used < 200000) {
        for (size_t n = random_below(&seed, QUEUE_SIZE - (offered - used) + 1); n; n--, offered++) {
            describe(offered % QUEUE_SIZE, MEM_BASE + offered % MEM_LEN, 0, 0, 0);
            offer((uint16_t)(offered % QUEUE_SIZE));
        }
        while (queue_peek(&q, &chain, &why)) {
            assert_int_equal(chain.head, used % QUEUE_SIZE);
            assert_ptr_equal(chain.iov[0].iov_base, mem + used % MEM_LEN);
            queue_use(&q, chain.head, used);
            assert_int_equal(rings.used.ring[used % QUEUE_SIZE].len, used);
            used++;
        }
        assert_int_equal(used, offered);
        assert_int_equal(rings.used.idx, (uint16_t)used);
    }
}

static void outside_memory(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } bad[] = {
        {0, 1},
        {MEM_BASE - 1, 1},
        {MEM_BASE - 1, 2},
        {MEM_BASE + MEM_LEN, 1},
        {MEM_BASE + MEM_LEN - 4, 5},
        {MEM_BASE, MEM_LEN + 1},
        {MEM_BASE, UINT32_MAX},
        {UINT64_MAX, 1},
        {UINT64_MAX, UINT32_MAX},
        {UINT64_MAX - MEM_LEN, MEM_LEN},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(state);
        describe(0, bad[i].addr, bad[i].len, 0, 0);
        offer(0);
        malformed("outside guest memory");
    }
}

static void loops(void **state)
{
    (void)state;
    describe(0, MEM_BASE, 1, 1, 0);
    offer(0);
    malformed("longer than its queue");
    start(NULL);
    for (unsigned i = 0; i < QUEUE_SIZE; i++)
        describe(i, MEM_BASE, 1, 1, (uint16_t)((i + 1) % QUEUE_SIZE));
    offer(5);
    malformed("longer than its queue");
}

static void bad_indices(void **state)
{
    (void)state;
    offer(QUEUE_SIZE);
    malformed("index is too large");
    start(NULL);
    describe(0, MEM_BASE, 1, 1, 0xffff);
    offer(0);
    malformed("index is too large");
    start(NULL);
    rings.avail.idx = QUEUE_SIZE + 1;
    malformed("more buffers are available");
    rings.avail.idx = 0xffff;
    malformed("more buffers are available");
}

static void bad_flags(void **state)
{
    (void)state;
    describe(0, MEM_BASE, 1, 2, 0);
    offer(0);
    malformed("wrong direction");
    q.writable = true;
    struct queue_chain chain;
    const char *why;
    assert_int_equal(queue_peek(&q, &chain, &why), 1);
    describe(0, MEM_BASE, 1, 0, 0);
    malformed("wrong direction");
    describe(0, MEM_BASE, 16, 6, 0);
    malformed("indirect");
}

/* Chains of both kinds: what is read, then what is written. */
static void both_directions(void **state)
{
    struct queue_chain chain;
    const char *why;
    (void)state;
    q.mixed = true;
    describe(0, MEM_BASE, 16, 1, 1);
    describe(1, MEM_BASE + 16, 512, 3, 2);
    describe(2, MEM_BASE + 528, 1, 2, 0);
    offer(0);
    assert_int_equal(queue_peek(&q, &chain, &why), 1);
    assert_int_equal(chain.count, 3);
    assert_int_equal(chain.readable, 1);
    describe(2, MEM_BASE + 528, 1, 0, 0);
    malformed("wrong direction");
}

/* Writes an indirect table of (n) buffers of one byte to memory at (at). */
static struct queue_desc *table(unsigned at, unsigned n)
{
    struct queue_desc *t = (struct queue_desc *)(mem + at);
    for (unsigned i = 0; i < n; i++)
        t[i] = (struct queue_desc){MEM_BASE + i, 1, i + 1 < n ? 1 : 0, (uint16_t)(i + 1)};
    return t;
}

static void indirect(void **state)
{
    struct queue_chain chain;
    const char *why;
    (void)state;
    q.mixed = true;
    table(256, QUEUE_SIZE);
    describe(4, MEM_BASE + 256, QUEUE_SIZE * 16, 4, 0);
    offer(4);
    assert_int_equal(queue_peek(&q, &chain, &why), 1);
    assert_int_equal(chain.count, QUEUE_SIZE);
    assert_int_equal(chain.readable, QUEUE_SIZE);
    assert_ptr_equal(chain.iov[QUEUE_SIZE - 1].iov_base, mem + QUEUE_SIZE - 1);
    q.mixed = false;
    malformed("not offered");
}

static void bad_tables(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags;
        const char *fault;
    } bad[] = {
        {MEM_BASE, 0, 4, "wrong length"},
        {MEM_BASE, 15, 4, "wrong length"},
        {MEM_BASE, (QUEUE_SIZE + 1) * 16, 4, "wrong length"},
        {MEM_BASE, 0xfffffff0, 4, "wrong length"},
        {MEM_BASE - 16, 32, 4, "outside guest memory"},
        {MEM_BASE + MEM_LEN - 16, 32, 4, "outside guest memory"},
        {UINT64_MAX - 15, 16, 4, "outside guest memory"},
        {MEM_BASE, 16, 5, "not alone"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(state);
        q.mixed = true;
        describe(0, bad[i].addr, bad[i].len, bad[i].flags, 1);
        offer(0);
        malformed(bad[i].fault);
    }
    start(state);
    q.mixed = true;
    describe(0, MEM_BASE + 256, 32, 4, 0);
    offer(0);
    struct queue_desc *t = table(256, 2);
    t[0].next = 0;
    malformed("longer than its queue");
    t[0].next = 2;
    malformed("index is too large");
    t[0].flags = 4;
    malformed("inside a table");
    t[0].flags = 0;
    t[0].addr = MEM_BASE + MEM_LEN;
    malformed("outside guest memory");
    /* Behind a direct descriptor. */
    describe(1, MEM_BASE, 1, 1, 0);
    rings.avail.ring[0] = 1;
    malformed("not alone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty, start),
        cmocka_unit_test_setup(a_chain, start),
        cmocka_unit_test_setup(round_and_round, start),
        cmocka_unit_test_setup(outside_memory, start),
        cmocka_unit_test_setup(loops, start),
        cmocka_unit_test_setup(bad_indices, start),
        cmocka_unit_test_setup(bad_flags, start),
        cmocka_unit_test_setup(both_directions, start),
        cmocka_unit_test_setup(indirect, start),
        cmocka_unit_test_setup(bad_tables, start),
    };
    mem = calloc(1, MEM_LEN);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(mem);
    return failed;
}
