/* SPDX-License-Identifier: MIT
 *
 * The console files over a fake device that keeps to abi/device.h: partial writes, errors, input
 * piece by piece, non-blocking files, and what polls take from the host. Three sources are included
 * whole, to start them afresh for every test.
 *
 * sources: libos/virtio/virtq.c libos/virtio/console_tx.c libos/virtio/console_ioctl.c
 * sources: libos/virtio/console_pause.c
 * sources: libos/thread/thread.c
 * sources: libos/virtio/console_open.c tests/unit/fake_plat.c
 * uses:    virtio thread abi */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "unit.h"
#include "abi/device.h"
#include "fake_plat.h"
#include "fake_virtio.h"
#include "iface/signal.h"
#include "virtio/console.h"
#include "virtio/console_tx.h"

#include "../../libos/thread/wait.c"
#include "../../libos/virtio/console.c"
#include "../../libos/virtio/console_in.c"

/* The host: what it has to read, and how it takes what is written. */
bool console_released;

static struct {
    const char *input; /* what is there to be read */
    int input_end;     /* then: 0 the end, an error, or 1: nothing for the time being */
    size_t asked;      /* bytes that the last receive buffer had room for */
    char output[8192]; /* what was accepted */
    size_t output_len;
    size_t accept; /* most bytes accepted from one chain; 0: none for the time being */
    int error;     /* answer of a transmit instead, once (accept) bytes were taken */
    int parts_max; /* most descriptors seen in one chain */
    bool keep;     /* breaks the rule: transmit buffers stay with the device for one poll */
    int chains;
} host;

static struct fake_queue rx, tx, err_tx, extra_tx;
static struct pith_console_config config;
static uint64_t features;

/* Hooks of iface/signal.h as posix/signal.c would define them. */
static int raised;
static int handlers_due;
static bool restart;
static int collected;

bool signal_due(void)
{
    return handlers_due > 0;
}

bool signal_deliver(void)
{
    if (!handlers_due)
        return false;
    handlers_due = 0;
    fake.pending = 0;
    return true;
}

void signal_raise(int sig)
{
    raised = sig;
}

bool signal_restart(void)
{
    return restart;
}

bool signal_awaited(void)
{
    return true;
}

void signal_collect(void)
{
    collected++;
    fake.pending = 0;
}

int plat_device_find(unsigned type, const char *name, struct plat_device *dev)
{
    struct fake_queue *out = strcmp(name, "stdio") == 0    ? &tx
                             : strcmp(name, "stderr") == 0 ? &err_tx
                             : strcmp(name, "extra") == 0  ? &extra_tx
                                                           : NULL;
    if (type != PITH_DEVICE_CONSOLE || !out)
        return -ENODEV;
    *dev = (struct plat_device){
        .type = type,
        .name = name,
        .features = features,
        .config = &config,
        .config_len = sizeof(config),
        .queue[PITH_CONSOLE_TX] = fake_queue_plat(out),
    };
    if (out == &tx)
        dev->queue[PITH_CONSOLE_RX] = fake_queue_plat(&rx);
    return 0;
}

static int serve_output(struct fake_queue *q)
{
    int head = host.keep ? -1 : fake_queue_fetch(q);
    int parts;

    if (head < 0)
        return 0;
    host.chains++;
    if (host.accept == 0) {
        fake_queue_use(q, (uint32_t)head, (uint32_t)(host.error ? host.error : -EAGAIN));
        return 1;
    }
    size_t room = min_size(host.accept, sizeof(host.output) - host.output_len);
    size_t n = fake_queue_copy(q, head, host.output + host.output_len, room, &parts);
    host.output_len += n;
    host.parts_max = parts > host.parts_max ? parts : host.parts_max;
    if (host.error)
        host.accept = 0;
    fake_queue_use(q, (uint32_t)head, features & PITH_CONSOLE_F_STATUS ? (uint32_t)n : 0);
    return 1;
}

