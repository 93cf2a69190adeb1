/* SPDX-License-Identifier: MIT
 *
 * Alarms: clocks that run with the monotonic one, that are set, and that stand still.
 *
 * sources: libos/time/alarm.c libos/thread/timer.c tests/unit/fake_plat.c
 * uses: time thread */
#include "unit.h"
#include "fake_plat.h"
#include "time/alarm.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static int fired;
static nsec_t ahead; /* of the wall clock of this test */
static nsec_t cpu;

static void on_alarm(struct alarm *a)
{
    assert_int_equal(alarm_left(a), 0);
    fired++;
}

/* Lets the time pass until (until), and counts how often the machine woke up. */
static int pass(nsec_t until)
{
    int wakes = 0;

    while (timer_next() <= until) {
        fake.now = timer_next();
        timer_run(fake.now);
        wakes++;
        assert_true(wakes < 100000);
    }
    fake.now = until;
    return wakes;
}

static void test_monotonic(void **state)
{
    (void)state;
    struct alarm a = {0};
    nsec_t start = fake.now;

    fired = 0;
    alarm_monotonic(&a);
    alarm_set(&a, start + 100 * NSEC_PER_SEC, on_alarm);
    assert_int_equal(alarm_left(&a), 100 * NSEC_PER_SEC);
    assert_int_equal(pass(start + 100 * NSEC_PER_SEC - 1), 0);
    assert_int_equal(pass(start + 100 * NSEC_PER_SEC), 1);
    assert_int_equal(fired, 1);
    alarm_set(&a, DEADLINE_NEVER - 1, on_alarm);
    alarm_set(&a, 1, on_alarm);
    pass(fake.now);
    assert_int_equal(fired, 2);
    alarm_set(&a, fake.now + 1, on_alarm);
    alarm_cancel(&a);
    pass(fake.now + 10);
    assert_int_equal(fired, 2);
}

static nsec_t shifted(const struct alarm *a)
{
    (void)a;
    return fake.now + ahead;
}

static void test_clock_is_set(void **state)
{
    (void)state;
    struct alarm a = {0};
    nsec_t start = fake.now;

    fired = 0;
    ahead = 1000 * NSEC_PER_SEC;
    alarm_wall(&a);
    a.clock = shifted;
    alarm_set(&a, start + ahead + 50 * NSEC_PER_SEC, on_alarm);
    pass(start + 10 * NSEC_PER_SEC);
    assert_int_equal(fired, 0);
    ahead += 45 * NSEC_PER_SEC; /* past it: noticed within a second */
    pass(start + 11 * NSEC_PER_SEC);
    assert_int_equal(fired, 1);
    alarm_set(&a, fake.now + ahead + 5 * NSEC_PER_SEC, on_alarm);
    ahead -= 10 * NSEC_PER_SEC;
    pass(fake.now + 14 * NSEC_PER_SEC);
    assert_int_equal(fired, 1);
    pass(fake.now + 1 * NSEC_PER_SEC);
    assert_int_equal(fired, 2);
}

static nsec_t cpu_clock(const struct alarm *a)
{
    (void)a;
    return cpu;
}

static void test_clock_stands_still(void **state)
{
    (void)state;
    struct alarm a = {.clock = cpu_clock, .look_again = DEADLINE_NEVER, .rest = 4000000};

    fired = 0;
    cpu = 500;
    alarm_set(&a, cpu + 1000, on_alarm);
    /* Looks are (rest) apart. */
    assert_in_range(pass(fake.now + NSEC_PER_SEC), 240, 260);
    assert_int_equal(fired, 0);
    cpu += 1000;
    pass(fake.now + 4000000);
    assert_int_equal(fired, 1);
}

static void test_forward(void **state)
{
    (void)state;
    struct alarm a = {0};

    alarm_monotonic(&a);
    a.at = fake.now - 95;
    assert_int_equal(alarm_forward(&a, 10), 9);
    assert_int_equal(a.at, fake.now + 5);
    a.at = fake.now;
    assert_int_equal(alarm_forward(&a, 10), 0);
    assert_int_equal(a.at, fake.now + 10);
    a.at = fake.now + 7; /* the clock was set back */
    assert_int_equal(alarm_forward(&a, 10), 0);
    assert_int_equal(a.at, fake.now + 17);
    a.at = fake.now - 1;
    assert_int_equal(alarm_forward(&a, DEADLINE_NEVER - 1), 0);
    assert_true(a.at > fake.now);
    a.at = 1;
    assert_int_equal(alarm_forward(&a, 1), fake.now - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_monotonic, setup),
        cmocka_unit_test_setup(test_clock_is_set, setup),
        cmocka_unit_test_setup(test_clock_stands_still, setup),
        cmocka_unit_test_setup(test_forward, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
