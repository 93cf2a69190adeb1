/* SPDX-License-Identifier: MIT
 *
 * Consoles over pipes, and whom they wait for.
 *
 * sources: monitor/dev/console.c monitor/dev/queue.c monitor/dev/net.c monitor/core/say.c
 * sources: monitor/dev/net_user.c monitor/dev/net_trace.c monitor/dev/busy_poll.c monitor/dev/moderation.c
 * uses:    monitor abi */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "abi/hypercall.h"
#include "monitor/dev/console.h"

#define MEM_BASE 0x10000000000ull

static struct queue_rings rings[3];
static char mem[8192];
static struct consoles cs;
static uint64_t pending;
static int in[2], out[2], err[2]; /* pipes; the console has in[0], out[1], err[1] */
static unsigned calls;            /* system calls that could block */

/* Without the race that the real one closes: no signals come here. */
long wait_call(const uint64_t *due, long number, long a, long b, long c, long d)
{
    calls++;
    if (*due)
        return -EINTR;
    long n = syscall(number, a, b, c, d, 0, 0);
    return n < 0 ? -errno : n;
}

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

static int64_t now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct queue queue(struct queue_rings *r, bool writable)
{
    return (struct queue){
        .rings = r, .mem = mem, .mem_base = MEM_BASE, .mem_len = sizeof(mem), .writable = writable};
}

static int start(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    memset(rings, 0, sizeof(rings));
    memset(mem, 0, sizeof(mem));
    pending = 0;
    calls = 0;
    if (pipe(in) || pipe(out) || pipe(err))
        return -1;
    cs = (struct consoles){.count = 2, .pending = &pending, .now = now};
    cs.dev[0] = (struct console){.name = "stdio",
                                 .in = in[0],
                                 .out = out[1],
                                 .rx = queue(&rings[0], true),
                                 .tx = queue(&rings[1], false)};
    cs.dev[1] =
        (struct console){.name = "stderr", .in = -1, .out = err[1], .tx = queue(&rings[2], false)};
    return 0;
}

static int stop(void **state)
{
    int *fds[] = {in, out, err};
    (void)state;
    for (int i = 0; i < 6; i++)
        close(fds[i / 2][i % 2]);
    return 0;
}

/* Makes [at, at + len) of memory available as one buffer. */
static void offer(unsigned ring, uint16_t at, uint32_t len)
{
    struct queue_rings *r = &rings[ring];
    unsigned i = r->avail.idx % QUEUE_SIZE;
    r->desc[i] = (struct queue_desc){MEM_BASE + at, len, ring == 0 ? 2 : 0, 0};
    r->avail.ring[i] = (uint16_t)i;
    r->avail.idx++;
}

static void send(unsigned ring, uint16_t at, const char *text)
{
    memcpy(mem + at, text, strlen(text));
    offer(ring, at, (uint32_t)strlen(text));
}

static void expect(int fd, const char *text)
{
    char buf[200] = "";
    assert_int_equal(read(fd, buf, sizeof(buf)), strlen(text));
    assert_string_equal(buf, text);
}

static void sends_in_one_call(void **state)
{
    (void)state;
    send(1, 0, "one ");
    send(1, 10, "two");
    send(2, 20, "error");
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 3);
    assert_int_equal(calls, 3);
    assert_int_equal(rings[1].used.ring[0].len, 4);
    assert_int_equal(rings[1].used.ring[1].len, 3);
    expect(out[0], "one two");
    expect(err[0], "error");
}

static void receives(void **state)
{
    (void)state;
    offer(0, 100, 3);
    assert_int_equal(consoles_poll(&cs, 0), 0);
    assert_int_equal(write(in[1], "hello", 5), 5);
    assert_int_equal(consoles_poll(&cs, 0), 1);
    assert_int_equal(rings[0].used.ring[0].len, 3);
    assert_memory_equal(mem + 100, "hel", 4);   /* not a byte more */
    assert_int_equal(consoles_poll(&cs, 0), 0); /* nothing posted: nothing read */
    offer(0, 100, 3);
    calls = 0;
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    assert_int_equal(calls, 1); /* reading is waiting */
    assert_int_equal(rings[0].used.ring[1].len, 2);
}

static void end_of_input(void **state)
{
    (void)state;
    close(in[1]);
    in[1] = dup(0);
    offer(0, 0, 10);
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    assert_int_equal(rings[0].used.ring[0].len, 0);
}

static void deadline(void **state)
{
    (void)state;
    int64_t before = now();
    assert_int_equal(consoles_poll(&cs, before + 30000000), 0);
    assert_true(now() - before >= 30000000);
    offer(0, 0, 10); /* waiting for input keeps to it as well */
    before = now();
    assert_int_equal(consoles_poll(&cs, before + 30000000), 0);
    assert_true(now() - before >= 30000000);
    assert_int_equal(consoles_poll(&cs, 1), 0); /* long past */
}

