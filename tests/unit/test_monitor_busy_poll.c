/* SPDX-License-Identifier: MIT
 *
 * When a machine asks for packets instead of sleeping.
 *
 * sources: monitor/dev/busy_poll.c
 * uses:    monitor */
#include "unit.h"
#include "monitor/dev/busy_poll.h"

static void sleeps(struct busy_poll *b, unsigned n, int64_t ns, bool packet)
{
    for (unsigned i = 0; i < n; i++)
        busy_poll_slept(b, ns, packet);
}

static void asks_where_packets_come_soon(void **state)
{
    struct busy_poll b = {0};

    (void)state;
    sleeps(&b, BUSY_POLL_FIRST - 1, BUSY_POLL_SOON - 1, true);
    assert_int_equal(busy_poll_time(&b), 0);
    sleeps(&b, 1, BUSY_POLL_SOON, true); /* too late: it begins anew */
    sleeps(&b, BUSY_POLL_FIRST - 1, 1000, true);
    sleeps(&b, 1, 1000, false); /* not a packet */
    sleeps(&b, BUSY_POLL_FIRST - 1, 1000, true);
    assert_int_equal(busy_poll_time(&b), 0);
    sleeps(&b, 1, 1000, true);
    assert_int_equal(busy_poll_time(&b), BUSY_POLL_TIME);
    for (unsigned i = 0; i < 1000; i++)
        busy_poll_done(&b, true);
    assert_int_equal(busy_poll_time(&b), BUSY_POLL_TIME);
}

/* How often it asks in vain until it sleeps. */
static unsigned in_vain(struct busy_poll *b)
{
    unsigned n = 0;

    while (busy_poll_time(b)) {
        busy_poll_done(b, false);
        busy_poll_slept(b, 1000, true);
        n++;
    }
    return n;
}

/* A peer on the same CPU answers soon, but never while it is asked for. */
static void learns_that_it_is_in_vain(void **state)
{
    struct busy_poll b = {0};
    unsigned asked = 0, slept = 0;

    (void)state;
    for (unsigned needed = BUSY_POLL_FIRST; slept < 100000;) {
        unsigned n = 0;
        while (!busy_poll_time(&b)) {
            busy_poll_slept(&b, 1000, true);
            n++;
        }
        assert_true(n + 1 >= needed && n <= needed);
        slept += n;
        asked += in_vain(&b);
        needed = needed * 2 < BUSY_POLL_MOST ? needed * 2 : BUSY_POLL_MOST;
    }
    assert_true(asked < 100);
    sleeps(&b, BUSY_POLL_MOST, 1000, true);
    for (unsigned i = 0; i < 2 * BUSY_POLL_SCORE; i++)
        busy_poll_done(&b, true);
    (void)in_vain(&b); /* it was worth it: soon tried again */
    sleeps(&b, 2 * BUSY_POLL_FIRST, 1000, true);
    assert_int_equal(busy_poll_time(&b), BUSY_POLL_TIME);
}

/* A packet each second time is not enough; two of three are. */
static void weighs(void **state)
{
    struct busy_poll b = {0};

    (void)state;
    sleeps(&b, BUSY_POLL_FIRST, 1000, true);
    for (unsigned i = 0; i < 1000 && busy_poll_time(&b); i++)
        busy_poll_done(&b, i % 2);
    assert_int_equal(busy_poll_time(&b), 0);
    sleeps(&b, 2 * BUSY_POLL_FIRST, 1000, true);
    for (unsigned i = 0; i < 1000; i++)
        busy_poll_done(&b, i % 3);
    assert_int_equal(busy_poll_time(&b), BUSY_POLL_TIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_where_packets_come_soon),
        cmocka_unit_test(learns_that_it_is_in_vain),
        cmocka_unit_test(weighs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
