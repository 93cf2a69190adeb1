/* SPDX-License-Identifier: MIT
 *
 * When a machine rests before it asks for packets.
 *
 * sources: monitor/dev/moderation.c
 * uses:    monitor */
#include "unit.h"
#include "monitor/dev/moderation.h"

/* A peer: packets come (near) ns after asking begins, and (alone) or (rested) ns apart. */
struct load {
    struct moderation m;
    int64_t now, near, alone, rested;
    uint64_t packets;
};

/* Finds packets (n) times; returns before how many of them it rested. */
static unsigned find(struct load *l, unsigned n)
{
    unsigned rests = 0;

    for (unsigned i = 0; i < n; i++) {
        bool rest = moderation_rest(&l->m) > 0;
        rests += rest;
        l->now += rest ? l->rested : l->alone;
        l->packets += rest ? 4 : 1;
        moderation_found(&l->m, l->now - l->near, l->now, l->packets);
    }
    return rests;
}

#define TRIAL (MODERATION_TRIAL + 1)

static void rests_where_as_many_come(void **state)
{
    struct load l = {.near = 1000, .alone = 8000, .rested = 4 * 8000};

    (void)state;
    assert_int_equal(moderation_rest(&l.m), 0);
    assert_int_equal(find(&l, TRIAL), 0);
    assert_int_equal(moderation_rest(&l.m), MODERATION_REST);
    /* All the time but for a look at how it would be without. */
    unsigned n = 10 * (MODERATION_KEEP + 1) * TRIAL;
    assert_int_equal(find(&l, n), n - 10 * TRIAL);
}

static void answers_are_not_waited_for(void **state)
{
    struct load l = {.near = MODERATION_NEAR + 1, .alone = 8000, .rested = 8000};

    (void)state;
    assert_int_equal(find(&l, 100000), 0);
}

/* Few peers send no more while it rests: tried more and more seldom. */
static void does_not_rest_where_fewer_come(void **state)
{
    struct load l = {.near = 1000, .alone = 8000, .rested = 4 * 10000};

    (void)state;
    assert_in_range(find(&l, 100 * TRIAL), 5 * TRIAL, 8 * TRIAL);
    (void)find(&l, 4 * MODERATION_WAIT * TRIAL);
    assert_in_range(find(&l, 10 * MODERATION_WAIT * TRIAL), 9 * TRIAL, 10 * TRIAL);
    /* More peers have come: it rests, and forgets. */
    l.rested = 4 * 8000;
    (void)find(&l, (MODERATION_WAIT + MODERATION_KEEP + 2) * TRIAL);
    assert_true(find(&l, 100 * TRIAL) > 90 * TRIAL);
    l.rested = 4 * 10000;
    assert_in_range(find(&l, 100 * TRIAL), 5 * TRIAL, 8 * TRIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_where_as_many_come),
        cmocka_unit_test(answers_are_not_waited_for),
        cmocka_unit_test(does_not_rest_where_fewer_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
