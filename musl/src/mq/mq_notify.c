/* SPDX-License-Identifier: MIT
 *
 * mq_notify. To start a thread (SIGEV_THREAD) Linux needs a netlink socket; here the thread is
 * there from the start and reads from a pipe, whose other end the library OS keeps: it gets a byte
 * when a message has come, or its end when there will be no notification. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "syscall.h"

struct listener {
    void (*function)(union sigval);
    union sigval value;
    int fd;
};

static void *listen_for(void *arg)
{
    struct listener l = *(struct listener *)arg;
    char byte;

    free(arg);
    ssize_t n = read(l.fd, &byte, 1);
    close(l.fd);
    if (n == 1)
        l.function(l.value);
    return NULL;
}

/* Starts the thread. Returns the other end of its pipe, or -1. */
static int start(const struct sigevent *event)
{
    struct listener *l = malloc(sizeof *l);
    pthread_attr_t attr;
    pthread_t thread;
    int fds[2];

    if (!l || pipe2(fds, O_CLOEXEC)) {
        free(l);
        return -1;
    }
    *l = (struct listener){event->sigev_notify_function, event->sigev_value, fds[0]};
    if (event->sigev_notify_attributes)
        attr = *(pthread_attr_t *)event->sigev_notify_attributes;
    else
        pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, listen_for, l)) {
        free(l);
        close(fds[0]);
        close(fds[1]);
        errno = EAGAIN;
        return -1;
    }
    return fds[1];
}

int mq_notify(mqd_t queue, const struct sigevent *event)
{
    if (!event || event->sigev_notify != SIGEV_THREAD)
        return (int)syscall(SYS_mq_notify, queue, event);
    int fd = start(event);
    if (fd < 0)
        return -1;
    struct sigevent kept = {.sigev_notify = SIGEV_THREAD, .sigev_signo = fd};
    int result = (int)syscall(SYS_mq_notify, queue, &kept);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
