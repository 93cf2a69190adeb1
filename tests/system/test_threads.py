# SPDX-License-Identifier: MIT
"""Threads: what the programs of calls/ cannot compare with Linux. How many fit, stacks, that nothing leaks, and what
random programs do (docs/threads.md)."""
import pathlib
import re

import pytest

PROGRAMS = pathlib.Path(__file__).parent / "threads"


@pytest.mark.parametrize("how, count, memory", [
    ("together", 1000, "64M"),
    ("together", 60, "8M"),
    ("joined", 3000, "4M"),
    ("detached", 3000, "4M"),
])
def test_threads_fit_and_give_back_what_they_took(cc, run, how, count, memory):
    result = run(cc(PROGRAMS / "many.c", "-O2"), how, count, options=["-m", memory], timeout=60)
    assert (result.status, result.stdout) == (0, "ok\n"), result.stderr


def test_no_memory_for_a_thread_is_an_error_to_the_program(cc, run):
    """EAGAIN, and everything goes on."""
    image = cc("""
        #include <errno.h>
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
        static void *thread(void *p) { pthread_mutex_lock(&m); pthread_mutex_unlock(&m); return p; }
        int main(void)
        {
            static pthread_t t[5000];
            int n, err;
            for (int round = 0; round < 2; round++) {
                pthread_mutex_lock(&m);
                for (n = 0, err = 0; n < 5000 && !err; n += !err)
                    err = pthread_create(&t[n], NULL, thread, NULL);
                pthread_mutex_unlock(&m);
                for (int i = 0; i < n; i++)
                    pthread_join(t[i], NULL);
                if (err != EAGAIN || n < 100)
                    return 1;
            }
            void *p = malloc(100000);
            return p ? 0 : 2;
        }""")
    assert run(image, options=["-m", "16M"]).status == 0


STACK = """
    #define _GNU_SOURCE
    #include <limits.h>
    #include <pthread.h>
    #include <stdio.h>
    #include <unistd.h>
    static void *size(void *p)
    {
        pthread_attr_t a;
        void *base;
        pthread_getattr_np(pthread_self(), &a);
        pthread_attr_getstack(&a, &base, p);
        return p;
    }
    int main(void)
    {
        size_t thread = 0, first = 0;
        pthread_t t;
        pthread_create(&t, NULL, size, &thread);
        pthread_join(t, NULL);
        size(&first);
        printf("%zu %zu %ld\\n", thread / 1024, first / 1024, sysconf(_SC_THREAD_STACK_MIN));
        return 0;
    }"""


@pytest.mark.parametrize("memory, kib", [("16M", 32), ("64M", 44), ("256M", 184)])
def test_stacks_follow_the_memory(cc, run, memory, kib):
    result = run(cc(STACK), options=["-m", memory])
    thread, first, least = map(int, result.stdout.split())
    assert kib <= thread <= kib + 8  # what thread-local storage leaves of the last page
    assert first >= 64
    assert least == 16384


@pytest.mark.parametrize("asked, kib", [(16384, 16), (1 << 20, 1024)])
def test_the_linker_sets_the_stack_size(cc, run, asked, kib):
    result = run(cc(STACK, "-O1", f"-Wl,-z,stack-size={asked}"), options=["-m", "64M"])
    assert kib <= int(result.stdout.split()[0]) <= kib + 8


@pytest.mark.not_on_qemu("reports have no symbols there: test_bare.py")
def test_a_stack_overflow_is_reported(cc, run):
    image = cc("""
        #include <pthread.h>
        int depth(int n) { volatile char room[500]; room[0] = n; return n < 0 ? 0 : depth(n + 1) + room[0]; }
        void *thread(void *p) { return (void *)(long)depth(0); }
        int main(void)
        {
            pthread_t t;
            pthread_create(&t, 0, thread, 0);
            pthread_join(t, 0);
        }""", "-O0", "-g")
    result = run(image)
    assert result.status == 128 + 11
    assert "depth" in result.stderr


