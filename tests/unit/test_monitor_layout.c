/* SPDX-License-Identifier: MIT
 *
 * The layout of guest memory: order, limits, and the length that is said to suffice.
 *
 * sources: monitor/core/layout.c
 * uses:    monitor abi */
#include <errno.h>

#include "unit.h"
#include "monitor/core/layout.h"

static void check(const struct layout *l, uint64_t mem_len)
{
    const struct area *a[] = {&l->image, &l->boot, &l->shared, &l->guard, &l->stack, &l->heap};
    uint64_t at = 0;
    for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
        assert_int_equal(a[i]->at, at);
        assert_int_equal(a[i]->len % 4096, 0);
        at += a[i]->len;
    }
    assert_int_equal(at, mem_len);
    assert_int_equal(l->guard.len, 4096);
}

static void in_order(void **state)
{
    const struct image img = {.len = 0x9000, .memory_min = 0x20000};
    struct layout l;
    uint64_t need;
    (void)state;
    assert_int_equal(layout_make(&img, 256 << 20, 5000, 100, &l, &need), 0);
    check(&l, 256 << 20);
    assert_int_equal(l.image.len, 0x9000);
    assert_int_equal(l.boot.len, 8192);
    assert_int_equal(l.shared.len, 4096);
    assert_int_equal(l.stack.len, 8 << 20);
}

static void stack_follows_memory(void **state)
{
    const struct image img = {.len = 0x9000};
    struct layout l;
    uint64_t need;
    (void)state;
    assert_int_equal(layout_make(&img, 1 << 20, 1, 1, &l, &need), 0);
    assert_int_equal(l.stack.len, 64 << 10);
    assert_int_equal(layout_make(&img, 16 << 20, 1, 1, &l, &need), 0);
    assert_int_equal(l.stack.len, 1 << 20);
    assert_int_equal(layout_make(&img, MEM_LEN_MAX, 1, 1, &l, &need), 0);
    assert_int_equal(l.stack.len, 8 << 20);
}

/* What layout_make says is needed suffices, and a page less does not. */
static void need_is_exact(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct image img = {.len = (1 + random_below(&seed, 5000)) * 4096,
                            .memory_min =
                                random_below(&seed, 3) ? random_below(&seed, 40 << 20) : 0};
        uint64_t boot = 1 + random_below(&seed, 100000), shared = 1 + random_below(&seed, 10000);
        struct layout l;
        uint64_t need, again;
        assert_int_equal(layout_make(&img, 0, boot, shared, &l, &need), -ENOMEM);
        assert_int_equal(layout_make(&img, need, boot, shared, &l, &again), 0);
        check(&l, need);
        assert_true(need - img.len >= img.memory_min);
        if (need > MEM_LEN_MIN)
            assert_int_equal(layout_make(&img, need - 4096, boot, shared, &l, &again), -ENOMEM);
    }
}

static void absurd_needs(void **state)
{
    const struct image img = {.len = 0x9000, .memory_min = UINT64_MAX};
    struct layout l;
    uint64_t need;
    (void)state;
    assert_int_equal(layout_make(&img, 1 << 30, 1, 1, &l, &need), -ENOMEM);
    assert_true(need > 1 << 30);
    assert_int_equal(layout_make(&img, MEM_LEN_MAX + 4096, 1, 1, &l, &need), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(stack_follows_memory),
        cmocka_unit_test(need_is_exact),
        cmocka_unit_test(absurd_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