static void errors_are_told(void **state)
{
    (void)state;
    close(out[0]);
    out[0] = dup(0);
    send(1, 0, "lost");
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    assert_int_equal((int32_t)rings[1].used.ring[0].len, -EPIPE);
    close(in[0]);
    offer(0, 0, 10);
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    assert_int_equal((int32_t)rings[0].used.ring[0].len, -EBADF);
    in[0] = dup(0);
}

static void fill(int fd)
{
    char buf[65536];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    memset(buf, 'x', sizeof(buf));
    while (write(fd, buf, sizeof(buf)) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}

static void a_full_pipe_is_waited_for(void **state)
{
    (void)state;
    char buf[65536];
    for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        uint16_t at = rings[1].used.idx;
        fcntl(out[1], F_SETFL, flags);
        fill(out[1]);
        int64_t before = now();
        pid_t child = fork();
        if (child == 0) {
            usleep(20000);
            for (int i = 0; i < 16; i++)
                if (read(out[0], buf, 4096) != 4096)
                    _exit(1);
            _exit(0);
        }
        send(1, 0, "later");
        assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
        assert_int_equal(rings[1].used.ring[at].len, 5);
        assert_true(now() - before >= 15000000);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(read(out[0], buf, sizeof(buf)), 5);
    }
}

/* Nothing stays in the queue, and a descriptor that would block is not waited for. */
static void a_full_pipe_within_a_deadline(void **state)
{
    (void)state;
    char buf[65536];
    fill(out[1]);
    send(1, 0, "lost");
    assert_int_equal(consoles_poll(&cs, 0), 1);
    assert_int_equal((int32_t)rings[1].used.ring[0].len, -EAGAIN);
    int64_t before = now();
    send(1, 0, "lost");
    assert_int_equal(consoles_poll(&cs, before + 5000000), 1);
    assert_int_equal((int32_t)rings[1].used.ring[1].len, -EAGAIN);
    assert_true(now() - before >= 5000000);
    assert_int_equal(read(out[0], buf, sizeof(buf)), 65536);

    fill(out[1]);
    assert_int_equal(read(out[0], buf, 4096), 4096);
    offer(1, 0, 6000); /* accepted in part */
    assert_int_equal(consoles_poll(&cs, 0), 1);
    assert_int_equal(rings[1].used.ring[2].len, 4096);
}

static void input_that_does_not_block(void **state)
{
    (void)state;
    fcntl(in[0], F_SETFL, O_NONBLOCK);
    offer(0, 0, 10);
    int64_t before = now();
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(in[1], "x", 1) != 1);
    }
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    assert_true(now() - before >= 15000000);
    assert_true(calls < 8); /* it did not spin */
}

static void a_signal_is_due(void **state)
{
    (void)state;
    pending = 1;
    offer(0, 0, 10);
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), -EINTR);
    assert_int_equal(consoles_poll(&cs, 0), -EINTR);
    send(1, 100, "still written");
    assert_int_equal(consoles_poll(&cs, PITH_POLL_FOREVER), 1);
    expect(out[0], "still written");
}

static void a_malformed_queue_stops_its_device(void **state)
{
    char text[300] = "";
    int old = dup(STDERR_FILENO), log[2];
    (void)state;
    assert_int_equal(pipe(log), 0);
    dup2(log[1], STDERR_FILENO);
    rings[1].avail.idx = 100;
    offer(0, 0, 10);
    assert_int_equal(write(in[1], "x", 1), 1);
    long n = consoles_poll(&cs, 0), again = consoles_poll(&cs, 0);
    dup2(old, STDERR_FILENO);
    close(old);
    close(log[1]);
    assert_int_equal(n, 0);
    assert_int_equal(again, 0);
    assert_int_equal(rings[0].used.idx, 0); /* the other queue of the device as well */
    assert_true(read(log[0], text, sizeof(text) - 1) > 0);
    close(log[0]);
    assert_string_equal(
        text, "pith: console stdio: transmit queue: more buffers are available than the queue has "
              "entries; the device is stopped\n");
    send(2, 20, "others go on");
    assert_int_equal(consoles_poll(&cs, 0), 1);
    expect(err[0], "others go on");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_in_one_call),
        TEST(receives),
        TEST(end_of_input),
        TEST(deadline),
        TEST(errors_are_told),
        TEST(a_full_pipe_is_waited_for),
        TEST(a_full_pipe_within_a_deadline),
        TEST(input_that_does_not_block),
        TEST(a_signal_is_due),
        TEST(a_malformed_queue_stops_its_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
