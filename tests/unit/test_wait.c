/* SPDX-License-Identifier: MIT
 *
 * Waiting, sleeping and futexes in a program without signals: their hooks are not linked.
 *
 * sources: libos/posix/cputime.c libos/thread/wait.c libos/posix/time.c libos/posix/futex.c libos/time/uptime.c
 * sources: libos/thread/thread.c
 * sources: tests/unit/fake_plat.c
 * uses:    thread time posix */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "unit.h"
#include "fake_plat.h"
#include "iface/wait.h"
#include "thread/thread.h"
#include "pith_calls.h"
#include "time/uptime.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    thread_start();
    thread_idle = 0;
    return 0;
}

/* A device that completes something at a given time. */
static struct wait_queue completion = WAIT_QUEUE_EXTERNAL_INIT;
static nsec_t completes_at;
static int completions;

static int poll_device(nsec_t deadline)
{
    if (completes_at && completes_at <= deadline) {
        fake.now = completes_at;
        completes_at = 0;
        return 1;
    }
    assert_true(deadline != DEADLINE_NEVER);
    fake.now = deadline > fake.now ? deadline : fake.now;
    return 0;
}

static void on_completion(void)
{
    completions++;
    wait_wake(&completion);
}

static struct wait_source source = {.fn = on_completion};

static void completion_wakes(void **state)
{
    (void)state;
    wait_source_add(&source);
    fake.poll = poll_device;
    completes_at = fake.now + 500;
    assert_int_equal(wait_sleep(&completion, DEADLINE_NEVER, "test"), 0);
    assert_int_equal(completions, 1);
    completes_at = fake.now + 500;
    assert_int_equal(wait_sleep(&completion, fake.now + 499, "test"), -ETIMEDOUT);
    assert_int_equal(wait_sleep(&completion, fake.now + 1, "test"), 0);
}

static unsigned handovers;
static int used_once;

static void hand_over(void)
{
    handovers++;
}

static int poll_once(nsec_t deadline)
{
    int used = used_once;

    used_once = 0;
    if (!used && deadline > fake.now)
        fake.now = deadline;
    return used;
}

/* Whoever serves the devices in the middle of something leaves what was used to the next wait, which
 * does not wait; and each wait has what was put off handed over. */
static void served_before_is_seen_by_the_next_wait(void **state)
{
    static struct wait_source early = {.before = hand_over};
    (void)state;
    wait_source_add(&early);
    fake.poll = poll_once;
    used_once = 1;
    completions = 0;
    wait_serve();
    assert_int_equal(completions, 0);
    nsec_t before = fake.now;
    assert_int_equal(wait_sleep(&completion, before + 1000, "test"), 0);
    assert_int_equal(fake.now, before);
    assert_int_equal(completions, 1);
    assert_true(handovers > 0);
    assert_int_equal(wait_sleep(&completion, before + 1000, "test"), -ETIMEDOUT);
    assert_int_equal(completions, 1);
}

/* What completes for somebody else does not wake: the sleep goes on to its deadline. */
static void others_do_not_wake(void **state)
{
    struct wait_queue mine = WAIT_QUEUE_INIT;
    struct waiter both[2] = {{.queue = &mine}, {.queue = &completion}};

    (void)state;
    fake.poll = poll_device;
    completes_at = fake.now + 500;
    assert_int_equal(wait_sleep(&mine, fake.now + 1000, "test"), -ETIMEDOUT);
    assert_int_equal(fake.now, NSEC_PER_SEC + 1000);
    completes_at = fake.now + 500;
    assert_int_equal(wait_sleep_any(both, 2, DEADLINE_NEVER, "test"), 0);
}

/* A wake before the call does not count. */
static void only_later_wakes_count(void **state)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    (void)state;
    wait_wake(&q);
    assert_int_equal(wait_sleep(&q, fake.now + 10, "test"), -ETIMEDOUT);
}

static void deadline_now_polls_once(void **state)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    (void)state;
    assert_int_equal(wait_sleep(&q, DEADLINE_NOW, "test"), -ETIMEDOUT);
    assert_int_equal(fake.polls, 1);
}

