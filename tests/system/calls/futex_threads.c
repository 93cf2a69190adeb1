/* SPDX-License-Identifier: MIT
 *
 * futex(2) itself, between threads. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "pthreads.h"

static volatile int word, second;

/* Every call as it is: no wrapper retries. */
#define FUTEX(addr, op, value, timeout, addr2, value3)                                             \
    syscall(SYS_futex, addr, op, value, timeout, addr2, value3)

struct sleeper {
    volatile int *word;
    int op, value;
    unsigned bits;
    int ms; /* relative time-out, or 0 */
    volatile int in;
    int result, err;
    pthread_t t;
};

static void *sleep_on(void *arg)
{
    struct sleeper *s = arg;
    struct timespec ts = {s->ms / 1000, s->ms % 1000 * 1000000L};

    set(&s->in, 1);
    s->result = (int)FUTEX(s->word, s->op, s->value, s->ms ? &ts : NULL, NULL, s->bits);
    s->err = s->result < 0 ? errno : 0;
    set(&s->in, 2);
    return NULL;
}

static void begin(struct sleeper *s, int op, unsigned bits)
{
    *s = (struct sleeper){.word = &word, .op = op, .value = word, .bits = bits};
    s->t = start(sleep_on, s);
    wait_for(&s->in, 1);
    let_block();
}

static const char *end(struct sleeper *s)
{
    join(s->t);
    return s->err ? strerror(s->err) : "woken";
}

static void waking(void)
{
    struct sleeper s[5];

    puts("- wait and wake");
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
    begin(&s[0], FUTEX_WAIT_PRIVATE, 0);
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
    puts(end(&s[0]));
    for (int i = 0; i < 5; i++)
        begin(&s[i], FUTEX_WAIT_PRIVATE, 0);
    /* First come, first served. */
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
    puts(end(&s[0]));
    puts(end(&s[1]));
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    for (int i = 2; i < 5; i++)
        puts(end(&s[i]));
    begin(&s[0], FUTEX_WAIT, 0);
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    puts(end(&s[0]));
    begin(&s[0], FUTEX_WAIT_PRIVATE, 0);
    T(FUTEX(&word, FUTEX_REQUEUE, 1, (void *)1L, &second, 0));
    T(FUTEX(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    puts(end(&s[0]));
}

static void bitsets(void)
{
    struct sleeper s[3];

    puts("- bit sets");
    T(FUTEX(&word, FUTEX_WAIT_BITSET, word, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    begin(&s[0], FUTEX_WAIT_BITSET_PRIVATE, 1);
    begin(&s[1], FUTEX_WAIT_BITSET_PRIVATE, 2);
    begin(&s[2], FUTEX_WAIT_PRIVATE, 0);
    T(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 2));
    puts(end(&s[1]));
    T(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1));
    puts(end(&s[0]));
    T(FUTEX(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 0x80000000));
    puts(end(&s[2]));
}

static void requeueing(void)
{
    struct sleeper s[6];

    puts("- requeue");
    for (int i = 0; i < 6; i++)
        begin(&s[i], FUTEX_WAIT_PRIVATE, 0);
    T(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &second, word + 1));
    T(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, -1, (void *)2, &second, word));
    T(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &second, word));
    puts(end(&s[0]));
    T(FUTEX(&second, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    puts(end(&s[1]));
    puts(end(&s[2]));
    T(FUTEX(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)(long)INT_MAX, &second, 0));
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    T(FUTEX(&second, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
    for (int i = 3; i < 6; i++)
        puts(end(&s[i]));
}

static void wake_op(void)
{
    struct sleeper s[2];

    puts("- wake op");
    for (int round = 0; round < 2; round++) {
        second = round ? 5 : 10;
        begin(&s[0], FUTEX_WAIT_PRIVATE, 0);
        s[1] = (struct sleeper){.word = &second, .op = FUTEX_WAIT_PRIVATE, .value = second};
        s[1].t = start(sleep_on, &s[1]);
        wait_for(&s[1].in, 1);
        let_block();
        /* second += 3; wakes of the second if it was greater than 7. */
        T(FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
                FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 7)));
        T(second);
        puts(end(&s[0]));
        if (round)
            T(FUTEX(&second, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
        puts(end(&s[1]));
    }
    static const int ops[] = {FUTEX_OP_SET,  FUTEX_OP_ADD, FUTEX_OP_OR,
                              FUTEX_OP_ANDN, FUTEX_OP_XOR, FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        second = 0x5a;
        T(FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
                FUTEX_OP(ops[i], 3, FUTEX_OP_CMP_EQ, 0)));
        printf("%x\n", second);
    }
    T(FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
            FUTEX_OP(7, 3, FUTEX_OP_CMP_EQ, 0)));
    second = -3;
    T(FUTEX(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
            FUTEX_OP(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_LT, 0)));
    T(second + 100);
}

