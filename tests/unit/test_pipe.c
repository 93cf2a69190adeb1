/* SPDX-License-Identifier: MIT
 *
 * Pipes: the bytes and slots against a simple model, atomic writes, ends that go, growth and its
 * limits, and waits that can never end. FIFOs are opened and compared with Linux in
 * tests/system/calls.
 *
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c libos/vfs/pipe.c
 * sources: libos/thread/thread.c
 * sources: libos/thread/wait.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: vfs mm thread */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include "fake_mm.h"
#include "fake_plat.h"
#include "iface/user.h"
#include "vfs/fd.h"
#include "vfs/pipe.h"

struct file *const stdio_files[3];

bool user_writable(const void *addr, size_t len)
{
    (void)addr, (void)len;
    return true;
}

static struct file *ends[2];

static int start(void **state)
{
    (void)state;
    fake_reset();
    return pipe_create(ends, O_NONBLOCK);
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        if (ends[i])
            file_put(ends[i]);
    ends[0] = ends[1] = NULL;
    return fake_mm.heap_bytes || fake_mm.pages;
}

static long put(const void *buf, size_t n)
{
    struct iovec iov = {(void *)buf, n};
    return ends[1]->ops->writev(ends[1], &iov, 1, &ends[1]->pos);
}

static long get(void *buf, size_t n)
{
    struct iovec iov = {buf, n};
    return ends[0]->ops->readv(ends[0], &iov, 1, &ends[0]->pos);
}

static int ready(int end)
{
    struct wait_queue *q;
    return ends[end]->ops->poll(ends[end], &q);
}

/* The slots of a pipe as Linux fills them: lengths, the first one less what was read of it. */
struct model {
    size_t len[256], off[256]; /* (off): where a slot's bytes end in its page, for appending */
    bool packet[256];
    size_t used, max;
};

static void model_pop(struct model *m)
{
    m->used--;
    memmove(m->len, m->len + 1, m->used * sizeof(m->len[0]));
    memmove(m->off, m->off + 1, m->used * sizeof(m->off[0]));
    memmove(m->packet, m->packet + 1, m->used * sizeof(m->packet[0]));
}

static long model_put(struct model *m, size_t n, bool packet)
{
    size_t done = 0, odd = n % 4096, last = m->used - 1;

    if (m->used > 0 && odd > 0 && !m->packet[last] && m->off[last] + odd <= 4096) {
        m->len[last] += odd;
        m->off[last] += odd;
        done = odd;
    }
    while (done < n && m->used < m->max) {
        size_t len = min_size(n - done, 4096);
        m->len[m->used] = m->off[m->used] = len;
        m->packet[m->used++] = packet;
        done += len;
    }
    return n > 0 && done == 0 ? -EAGAIN : (long)done;
}

/* (lost): what a packet had more. */
static long model_get(struct model *m, size_t n, size_t *lost)
{
    size_t done = 0;
    bool packet = false;

    *lost = 0;
    if (n > 0 && m->used == 0)
        return -EAGAIN;
    while (done < n && m->used > 0 && !packet) {
        size_t len = min_size(n - done, m->len[0]);
        packet = m->packet[0];
        m->len[0] -= len;
        done += len;
        if (packet)
            *lost = m->len[0];
        if (m->len[0] == 0 || packet)
            model_pop(m);
    }
    return (long)done;
}

static void test_model(void **state)
{
    (void)state;
    static unsigned char buf[100000], out[100000];
    static struct model m = {.max = 16};
    uint64_t seed = 17, written = 0, taken = 0;

    for (int i = 0; i < 60000; i++) {
        size_t n = random_below(&seed, random_below(&seed, 3) ? 99 : 20000), lost;
        if (random_below(&seed, 200) == 0)
            ends[1]->flags ^= O_DIRECT;
        if (random_below(&seed, 500) == 0) {
            size_t want = 1 + random_below(&seed, 150000), max = 1;
            while (max * 4096 < want)
                max *= 2;
            long r = ends[0]->ops->control(ends[0], F_SETPIPE_SZ, (long)want);
            assert_int_equal(r, max < m.used ? -EBUSY : (long)max * 4096);
            if (r > 0)
                m.max = max;
        } else if (random_below(&seed, 2)) {
            for (size_t j = 0; j < n; j++)
                buf[j] = (unsigned char)((written + j) * 7);
            long r = put(buf, n);
            assert_int_equal(r, model_put(&m, n, ends[1]->flags & O_DIRECT));
            written += r > 0 ? (uint64_t)r : 0;
        } else {
            long r = get(out, n);
            assert_int_equal(r, model_get(&m, n, &lost));
            for (long j = 0; j < r; j++)
                assert_int_equal(out[j], (unsigned char)((taken + (uint64_t)j) * 7));
            taken += (r > 0 ? (uint64_t)r : 0) + lost;
        }
        int waiting;
        assert_int_equal(ends[0]->ops->ioctl(ends[0], FIONREAD, (long)&waiting), 0);
        assert_int_equal(waiting, written - taken);
        assert_int_equal(!!(ready(0) & POLLIN), m.used > 0);
        assert_int_equal(!!(ready(1) & POLLOUT), m.used < m.max);
    }
    assert_true(written > 1000000);
}

