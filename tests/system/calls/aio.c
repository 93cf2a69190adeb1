/* SPDX-License-Identifier: MIT
 *
 * Asynchronous input and output as libc does it, with threads. */
#define _GNU_SOURCE
#include <aio.h>
#include <signal.h>
#include "calls.h"

static char buf[4][64];

static void init(struct aiocb *cb, int fd, int i, size_t n, off_t off)
{
    memset(cb, 0, sizeof(*cb));
    cb->aio_fildes = fd;
    cb->aio_buf = buf[i];
    cb->aio_nbytes = n;
    cb->aio_offset = off;
}

static void wait_for(struct aiocb *cb)
{
    const struct aiocb *list[] = {cb};
    while (aio_error(cb) == EINPROGRESS)
        need(aio_suspend(list, 1, NULL) == 0, "aio_suspend");
    printf("error %d, result %zd\n", aio_error(cb), aio_return(cb));
}

static volatile sig_atomic_t signals, value;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    value = info->si_value.sival_int;
    signals++;
}

int main(void)
{
    struct aiocb a, b, c;
    enter_folder();
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    strcpy(buf[0], "first");
    init(&a, fd, 0, 5, 0);
    T(aio_write(&a));
    wait_for(&a);
    strcpy(buf[1], "second");
    init(&b, fd, 1, 6, 10);
    T(aio_write(&b));
    wait_for(&b);
    T(aio_fsync(O_SYNC, &a));
    wait_for(&a);
    T(aio_fsync(12345, &a));
    show_file("f");
    init(&c, fd, 2, 64, 0);
    T(aio_read(&c));
    wait_for(&c);
    printf("%.5s %.6s\n", buf[2], buf[2] + 10);
    init(&c, fd, 2, 64, 1000);
    T(aio_read(&c));
    wait_for(&c);
    init(&c, 99, 2, 64, 0);
    aio_read(&c);
    while (aio_error(&c) == EINPROGRESS)
        ;
    printf("%s\n", strerror(aio_error(&c)));

    init(&a, fd, 0, 5, 20);
    init(&b, fd, 1, 6, 30);
    a.aio_lio_opcode = LIO_WRITE;
    b.aio_lio_opcode = LIO_WRITE;
    struct aiocb *list[] = {&a, NULL, &b};
    T(lio_listio(LIO_WAIT, list, 3, NULL));
    wait_for(&a);
    wait_for(&b);
    show_file("f");

    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &act, NULL);
    init(&a, fd, 3, 5, 0);
    a.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
    a.aio_sigevent.sigev_signo = SIGUSR1;
    a.aio_sigevent.sigev_value.sival_int = 7;
    T(aio_read(&a));
    wait_for(&a);
    while (!signals)
        usleep(1000);
    printf("%d %d %.5s\n", signals, value, buf[3]);
    T(aio_cancel(fd, NULL));
    int fds[2];
    need(pipe(fds) == 0, "pipe");
    init(&c, fds[0], 2, 5, 0);
    T(aio_read(&c));
    T(aio_error(&c) == EINPROGRESS);
    T(aio_cancel(fds[0], &c) == AIO_CANCELED);
    while (aio_error(&c) == EINPROGRESS) /* the thread has not said so yet */
        usleep(1000);
    printf("%s\n", strerror(aio_error(&c)));
    T(close(fd));
    return 0;
}
