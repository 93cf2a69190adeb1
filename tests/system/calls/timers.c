/* SPDX-License-Identifier: MIT
 *
 * Timers that send signals: setitimer, alarm, timer_create; what handlers are told; overruns;
 * clocks of CPU time. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "calls.h"

#define MS 1000000l

static volatile sig_atomic_t count, last_code, last_value, last_overrun, last_id;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    count++;
    last_code = info->si_code;
    last_value = info->si_value.sival_int;
    last_overrun = info->si_overrun;
    last_id = info->si_timerid;
}

static void catch (int sig)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(sig, &sa, NULL);
}

static void mask(int how, int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(how, &set, NULL);
}

static void nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * MS};
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static void burn(long ms)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    long end = t.tv_sec * 1000000000l + t.tv_nsec + ms * MS;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    while (t.tv_sec * 1000000000l + t.tv_nsec < end);
}

/* Until there were (n) signals: on a busy machine time passes that no timer sees. */
static void burn_until(int n)
{
    for (int i = 0; i < 50 && count < n; i++)
        burn(60);
}

static void interval_timers(void)
{
    struct itimerval t = {{0, 0}, {0, 20000}}, old, bad = {{0, 0}, {0, 1000000}};

    catch (SIGALRM);
    T(setitimer(ITIMER_REAL, &t, NULL));
    T(getitimer(ITIMER_REAL, &old));
    IS(old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 20000 && old.it_interval.tv_usec == 0);
    nap(60);
    printf("%d %x\n", count, last_code);
    T(getitimer(ITIMER_REAL, &old));
    printf("%ld %ld\n", (long)old.it_value.tv_usec, (long)old.it_interval.tv_usec);
    count = 0;
    t = (struct itimerval){{0, 10000}, {0, 10000}};
    T(setitimer(ITIMER_REAL, &t, NULL));
    while (count < 5)
        pause();
    t = (struct itimerval){{0, 0}, {0, 0}};
    T(setitimer(ITIMER_REAL, &t, &old));
    printf("%ld\n", (long)old.it_interval.tv_usec);
    count = 0;
    nap(30);
    printf("%d\n", count);
    T(setitimer(3, &t, NULL));
    T(setitimer(-1, &t, NULL));
    T(getitimer(3, &old));
    T(setitimer(ITIMER_REAL, &bad, NULL));
    bad = (struct itimerval){{-1, 0}, {0, 1}};
    T(setitimer(ITIMER_REAL, &bad, NULL));
    T(syscall(SYS_setitimer, ITIMER_REAL, 1, NULL));
    T(syscall(SYS_setitimer, 9, 1, NULL));
    T(syscall(SYS_getitimer, ITIMER_REAL, 1));
    T(alarm(0));
    T(alarm(100));
    T(alarm(5));
    T(syscall(SYS_alarm, 0));
    T(syscall(SYS_alarm, 3));
    T(alarm(0));
    T(alarm(0xffffffffu));
    IS(alarm(0) >= 0x7ffffffe);
    t = (struct itimerval){{0, 0}, {0, 300000}};
    setitimer(ITIMER_REAL, &t, NULL);
    T(alarm(0));
    t = (struct itimerval){{0, 0}, {1, 700000}};
    setitimer(ITIMER_REAL, &t, NULL);
    T(alarm(1));
    count = 0;
    pause();
    printf("%d\n", count);
}

static void cpu_timers(void)
{
    struct itimerval t = {{0, 5000}, {0, 5000}}, none = {{0, 0}, {0, 0}};

    catch (SIGPROF);
    catch (SIGVTALRM);
    count = 0;
    T(setitimer(ITIMER_PROF, &t, NULL));
    nap(50);
    IS(count <= 1);
    burn_until(3);
    IS(count >= 3);
    T(setitimer(ITIMER_PROF, &none, NULL));
    count = 0;
    t = (struct itimerval){{0, 0}, {0, 10000}};
    T(setitimer(ITIMER_VIRTUAL, &t, NULL));
    for (volatile long i = 0; count == 0 && i < 4000000000l; i++)
        ;
    printf("%d %x\n", count, last_code);
}

