/* SPDX-License-Identifier: MIT
 *
 * The monitor's network devices: a socket of packets in the TAP device's place, and a stream in
 * passt's. Guests that do not keep to the rules stop the device, and nothing else.
 *
 * net_user.c is included whole, as its buffer is to be empty for every test.
 *
 * sources: monitor/dev/net.c monitor/dev/net_trace.c monitor/dev/queue.c
 * uses:    monitor abi */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"
#include "monitor/core/say.h"
#include "monitor/dev/net.h"
#include "monitor/dev/net_trace.h"

#include "../../monitor/dev/net_user.c"

#define MEM     (256u << 10)
#define HEADER  12u
#define RX_AT   0u
#define TX_AT   (16u << 10)
#define DATA_AT (64u << 10)
#define BUF     2048u

static _Alignas(16) char mem[MEM];
static struct nets ns;
static struct net *net = &ns.dev[0];
static int peer;
static char said[500];

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
}

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

static struct queue_desc *desc(unsigned queue)
{
    return (struct queue_desc *)(mem + queue);
}

static uint16_t *avail(unsigned queue)
{
    return (uint16_t *)(mem + queue + queue_avail_at(NET_QUEUE_SIZE));
}

static struct {
    uint16_t flags, idx;
    struct queue_used ring[NET_QUEUE_SIZE];
} * used(unsigned queue)
{
    return (void *)(mem + queue + queue_used_at(NET_QUEUE_SIZE));
}

static void offer(unsigned queue, uint16_t head)
{
    avail(queue)[2 + avail(queue)[1] % NET_QUEUE_SIZE] = head;
    avail(queue)[1]++;
}

static void describe(unsigned queue, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags,
                     uint16_t next)
{
    desc(queue)[i] = (struct queue_desc){addr, len, flags, next};
}

static void connect_queue(struct queue *q, unsigned at, bool writable)
{
    *q = (struct queue){.rings = (struct queue_rings *)(mem + at),
                        .mem = mem,
                        .mem_base = 0x10000,
                        .mem_len = MEM,
                        .writable = writable,
                        .size = NET_QUEUE_SIZE};
}

static void begin(bool user)
{
    int pair[2], type = user ? SOCK_STREAM : SOCK_SEQPACKET;
    static int ours = -1;
    if (ours >= 0) {
        close(ours);
        close(peer);
    }
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair), 0);
    ours = pair[0];
    peer = pair[1];
    memset(mem, 0, sizeof(mem));
    said[0] = 0;
    in.at = in.end = 0;
    ns = (struct nets){.count = 1};
    *net = (struct net){.name = "net0", .host = user ? NULL : "tap0", .stream = user, .fd = ours, .mtu = 1500};
    connect_queue(&net->rx, RX_AT, true);
    connect_queue(&net->tx, TX_AT, false);
}

/* The guest's address of buffer (i). */
static uint64_t buffer(unsigned i)
{
    return 0x10000 + DATA_AT + i * BUF;
}

static void post(uint16_t i, uint32_t len)
{
    describe(RX_AT, i, buffer(i), len, 2, 0);
    offer(RX_AT, i);
}

static void sends(void **state)
{
    char got[100];
    (void)state;
    begin(false);
    memcpy(mem + DATA_AT + HEADER, "hello ", 6);
    memcpy(mem + DATA_AT + BUF, "world", 5);
    describe(TX_AT, 3, buffer(0), HEADER + 6, 1, 9);
    describe(TX_AT, 9, buffer(1), 5, 0, 0);
    offer(TX_AT, 3);
    assert_int_equal(nets_serve(&ns), 0); /* what is sent ends no wait */
    assert_int_equal(read(peer, got, sizeof(got)), HEADER + 11);
    assert_memory_equal(got + HEADER, "hello world", 11);
    assert_int_equal(used(TX_AT)->idx, 1);
    assert_int_equal(used(TX_AT)->ring[0].id, 3);
}

