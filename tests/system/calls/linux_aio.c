/* SPDX-License-Identifier: MIT
 *
 * Linux's asynchronous input and output: contexts, what is submitted and told, eventfds, waiting,
 * errors. */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include "calls.h"

static aio_context_t ctx;
static char buf[4096], other[4096];
static struct timespec soon = {0, 20000000}, none = {0, 0};

static long submit(long n, struct iocb **list)
{
    return syscall(SYS_io_submit, ctx, n, list);
}

static long one(struct iocb *io)
{
    return syscall(SYS_io_submit, ctx, 1, &io);
}

static struct iocb request(int op, int fd, void *at, size_t n, off_t off)
{
    static unsigned long number;

    return (struct iocb){.aio_data = ++number,
                         .aio_lio_opcode = (uint16_t)op,
                         .aio_fildes = (uint32_t)fd,
                         .aio_buf = (uintptr_t)at,
                         .aio_nbytes = n,
                         .aio_offset = off};
}

static long get(long min, long max, struct timespec *t)
{
    struct io_event e[8] = {0};
    long n = syscall(SYS_io_getevents, ctx, min, max, e, t);

    for (long i = 0; i < n; i++)
        printf("  event %llu: %lld %lld, %s\n", (unsigned long long)e[i].data, (long long)e[i].res, (long long)e[i].res2,
               e[i].obj ? "of a request" : "of none");
    return n;
}

static void contexts(void)
{
    aio_context_t c = 0, busy = 1;

    T(syscall(SYS_io_setup, 0, &c));
    T(syscall(SYS_io_setup, 8, NULL));
    T(syscall(SYS_io_setup, 8, &busy));
    T(syscall(SYS_io_setup, -1, &c));
    T(syscall(SYS_io_setup, 0x7fffffff, &c));
    T(syscall(SYS_io_destroy, 0));
    T(syscall(SYS_io_destroy, 12345));
    T(syscall(SYS_io_setup, 8, &c));
    printf("a context: %d\n", c != 0);
    T(syscall(SYS_io_destroy, c));
    T(syscall(SYS_io_destroy, c));
    T(syscall(SYS_io_submit, c, 0, NULL));
    T(syscall(SYS_io_getevents, c, 0, 1, NULL, NULL));
    T(syscall(SYS_io_setup, 128, &ctx));
}

