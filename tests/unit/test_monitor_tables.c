/* SPDX-License-Identifier: MIT
 *
 * Page tables of a machine, read back by a walk of its own.
 *
 * sources: monitor/kvm/tables.c
 * uses:    monitor abi */
#include <errno.h>

#include "unit.h"
#include "abi/hypercall.h"
#include "monitor/kvm/tables.h"

#define ADDR  0x3000u
#define BASE  0x2136123ff000ull
#define HUGE  (2ull << 20)
#define COUNT 64

static uint64_t pages[COUNT][512];
static struct tables tables;

static int start(void **state)
{
    (void)state;
    memset(pages, 0, sizeof(pages));
    tables = (struct tables){.page = pages, .addr = ADDR, .count = 1, .max = COUNT};
    return 0;
}

/* The last level's entry for (virt), 0 where there is none, as a processor finds it. */
static uint64_t entry(uint64_t virt)
{
    uint64_t e = ADDR;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t table = ((e & 0xffffffffff000) - ADDR) / 4096;
        assert_true(table < tables.count);
        e = pages[table][virt >> shift & 511];
        if (!e)
            return 0;
    }
    return e;
}

static void maps_each_page_and_no_other(void **state)
{
    (void)state;
    uint64_t flags = tables_flags(PITH_PROT_READ), len = 3 * HUGE;
    assert_int_equal(tables_map(&tables, BASE, 0x400000, len, flags), 0);
    for (uint64_t at = 0; at < len; at += 4096)
        assert_int_equal(entry(BASE + at), (0x400000 + at) | flags);
    assert_int_equal(entry(BASE - 4096), 0);
    assert_int_equal(entry(BASE + len), 0);
}

static void unmaps_and_changes_a_part(void **state)
{
    (void)state;
    uint64_t rw = tables_flags(PITH_PROT_READ | PITH_PROT_WRITE);
    assert_int_equal(tables_map(&tables, BASE, 0, 2 * HUGE, rw), 0);
    assert_int_equal(tables_map(&tables, BASE + 4096, 4096, HUGE, 0), 0);
    assert_int_equal(entry(BASE), rw);
    assert_int_equal(entry(BASE + 4096), 0);
    assert_int_equal(entry(BASE + HUGE), 0);
    assert_int_equal(entry(BASE + HUGE + 4096), (HUGE + 4096) | rw);
}

static void flags_are_never_more_than_asked(void **state)
{
    (void)state;
    assert_int_equal(tables_flags(0), 0);
    for (unsigned prot = 1; prot < 8; prot++) {
        uint64_t f = tables_flags(prot);
        assert_true((f & PTE_PRESENT) && (f & PTE_USER));
        assert_int_equal(!!(f & PTE_WRITE), !!(prot & PITH_PROT_WRITE));
        assert_int_equal(!(f & PTE_NX), !!(prot & PITH_PROT_EXEC));
    }
}

static void the_promised_number_suffices(void **state)
{
    (void)state;
    for (uint64_t len = 4096; len < 20 * HUGE; len += 5 * 4096 + HUGE / 2) {
        start(NULL);
        tables.max = (uint32_t)tables_needed(len);
        assert_true(tables.max <= COUNT);
        /* A page far off, and a range that begins just below a boundary of every level. */
        assert_int_equal(tables_map(&tables, 0x7ffffffff000, 0, 4096, tables_flags(1)), 0);
        assert_int_equal(tables_map(&tables, (3ull << 39) - 4096, 0, len, tables_flags(1)), 0);
    }
}

static void says_when_there_are_too_few(void **state)
{
    (void)state;
    tables.max = 3;
    assert_int_equal(tables_map(&tables, BASE, 0, 4096, tables_flags(1)), -ENOMEM);
    tables.max = 4;
    assert_int_equal(tables_map(&tables, BASE, 0, 4096, tables_flags(1)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(maps_each_page_and_no_other, start),
        cmocka_unit_test_setup(unmaps_and_changes_a_part, start),
        cmocka_unit_test_setup(flags_are_never_more_than_asked, start),
        cmocka_unit_test_setup(the_promised_number_suffices, start),
        cmocka_unit_test_setup(says_when_there_are_too_few, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