static int posted = -1;

static int serve_input(void)
{
    int parts;

    if (posted < 0)
        posted = fake_queue_fetch(&rx);
    if (posted < 0)
        return 0;
    assert_int_equal(rx.desc[posted].flags, 2);
    host.asked = rx.desc[posted].len;
    if (*host.input) {
        size_t n =
            fake_queue_copy(&rx, posted, (void *)(uintptr_t)host.input, strlen(host.input), &parts);
        host.input += n;
        fake_queue_use(&rx, (uint32_t)posted, (uint32_t)n);
    } else if (host.input_end <= 0) {
        fake_queue_use(&rx, (uint32_t)posted, (uint32_t)host.input_end);
    } else {
        return 0;
    }
    posted = -1;
    return 1;
}

/* Like the monitor: serves, and blocks only by time; what it would wait for for ever is a failure
 * of the test. */
static int poll_host(nsec_t deadline)
{
    int used = serve_output(&tx) + serve_output(&err_tx) + serve_output(&extra_tx) + serve_input();

    if (used == 0 && fake.pending)
        return -EINTR;
    if (host.keep) {
        host.keep = false;
        fake.pending = 1;
        return -EINTR;
    }
    if (used == 0 && deadline == DEADLINE_NEVER)
        fail_msg("blocks for ever");
    return used;
}

/* Boot, again. */
static void start(void)
{
    memset(&input, 0, sizeof(input));
    sources = NULL;
    input_wait.first = NULL; /* an end of the machine leaves its sleepers */
    console_stdin.flags = O_RDONLY;
    console_stdin.mode = S_IFIFO;
    console_stdout.flags = O_WRONLY;
    console_stdout.mode = S_IFIFO;
    console_stdin.kind = console_stdout.kind = FILE_STREAM | FILE_STATIC;
    console_start();
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake.poll = poll_host;
    memset(&host, 0, sizeof(host));
    host.input = "";
    host.input_end = 1;
    host.accept = sizeof(host.output);
    raised = handlers_due = collected = 0;
    restart = false;
    features = PITH_CONSOLE_F_STATUS;
    memset(&config, 0, sizeof(config));
    plat_info.mem = NULL;
    plat_info.mem_len = SIZE_MAX;
    posted = -1;
    fake_queue_reset(&rx, 4);
    fake_queue_reset(&tx, 32);
    fake_queue_reset(&err_tx, 32);
    fake_queue_reset(&extra_tx, 8);
    start();
    return 0;
}

static ssize_t put(struct file *f, const char *text)
{
    struct iovec iov = {(char *)(uintptr_t)text, strlen(text)};
    uint64_t pos = 0;

    return f->ops->writev(f, &iov, 1, &pos);
}

/* (buf) has room for (len) bytes and a NUL. */
static ssize_t get(char *buf, size_t len)
{
    struct iovec iov = {buf, len};
    uint64_t pos = 0;

    memset(buf, 0, len + 1);
    return console_stdin.ops->readv(&console_stdin, &iov, 1, &pos);
}

static void write_is_one_poll(void **state)
{
    (void)state;
    assert_int_equal(put(&console_stdout, "hello\n"), 6);
    assert_string_equal(host.output, "hello\n");
    assert_int_equal(fake.polls, 1);
    assert_int_equal(put(&console_stderr, "oops"), 4);
    assert_string_equal(host.output, "hello\noops");
    assert_int_equal(put(&console_stdout, ""), 0);
    assert_int_equal(fake.polls, 2);
}

static void vector_is_one_chain(void **state)
{
    struct iovec iov[20];
    char expect[21] = "";
    uint64_t pos = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        static char letters[] = "abcdefghijklmnopqrst";
        bool empty = i % 3 == 1;
        iov[i] = (struct iovec){letters + i, empty ? 0 : 1};
        if (!empty)
            strncat(expect, letters + i, 1);
    }
    assert_int_equal(console_stdout.ops->writev(&console_stdout, iov, 20, &pos), strlen(expect));
    assert_string_equal(host.output, expect);
    assert_int_equal(host.chains, 1);
    assert_int_equal(host.parts_max, 13);
}