static void transfers(int fd)
{
    struct iovec parts[2] = {{other, 3}, {other + 100, 5}};
    memcpy(buf, "hello, asynchronous world", 26);

    struct iocb w = request(IOCB_CMD_PWRITE, fd, buf, 26, 100), r = request(IOCB_CMD_PREAD, fd, other, 40, 107);
    struct iocb v = request(IOCB_CMD_PREADV, fd, parts, 2, 100), s = request(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
    struct iocb d = request(IOCB_CMD_FDSYNC, fd, NULL, 0, 0), pv = request(IOCB_CMD_PWRITEV, fd, parts, 2, 0);
    struct iocb *all[] = {&w, &r};
    w.aio_key = 99;
    T(submit(2, all));
    printf("key %u\n", w.aio_key);
    T(get(2, 8, NULL));
    printf("read: %s\n", other);
    T(one(&v));
    T(get(1, 1, NULL));
    printf("parts: %.3s %.5s\n", other, other + 100);
    T(one(&s));
    T(get(1, 2, NULL));
    T(one(&d));
    T(get(1, 2, NULL));
    T(one(&pv));
    T(get(0, 2, &none));
    T(get(0, 2, &none));
    T(lseek(fd, 0, SEEK_CUR));
    r.aio_rw_flags = 0x10; /* RWF_APPEND */
    T(one(&r));
    T(get(0, 1, &none));
    r.aio_rw_flags = 0x40000000;
    T(one(&r));
}

static void errors(int fd)
{
    int only = open("/dev/null", O_RDONLY), path = open("/tmp", O_PATH);
    int p[2];
    struct iocb r = request(IOCB_CMD_PREAD, fd, other, 10, 0), *list[] = {&r, (struct iocb *)8, &r};
    struct iocb bad = r;

    T(submit(-1, list));
    T(submit(0, list));
    T(submit(1, (struct iocb **)8));
    T(submit(3, list)); /* the first one */
    T(get(0, 8, &none));
    T(submit(1, list + 1));
    T((bad = r, bad.aio_fildes = 999, one(&bad)));
    T((bad = r, bad.aio_fildes = (uint32_t)path, one(&bad)));
    T((bad = r, bad.aio_lio_opcode = 77, one(&bad)));
    T((bad = r, bad.aio_lio_opcode = IOCB_CMD_NOOP, one(&bad)));
    T((bad = r, bad.aio_offset = -1, one(&bad)));
    T((bad = r, bad.aio_nbytes = 1ull << 63, one(&bad)));
    T((bad = r, bad.aio_reserved2 = 1, one(&bad)));
    T((bad = r, bad.aio_buf = 8, one(&bad)));
    T(get(0, 8, &none));
    T((bad = r, bad.aio_buf = 8, bad.aio_lio_opcode = IOCB_CMD_PREADV, one(&bad)));
    T((bad = r, bad.aio_nbytes = 5000, bad.aio_lio_opcode = IOCB_CMD_PREADV, one(&bad)));
    T((bad = r, bad.aio_fildes = (uint32_t)only, bad.aio_lio_opcode = IOCB_CMD_PWRITE, one(&bad)));
    T((bad = r, bad.aio_lio_opcode = IOCB_CMD_FSYNC, one(&bad)));
    T(pipe(p));
    T(write(p[1], "pipe", 4));
    T((bad = r, bad.aio_fildes = (uint32_t)p[0], bad.aio_offset = 5, one(&bad)));
    T(get(0, 8, &none));
    T((bad = r, bad.aio_fildes = (uint32_t)p[1], one(&bad)));
    T((bad = r, bad.aio_fildes = (uint32_t)eventfd(0, 0), bad.aio_lio_opcode = IOCB_CMD_FSYNC, bad.aio_buf = 0, bad.aio_nbytes = 0,
       one(&bad)));
    T((bad = r, bad.aio_fildes = (uint32_t)open("/tmp", O_RDONLY), one(&bad)));
    T(get(2, 1, &none));
    T(get(-1, 1, &none));
    T(syscall(SYS_io_getevents, ctx, 0, 1, (void *)8, &none));
    T(syscall(SYS_io_getevents, ctx, 0, 1, NULL, (void *)8));
    T(one(&r));
    T(syscall(SYS_io_getevents, ctx, 1, 1, (void *)8, NULL));
    T(get(0, 8, &none));
    struct io_event e;
    T(syscall(SYS_io_cancel, ctx, &r, &e));
    T(syscall(SYS_io_cancel, ctx, NULL, &e));
    T(syscall(SYS_io_cancel, 0, &r, &e));
    close(only);
    close(path);
}

static void eventfds(int fd)
{
    int e = eventfd(0, EFD_NONBLOCK);
    uint64_t value = 0;
    struct iocb r = request(IOCB_CMD_PREAD, fd, other, 10, 0), *list[] = {&r, &r, &r};

    r.aio_flags = IOCB_FLAG_RESFD;
    r.aio_resfd = (uint32_t)e;
    T(submit(3, list));
    T(read(e, &value, sizeof(value)));
    printf("counted %llu\n", (unsigned long long)value);
    T(get(3, 8, NULL));
    r.aio_resfd = (uint32_t)fd;
    T(one(&r));
    r.aio_resfd = 999;
    T(one(&r));
    T(get(0, 8, &none));
    close(e);
}

static void nothing(int sig)
{
    (void)sig;
}

static void *later(void *arg)
{
    struct iocb *r = arg;
    const struct timespec t = {0, 30000000};

    nanosleep(&t, NULL);
    one(r);
    return NULL;
}

static void waiting(int fd)
{
    pthread_t t;
    struct iocb r = request(IOCB_CMD_PREAD, fd, other, 10, 0);
    struct sigaction sa = {.sa_handler = nothing};
    uint64_t set = 1ull << (SIGUSR1 - 1);
    struct {
        const uint64_t *set;
        size_t size;
    } mask = {&set, 8};
    struct io_event e[2];

    T(get(1, 1, &soon));
    T(one(&r));
    T(get(2, 2, &soon));
    pthread_create(&t, NULL, later, &r);
    T(get(1, 1, NULL));
    pthread_join(t, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, &mask));
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, NULL));
    mask.size = 4;
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, &mask));
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, (void *)8));
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGUSR1);
    mask.size = 8;
    set = 0;
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, &mask));
    T(syscall(SYS_io_pgetevents, ctx, 1, 1, e, &soon, &mask));
}

