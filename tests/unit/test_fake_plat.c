/* SPDX-License-Identifier: MIT
 *
 * The fake platform itself: other tests lean on it.
 *
 * sources: tests/unit/fake_plat.c */
#include <errno.h>
#include <sys/mman.h>

#include "unit.h"
#include "base/assert.h"
#include "base/log.h"
#include "fake_plat.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void heap_is_inaccessible_until_asked_for(void **state)
{
    (void)state;
    fake_heap(4, 1 << 21);
    char *heap = plat_info.heap;
    assert_int_equal((uintptr_t)heap % (1 << 21), 0);
    assert_int_equal(fake_prot(heap), PROT_NONE);
    assert_int_equal(plat_protect(heap, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    heap[7] = 1;
    assert_true(fake_resident(heap));
    assert_false(fake_resident(heap + PAGE_SIZE));
    plat_release(heap, PAGE_SIZE);
    assert_false(fake_resident(heap));
    assert_int_equal(plat_protect(heap, PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(heap[7], 0);
}

static void protect_refuses(void **state)
{
    (void)state;
    fake_heap(4, PAGE_SIZE);
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ | PROT_EXEC), -EACCES);
    fake.jit = true;
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_WRITE | PROT_EXEC), -EACCES);
    fake.protect_fails_in = 2;
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_NONE), -ENOMEM);
    assert_int_equal(plat_protect(plat_info.heap, 3 * PAGE_SIZE, PROT_NONE), -ENOMEM);
    assert_int_equal(fake_prot(plat_info.heap), PROT_NONE);
    assert_int_equal(fake_prot(plat_info.heap + PAGE_SIZE), PROT_NONE);
    assert_int_equal(fake.protect_failures, 2);
    fake.protect_fails_for = 2;
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ), -ENOMEM);
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ), -ENOMEM);
    assert_int_equal(plat_protect(plat_info.heap, PAGE_SIZE, PROT_READ), 0);
}

static void ends_are_caught(void **state)
{
    (void)state;
    assert_true(FAKE_ENDS(plat_exit(3), FAKE_EXITED));
    assert_int_equal(fake.status, 3);
    assert_true(FAKE_ENDS(ASSERT(fake.now == 0), FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "fake.now == 0"));
    assert_false(FAKE_ENDS(fake.now++, FAKE_CRASHED));
}

static int one_buffer(nsec_t deadline)
{
    return deadline == DEADLINE_NOW ? 0 : 1;
}

static void clock_moves_when_told(void **state)
{
    (void)state;
    nsec_t start = clock_monotonic();
    assert_int_equal(plat_poll(start + 5), 0);
    assert_int_equal(clock_monotonic(), start + 5);
    fake.poll = one_buffer;
    assert_int_equal(plat_poll(DEADLINE_NEVER), 1);
    assert_int_equal(plat_poll(DEADLINE_NOW), 0);
    fake.poll = NULL;
    fake.pending = 2;
    assert_int_equal(plat_poll(DEADLINE_NEVER), -EINTR);
    assert_int_equal(plat_signals_take(), 2);
    assert_int_equal(plat_signals_take(), 0);
}

static void log_is_kept(void **state)
{
    (void)state;
    log_line("%d of %s", 3, "four");
    assert_string_equal(fake.log, "pith: 3 of four\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(heap_is_inaccessible_until_asked_for, setup),
        cmocka_unit_test_setup(protect_refuses, setup),
        cmocka_unit_test_setup(ends_are_caught, setup),
        cmocka_unit_test_setup(clock_moves_when_told, setup),
        cmocka_unit_test_setup(log_is_kept, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