/* Vectors longer than a chain, accepted in bits of every size, arrive whole and in order. */
static void partial_writes_go_on(void **state)
{
    struct iovec iov[50];
    char text[50 * 7 + 1];
    uint64_t pos = 0;

    for (size_t accept = 1; accept < 40; accept++) {
        setup(state);
        host.accept = accept;
        size_t total = 0;
        for (int i = 0; i < 50; i++) {
            size_t len = (size_t)i % 7;
            iov[i] = (struct iovec){text + total, len};
            for (size_t j = 0; j < len; j++, total++)
                text[total] = (char)('a' + total % 26);
        }
        assert_int_equal(console_stdout.ops->writev(&console_stdout, iov, 50, &pos), total);
        assert_int_equal(host.output_len, total);
        assert_memory_equal(host.output, text, total);
        assert_in_range(host.parts_max, 1, CONSOLE_TX_PARTS);
    }
}

static void errors_of_the_host(void **state)
{
    (void)state;
    host.accept = 0;
    host.error = -ENOSPC;
    assert_int_equal(put(&console_stdout, "abc"), -ENOSPC);
    assert_int_equal(raised, 0);
    host.error = -EPIPE;
    assert_int_equal(put(&console_stdout, "abc"), -EPIPE);
    assert_int_equal(raised, SIGPIPE);
}

static void error_after_a_part(void **state)
{
    (void)state;
    host.accept = 2;
    host.error = -EPIPE;
    assert_int_equal(put(&console_stdout, "abcdef"), 2);
    assert_int_equal(raised, SIGPIPE);
}

static void nonblocking_write(void **state)
{
    (void)state;
    console_stdout.flags |= O_NONBLOCK;
    host.accept = 0;
    assert_int_equal(put(&console_stdout, "abc"), -EAGAIN);
    host.accept = 2;
    assert_int_equal(put(&console_stdout, "abc"), 3);
    assert_string_equal(host.output, "abc");
}

/* A full pipe, then a signal. */
static void write_interrupted(void **state)
{
    (void)state;
    host.accept = 0;
    handlers_due = 1;
    assert_int_equal(put(&console_stdout, "abc"), -EINTR);
    assert_int_equal(host.output_len, 0);
}

static void device_that_keeps_buffers(void **state)
{
    (void)state;
    host.keep = true;
    assert_int_equal(put(&console_stdout, "abc"), 3);
    assert_string_equal(host.output, "abc");
    assert_int_equal(collected, 1);
}

static void device_without_status(void **state)
{
    features = 0;
    (void)state;
    start();
    assert_int_equal(put(&console_stdout, "abc"), 3);
    assert_string_equal(host.output, "abc");
}

static void device_claims_too_much(void **state)
{
    (void)state;
    host.accept = 0;
    host.error = 4; /* "accepted four bytes" of three */
    assert_int_equal(put(&console_stdout, "abc"), -EIO);
}

static void bad_address(void **state)
{
    uint64_t pos = 0;
    struct iovec iov[2] = {{(char *)(uintptr_t) "ab", 2}, {(void *)16, 5}};

    (void)state;
    plat_info.mem = (char *)4096;
    plat_info.mem_len = (size_t)1 << 47;
    assert_int_equal(console_stdout.ops->writev(&console_stdout, iov + 1, 1, &pos), -EFAULT);
    assert_int_equal(host.chains, 0);
    assert_int_equal(console_stdout.ops->writev(&console_stdout, iov, 2, &pos), 2);
    assert_string_equal(host.output, "ab");
}

