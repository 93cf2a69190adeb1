/* SPDX-License-Identifier: MIT
 *
 * futex_waitv: waiting for any of several words; its arguments. */
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>

#include "pthreads.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#define PRIVATE 128
#define U32     2

struct word {
    uint64_t value, addr;
    uint32_t flags, reserved;
};

#define WORD(w, v, f)                                                                              \
    {                                                                                              \
        .value = (v), .addr = (uintptr_t)(w), .flags = (f)                                         \
    }

static uint32_t word[130];
static volatile int waiting, handled;
static struct word all[130];

static long waitv(struct word *w, unsigned n, unsigned flags, struct timespec *ts, int clock)
{
    return syscall(SYS_futex_waitv, w, n, flags, ts, clock);
}

static long futex(uint32_t *w, int op, long value, long timeout, uint32_t *to, long value3)
{
    return syscall(SYS_futex, w, op, value, timeout, to, value3);
}

static void *waiter(void *arg)
{
    set(&waiting, 1);
    long r = waitv(all, (unsigned)(uintptr_t)arg, 0, NULL, 0);
    return (void *)(r == -1 ? -errno : r);
}

static pthread_t begin(unsigned n)
{
    set(&waiting, 0);
    pthread_t t = start(waiter, (void *)(uintptr_t)n);
    wait_for(&waiting, 1);
    let_block();
    return t;
}

static void wakes(void)
{
    printf("wakes:\n");
    pthread_t t = begin(3);
    T(futex(&word[1], FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T((long)join(t));
    t = begin(128);
    T(futex(&word[127], FUTEX_WAKE | PRIVATE, 9, 0, NULL, 0));
    T((long)join(t));
    T(futex(&word[3], FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));

    printf("moved to another word:\n");
    t = begin(4);
    T(futex(&word[2], FUTEX_REQUEUE | PRIVATE, 0, 1, &word[129], 0));
    T(futex(&word[2], FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex(&word[129], FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T((long)join(t));

    printf("one word twice, and a bit set:\n");
    all[1] = all[0];
    t = begin(2);
    T(futex(&word[0], FUTEX_WAKE_BITSET | PRIVATE, 2, 0, NULL, 4));
    T((long)join(t));
    all[1] = (struct word)WORD(&word[1], 0, U32 | PRIVATE);
}

static void handler(int sig)
{
    (void)sig;
    handled = handled + 1;
}

static void signals(int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

    sigaction(SIGUSR1, &sa, NULL);
    handled = 0;
    pthread_t t = begin(3);
    pthread_kill(t, SIGUSR1);
    for (int i = 0; i < 1000 && !handled; i++)
        sleep_ms(1);
    let_block();
    futex(&word[2], FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0);
    T((long)join(t));
    IS(handled == 1);
}

static void arguments(void)
{
    struct word w[2] = {WORD(&word[0], 0, U32 | PRIVATE), WORD(&word[1], 0, U32 | PRIVATE)};
    struct timespec past = {1, 0}, soon, bad = {0, 1000000000};
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    printf("arguments:\n");
    munmap(page, 4096);
    T(waitv(w, 0, 0, NULL, 0));
    T(waitv(all, 129, 0, NULL, 0));
    T(waitv(NULL, 1, 0, NULL, 0));
    T(waitv((void *)page, 1, 0, NULL, 0));
    T(waitv(w, 1, 1, NULL, 0));
    T(waitv(w, 1, 0, &past, CLOCK_PROCESS_CPUTIME_ID));
    T(waitv(w, 1, 0, &bad, CLOCK_MONOTONIC));
    T(waitv(w, 1, 0, (void *)page, CLOCK_MONOTONIC));
    T(waitv(w, 1, 0, (void *)page, 99));
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    T(waitv(w, 2, 0, &past, CLOCK_REALTIME));
    soon = in_ms(CLOCK_MONOTONIC, 20);
    T(waitv(w, 2, 0, &soon, CLOCK_MONOTONIC));
    soon = in_ms(CLOCK_REALTIME, 20);
    T(waitv(w, 2, 0, &soon, CLOCK_REALTIME));
    w[1].value = 1;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].value = 1ull << 32;
    T(waitv(w, 2, 0, NULL, 0));
    w[1].value = 0;
    for (unsigned size = 0; size < 4; size++) {
        w[1].flags = size | PRIVATE;
        T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    }
    w[1].flags = U32 | 16;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].flags = U32;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].reserved = 1;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].reserved = 0;
    w[1].addr++;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[0].value = 7; /* looked at after all addresses */
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].addr = (uintptr_t)page;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].flags |= PRIVATE;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[0].value = 0;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
    w[1].addr = 0;
    T(waitv(w, 2, 0, &past, CLOCK_MONOTONIC));
}

int main(void)
{
    for (int i = 0; i < 130; i++)
        all[i] = (struct word)WORD(&word[i], 0, U32 | PRIVATE);
    wakes();
    printf("signals:\n");
    signals(0);
    signals(SA_RESTART);
    arguments();
    return 0;
}
