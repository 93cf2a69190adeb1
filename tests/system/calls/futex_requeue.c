/* SPDX-License-Identifier: MIT
 *
 * futex: waits that go over to a lock that inherits priorities, and the odd arguments of the
 * others. */
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>

#include "pthreads.h"

#define PRIVATE FUTEX_PRIVATE_FLAG

static uint32_t cond, lock, plain;
static volatile int waiting, got;

static long futex(void *word, int op, long value, long timeout, void *word2, long value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static void *waiter(void *arg)
{
    struct timespec *until = arg;

    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    long r = futex(&cond, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, (long)until, &lock, 0);
    if (r == 0) {
        IS((lock & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid));
        futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0);
    } else {
        printf("waiter: %s\n", strerror(errno));
    }
    __atomic_add_fetch(&got, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void *plain_waiter(void *arg)
{
    set(&waiting, waiting + 1);
    futex(&plain, FUTEX_WAIT | PRIVATE, 0, 0, NULL, 0);
    return arg;
}

static void *lock_waiter(void *arg)
{
    set(&waiting, waiting + 1);
    futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0);
    futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0);
    return arg;
}

static void start_waiters(pthread_t *t, int n, struct timespec *until)
{
    set(&waiting, 0);
    set(&got, 0);
    for (int i = 0; i < n; i++)
        t[i] = start(waiter, until);
    wait_for(&waiting, n);
    let_block();
}

static void requeue(void)
{
    pthread_t t[3];

    printf("held lock:\n");
    T(futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
    start_waiters(t, 3, NULL);
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &lock, 1));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &plain, 0));
    T(futex(&cond, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex(&cond, FUTEX_REQUEUE | PRIVATE, 0, 1, &plain, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &lock, 0));
    T(futex(&lock, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    IS((lock & FUTEX_WAITERS) != 0);
    long unlocked = futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0);
    for (int i = 0; i < 3; i++)
        join(t[i]);
    T(unlocked);
    IS(lock == 0);

    printf("free lock:\n");
    start_waiters(t, 2, NULL);
    long first = futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0);
    wait_for(&got, 1);
    T(first);
    long second = futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &lock, 0);
    for (int i = 0; i < 2; i++)
        join(t[i]);
    T(second);
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &lock, 0));

    printf("time limits:\n");
    struct timespec until = in_ms(CLOCK_MONOTONIC, 30);
    start_waiters(t, 1, &until);
    join(t[0]);
    T(futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
    until = in_ms(CLOCK_MONOTONIC, 500);
    start_waiters(t, 1, &until);
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 10, &lock, 0));
    join(t[0]);
    T(futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
}

static void arguments(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t t;

    printf("arguments:\n");
    munmap(page, 4096);
    T(futex(&cond, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, 0, &cond, 0));
    T(futex(&cond, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, &cond, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 2, 1, &lock, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 0, 1, &lock, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, -1, &lock, 0));
    T(futex(&cond, FUTEX_CMP_REQUEUE | PRIVATE, -1, 1, &lock, 0));
    T(futex(page, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex(page, FUTEX_WAKE, 1, 0, NULL, 0));
    T(futex(page + 1, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex((void *)-4096, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex(page, FUTEX_WAKE_BITSET | PRIVATE, 1, 0, NULL, 1));
    T(futex(page, FUTEX_WAKE_BITSET | PRIVATE, 1, 0, NULL, 0));
    T(futex(page, FUTEX_REQUEUE | PRIVATE, 1, 1, page + 8, 0));
    T(futex(page, FUTEX_CMP_REQUEUE | PRIVATE, 1, 1, page + 8, 0));
    T(futex(&plain, FUTEX_CMP_REQUEUE | PRIVATE, 1, 1, page + 8, 0));
    T(futex(&plain, FUTEX_CMP_REQUEUE | PRIVATE, 1, 1, page + 2, 0));
    T(futex(page, FUTEX_WAIT | PRIVATE, 0, 0, NULL, 0));
    T(futex(page, FUTEX_WAKE_OP | PRIVATE, 1, 1, &plain, FUTEX_OP(FUTEX_OP_SET, 0, 0, 0)));
    T(futex(&plain, FUTEX_WAKE_OP | PRIVATE, 1, 1, page, FUTEX_OP(FUTEX_OP_SET, 0, 0, 0)));
    T(futex(&cond, FUTEX_WAKE_OP | PRIVATE, 1, 1, &plain, FUTEX_OP(FUTEX_OP_ADD, 5, 9, 0)));
    IS(plain == 5);
    T(futex(&cond, FUTEX_WAKE_OP | PRIVATE, 1, 1, &plain, FUTEX_OP(7, 0, 0, 0)));
    IS(plain == 5);
    T(futex(&cond, FUTEX_WAKE_OP | PRIVATE, 1, 1, &plain, FUTEX_OP(FUTEX_OP_OR | 8, 4, 0, 5)));
    IS(plain == 21);
    T(futex(&cond, FUTEX_WAKE_OP | PRIVATE, 1, 1, &plain, FUTEX_OP(FUTEX_OP_ADD, 0xfff, 2, 5)));
    IS(plain == 20);
    plain = 0;
    set(&waiting, 0);
    t = start(plain_waiter, NULL);
    wait_for(&waiting, 1);
    let_block();
    T(futex(&plain, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, &lock, 0));
    T(futex(&plain, FUTEX_WAKE_OP | PRIVATE, 0, 0, &cond, FUTEX_OP(FUTEX_OP_ADD, 0, 0, 1)));
    join(t);
    T(futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, 0, NULL, 0));
    t = start(lock_waiter, NULL);
    wait_for(&waiting, 2);
    let_block();
    T(futex(&lock, FUTEX_WAKE | PRIVATE, 1, 0, NULL, 0));
    T(futex(&lock, FUTEX_REQUEUE | PRIVATE, 0, 1, &plain, 0));
    T(futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, 0, NULL, 0));
    join(t);
    T(futex(&cond, FUTEX_WAIT | FUTEX_CLOCK_REALTIME | PRIVATE, 1, 0, NULL, 0));
    T(futex(&cond, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME | PRIVATE, 1, 0, NULL, 0));
    T(futex(&cond, 99, 1, 0, NULL, 0));
}

int main(void)
{
    requeue();
    arguments();
    return 0;
}
