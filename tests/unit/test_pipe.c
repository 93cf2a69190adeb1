/* SPDX-License-Identifier: MIT
 *
 * Pipes: the bytes against a simple model, atomic writes, ends that go, growth and its limits, and
 * waits that can never end. FIFOs are opened and compared with Linux in tests/system/calls.
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
#include "fake_mm.h"
#include "fake_plat.h"
#include "vfs/fd.h"
#include "vfs/pipe.h"

struct file *const stdio_files[3];

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

static void test_model(void **state)
{
    (void)state;
    static unsigned char buf[100000], out[100000];
    uint64_t seed = 17, written = 0, taken = 0;
    size_t limit = PIPE_DEFAULT;

    for (int i = 0; i < 40000; i++) {
        size_t held = written - taken, n = random_below(&seed, random_below(&seed, 2) ? 99 : 20000);
        fake_mm.fail_percent = i % 4000 < 2000 ? 0 : 50;
        if (random_below(&seed, 500) == 0) {
            size_t want = 1 + random_below(&seed, 150000);
            long r = ends[0]->ops->control(ends[0], F_SETPIPE_SZ, (long)want);
            if (r > 0) {
                assert_true((size_t)r >= want && (size_t)r >= held);
                limit = (size_t)r;
            } else {
                assert_true(r == -EBUSY || (r == -ENOMEM && fake_mm.fail_percent));
            }
        } else if (random_below(&seed, 2)) {
            for (size_t j = 0; j < n; j++)
                buf[j] = (unsigned char)((written + j) * 7);
            long r = put(buf, n);
            if (!fake_mm.fail_percent && n > 0)
                assert_int_equal(r, n <= 4096 && n > limit - held ? -EAGAIN
                                    : held == limit               ? -EAGAIN
                                                    : (long)min_size(n, limit - held));
            if (r > 0)
                written += (uint64_t)r;
            if (r > 0 && n <= 4096)
                assert_int_equal(r, n);
        } else {
            long r = get(out, n);
            assert_int_equal(r, n == 0 ? 0 : held == 0 ? -EAGAIN : (long)min_size(n, held));
            for (long j = 0; j < r; j++)
                assert_int_equal(out[j], (unsigned char)((taken + (uint64_t)j) * 7));
            taken += r > 0 ? (uint64_t)r : 0;
        }
        assert_int_equal(!!(ready(0) & POLLIN), written > taken);
    }
    fake_mm.fail_percent = 0;
    assert_true(written > 1000000);
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
        cmocka_unit_test_setup_teardown(test_ends, start, stop),
        cmocka_unit_test_setup_teardown(test_no_reader, start, stop),
        cmocka_unit_test_setup_teardown(test_deadlock_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_out_of_memory, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
