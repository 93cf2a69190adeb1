/* SPDX-License-Identifier: MIT
 *
 * timer_create. The system call knows signals only; SIGEV_THREAD is a thread that waits for them
 * and calls the function. Its timer's id is the thread's address, marked by the sign; who deletes
 * the timer sets the sign of the thread's timer_id and sends the signal once more
 * (timer_delete.c). */
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <setjmp.h>
#include <time.h>
#include "pthread_impl.h"

/* What the system call takes. */
struct event {
    union sigval value;
    int signo;
    int notify;
    int tid;
};

/* How a new thread and who creates it come to know of each other's parts: the thread copies, and
 * says so; the creator makes the timer, and says so. */
struct start {
    void (*function)(union sigval);
    union sigval value;
    sem_t copied, ready;
    int failed;
};

static void nothing(void)
{
}
weak_alias(nothing, __pthread_tsd_run_dtors);

/* Each call of the function looks to it like a thread of its own: what it left is cleaned up, also
 * when it ends by pthread_exit. */
static void end_call(void *jump)
{
    pthread_t self = __pthread_self();

    __pthread_tsd_run_dtors();
    self->cancel = 0;
    self->cancelbuf = 0;
    self->canceldisable = 0;
    self->cancelasync = 0;
    __reset_tls();
    longjmp(jump, 1);
}

static void *run(void *arg)
{
    pthread_t self = __pthread_self();
    struct start *start = arg;
    void (*function)(union sigval) = start->function;
    union sigval value = start->value;
    jmp_buf jump;

    while (sem_wait(&start->ready))
        ;
    int failed = start->failed;
    /* From here on (start) may be gone. */
    sem_post(&start->copied);
    if (failed)
        return 0;
    for (;;) {
        siginfo_t info;
        while (sigwaitinfo(SIGTIMER_SET, &info) < 0)
            ;
        if (info.si_code == SI_TIMER && !setjmp(jump)) {
            pthread_cleanup_push(end_call, jump);
            function(value);
            pthread_cleanup_pop(1);
        }
        if (self->timer_id < 0)
            break;
    }
    __syscall(SYS_timer_delete, self->timer_id & INT_MAX);
    return 0;
}

static int create_signal(clockid_t clock, const struct sigevent *event, timer_t *timer)
{
    struct event e;
    int id;

    if (event) {
        e.value = event->sigev_value;
        e.signo = event->sigev_signo;
        e.notify = event->sigev_notify;
        e.tid = event->sigev_notify == SIGEV_THREAD_ID ? event->sigev_notify_thread_id : 0;
    }
    if (syscall(SYS_timer_create, clock, event ? &e : 0, &id) < 0)
        return -1;
    *timer = (void *)(intptr_t)id;
    return 0;
}

/* Starts a thread with nothing but what it needs unblocked: signals of the program are not for it.
 */
static int start_thread(pthread_t *thread, const struct sigevent *event, struct start *start)
{
    static volatile int ready;
    pthread_attr_t attr;
    sigset_t set;
    int err;

    if (!ready) {
        struct sigaction sa = {.sa_handler = SIG_DFL};
        __libc_sigaction(SIGTIMER, &sa, 0);
        a_store(&ready, 1);
    }
    if (event->sigev_notify_attributes)
        attr = *event->sigev_notify_attributes;
    else
        pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    __block_app_sigs(&set);
    __syscall(SYS_rt_sigprocmask, SIG_BLOCK, SIGTIMER_SET, 0, _NSIG / 8);
    err = pthread_create(thread, &attr, run, start);
    __restore_sigs(&set);
    return err;
}

static int create_thread(clockid_t clock, const struct sigevent *event, timer_t *timer)
{
    struct start start = {.function = event->sigev_notify_function, .value = event->sigev_value};
    struct event e = {.signo = SIGTIMER, .notify = SIGEV_THREAD_ID};
    pthread_t thread;
    int cancel, id = -1, err;

    sem_init(&start.ready, 0, 0);
    sem_init(&start.copied, 0, 0);
    err = start_thread(&thread, event, &start);
    if (err) {
        errno = err;
        return -1;
    }
    e.tid = thread->tid;
    start.failed = syscall(SYS_timer_create, clock, &e, &id) < 0;
    err = errno;
    thread->timer_id = id;
    sem_post(&start.ready);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    while (sem_wait(&start.copied))
        ;
    pthread_setcancelstate(cancel, 0);
    if (start.failed) {
        errno = err;
        return -1;
    }
    *timer = (void *)(INTPTR_MIN | (uintptr_t)thread >> 1);
    return 0;
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
    switch (event ? event->sigev_notify : SIGEV_SIGNAL) {
    case SIGEV_NONE:
    case SIGEV_SIGNAL:
    case SIGEV_THREAD_ID:
        return create_signal(clock, event, timer);
    case SIGEV_THREAD:
        return create_thread(clock, event, timer);
    default:
        errno = EINVAL;
        return -1;
    }
}
