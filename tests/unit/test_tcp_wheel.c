/* SPDX-License-Identifier: MIT
 *
 * TCP's timers against a list of them: each runs once, at its tick or in the one behind it,
 * whatever was set, cancelled and skipped before, and tcp_wheel_next is never later than that.
 *
 * sources: libos/net/tcp/wheel.c
 * uses:    tcp wire */
#include "unit.h"
#include "tcp/internal.h"

#define TIMERS 200
#define TICK   (1ll << WHEEL_SHIFT)

static struct tcp t;
static struct test_timer {
    struct tcp_timer timer;
    nsec_t due; /* DEADLINE_NEVER: not set */
    bool again; /* sets itself again when it runs */
} timers[TIMERS];
static uint64_t seed;
static unsigned ran;

static nsec_t far(void)
{
    static const nsec_t most[] = {
        1, TICK, 300 * TICK, 70000 * TICK, 20000000 * TICK, 10000000000 * TICK};

    return t.now + (nsec_t)random_below(&seed, (size_t)most[random_below(&seed, ARRAY_LEN(most))]);
}

static void set(struct test_timer *n)
{
    n->due = far();
    tcp_timer_set(&t, &n->timer, n->due);
}

static void runs(struct tcp *whose, struct tcp_timer *timer)
{
    struct test_timer *n = container_of(timer, struct test_timer, timer);

    assert_ptr_equal(whose, &t);
    assert_true(n->due <= t.now);
    n->due = DEADLINE_NEVER;
    ran++;
    if (n->again)
        set(n);
    /* Others of the same tick may go away meanwhile. */
    struct test_timer *other = &timers[random_below(&seed, TIMERS)];
    if (random_below(&seed, 4) == 0) {
        tcp_timer_cancel(&t, &other->timer);
        other->due = DEADLINE_NEVER;
    }
}

static void check(void)
{
    nsec_t first = DEADLINE_NEVER, next = tcp_wheel_next(&t);

    for (unsigned i = 0; i < TIMERS; i++) {
        if (timers[i].due < t.now - 2 * TICK)
            fail_msg("timer %u should have run", i);
        if (timers[i].due < first)
            first = timers[i].due;
    }
    assert_true(first == DEADLINE_NEVER ? next == DEADLINE_NEVER : next <= first + 2 * TICK);
}

static void any_order(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 200; round++) {
        seed = round;
        memset(&t, 0, sizeof(t));
        t.now = (nsec_t)random_below(&seed, 1ull << 50);
        if (round % 2)
            tcp_wheel_run(&t);
        for (unsigned i = 0; i < TIMERS; i++)
            timers[i] = (struct test_timer){.timer.fn = runs, .due = DEADLINE_NEVER};
        for (unsigned i = 0; i < 1000; i++) {
            struct test_timer *n = &timers[random_below(&seed, TIMERS)];
            switch (random_below(&seed, 6)) {
            case 0:
            case 1:
            case 2:
                n->again = random_below(&seed, 3) == 0;
                set(n);
                break;
            case 3:
                tcp_timer_cancel(&t, &n->timer);
                n->due = DEADLINE_NEVER;
                break;
            case 4:
                t.now = far();
                tcp_wheel_run(&t);
                break;
            default:
                /* To what it asks for: something is done or moved, and it is not asked for again.
                 */
                for (unsigned turns = 0; turns < 20 && tcp_wheel_next(&t) != DEADLINE_NEVER;
                     turns++) {
                    t.now = tcp_wheel_next(&t) > t.now ? tcp_wheel_next(&t) : t.now;
                    tcp_wheel_run(&t);
                    assert_true(tcp_wheel_next(&t) > t.now);
                }
            }
            check();
        }
    }
    assert_true(ran > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
