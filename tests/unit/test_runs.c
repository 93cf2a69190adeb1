/* SPDX-License-Identifier: MIT
 *
 * The index of free runs against a plain list of them.
 *
 * sources: libos/mm/runs.c
 * uses: mm */
#include "unit.h"
#include "mm/runs.h"

#define PAGES 4096

static struct run_tag tags[PAGES];
static struct runs index_;

/* Length of the run that starts at each page, or 0. */
static uint32_t model[PAGES];

static int setup(void **state)
{
    (void)state;
    memset(model, 0, sizeof(model));
    memset(tags, 0xa5, sizeof(tags)); /* the index may look at no tag that it has not written */
    index_ = (struct runs){.tags = tags};
    return 0;
}

static void add(uint32_t first, uint32_t len)
{
    runs_add(&index_, first, len);
    model[first] = len;
    assert_int_equal(tags[first].len, len);
    assert_int_equal(tags[first + len - 1].len, len);
}

static void check_find(uint32_t n)
{
    uint32_t longest = 0, found = runs_find(&index_, n);
    for (uint32_t i = 0; i < PAGES; i++)
        longest = model[i] > longest ? model[i] : longest;
    if (found == RUN_NONE) {
        assert_true(longest < n);
        return;
    }
    assert_in_range(found, 0, PAGES - 1);
    assert_true(model[found] >= n);
    uint32_t near = runs_longest(&index_);
    assert_true(model[near] > 0 && model[near] >= longest - longest / 8);
    for (uint32_t i = 0; i < PAGES;
         i++) /* a good fit: no run that is much shorter would have done */
        assert_false(model[i] >= n + n / 8 + 1 && model[i] + model[i] / 4 + 1 < model[found]);
}

static void check_around(uint32_t page, uint32_t len)
{
    uint32_t expected = RUN_NONE;
    for (uint32_t i = 0; i < PAGES; i++)
        if (model[i] > 0 && i <= page && page - i < model[i])
            expected = i;
    uint32_t found = runs_around(&index_, page, len);
    if (expected != RUN_NONE && model[expected] >= len)
        assert_int_equal(found, expected);
    else
        assert_true(found == RUN_NONE || found == expected);
}

static void agrees_with_a_list(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t at = (uint32_t)random_below(&seed, PAGES), end = at;
        uint32_t most = 1 + (uint32_t)random_below(&seed, step % 5 ? 20 : 500);
        bool inside = false;
        for (uint32_t i = 0; i < at; i++)
            inside |= model[i] > at - i;
        while (!inside && end < PAGES && model[end] == 0 && end - at < most)
            end++;
        if (model[at] > 0 && random_below(&seed, 3)) {
            runs_remove(&index_, at);
            model[at] = 0;
        } else if (end > at) {
            add(at, end - at);
        }
        if (step % 16 == 0) {
            check_find(1 + (uint32_t)random_below(&seed, step % 3 ? 30 : PAGES));
            check_around((uint32_t)random_below(&seed, PAGES),
                         1 + (uint32_t)random_below(&seed, 200));
        }
    }
    for (uint32_t i = 0; i < PAGES; i++)
        if (model[i])
            runs_remove(&index_, i);
    assert_int_equal(index_.rows, 0);
    for (unsigned row = 0; row < RUNS_ROWS; row++)
        assert_int_equal(index_.columns[row], 0);
    assert_int_equal(runs_longest(&index_), RUN_NONE);
}

/* Each length must be found by itself, and by nothing longer. */
static void every_length_is_found_exactly(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= PAGES; len++) {
        add(0, len);
        assert_int_equal(runs_find(&index_, len), 0);
        assert_int_equal(runs_find(&index_, 1), 0);
        assert_int_equal(runs_find(&index_, len + 1), RUN_NONE);
        runs_remove(&index_, 0);
        assert_int_equal(runs_find(&index_, 1), RUN_NONE);
    }
}

static void lengths_up_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(runs_find(&index_, RUNS_MAX), RUN_NONE);
    runs_add(&index_, 5, 1);
    for (uint32_t n = 2; n < RUNS_MAX / 2; n *= 2) {
        assert_int_equal(runs_find(&index_, n), RUN_NONE);
        assert_int_equal(runs_find(&index_, n - 1 + n), RUN_NONE);
    }
    assert_int_equal(runs_find(&index_, RUNS_MAX), RUN_NONE);
    assert_int_equal(runs_find(&index_, 1), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(agrees_with_a_list, setup),
        cmocka_unit_test_setup(every_length_is_found_exactly, setup),
        cmocka_unit_test_setup(lengths_up_to_the_limit, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