static void receives_in_several_buffers(void **state)
{
    char packet[HEADER + 300];
    (void)state;
    begin(false);
    net->mtu = 300;
    memset(packet, 0, HEADER);
    memset(packet + HEADER, 'a', 300);
    assert_int_equal(write(peer, packet, sizeof(packet)), sizeof(packet));
    post(0, 128);
    assert_int_equal(nets_serve(&ns), 0); /* no room for the longest */
    assert_false(net_wants_input(net));
    for (uint16_t i = 1; i < 4; i++)
        post(i, 128);
    assert_int_equal(nets_serve(&ns), 3);
    assert_int_equal(used(RX_AT)->idx, 3);
    assert_int_equal(used(RX_AT)->ring[0].len, 128);
    assert_int_equal(used(RX_AT)->ring[2].len, sizeof(packet) - 256);
    assert_int_equal(mem[DATA_AT + 10], 3);
    assert_int_equal(mem[DATA_AT + HEADER], 'a');
    assert_string_equal(said, "");
}

/* Buffers that a poll has looked at and not used are there in the next one, in their order. */
static void receives_again_and_again(void **state)
{
    static char packet[HEADER + 300];
    unsigned posted = 0, taken = 0;
    (void)state;
    begin(false);
    net->mtu = 300;
    for (unsigned n = 0; n < 1000; n++) {
        unsigned count = n % 3 + 1, len = count * 100;
        for (; posted < taken + 20; posted++)
            post((uint16_t)(posted % 32), 100);
        memset(packet + HEADER, 'a' + (int)(n % 26), 300);
        assert_int_equal(write(peer, packet, len), len);
        assert_int_equal(nets_serve(&ns), count);
        for (unsigned i = 0; i < count; i++, taken++) {
            assert_int_equal(used(RX_AT)->ring[taken % NET_QUEUE_SIZE].id, taken % 32);
            assert_int_equal(mem[DATA_AT + taken % 32 * BUF + 99], 'a' + (int)(n % 26));
        }
        assert_int_equal(mem[DATA_AT + (taken - count) % 32 * BUF + 10], count);
    }
    assert_string_equal(said, "");
}

static void stream_both_ways(void **state)
{
    static const char two[] = "\0\0\0\5first\0\0\0\6second\0\0";
    char got[100];
    (void)state;
    begin(true);
    memcpy(mem + DATA_AT + HEADER, "packet", 6);
    describe(TX_AT, 0, buffer(0), HEADER + 6, 0, 0);
    offer(TX_AT, 0);
    nets_serve(&ns);
    assert_int_equal(read(peer, got, sizeof(got)), 10);
    assert_memory_equal(got, "\0\0\0\6packet", 10);

    assert_int_equal(write(peer, two, sizeof(two) - 1), sizeof(two) - 1);
    post(4, BUF);
    post(5, BUF);
    post(6, BUF);
    memset(mem + DATA_AT + 4 * BUF, 0x55, BUF);
    assert_int_equal(nets_serve(&ns), 2);
    assert_int_equal(used(RX_AT)->ring[0].len, HEADER + 5);
    assert_int_equal(used(RX_AT)->ring[1].len, HEADER + 6);
    assert_memory_equal(mem + DATA_AT + 4 * BUF, "\0\0\0\0\0\0\0\0\0\0\1\0first", HEADER + 5);
    assert_memory_equal(mem + DATA_AT + 5 * BUF + HEADER, "second", 6);
    assert_int_equal(write(peer, "\0\1x", 3), 3); /* the rest of a length, and a byte */
    assert_int_equal(nets_serve(&ns), 1);
    assert_string_equal(said, "");
    close(peer);
    peer = dup(0);
    nets_serve(&ns);
    assert_true(net->stopped);
    assert_non_null(strstr(said, "passt has ended"));
}

