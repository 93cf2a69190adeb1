/* SPDX-License-Identifier: MIT
 *
 * Page tables of a machine, read back by a walk of its own, and against a model: what each page
 * means, and that no present entry changes but those that the machine is made to forget.
 *
 * sources: monitor/kvm/tables.c
 * uses:    monitor abi */
#include <errno.h>
#include <stdlib.h>

#include "unit.h"
#include "abi/hypercall.h"
#include "monitor/kvm/tables.h"

#define ADDR  0x3000u
#define BASE  0x2136123ff000ull
#define HUGE  TABLES_REGION
#define COUNT 128

static uint64_t pages[COUNT][512];
static struct tables tables;

static int start(void **state)
{
    (void)state;
    memset(pages, 0, sizeof(pages));
    tables = (struct tables){.page = pages, .addr = ADDR, .max = COUNT};
    return 0;
}

/* The entry that maps (virt), as that of a page, 0 where there is none, as a processor finds it
 * from (root) on. */
static uint64_t entry_from(uint64_t root, uint64_t virt)
{
    uint64_t e = root;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t table = ((e & 0xffffffffff000) - ADDR) / 4096;
        assert_true(table < tables.count);
        e = pages[table][virt >> shift & 511];
        if (!(e & PTE_PRESENT))
            return 0;
        if (shift == 21 && (e & PTE_LARGE)) {
            assert_int_equal((e & 0xffffffffff000) % HUGE, 0);
            return (e & ~PTE_LARGE) + virt % HUGE / 4096 * 4096;
        }
    }
    return e;
}

static uint64_t entry(uint64_t virt)
{
    return entry_from(tables_root(&tables), virt);
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

static void whole_regions_need_no_table(void **state)
{
    (void)state;
    uint64_t rw = tables_flags(PITH_PROT_READ | PITH_PROT_WRITE), virt = 5 * HUGE;
    assert_int_equal(tables_map(&tables, virt, 3 * HUGE, 4 * HUGE, rw), 0);
    assert_int_equal(tables.count, 3);
    /* Not where the physical address does not fit. */
    assert_int_equal(tables_map(&tables, 20 * HUGE, 4096, HUGE, rw), 0);
    assert_int_equal(tables.count, 4);
    assert_int_equal(entry(20 * HUGE + 8192), 3 * 4096 | rw);
}

static void a_split_leaves_the_old_tables_alone(void **state)
{
    (void)state;
    uint64_t rw = tables_flags(PITH_PROT_READ | PITH_PROT_WRITE), virt = 5 * HUGE;
    uint64_t r = tables_flags(PITH_PROT_READ);
    assert_int_equal(tables_map(&tables, virt, 0, 2 * HUGE, rw), 0);
    uint64_t root = tables_root(&tables);
    assert_int_equal(tables_map(&tables, virt + 4096, 4096, 4096, r), 0);
    assert_int_not_equal(tables_root(&tables), root);
    assert_int_equal(entry_from(root, virt + 4096), 4096 | rw);
    assert_int_equal(entry(virt + 4096), 4096 | r);
    assert_int_equal(entry(virt), rw);
    assert_int_equal(entry(virt + HUGE - 4096), (HUGE - 4096) | rw);
    assert_int_equal(entry(virt + HUGE), HUGE | rw);
    /* Only once. */
    root = tables_root(&tables);
    assert_int_equal(tables_map(&tables, virt, 0, HUGE, 0), 0);
    assert_int_equal(tables_map(&tables, virt + 8192, 8192, 4096, rw), 0);
    assert_int_equal(tables_root(&tables), root);
    assert_int_equal(entry(virt + 4096), 0);
    assert_int_equal(entry(virt + 8192), 8192 | rw);
    /* What was large once is split even where nothing is mapped now. */
    assert_int_equal(tables_map(&tables, virt + HUGE, 0, HUGE, 0), 0);
    assert_int_equal(entry(virt + HUGE), 0);
    assert_int_equal(tables_map(&tables, virt + HUGE, HUGE, 4096, rw), 0);
    assert_int_not_equal(tables_root(&tables), root);
    assert_int_equal(entry(virt + HUGE), HUGE | rw);
    assert_int_equal(entry(virt + HUGE + 4096), 0);
}

/* Random ranges against an array of what each page should be. The promised number of tables
 * suffices whatever happens. */
static void means_what_the_model_says(void **state)
{
    enum { PAGES = 5 * 512 };
    static uint64_t model[PAGES];
    const uint64_t base = (7ull << 30) - 2 * HUGE; /* across a border of the next level */
    (void)state;
    srand(1);
    for (int round = 0; round < 20; round++) {
        start(NULL);
        memset(model, 0, sizeof(model));
        tables.max = (uint32_t)tables_needed(PAGES * 4096ull);
        assert_true(tables.max <= COUNT);
        for (int step = 0; step < 200; step++) {
            static const unsigned grain[] = {1, 16, 512};
            unsigned g = grain[rand() % 3], from = (unsigned)rand() % PAGES / g * g;
            unsigned n = ((unsigned)rand() % (g == 1 ? 50 : PAGES / g) + 1) * g;
            uint64_t flags = tables_flags((unsigned)rand() % 4);
            n = n < PAGES - from ? n : PAGES - from;
            assert_int_equal(tables_map(&tables, base + from * 4096ull,
                                        flags ? HUGE + from * 4096ull : 0, n * 4096ull, flags),
                             0);
            for (unsigned i = from; i < from + n; i++)
                model[i] = flags ? (HUGE + i * 4096ull) | flags : 0;
            for (unsigned i = 0; i < PAGES; i += step % 10 ? 37 : 1)
                assert_int_equal(entry(base + i * 4096ull), model[i]);
        }
    }
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
        /* A range that begins just below a boundary of every level; then each region is split. */
        const uint64_t at = (3ull << 39) - 4096, phys = HUGE - 4096;
        assert_int_equal(tables_map(&tables, at, phys, len, tables_flags(1)), 0);
        for (uint64_t i = 0; i < len; i += 4096)
            assert_int_equal(tables_map(&tables, at + i, phys + i, 4096, tables_flags(3)), 0);
    }
}

static void says_when_there_are_too_few(void **state)
{
    (void)state;
    tables.max = 3;
    assert_int_equal(tables_map(&tables, BASE, 0, 4096, tables_flags(1)), -ENOMEM);
    tables.max = 4;
    assert_int_equal(tables_map(&tables, BASE, 0, 4096, tables_flags(1)), 0);
    start(NULL);
    tables.max = 6;
    assert_int_equal(tables_map(&tables, HUGE, 0, HUGE, tables_flags(1)), 0);
    assert_int_equal(tables_map(&tables, HUGE, 0, 4096, 0), -ENOMEM);
    assert_int_equal(entry(HUGE), tables_flags(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(maps_each_page_and_no_other, start),
        cmocka_unit_test_setup(unmaps_and_changes_a_part, start),
        cmocka_unit_test_setup(whole_regions_need_no_table, start),
        cmocka_unit_test_setup(a_split_leaves_the_old_tables_alone, start),
        cmocka_unit_test_setup(means_what_the_model_says, start),
        cmocka_unit_test_setup(flags_are_never_more_than_asked, start),
        cmocka_unit_test_setup(the_promised_number_suffices, start),
        cmocka_unit_test_setup(says_when_there_are_too_few, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