static int create(int clock, int notify, int sig, int value)
{
    struct sigevent e = {
        .sigev_notify = notify, .sigev_signo = sig, .sigev_value.sival_int = value};
    timer_t id;
    return timer_create(clock, &e, &id) ? -1 : (int)(intptr_t)id;
}

static struct itimerspec spec(long value, long interval)
{
    return (struct itimerspec){{interval / 1000000000, interval % 1000000000},
                               {value / 1000000000, value % 1000000000}};
}

static int set(int id, long value, long interval)
{
    struct itimerspec t = spec(value, interval);
    return timer_settime((timer_t)(intptr_t)id, 0, &t, NULL);
}

static void posix_timers(int clock)
{
    struct itimerspec got;

    catch (SIGUSR1);
    catch (SIGRTMIN + 1);
    int id = create(clock, SIGEV_SIGNAL, SIGUSR1, 42);
    IS(id >= 0);
    timer_t timer = (timer_t)(intptr_t)id;
    T(timer_gettime(timer, &got));
    printf("%ld %ld\n", (long)got.it_value.tv_sec, got.it_value.tv_nsec);
    count = 0;
    T(set(id, 20 * MS, 0));
    T(timer_gettime(timer, &got));
    IS(got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 20 * MS);
    pause();
    printf("%d %d %d %d\n", count, last_code, last_value, last_overrun);
    IS(last_id == id);
    T(timer_getoverrun(timer));
    T(timer_gettime(timer, &got));
    printf("%ld %ld\n", (long)got.it_value.tv_sec, got.it_value.tv_nsec);

    /* An absolute time that has passed: at once. */
    struct itimerspec t = spec(1, 0);
    count = 0;
    T(timer_settime(timer, TIMER_ABSTIME, &t, NULL));
    nap(20);
    printf("%d\n", count);
    struct timespec now;
    clock_gettime(clock, &now);
    t = (struct itimerspec){.it_value = now};
    t.it_value.tv_nsec += 20 * MS;
    if (t.it_value.tv_nsec >= 1000000000) {
        t.it_value.tv_nsec -= 1000000000;
        t.it_value.tv_sec++;
    }
    T(timer_settime(timer, TIMER_ABSTIME, &t, NULL));
    pause();
    printf("%d\n", count);
    struct timespec after;
    clock_gettime(clock, &after);
    IS(after.tv_sec > t.it_value.tv_sec ||
       (after.tv_sec == t.it_value.tv_sec && after.tv_nsec >= t.it_value.tv_nsec));

    /* While the signal is blocked expirations add up. */
    mask(SIG_BLOCK, SIGUSR1);
    count = 0;
    T(set(id, 5 * MS, 5 * MS));
    nap(52);
    T(timer_gettime(timer, &got));
    IS(got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 5 * MS);
    printf("%ld\n", got.it_interval.tv_nsec);
    mask(SIG_UNBLOCK, SIGUSR1);
    IS(count == 1 || count == 2);
    IS(last_overrun >= 8 || count == 2);
    IS(timer_getoverrun(timer) == last_overrun);
    T(set(id, 0, 0));
    count = 0;
    nap(20);
    IS(count <= 1);
    T(timer_delete(timer));
    T(timer_delete(timer));
    T(timer_gettime(timer, &got));
    T(timer_settime(timer, 0, &t, NULL));
    T(timer_getoverrun(timer));

    /* Two timers of one signal, real-time and not. */
    for (int i = 0; i < 2; i++) {
        int sig = i ? SIGRTMIN + 1 : SIGUSR1;
        int a = create(clock, SIGEV_SIGNAL, sig, 1), b = create(clock, SIGEV_SIGNAL, sig, 2);
        mask(SIG_BLOCK, sig);
        set(a, MS, 0);
        set(b, 2 * MS, 0);
        nap(20);
        count = 0;
        mask(SIG_UNBLOCK, sig);
        printf("%d\n", count);
        timer_delete((timer_t)(intptr_t)a);
        timer_delete((timer_t)(intptr_t)b);
    }
    id = create(clock, SIGEV_NONE, 0, 0);
    IS(id >= 0);
    count = 0;
    T(set(id, 10 * MS, 3 * MS));
    nap(30);
    T(timer_gettime((timer_t)(intptr_t)id, &got));
    IS(got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 3 * MS);
    printf("%d\n", count);
    T(timer_delete((timer_t)(intptr_t)id));
}