static void read_takes_what_it_asks_for(void **state)
{
    char buf[64];

    (void)state;
    host.input = "first line\nsecond";
    assert_int_equal(get(buf, 11), 11);
    assert_string_equal(buf, "first line\n");
    assert_int_equal(host.asked, 11);
    assert_string_equal(host.input, "second");
    assert_int_equal(get(buf, 60), 6);
    assert_string_equal(buf, "second");
    host.input_end = 0;
    assert_int_equal(get(buf, 60), 0);
    assert_int_equal(get(buf, 60), 0);
    host.input_end = -EIO;
    assert_int_equal(get(buf, 60), -EIO);
    assert_int_equal(get(buf, 0), 0);
}

static void long_reads_are_cut(void **state)
{
    static char text[10001], buf[10001];

    (void)state;
    memset(text, 'x', 10000);
    host.input = text;
    assert_int_equal(get(buf, 10000), 4096);
    assert_int_equal(get(buf, 10000), 4096);
    assert_int_equal(get(buf, 10000), 10000 - 2 * 4096);
}

static void read_into_a_vector(void **state)
{
    char a[3] = "", b[1] = "", c[8] = "";
    struct iovec iov[4] = {{a, 2}, {b, 0}, {c, 4}, {c + 4, 4}};
    uint64_t pos = 0;

    (void)state;
    host.input = "1234567";
    assert_int_equal(console_stdin.ops->readv(&console_stdin, iov, 4, &pos), 7);
    assert_string_equal(a, "12");
    assert_string_equal(c, "34567");
    assert_int_equal(host.asked, 10);
}

static void nonblocking_read(void **state)
{
    char buf[16];

    (void)state;
    console_stdin.flags |= O_NONBLOCK;
    assert_int_equal(get(buf, 8), -EAGAIN);
    assert_int_equal(get(buf, 8), -EAGAIN);
    host.input = "abcdefghijk";
    assert_int_equal(get(buf, 3), 3);
    assert_string_equal(buf, "abc");
    /* The buffer was posted for eight: they are kept for later reads. */
    assert_string_equal(host.input, "ijk");
    assert_int_equal(get(buf, 8), 5);
    assert_string_equal(buf, "defgh");
    assert_int_equal(get(buf, 8), 3);
}

static void read_interrupted(void **state)
{
    char buf[16];

    (void)state;
    handlers_due = 1;
    assert_int_equal(get(buf, 8), -EINTR);
    assert_false(signal_restarts());
    /* What comes later is not lost. */
    host.input = "late";
    assert_int_equal(get(buf, 8), 4);
    assert_string_equal(buf, "late");
}

static void read_restarts(void **state)
{
    char buf[16];

    (void)state;
    handlers_due = 1;
    restart = true;
    host.input = "x";
    assert_int_equal(get(buf, 8), -EINTR);
    assert_true(signal_restarts());
    assert_int_equal(get(buf, 8), 1);
}

static int input_bits(void)
{
    struct wait_queue *q = NULL;
    int bits = console_stdin.ops->poll(&console_stdin, &q);

    assert_non_null(q);
    assert_true(q->external);
    return bits;
}

static void poll_takes_one_byte(void **state)
{
    char buf[16];

    (void)state;
    assert_int_equal(input_bits(), 0);
    assert_int_equal(host.asked, 1);
    host.input = "hello";
    assert_int_equal(input_bits(), POLLIN | POLLRDNORM);
    assert_string_equal(host.input, "ello");
    assert_int_equal(input_bits(), POLLIN | POLLRDNORM);
    assert_string_equal(host.input, "ello");
    /* The read gets the rest too, as one from a pipe would. */
    assert_int_equal(get(buf, 4), 4);
    assert_string_equal(buf, "hell");
    assert_string_equal(host.input, "o");
    host.input_end = 0;
    assert_int_equal(get(buf, 4), 1);
    assert_int_equal(input_bits(), POLLIN | POLLHUP);
    assert_int_equal(get(buf, 4), 0);
}

