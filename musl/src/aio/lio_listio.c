/* SPDX-License-Identifier: MIT
 *
 * lio_listio: starts requests; waits for them itself, or lets a thread wait for them and then
 * notify. What notifies is copied: the caller's struct may be gone by then. A request that is wrong
 * is one that failed, and keeps no other from being started. */
#include <aio.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "syscall.h"

struct list {
    struct sigevent event;
    int count;
    struct aiocb *cb[];
};

/* Waits for all of the list. 0; -1 with errno EIO if one failed, or as aio_suspend says. */
static int wait_for(struct list *l)
{
    int failed = 0;

    for (int i = 0; i < l->count;) {
        int err = l->cb[i] ? aio_error(l->cb[i]) : 0;
        if (err == EINPROGRESS) {
            if (aio_suspend((void *)&l->cb[i], 1, NULL))
                return -1;
            continue;
        }
        if (err)
            failed = 1;
        i++;
    }
    if (failed)
        errno = EIO;
    return failed ? -1 : 0;
}

static void send_signal(const struct sigevent *event)
{
    siginfo_t info = {0};

    info.si_signo = event->sigev_signo;
    info.si_value = event->sigev_value;
    info.si_code = SI_ASYNCIO;
    info.si_pid = getpid();
    info.si_uid = getuid();
    __syscall(SYS_rt_sigqueueinfo, info.si_pid, info.si_signo, &info);
}

static void *wait_and_notify(void *arg)
{
    struct list *l = arg;
    struct sigevent event = l->event;

    (void)wait_for(l);
    free(l);
    if (event.sigev_notify == SIGEV_SIGNAL)
        send_signal(&event);
    else if (event.sigev_notify == SIGEV_THREAD)
        event.sigev_notify_function(event.sigev_value);
    return NULL;
}

/* Takes over (l). 0, or an error number. */
static int start_waiter(struct list *l)
{
    const pthread_attr_t *wanted =
        l->event.sigev_notify == SIGEV_THREAD ? l->event.sigev_notify_attributes : NULL;
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_t thread;
    int err;

    if (wanted)
        attr = *wanted;
    else
        pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    err = pthread_create(&thread, &attr, wait_and_notify, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

/* 0, or -1 with errno. */
static int start(struct aiocb *cb)
{
    switch (cb->aio_lio_opcode) {
    case LIO_NOP:
        return 0;
    case LIO_READ:
        return aio_read(cb);
    case LIO_WRITE:
        return aio_write(cb);
    }
    cb->__err = errno = EINVAL;
    cb->__ret = -1;
    return -1;
}

/* Starts all that can be. One that is wrong has failed, as its aio_error says. Returns 0; -1 if
 * there was no room for one. */
static int start_all(struct aiocb *const *cbs, int count)
{
    int r = 0;

    for (int i = 0; i < count; i++)
        if (cbs[i] && start(cbs[i]) && errno == EAGAIN)
            r = -1;
    return r;
}

int lio_listio(int mode, struct aiocb *restrict const *restrict list, int count,
               struct sigevent *restrict event)
{
    struct aiocb *const *cbs = (struct aiocb *const *)list;
    int notify = mode == LIO_NOWAIT && event && event->sigev_notify != SIGEV_NONE;
    struct list *l = NULL;
    int r = 0;

    if (count < 0 || (mode != LIO_WAIT && mode != LIO_NOWAIT)) {
        errno = EINVAL;
        return -1;
    }
    if (mode == LIO_WAIT || notify) {
        l = malloc(sizeof(*l) + (size_t)count * sizeof(l->cb[0]));
        if (!l) {
            errno = EAGAIN;
            return -1;
        }
        if (notify)
            l->event = *event;
        l->count = count;
        memcpy(l->cb, cbs, (size_t)count * sizeof(l->cb[0]));
    }
    r = start_all(cbs, count);
    if (mode == LIO_WAIT) {
        int failed = wait_for(l);
        free(l);
        if (!r)
            return failed;
    } else if (notify && (r || start_waiter(l))) {
        free(l);
        r = -1;
    }
    if (r)
        errno = EAGAIN;
    return r;
}