static void errors(void)
{
    timer_t id;
    struct itimerspec bad = {.it_value = {0, 1000000000}}, good = spec(MS, 0);
    struct {
        union sigval value;
        int signo, notify, tid, rest[11];
    } e = {.signo = SIGUSR1, .notify = 4, .tid = 99999};
    int kernel_id;

    T(timer_create(99, NULL, &id));
    T(timer_create(CLOCK_MONOTONIC_RAW, NULL, &id));
    T(timer_create(CLOCK_REALTIME_COARSE, NULL, &id));
    T(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, 0));
    T(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0));
    T(create(CLOCK_MONOTONIC, 77, SIGUSR1, 0));
    T(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &kernel_id));
    e.tid = (int)syscall(SYS_gettid);
    T(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &kernel_id));
    count = 0;
    T(set(kernel_id, 5 * MS, 0));
    nap(20);
    printf("%d\n", count);
    T(timer_settime((timer_t)(intptr_t)kernel_id, 0, &bad, NULL));
    T(syscall(SYS_timer_settime, kernel_id, 0, NULL, NULL));
    T(syscall(SYS_timer_settime, kernel_id, 0, 1, NULL));
    T(syscall(SYS_timer_settime, kernel_id, 0, &good, 1));
    T(syscall(SYS_timer_gettime, kernel_id, 1));
    T(timer_delete((timer_t)(intptr_t)kernel_id));
    T(syscall(SYS_timer_create, CLOCK_MONOTONIC, 1, &kernel_id));
    T(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, 1));
    T(syscall(SYS_timer_delete, -1));
    T(syscall(SYS_timer_delete, 12345));

    /* Without an event: SIGALRM, and its value is the number. */
    count = 0;
    T(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &kernel_id));
    set(kernel_id, 5 * MS, 0);
    pause();
    printf("%d\n", count);
    IS(last_value == kernel_id && last_id == kernel_id);
    syscall(SYS_timer_delete, kernel_id);
}

static void show(timer_t id)
{
    struct itimerspec now;

    T(timer_gettime(id, &now));
    printf("%lld every %lld\n", (long long)now.it_value.tv_sec, (long long)now.it_interval.tv_sec);
}

/* What does not go off has no interval either. */
static void disarmed(void)
{
    static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID};
    const struct itimerspec off = {{100, 0}, {0, 0}}, on = {{200, 0}, {50, 0}};
    timer_t id;

    for (unsigned i = 0; i < 3; i++) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
        T(timer_create(clocks[i], &event, &id));
        T(timer_settime(id, 0, &off, NULL));
        show(id);
        T(timer_settime(id, 0, &on, NULL));
        T(timer_settime(id, 0, &off, NULL));
        show(id);
        T(timer_delete(id));
    }
}

/* Clocks of CPU time stand still while the program sleeps. */
static void cpu_clocks(void)
{
    static const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    clockid_t own;

    T(clock_getcpuclockid(0, &own));
    T(clock_getcpuclockid(getpid(), &own));
    for (int i = 0; i < 3; i++) {
        struct timespec a, b;
        clockid_t clock = i < 2 ? clocks[i] : own;
        clock_gettime(clock, &a);
        nap(200);
        clock_gettime(clock, &b);
        long slept = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / MS;
        IS(slept >= 0 && slept < 100);
        burn(50);
        clock_gettime(clock, &a);
        long burnt = (a.tv_sec - b.tv_sec) * 1000 + (a.tv_nsec - b.tv_nsec) / MS;
        IS(burnt >= 49 && burnt < 1000);
        int id = create(clock, SIGEV_SIGNAL, SIGUSR1, 0);
        count = 0;
        T(set(id, 20 * MS, 0));
        nap(50);
        printf("%d\n", count);
        burn_until(1);
        printf("%d\n", count);
        timer_delete((timer_t)(intptr_t)id);
    }
}

int main(void)
{
    interval_timers();
    cpu_timers();
    posix_timers(CLOCK_MONOTONIC);
    posix_timers(CLOCK_REALTIME);
    posix_timers(CLOCK_BOOTTIME);
    errors();
    disarmed();
    cpu_clocks();
    return 0;
}