static void gate_that_ends(void **state)
{
    (void)state;
    begin(false);
    post(4, BUF);
    close(peer);
    peer = dup(0);
    nets_serve(&ns);
    assert_true(net->stopped);
    assert_non_null(strstr(said, "gate of its policy has ended"));
    assert_false(net_wants_input(net));
}

/* A socket that is full takes a packet in parts, none twice. */
static void stream_that_is_full(void **state)
{
    static char got[1 << 20];
    size_t len = 0, n = 0, sent = 200;
    (void)state;
    begin(true);
    int small = 4096;
    setsockopt(net->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    memset(mem + DATA_AT, 'z', MEM - DATA_AT);
    for (uint16_t i = 0; i < sent; i++) {
        describe(TX_AT, i, buffer(0), HEADER + 20000, 0, 0);
        offer(TX_AT, i);
    }
    nets_serve(&ns);
    assert_true(net_wants_output(net));
    for (int tries = 0; tries < 100000 && n < sent * 20004; tries++) {
        ssize_t got_now = read(peer, got, sizeof(got));
        for (ssize_t i = 0; i < got_now; i++, n++) {
            size_t at = n % 20004;
            len = at < 4 ? len << 8 | (uint8_t)got[i] : len;
            if (at == 4)
                assert_int_equal(len & 0xffffffff, 20000);
            if (at >= 4 && got[i] != 'z')
                fail_msg("byte %zu", n);
        }
        nets_serve(&ns);
    }
    assert_int_equal(n, sent * 20004);
    assert_int_equal(used(TX_AT)->idx, sent);
    assert_false(net_wants_output(net));
}

static void stopped_for(const char *why)
{
    nets_serve(&ns);
    assert_true(net->stopped);
    if (!strstr(said, why))
        fail_msg("\"%s\" does not say \"%s\"", said, why);
    uint16_t idx = used(TX_AT)->idx;
    offer(TX_AT, 0);
    assert_int_equal(nets_serve(&ns), 0);
    assert_int_equal(used(TX_AT)->idx, idx);
    assert_false(net_wants_input(net) || net_wants_output(net));
}

static void hostile_guests(void **state)
{
    (void)state;
    for (int user = 0; user < 2; user++) {
        begin(user);
        describe(TX_AT, 0, 0x10000 + MEM - 4, 8, 0, 0);
        offer(TX_AT, 0);
        stopped_for("outside guest memory");
        begin(user);
        describe(TX_AT, 0, buffer(0), 100, 2, 0);
        offer(TX_AT, 0);
        stopped_for("wrong direction");
        begin(user);
        describe(TX_AT, 0, buffer(0), 100, 1, 0);
        offer(TX_AT, 0);
        stopped_for("longer than its queue");
        begin(user);
        offer(TX_AT, NET_QUEUE_SIZE);
        stopped_for("index is too large");
        begin(user);
        avail(TX_AT)[1] = NET_QUEUE_SIZE + 1;
        stopped_for("more buffers are available");
        begin(user);
        net->mtu = 1;
        post(0, 11);
        post(1, 100);
        assert_int_equal(write(peer, "\0\0\0\1xxxxxxxxxxxxx", 17), 17);
        stopped_for(user ? "too small" : "no room for the header");
    }
    begin(true);
    describe(TX_AT, 0, buffer(0), HEADER, 0, 0);
    offer(TX_AT, 0);
    stopped_for("no sound length");
    begin(true);
    describe(TX_AT, 0, 0x10000, MEM, 0, 0);
    offer(TX_AT, 0);
    stopped_for("no sound length");
}

static int fixed_time(int clock, struct timespec *ts)
{
    assert_int_equal(clock, CLOCK_REALTIME);
    *ts = (struct timespec){1700000000, 123456789};
    return 0;
}

static void open_trace(const char *path)
{
    ns.trace = path;
    assert_int_equal(net_trace_open(&ns, fixed_time), 0);
    assert_int_equal(net_trace_place(90), 1);
}

/* One packet each way, of lengths that need padding, in the blocks of the format. */
static void trace_of_both_ways(void **state)
{
    static const uint32_t flags[] = {NET_TRACE_OUT, NET_TRACE_IN};
    char path[] = "/tmp/pith-trace-XXXXXX";
    uint8_t got[1000];
    uint32_t word[8];
    (void)state;
    begin(true);
    close(mkstemp(path));
    open_trace(path);
    memcpy(mem + DATA_AT + HEADER, "hello", 5);
    describe(TX_AT, 0, buffer(0), HEADER + 2, 1, 1);
    describe(TX_AT, 1, buffer(0) + HEADER + 2, 3, 0, 0);
    offer(TX_AT, 0);
    post(4, BUF);
    assert_int_equal(write(peer, "\0\0\0\5world", 9), 9);
    assert_int_equal(nets_serve(&ns), 1);
    assert_string_equal(said, "");

    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, got, sizeof(got));
    close(fd);
    unlink(path);
    memcpy(word, got, 16);
    assert_int_equal(word[0], 0x0a0d0d0a);
    assert_int_equal(word[1], 28);
    assert_int_equal(word[2], 0x1a2b3c4d);
    size_t at = 28;
    memcpy(word, got + at, 16);
    assert_int_equal(word[0], 1);
    assert_int_equal(word[2], 1); /* Ethernet */
    assert_memory_equal(got + at + 16, "\2\0\4\0eth0\3\0\4\0user\11\0\1\0\11\0\0\0\0\0\0", 28);
    at += word[1];
    for (int i = 0; i < 2; i++) {
        memcpy(word, got + at, 28);
        assert_int_equal(word[0], 6);
        assert_int_equal(word[1], 28 + 8 + 16);
        assert_int_equal(word[2], 0);
        assert_int_equal((uint64_t)word[3] << 32 | word[4], 1700000000123456789ull);
        assert_int_equal(word[5], 5);
        assert_int_equal(word[6], 5);
        assert_memory_equal(got + at + 28, i ? "world\0\0" : "hello\0\0", 8);
        memcpy(word, got + at + 36, 16);
        assert_int_equal(word[0], 4 << 16 | 2);
        assert_int_equal(word[1], flags[i]);
        assert_int_equal(word[3], 28 + 8 + 16);
        at += word[3];
    }
    assert_int_equal(at, len);
}

