/* SPDX-License-Identifier: MIT
 *
 * Threads: starting, ending, joining, detaching, attributes, stacks. */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "pthreads.h"

static void *give(void *arg)
{
    return arg;
}

static void *leave(void *arg)
{
    pthread_exit(arg);
}

static void deep_leave(void *arg)
{
    char room[100];

    memset(room, 1, sizeof(room));
    pthread_exit(room[50] == 1 ? arg : NULL);
}

static void *leave_deep(void *arg)
{
    deep_leave(arg);
    return NULL;
}

static void *who(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return (void *)(long)syscall(SYS_gettid);
}

static void results(void)
{
    int x;
    pthread_t t, seen;

    puts("- results");
    IS(join(start(give, &x)) == &x);
    IS(join(start(leave, &x)) == &x);
    IS(join(start(leave_deep, &x)) == &x);
    IS(join(start(give, NULL)) == NULL);
    IS(join(start(give, (void *)-1)) == PTHREAD_CANCELED);

    t = start(who, &seen);
    long tid = (long)join(t);
    IS(pthread_equal(t, seen));
    IS(!pthread_equal(t, pthread_self()));
    IS(pthread_equal(pthread_self(), pthread_self()));
    IS(tid != syscall(SYS_gettid));
    IS(syscall(SYS_gettid) == getpid());
}

static volatile int go, ran;

static void *wait_and_count(void *arg)
{
    wait_for(&go, 1);
    __atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
    return arg;
}

static void detached(void)
{
    pthread_attr_t a;
    pthread_t t;
    int state = -1;

    puts("- detached");
    E(pthread_attr_init(&a));
    E(pthread_attr_getdetachstate(&a, &state));
    IS(state == PTHREAD_CREATE_JOINABLE);
    E(pthread_attr_setdetachstate(&a, 99));
    E(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
    E(pthread_attr_getdetachstate(&a, &state));
    IS(state == PTHREAD_CREATE_DETACHED);
    E(pthread_create(&t, &a, wait_and_count, NULL));
    t = start(wait_and_count, NULL);
    E(pthread_detach(t));
    set(&go, 1);
    wait_for(&ran, 2);

    /* Detached after it has ended: freed at once. */
    for (int i = 0; i < 20; i++) {
        t = start(give, NULL);
        sleep_ms(1);
        need_ok(pthread_detach(t), "detach");
    }
    puts("twenty detached after their end");
    E(pthread_attr_destroy(&a));

    t = start(give, &a);
    void *result;
    struct timespec at = in_ms(CLOCK_REALTIME, 5000);
    E(pthread_timedjoin_np(t, &result, &at));
    IS(result == &a);
    set(&go, 0);
    t = start(wait_and_count, NULL);
    E(pthread_tryjoin_np(t, NULL));
    at = in_ms(CLOCK_REALTIME, 20);
    E(pthread_timedjoin_np(t, NULL, &at));
    set(&go, 1);
    join(t);
}

static void attributes(void)
{
    pthread_attr_t a;
    size_t size = 0, guard = 0;
    int n = -1;
    struct sched_param p;

    p.sched_priority = -1;

    puts("- attributes");
    E(pthread_attr_init(&a));
    E(pthread_attr_getstacksize(&a, &size));
    IS(size >= PTHREAD_STACK_MIN);
    E(pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN - 1));
    E(pthread_attr_setstacksize(&a, 0));
    E(pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN));
    E(pthread_attr_getstacksize(&a, &size));
    IS(size == PTHREAD_STACK_MIN);
    IS(sysconf(_SC_THREAD_STACK_MIN) == PTHREAD_STACK_MIN);
    E(pthread_attr_getguardsize(&a, &guard));
    IS(guard >= 4096);
    E(pthread_attr_setguardsize(&a, 12345));
    E(pthread_attr_getguardsize(&a, &guard));
    IS(guard >= 12345);
    E(pthread_attr_setscope(&a, PTHREAD_SCOPE_SYSTEM));
    E(pthread_attr_setscope(&a, PTHREAD_SCOPE_PROCESS));
    E(pthread_attr_setscope(&a, 99));
    E(pthread_attr_getscope(&a, &n));
    IS(n == PTHREAD_SCOPE_SYSTEM);
    E(pthread_attr_getinheritsched(&a, &n));
    IS(n == PTHREAD_INHERIT_SCHED);
    E(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED));
    E(pthread_attr_setinheritsched(&a, 99));
    E(pthread_attr_getschedpolicy(&a, &n));
    IS(n == SCHED_OTHER);
    E(pthread_attr_getschedparam(&a, &p));
    IS(p.sched_priority == 0);
    pthread_t t;
    E(pthread_create(&t, &a, give, &n));
    IS(join(t) == &n);
    E(pthread_attr_destroy(&a));
}