static void timeouts(void)
{
    struct timespec ts = {0, 30000000};
    long before;

    puts("- time-outs");
    before = now_ms();
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, word, &ts, NULL, 0));
    IS(now_ms() - before >= 28);
    ts = in_ms(CLOCK_MONOTONIC, 30);
    before = now_ms();
    T(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, word, &ts, NULL, -1));
    IS(now_ms() - before >= 28);
    ts = in_ms(CLOCK_REALTIME, 30);
    before = now_ms();
    T(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, word, &ts, NULL, -1));
    IS(now_ms() - before >= 28);
    ts = in_ms(CLOCK_MONOTONIC, -1000);
    T(FUTEX(&word, FUTEX_WAIT_BITSET_PRIVATE, word, &ts, NULL, -1));
    ts = (struct timespec){0, 0};
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, word, &ts, NULL, 0));
    ts.tv_nsec = 1000000000;
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, word, &ts, NULL, 0));
    ts = (struct timespec){-1, 0};
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, word, &ts, NULL, 0));
    T(FUTEX(&word, FUTEX_WAIT_PRIVATE, word + 1, &ts, NULL, 0));
}

static void on_signal(int sig)
{
    (void)sig;
}

static void interrupted(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    struct sleeper s;

    puts("- signals");
    sigaction(SIGUSR1, &sa, NULL);
    begin(&s, FUTEX_WAIT_PRIVATE, 0);
    pthread_kill(s.t, SIGUSR1);
    puts(end(&s));
    sa.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &sa, NULL);
    begin(&s, FUTEX_WAIT_PRIVATE, 0);
    pthread_kill(s.t, SIGUSR1);
    let_block();
    IS(s.in == 1);
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    puts(end(&s));
}

static void errors(void)
{
    puts("- errors");
    T(FUTEX((char *)&word + 1, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX((char *)&word + 2, FUTEX_WAKE_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(NULL, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(&word, 99, 0, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_WAKE_PRIVATE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
    T(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)-1, &second, word));
    T(FUTEX(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, (char *)&second + 1, word));
}

/* Priority inheritance: the kernel takes the word. */
static volatile int pi;

static void *pi_owner(void *arg)
{
    T(FUTEX(&pi, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    IS((pi & FUTEX_TID_MASK) == syscall(SYS_gettid));
    set(arg, 1);
    wait_for(arg, 2);
    let_block();
    IS((pi & FUTEX_WAITERS) != 0);
    set(arg, 3);
    if (FUTEX(&pi, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0))
        puts("unlocking failed");
    return NULL;
}

static void inheritance(void)
{
    volatile int step = 0;
    struct timespec ts = in_ms(CLOCK_REALTIME, 30);

    puts("- priority inheritance");
    T(FUTEX(&pi, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(&pi, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    IS((pi & FUTEX_TID_MASK) == syscall(SYS_gettid));
    T(FUTEX(&pi, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(&pi, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(&pi, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(pi);
    pthread_t t = start(pi_owner, (void *)&step);
    wait_for(&step, 1);
    T(FUTEX(&pi, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(FUTEX(&pi, FUTEX_LOCK_PI_PRIVATE, 0, &ts, NULL, 0));
    T(FUTEX(&pi, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    set(&step, 2);
    T(FUTEX(&pi, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    IS(step == 3);
    IS((pi & FUTEX_TID_MASK) == syscall(SYS_gettid));
    join(t);
    T(FUTEX(&pi, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    T(pi);
    pi = 0x3fffffff; /* nobody's */
    T(FUTEX(&pi, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

/* The list of locks that a dying thread leaves behind. */
struct node {
    struct node *next;
    volatile int word;
};

static struct {
    struct node *first;
    long offset;
    struct node *pending;
} head;
static struct node node[3];

static void *die_holding(void *arg)
{
    int tid = (int)syscall(SYS_gettid);

    head.first = &node[0];
    head.offset = offsetof(struct node, word);
    node[0].next = &node[1];
    node[1].next = (struct node *)&head;
    head.pending = &node[2];
    node[0].word = tid;
    node[1].word = tid | (int)FUTEX_WAITERS;
    node[2].word = tid;
    T(syscall(SYS_set_robust_list, &head, sizeof(head)));
    T(syscall(SYS_set_robust_list, &head, 5));
    set(arg, 1);
    let_block();
    syscall(SYS_exit, 0); /* libc would process the list itself */
    return NULL;
}

static void robust_list(void)
{
    volatile int step = 0;
    struct sleeper s;
    void *list;
    size_t len;

    puts("- robust list");
    T(syscall(SYS_get_robust_list, 0, &list, &len));
    T(len);
    pthread_t t = start(die_holding, (void *)&step);
    (void)t; /* never joined: to libc it lives for ever */
    wait_for(&step, 1);
    s = (struct sleeper){.word = &node[1].word, .op = FUTEX_WAIT, .value = node[1].word};
    s.t = start(sleep_on, &s);
    puts(end(&s));
    wait_for(&node[2].word, (int)FUTEX_OWNER_DIED);
    for (int i = 0; i < 3; i++)
        printf("%x\n", node[i].word);
}

int main(void)
{
    waking();
    bitsets();
    requeueing();
    wake_op();
    timeouts();
    interrupted();
    errors();
    inheritance();
    robust_list();
    fflush(stdout);
    _exit(0);
}