/* A trace that cannot be written any further says so once; packets travel on. */
static void trace_without_room(void **state)
{
    char path[] = "/tmp/pith-trace-XXXXXX";
    (void)state;
    begin(true);
    ns.trace = "/nonexistent/trace";
    assert_int_equal(net_trace_open(&ns, fixed_time), -ENOENT);
    assert_string_equal(said, "--net-trace /nonexistent/trace: No such file or directory");
    ns.trace = "/dev/full";
    assert_int_equal(net_trace_open(&ns, fixed_time), -ENOSPC);

    close(mkstemp(path));
    open_trace(path);
    said[0] = 0;
    int full = open("/dev/full", O_WRONLY);
    assert_int_equal(dup2(full, 90), 90);
    close(full);
    describe(TX_AT, 0, buffer(0), HEADER + 60, 0, 0);
    for (uint16_t i = 0; i < 2; i++) {
        offer(TX_AT, 0);
        nets_serve(&ns);
        assert_int_equal(used(TX_AT)->idx, i + 1);
        if (i == 0)
            assert_non_null(strstr(said, ": the trace ends here: No space left on device"));
        else
            assert_string_equal(said, "");
        said[0] = 0;
    }
    close(90);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends),
        cmocka_unit_test(receives_in_several_buffers),
        cmocka_unit_test(receives_again_and_again),
        cmocka_unit_test(gate_that_ends),
        cmocka_unit_test(stream_that_is_full),
        cmocka_unit_test(hostile_guests),
        cmocka_unit_test(stream_both_ways),
        cmocka_unit_test(trace_of_both_ways),
        cmocka_unit_test(trace_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