static size_t probe(void *arg)
{
    volatile char room[6000];

    memset((char *)room, 7, sizeof(room));
    return room[5999] == 7 ? (size_t)arg : 0;
}

struct stack {
    void *base;
    size_t size, guard;
    int detach;
    bool inside;
};

static void *look_at_stack(void *arg)
{
    struct stack *s = arg;
    pthread_attr_t a;
    char here;

    need_ok(pthread_getattr_np(pthread_self(), &a), "getattr");
    pthread_attr_getstack(&a, &s->base, &s->size);
    pthread_attr_getguardsize(&a, &s->guard);
    pthread_attr_getdetachstate(&a, &s->detach);
    s->inside = &here > (char *)s->base && &here < (char *)s->base + s->size;
    pthread_attr_destroy(&a);
    return (void *)probe(arg);
}

static void stacks(void)
{
    static _Alignas(4096) char own[65536];
    struct stack s;
    pthread_attr_t a;
    pthread_t t;
    void *addr;
    size_t size;

    puts("- stacks");
    IS(join(start(look_at_stack, &s)) == &s);
    IS(s.inside && s.size >= PTHREAD_STACK_MIN && s.guard > 0);
    IS(s.detach == PTHREAD_CREATE_JOINABLE);
    look_at_stack(&s);
    IS(s.inside);

    pthread_attr_init(&a);
    E(pthread_attr_setstacksize(&a, 300000));
    E(pthread_create(&t, &a, look_at_stack, &s));
    IS(join(t) == &s && s.inside && s.size >= 300000 - 8192);
    E(pthread_attr_setguardsize(&a, 0));
    E(pthread_create(&t, &a, look_at_stack, &s));
    IS(join(t) == &s && s.inside && s.guard == 0);

    E(pthread_attr_setstack(&a, own, PTHREAD_STACK_MIN - 1));
    E(pthread_attr_setstack(&a, own, sizeof(own)));
    E(pthread_attr_getstack(&a, &addr, &size));
    IS(addr == own && size == sizeof(own));
    for (int i = 0; i < 3; i++) {
        E(pthread_create(&t, &a, look_at_stack, &s));
        IS(join(t) == &s && s.inside && (char *)s.base >= own - 4096);
    }
    pthread_attr_destroy(&a);

    E(pthread_getattr_default_np(&a));
    size_t before;
    pthread_attr_getstacksize(&a, &before);
    E(pthread_attr_setstacksize(&a, before + 65536));
    E(pthread_setattr_default_np(&a));
    IS(join(start(look_at_stack, &s)) == &s && s.size >= before);
    E(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
    E(pthread_setattr_default_np(&a));
}

/* Thread-local storage: each thread has its own, as it was initialised. */
static __thread int local = 42;
static __thread char zeros[1000];
static __thread _Alignas(64) int aligned = 1;

static void *use_local(void *arg)
{
    bool good = local == 42 && aligned == 1 && (uintptr_t)&aligned % 64 == 0;

    for (size_t i = 0; i < sizeof(zeros); i++)
        good &= zeros[i] == 0;
    local = (int)(long)arg;
    memset(zeros, 1, sizeof(zeros));
    sched_yield();
    errno = (int)(long)arg;
    sleep_ms(1);
    good &= local == (int)(long)arg && errno == (int)(long)arg;
    return (void *)(long)good;
}

static void locals(void)
{
    pthread_t t[20];
    bool good = true;

    puts("- thread-local storage");
    local = 7;
    errno = 77;
    for (long i = 0; i < 20; i++)
        t[i] = start(use_local, (void *)i);
    for (int i = 0; i < 20; i++)
        good &= join(t[i]) != NULL;
    IS(good);
    IS(local == 7);
}

static void *tree(void *arg)
{
    long depth = (long)arg;

    if (depth == 0)
        return (void *)1;
    pthread_t a = start(tree, (void *)(depth - 1)), b = start(tree, (void *)(depth - 1));
    return (void *)((long)join(a) + (long)join(b) + 1);
}

static void many(void)
{
    puts("- many");
    T((long)join(start(tree, (void *)6)));
    for (int i = 0; i < 2000; i++)
        join(start(give, NULL));
    puts("two thousand in turn");
}

static void names(void)
{
    char name[32] = "";
    pthread_t t;

    puts("- names");
    E(pthread_setname_np(pthread_self(), "main name"));
    E(pthread_getname_np(pthread_self(), name, sizeof(name)));
    IS(!strcmp(name, "main name"));
    E(pthread_getname_np(pthread_self(), name, 15));
    E(pthread_setname_np(pthread_self(), "sixteen bytes xx"));
    E(pthread_setname_np(pthread_self(), "fifteen bytes x"));
    E(pthread_getname_np(pthread_self(), name, 16));
    puts(name);
    set(&go, 0);
    t = start(wait_and_count, NULL);
    E(pthread_getname_np(t, name, sizeof(name)));
    puts(name);
    E(pthread_setname_np(t, "other"));
    E(pthread_getname_np(t, name, sizeof(name)));
    puts(name);
    set(&go, 1);
    join(t);
}

static void others(void)
{
    clockid_t clock;
    struct timespec ts;
    struct sched_param p;
    cpu_set_t cpus;
    int policy = 99;

    puts("- others");
    T(pthread_getconcurrency());
    E(pthread_setconcurrency(5));
    E(pthread_setconcurrency(-1));
    E(pthread_getcpuclockid(pthread_self(), &clock));
    T(clock_gettime(clock, &ts));
    E(pthread_getschedparam(pthread_self(), &policy, &p));
    IS(policy == SCHED_OTHER && p.sched_priority == 0);
    E(pthread_setschedparam(pthread_self(), SCHED_OTHER, &p));
    p.sched_priority = 5;
    E(pthread_setschedparam(pthread_self(), SCHED_OTHER, &p));
    p.sched_priority = 0;
    E(pthread_setschedparam(pthread_self(), 99, &p));
    E(pthread_setschedparam(pthread_self(), SCHED_FIFO, &p));
    E(pthread_setschedprio(pthread_self(), 0));
    CPU_ZERO(&cpus);
    E(pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus));
    IS(CPU_COUNT(&cpus) >= 1);
    CPU_ZERO(&cpus);
    E(pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus));
    E(pthread_atfork(NULL, NULL, NULL));
}

static void *own_policy(void *arg)
{
    struct sched_param p;
    int policy = 99;

    (void)arg;
    E(pthread_getschedparam(pthread_self(), &policy, &p));
    printf("policy %#x, priority %d\n", (unsigned)policy, p.sched_priority);
    return NULL;
}

/* A thread has the policy and priority of the one that starts it. */
static void *policies(void *arg)
{
    static const struct {
        int policy, priority;
    } kinds[] = {{SCHED_BATCH, 0},
                 {SCHED_FIFO, 7},
                 {SCHED_RR, 9},
                 {SCHED_FIFO | SCHED_RESET_ON_FORK, 7},
                 {SCHED_BATCH | SCHED_RESET_ON_FORK, 0}};

    puts("- policies");
    for (int i = 0; i < 5; i++) {
        struct sched_param p = {.sched_priority = kinds[i].priority};
        E(pthread_setschedparam(pthread_self(), kinds[i].policy, &p));
        join(start(own_policy, NULL));
    }
    return arg;
}

int main(void)
{
    results();
    detached();
    attributes();
    stacks();
    locals();
    many();
    names();
    others();
    join(start(policies, NULL));
    return 0;
}