static void deadlock_names_the_call(void **state)
{
    struct wait_queue q = WAIT_QUEUE_INIT;
    static char longer[300];

    (void)state;
    assert_true(FAKE_ENDS(assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "read from a pipe"), 1),
                          FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "read from a pipe"));
    assert_int_equal(fake.status, 6);
    memset(longer, 'x', sizeof(longer) - 1);
    assert_true(
        FAKE_ENDS(assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, longer), 1), FAKE_CRASHED));
    assert_int_equal(strlen(fake.reason), 159);
}

static void nanosleep_sleeps(void **state)
{
    struct timespec ts = {2, 5};

    (void)state;
    assert_int_equal(pith_sys_nanosleep((long)&ts, 0), 0);
    assert_int_equal(fake.now, 3 * NSEC_PER_SEC + 5);
    ts = (struct timespec){0, 1000000000};
    assert_int_equal(pith_sys_nanosleep((long)&ts, 0), -EINVAL);
    ts = (struct timespec){-1, 0};
    assert_int_equal(pith_sys_nanosleep((long)&ts, 0), -EINVAL);
    /* Longer than the clock can tell. */
    ts = (struct timespec){LONG_MAX, 0};
    assert_int_equal(pith_sys_nanosleep((long)&ts, 0), 0);
    assert_int_equal(fake.now, DEADLINE_NEVER - 1);
}

static void clock_nanosleep_by_clock(void **state)
{
    struct timespec ts = {5, 0};

    (void)state;
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&ts, 0), 0);
    assert_int_equal(fake.now, 5 * NSEC_PER_SEC);
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&ts, 0), 0);
    assert_int_equal(fake.now, 5 * NSEC_PER_SEC);
    ts.tv_sec = 1700000000 + 8;
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, (long)&ts, 0), 0);
    assert_int_equal(fake.now, 8 * NSEC_PER_SEC);
    ts = (struct timespec){1, 0};
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_BOOTTIME, 0, (long)&ts, 0), 0);
    assert_int_equal(fake.now, 9 * NSEC_PER_SEC);
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, (long)&ts, 0),
                     -EOPNOTSUPP);
    assert_int_equal(pith_sys_clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, (long)&ts, 0), -EOPNOTSUPP);
    assert_int_equal(pith_sys_clock_nanosleep(99, 0, (long)&ts, 0), -EINVAL);
}

static void clocks(void **state)
{
    struct timespec ts;
    struct timeval tv;
    struct tms tms;
    clockid_t own;

    (void)state;
    fake.now = 7 * NSEC_PER_SEC + 3;
    assert_int_equal(pith_sys_clock_gettime(CLOCK_MONOTONIC, (long)&ts), 0);
    assert_true(ts.tv_sec == 7 && ts.tv_nsec == 3);
    assert_int_equal(pith_sys_clock_gettime(CLOCK_REALTIME, (long)&ts), 0);
    assert_int_equal(ts.tv_sec, 1700000007);
    uptime_start();
    fake.now += 2 * NSEC_PER_SEC;
    own = (clockid_t)((~0u << 3) | 2); /* CPU time of process 0: the caller */
    assert_int_equal(pith_sys_clock_gettime(own, (long)&ts), 0);
    assert_int_equal(ts.tv_sec, 2);
    assert_int_equal(pith_sys_clock_gettime((clockid_t)((~1u << 3) | 2), (long)&ts), 0);
    assert_int_equal(pith_sys_clock_gettime((clockid_t)((~2u << 3) | 2), (long)&ts), -EINVAL);
    assert_int_equal(pith_sys_clock_gettime((clockid_t)((~0u << 3) | 3), (long)&ts), -EINVAL);
    assert_int_equal(pith_sys_clock_gettime(CLOCK_PROCESS_CPUTIME_ID, (long)&ts), 0);
    assert_int_equal(ts.tv_sec, 2);
    for (int id = 0; id < 14; id++)
        assert_int_equal(pith_sys_clock_gettime(id, (long)&ts), id == 10 || id > 11 ? -EINVAL : 0);
    assert_int_equal(pith_sys_clock_getres(CLOCK_MONOTONIC, (long)&ts), 0);
    assert_int_equal(ts.tv_nsec, 1);
    assert_int_equal(pith_sys_clock_settime(CLOCK_REALTIME, (long)&ts), -EPERM);
    assert_int_equal(pith_sys_clock_settime(CLOCK_MONOTONIC, (long)&ts), -EINVAL);
    assert_int_equal(pith_sys_gettimeofday((long)&tv, 0), 0);
    assert_int_equal(tv.tv_sec, 1700000009);
    assert_int_equal(pith_sys_time(0), 1700000009);
    assert_int_equal(pith_sys_times((long)&tms), 900);
    assert_int_equal(tms.tms_utime, 200);
}