@pytest.mark.not_on_qemu("reports have no symbols there: test_bare.py")
def test_a_deadlock_names_every_thread(cc, run):
    image = cc("""
        #define _GNU_SOURCE
        #include <pthread.h>
        static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
        static pthread_barrier_t both;
        static void lock(pthread_mutex_t *first, pthread_mutex_t *second)
        {
            pthread_mutex_lock(first);
            pthread_barrier_wait(&both);
            pthread_mutex_lock(second);
        }
        static void *thread(void *p)
        {
            pthread_setname_np(pthread_self(), "philosopher");
            lock(&b, &a);
            return p;
        }
        int main(void)
        {
            pthread_t t;
            pthread_barrier_init(&both, 0, 2);
            pthread_create(&t, 0, thread, 0);
            lock(&a, &b);
        }""", "-O0", "-g")
    result = run(image)
    assert result.status == 128 + 6
    assert "deadlock" in result.stderr and "philosopher" in result.stderr
    assert result.stderr.count("lock+") >= 2


def test_two_threads_call_exit(cc, run):
    """The first one's status counts; the other waits for the end."""
    image = cc("""
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void *other(void *p) { exit(99); }
        static void late(void)
        {
            puts(atexit(late) ? "no more" : "taken");
        }
        __attribute__((destructor)) static void last(void) { late(); }
        static void at_exit(void)
        {
            pthread_t t;
            pthread_create(&t, 0, other, 0);
            usleep(50000);
            puts("at exit");
        }
        int main(void) { atexit(at_exit); exit(42); }""")
    result = run(image)
    assert (result.status, result.stdout) == (42, "at exit\nno more\n")


def test_a_signal_of_the_host_reaches_a_thread(cc, spawn):
    """SIGTERM, blocked by all threads but one that sleeps in a lock's wait, runs its handler there."""
    image = cc("""
        #include <pthread.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static pthread_t thread;
        static void handler(int sig)
        {
            const char *who = pthread_equal(pthread_self(), thread) ? "the thread\\n" : "another\\n";
            write(1, who, who[0] == 't' ? 11 : 8);
            _exit(7);
        }
        static void *wait(void *p)
        {
            sigset_t set;
            sigemptyset(&set);
            pthread_sigmask(SIG_SETMASK, &set, 0);
            puts("ready");
            fflush(stdout);
            pthread_mutex_lock(p);
            return p;
        }
        int main(void)
        {
            static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
            sigset_t set;
            signal(SIGTERM, handler);
            sigfillset(&set);
            pthread_sigmask(SIG_SETMASK, &set, 0);
            pthread_mutex_lock(&m);
            pthread_create(&thread, 0, wait, &m);
            for (;;)
                sleep(100);
        }""")
    process = spawn(image, stdout=-1)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert process.stdout.read() == b"the thread\n"
    assert process.wait(timeout=10) == 7


@pytest.mark.not_on_qemu("nothing interrupts threads there yet")
def test_a_busy_thread_starves_nobody(cc, run):
    """Another one's timed waits end in time while it spins."""
    image = cc("""
        #include <pthread.h>
        #include <stdio.h>
        #include <time.h>
        static void *spin(void *p) { for (;;) __asm__ volatile(""); return p; }
        int main(void)
        {
            pthread_t t;
            struct timespec a, b, nap = {0, 5000000};
            long best = 1000000;
            pthread_create(&t, 0, spin, 0);
            for (int i = 0; i < 20; i++) {
                clock_gettime(CLOCK_MONOTONIC, &a);
                nanosleep(&nap, 0);
                clock_gettime(CLOCK_MONOTONIC, &b);
                long us = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000 - 5000;
                best = us < best ? us : best;
            }
            printf("%ld\\n", best);
            return 0;
        }""", "-O2")
    result = run(image, timeout=60)
    assert result.status == 0
    assert int(re.search(r"\d+", result.stdout)[0]) <= 20000


@pytest.mark.parametrize("seed", range(1, 7))
def test_random_programs(cc, run, seed):
    result = run(cc(PROGRAMS / "stress.c", "-O2", "-g"), seed, 200, "memory", options=["-m", "64M"], timeout=60)
    assert (result.status, result.stdout) == (0, "ok\n"), result.stdout + result.stderr