static void poll_wakes_sleepers(void **state)
{
    struct wait_queue *q;
    char buf[4];

    (void)state;
    assert_int_equal(console_stdin.ops->poll(&console_stdin, &q), 0);
    host.input = "a";
    assert_int_equal(wait_sleep(q, fake.now + 5, "test"), 0);
    assert_int_equal(get(buf, 1), 1);
    assert_int_equal(wait_sleep(q, fake.now, "test"), -ETIMEDOUT);
}

static void output_polls_writable(void **state)
{
    struct wait_queue *q = NULL;

    (void)state;
    assert_int_equal(console_stdout.ops->poll(&console_stdout, &q), POLLOUT | POLLWRNORM);
    assert_non_null(q);
}

static void terminals(void **state)
{
    struct winsize size;
    struct termios modes;

    (void)state;
    assert_int_equal(console_stdout.ops->ioctl(&console_stdout, TIOCGWINSZ, (long)&size), -ENOTTY);
    config = (struct pith_console_config){.cols = 132, .rows = 50, .tty = PITH_CONSOLE_TTY_OUT};
    start();
    assert_int_equal(console_stdout.ops->ioctl(&console_stdout, TIOCGWINSZ, (long)&size), 0);
    assert_int_equal(size.ws_col, 132);
    assert_int_equal(size.ws_row, 50);
    assert_int_equal(console_stdout.ops->ioctl(&console_stdout, TCGETS, (long)&modes), 0);
    assert_true(modes.c_lflag & ICANON);
    assert_int_equal(console_stdout.ops->ioctl(&console_stdout, TCSETS, (long)&modes), 0);
    modes.c_lflag = 0;
    assert_int_equal(console_stdout.ops->ioctl(&console_stdout, TCSETS, (long)&modes), -EINVAL);
    assert_int_equal(console_stdin.ops->ioctl(&console_stdin, TCGETS, (long)&modes), -ENOTTY);
    assert_true(S_ISCHR(console_stdout.mode));
    assert_true(S_ISFIFO(console_stdin.mode));
}

static void further_devices(void **state)
{
    struct file *a, *b, *c;

    (void)state;
    assert_int_equal(console_open("none", &c), -ENODEV);
    assert_int_equal(console_open("extra", &a), 0);
    assert_int_equal(console_open("extra", &b), 0);
    assert_ptr_equal(a, b);
    assert_int_equal(put(a, "1"), 1);
    assert_int_equal(put(b, "23"), 2);
    assert_string_equal(host.output, "123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(write_is_one_poll, setup),
        cmocka_unit_test_setup(vector_is_one_chain, setup),
        cmocka_unit_test_setup(partial_writes_go_on, setup),
        cmocka_unit_test_setup(errors_of_the_host, setup),
        cmocka_unit_test_setup(error_after_a_part, setup),
        cmocka_unit_test_setup(nonblocking_write, setup),
        cmocka_unit_test_setup(write_interrupted, setup),
        cmocka_unit_test_setup(device_that_keeps_buffers, setup),
        cmocka_unit_test_setup(device_without_status, setup),
        cmocka_unit_test_setup(device_claims_too_much, setup),
        cmocka_unit_test_setup(bad_address, setup),
        cmocka_unit_test_setup(read_takes_what_it_asks_for, setup),
        cmocka_unit_test_setup(long_reads_are_cut, setup),
        cmocka_unit_test_setup(read_into_a_vector, setup),
        cmocka_unit_test_setup(nonblocking_read, setup),
        cmocka_unit_test_setup(read_interrupted, setup),
        cmocka_unit_test_setup(read_restarts, setup),
        cmocka_unit_test_setup(poll_takes_one_byte, setup),
        cmocka_unit_test_setup(poll_wakes_sleepers, setup),
        cmocka_unit_test_setup(output_polls_writable, setup),
        cmocka_unit_test_setup(terminals, setup),
        cmocka_unit_test_setup(further_devices, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