static struct iocb ready(int fd, int events)
{
    struct iocb r = request(IOCB_CMD_POLL, fd, NULL, 0, 0);
    r.aio_buf = (uint64_t)events;
    return r;
}

static void *writes(void *arg)
{
    const struct timespec t = {0, 30000000};

    nanosleep(&t, NULL);
    return (void *)write(*(int *)arg, "x", 1);
}

/* Waiting for files to become ready: at once, later, by another thread, with an eventfd; cancelled and ended. */
static void polls(int fd)
{
    int p[2], e = eventfd(0, EFD_NONBLOCK), counter = eventfd(0, 0);
    uint64_t value = 0;
    struct io_event gone;
    pthread_t t;

    need(pipe(p) == 0, "pipe");
    struct iocb in = ready(p[0], POLLIN), out = ready(p[1], POLLOUT), file = ready(fd, POLLIN);
    struct iocb number = ready(counter, POLLIN);
    T(one(&out));
    T(get(1, 8, NULL));
    T(one(&file));
    T(get(0, 8, &none));
    T(one(&in));
    T(get(1, 8, &soon));
    T(write(p[1], "x", 1));
    T(get(1, 8, NULL));
    T(get(0, 8, &none));
    T(one(&in));
    T(get(1, 8, NULL));
    T(read(p[0], buf, 1));
    T(one(&in));
    need(pthread_create(&t, NULL, writes, &p[1]) == 0, "thread");
    T(get(1, 8, NULL));
    pthread_join(t, NULL);
    T(read(p[0], buf, 1));
    number.aio_flags = IOCB_FLAG_RESFD;
    number.aio_resfd = (uint32_t)e;
    T(one(&number));
    T(read(e, &value, sizeof(value)));
    value = 5;
    T(write(counter, &value, sizeof(value)));
    struct pollfd told = {e, POLLIN, 0};
    T(poll(&told, 1, 1000));
    T(read(e, &value, sizeof(value)));
    T(get(1, 8, NULL));
    number.aio_resfd = (uint32_t)counter;
    T(read(counter, &value, sizeof(value)));
    T(one(&number));
    value = 1;
    T(write(counter, &value, sizeof(value)));
    T(get(1, 8, NULL));
    usleep(1000);
    T(read(counter, &value, sizeof(value)));
    printf("counted %llu\n", (unsigned long long)value);
    T(one(&in));
    T(syscall(SYS_io_cancel, ctx, &out, &gone));
    T(syscall(SYS_io_cancel, ctx, &in, &gone));
    T(get(1, 8, &soon));
    T(syscall(SYS_io_cancel, ctx, &in, &gone));
    T(one(&in));
    T(close(p[1]));
    T(get(1, 8, NULL));
    in.aio_nbytes = 1;
    T(one(&in));
    in.aio_nbytes = 0;
    in.aio_buf = 1 << 16;
    T(one(&in));
    close(p[0]);
    struct iocb left = ready(e, POLLIN);
    T(one(&left)); /* until the context ends */
}

/* What libaio looks at. */
static void ring(int fd)
{
    const struct {
        unsigned id, size, head, tail, magic, compatible, incompatible, header;
    } *seen = (void *)ctx;
    struct iocb r = request(IOCB_CMD_PREAD, fd, other, 10, 0);

    printf("%x %u %u %u\n", seen->magic, seen->compatible, seen->incompatible, seen->header);
    IS(seen->head == seen->tail && seen->size > 8);
    T(one(&r));
    IS((seen->tail + seen->size - seen->head) % seen->size == 1);
    const struct io_event *first = (const struct io_event *)((const char *)seen + seen->header) + seen->head;
    printf("%lld\n", (long long)first->res);
    T(get(1, 8, NULL));
    IS(seen->head == seen->tail);
}

int main(void)
{
    char name[] = "/tmp/linux_aio.XXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    contexts();
    transfers(fd);
    errors(fd);
    eventfds(fd);
    waiting(fd);
    ring(fd);
    polls(fd);
    T(syscall(SYS_io_destroy, ctx));
    return 0;
}