static void futex_compares_and_times_out(void **state)
{
    uint32_t word = 5;
    struct timespec ts = {1, 0};

    (void)state;
    assert_int_equal(pith_sys_futex((long)&word, FUTEX_WAIT, 4, 0, 0, 0), -EAGAIN);
    assert_int_equal(pith_sys_futex((long)&word, FUTEX_WAIT_PRIVATE, 5, (long)&ts, 0, 0),
                     -ETIMEDOUT);
    assert_int_equal(fake.now, 2 * NSEC_PER_SEC);
    /* Absolute, by both clocks. */
    ts.tv_sec = 4;
    assert_int_equal(pith_sys_futex((long)&word, FUTEX_WAIT_BITSET, 5, (long)&ts, 0, 1),
                     -ETIMEDOUT);
    assert_int_equal(fake.now, 4 * NSEC_PER_SEC);
    ts.tv_sec = 1700000000 + 6;
    assert_int_equal(
        pith_sys_futex((long)&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, (long)&ts, 0, 1),
        -ETIMEDOUT);
    assert_int_equal(fake.now, 6 * NSEC_PER_SEC);
    assert_true(FAKE_ENDS(pith_sys_futex((long)&word, FUTEX_WAIT, 5, 0, 0, 0), FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "futex"));
}

static void futex_arguments(void **state)
{
    uint32_t words[2] = {5, 6};
    struct timespec bad = {0, -1};
    long a = (long)words;

    (void)state;
    assert_int_equal(pith_sys_futex(a + 1, FUTEX_WAKE, 1, 0, 0, 0), -EINVAL);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAKE, 1, 0, 0, 0), 0);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAIT, 5, (long)&bad, 0, 0), -EINVAL);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAIT_BITSET, 5, 0, 0, 0), -EINVAL);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAKE_BITSET, 1, 0, 0, 0), -EINVAL);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAKE_BITSET, 1, 0, 0, 1), 0);
    assert_int_equal(pith_sys_futex(a, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, 0, 0, 0), -ENOSYS);
    assert_int_equal(pith_sys_futex(a, FUTEX_CMP_REQUEUE, 1, 1, a + 4, 4), -EAGAIN);
    assert_int_equal(pith_sys_futex(a, FUTEX_CMP_REQUEUE, 1, 1, a + 4, 5), 0);
    assert_int_equal(pith_sys_futex(a, FUTEX_REQUEUE, 1, -1, a + 4, 0), -EINVAL);
    /* The word names its owner: thread 5, which does not exist. */
    assert_int_equal(pith_sys_futex(a, FUTEX_LOCK_PI, 0, 0, 0, 0), -ESRCH);
    words[0] = 0;
    assert_int_equal(pith_sys_futex(a, FUTEX_UNLOCK_PI, 0, 0, 0, 0), -EPERM);
    assert_int_equal(pith_sys_futex(a, FUTEX_LOCK_PI, 0, 0, 0, 0), 0);
    assert_int_equal(words[0], 1);
    assert_int_equal(pith_sys_futex(a, FUTEX_TRYLOCK_PI, 0, 0, 0, 0), -EDEADLK);
    assert_int_equal(pith_sys_futex(a, FUTEX_UNLOCK_PI, 0, 0, 0, 0), 0);
    assert_int_equal(words[0], 0);
    assert_int_equal(pith_sys_futex(a, 77, 0, 0, 0, 0), -ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(completion_wakes, setup),
        cmocka_unit_test_setup(served_before_is_seen_by_the_next_wait, setup),
        cmocka_unit_test_setup(others_do_not_wake, setup),
        cmocka_unit_test_setup(only_later_wakes_count, setup),
        cmocka_unit_test_setup(deadline_now_polls_once, setup),
        cmocka_unit_test_setup(deadlock_names_the_call, setup),
        cmocka_unit_test_setup(nanosleep_sleeps, setup),
        cmocka_unit_test_setup(clock_nanosleep_by_clock, setup),
        cmocka_unit_test_setup(clocks, setup),
        cmocka_unit_test_setup(futex_compares_and_times_out, setup),
        cmocka_unit_test_setup(futex_arguments, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