/* Memory that runs out in the middle: what was written is there, and nothing else. */
static void test_no_memory_to_write(void **state)
{
    (void)state;
    static unsigned char buf[20000], out[20000];
    uint64_t seed = 5, written = 0, taken = 0;

    fake_mm.fail_percent = 50;
    for (int i = 0; i < 5000; i++) {
        size_t n = 1 + random_below(&seed, 20000);
        for (size_t j = 0; j < n; j++)
            buf[j] = (unsigned char)((written + j) * 7);
        long r = put(buf, n);
        assert_true(r > 0 || r == -ENOMEM || r == -EAGAIN);
        written += r > 0 ? (uint64_t)r : 0;
        r = get(out, random_below(&seed, 20000));
        assert_true(r >= 0 || r == -EAGAIN);
        for (long j = 0; j < r; j++)
            assert_int_equal(out[j], (unsigned char)((taken + (uint64_t)j) * 7));
        taken += r > 0 ? (uint64_t)r : 0;
    }
    fake_mm.fail_percent = 0;
    assert_true(taken > 1000000);
}

static void test_ends(void **state)
{
    (void)state;
    char c = 0;

    assert_int_equal(put("ab", 2), 2);
    assert_int_equal(ready(0), POLLIN | POLLRDNORM);
    assert_int_equal(ready(1), POLLOUT | POLLWRNORM);
    file_put(ends[1]);
    ends[1] = NULL;
    assert_int_equal(ready(0), POLLIN | POLLRDNORM | POLLHUP);
    assert_int_equal(get(&c, 1), 1);
    assert_int_equal(get(&c, 1), 1);
    assert_int_equal(c, 'b');
    assert_int_equal(get(&c, 1), 0);
    assert_int_equal(ready(0), POLLHUP);
}

static void test_no_reader(void **state)
{
    (void)state;
    file_put(ends[0]);
    ends[0] = NULL;
    assert_true(ready(1) & POLLERR);
    /* Without a handler the signal ends the machine, as it ends a process. */
    assert_true(FAKE_ENDS(put("x", 1), FAKE_DIED));
    assert_int_equal(fake.status, SIGPIPE);
}

static void test_deadlock_is_told(void **state)
{
    (void)state;
    static char buf[70000];
    char c;

    ends[0]->flags &= ~(unsigned)O_NONBLOCK;
    ends[1]->flags &= ~(unsigned)O_NONBLOCK;
    assert_true(FAKE_ENDS(get(&c, 1), FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "read from an empty pipe"));
    assert_true(FAKE_ENDS(put(buf, sizeof buf), FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "write to a full pipe"));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct file *other[2];

    for (uint64_t k = 1;; k++) {
        fake_mm.allocations = 0;
        fake_mm.fail_at = k;
        size_t bytes = fake_mm.heap_bytes, pages = fake_mm.pages;
        int err = pipe_create(other, 0);
        if (err == 0)
            break;
        assert_int_equal(err, -ENOMEM);
        assert_int_equal(fake_mm.heap_bytes, bytes);
        assert_int_equal(fake_mm.pages, pages);
        assert_true(k < 20);
    }
    fake_mm.fail_at = 0;
    file_put(other[0]);
    file_put(other[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, start, stop),
        cmocka_unit_test_setup_teardown(test_no_memory_to_write, start, stop),
        cmocka_unit_test_setup_teardown(test_ends, start, stop),
        cmocka_unit_test_setup_teardown(test_no_reader, start, stop),
        cmocka_unit_test_setup_teardown(test_deadlock_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_out_of_memory, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
