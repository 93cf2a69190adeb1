/* SPDX-License-Identifier: MIT
 *
 * Disks as files, over disks in memory with blocks of several sizes: random transfers compared with
 * a model, and what goes directly.
 *
 * sources: libos/block/file.c tests/unit/fake_plat.c tests/unit/fake_mm.c
 * uses:    block mm */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <ucontext.h>

#include "unit.h"
#include "block/file.h"
#include "fake_mm.h"
#include "fake_plat.h"

#define SIZE (1u << 18)

static uint8_t disk[SIZE], model[SIZE], buf[SIZE + 100];
static unsigned requests, flushes;
static const void *last;               /* memory of the latest request */
static uint64_t fails_at = UINT64_MAX; /* the block whose transfer fails */

static const void *elsewhere; /* memory that no device sees */

/* Two threads that take turns whenever one of them waits: for the disk, or for its lock. */
static ucontext_t threads[2], finished;
static unsigned running, alive;
static bool inside;

static void take_turns(void)
{
    if (alive < 2)
        return;
    unsigned me = running;
    running = !me;
    assert_int_equal(swapcontext(&threads[me], &threads[running]), 0);
}

void wait_sleep_hard(struct wait_queue *q, const char *what)
{
    (void)q;
    (void)what;
    assert_int_equal(alive, 2);
    take_turns();
}

void wait_wake_events(struct wait_queue *q, unsigned events)
{
    (void)q;
    (void)events;
}

void file_free(struct file *f)
{
    (void)f;
}

static int transfer(struct blkdev *dev, struct blk_request *r, unsigned n)
{
    assert_false(inside);
    inside = true;
    take_turns();
    inside = false;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *at = disk + r[i].first * dev->block_size;
        requests++;
        for (unsigned j = 0; j < r[i].n; j++) {
            const struct iovec *v = &r[i].iov[j];
            assert_true(v->iov_len > 0 && v->iov_len % dev->block_size == 0);
            assert_true(at >= disk && at + v->iov_len <= disk + SIZE);
            if (range_inside((uintptr_t)elsewhere, 1, (uintptr_t)v->iov_base, v->iov_len))
                return r[i].result = -EOPNOTSUPP;
            if (fails_at - r[i].first < v->iov_len / dev->block_size)
                return r[i].result = -EIO;
            if (r[i].op == BLK_READ)
                memcpy(v->iov_base, at, v->iov_len);
            else
                memcpy(at, v->iov_base, v->iov_len);
            at += v->iov_len;
            last = v->iov_base;
        }
        r[i].result = 0;
    }
    return 0;
}

static int flush(struct blkdev *dev)
{
    (void)dev;
    flushes++;
    return 0;
}

static const struct blkdev_ops ops = {transfer, flush};
static struct blkdev devices[] = {{&ops, "a", SIZE / 512, 512, false},
                                  {&ops, "b", SIZE / 4096, 4096, false},
                                  {&ops, "c", SIZE / 65536, 65536, false},
                                  {&ops, "d", SIZE / 512, 512, true}};

int blkdev_get(unsigned index, struct blkdev **dev)
{
    if (index >= ARRAY_LEN(devices))
        return -ENODEV;
    *dev = &devices[index];
    return 0;
}

static struct inode inode;

static struct file open_disk(unsigned index, unsigned flags)
{
    struct file f = {.inode = &inode, .flags = flags};

    assert_int_equal(block_file_open(index, &f), 0);
    requests = flushes = 0;
    return f;
}

static int cut(uint64_t *seed, struct iovec *iov, size_t len)
{
    static const size_t steps[] = {0, 1, 100, 512, 511, 4096, 65536, 1024, 8192, 3};
    size_t done = 0;
    int n = 0;

    for (; done < len && n < 30; n++) {
        size_t step = min_size(steps[random_below(seed, 10)], len - done);
        iov[n] = (struct iovec){buf + done, step};
        done += step;
    }
    iov[n] = (struct iovec){buf + done, len - done};
    return n + 1;
}

static void random_transfers(void **state)
{
    (void)state;
    for (unsigned index = 0; index < 3; index++) {
        struct file f = open_disk(index, O_RDWR);
        uint64_t seed = index + 1;
        memcpy(model, disk, SIZE);
        for (int i = 0; i < 3000; i++) {
            struct iovec iov[31];
            uint64_t pos = random_below(&seed, SIZE);
            size_t len = 1 + random_below(&seed, random_below(&seed, 4) ? 10000 : SIZE);
            if (random_below(&seed, 3) == 0)
                pos &= ~511ull;
            size_t want = min_size(len, SIZE - pos);
            int n = cut(&seed, iov, len);
            uint64_t at = pos;
            if (random_below(&seed, 2)) {
                for (size_t j = 0; j < len; j++)
                    buf[j] = (uint8_t)random_next(&seed);
                memcpy(model + pos, buf, want);
                assert_int_equal(f.ops->writev(&f, iov, n, &at), want);
                assert_memory_equal(disk, model, SIZE);
            } else {
                assert_int_equal(f.ops->readv(&f, iov, n, &at), want);
                assert_memory_equal(buf, model + pos, want);
            }
            assert_int_equal(at, pos + want);
        }
    }
}

/* What is aligned goes from and to the program's memory, in one request. */
static void without_a_copy(void **state)
{
    struct file f = open_disk(1, O_RDWR | O_DIRECT);
    struct iovec iov[2] = {{buf, 8192}, {buf + 8192, 4096}};
    uint64_t pos = 4096;

    (void)state;
    assert_int_equal(f.ops->readv(&f, iov, 2, &pos), 12288);
    assert_int_equal(requests, 1);
    assert_ptr_equal(last, buf + 8192);
    /* A head that is not, then the rest. */
    iov[0] = (struct iovec){buf, 100000};
    pos = 4000;
    assert_int_equal(f.ops->readv(&f, iov, 1, &pos), 100000);
    assert_int_equal(requests, 4);
}

static void edges(void **state)
{
    struct file f = open_disk(0, O_RDWR | O_SYNC);
    struct iovec iov = {buf, 1024}, none = {buf, 0};
    uint64_t pos = SIZE;

    (void)state;
    assert_int_equal(inode.size, SIZE);
    assert_int_equal(f.ops->readv(&f, &iov, 1, &pos), 0);
    assert_int_equal(f.ops->writev(&f, &iov, 1, &pos), -ENOSPC);
    assert_int_equal(f.ops->writev(&f, &none, 1, &pos), 0);
    pos = UINT64_MAX;
    assert_int_equal(f.ops->readv(&f, &iov, 1, &pos), 0);
    assert_int_equal(f.ops->writev(&f, &iov, 1, &pos), -ENOSPC);
    pos = SIZE - 512;
    assert_int_equal(f.ops->writev(&f, &iov, 1, &pos), 512);
    assert_int_equal(pos, SIZE);
    assert_int_equal(flushes, 1);
    assert_int_equal(f.ops->fsync(&f), 0);
    block_sync();
    assert_true(flushes >= 3);
    struct file r = {.inode = &inode, .flags = O_RDWR};
    assert_int_equal(block_file_open(3, &r), -EROFS);
    assert_int_equal(block_file_open(4, &r), -ENXIO);
    assert_int_equal(block_file_open(1000, &r), -ENXIO);
}

/* What came before an error counts. */
static void errors(void **state)
{
    struct file f = open_disk(0, O_RDWR);
    struct iovec iov[2] = {{buf, 700}, {buf + 700, 100000}};
    uint64_t pos = 0;

    (void)state;
    fails_at = 100;
    assert_in_range(f.ops->readv(&f, iov, 2, &pos), 512, 51200);
    assert_int_equal(f.ops->readv(&f, iov + 1, 1, (pos = 51200, &pos)), -EIO);
    assert_int_equal(f.ops->writev(&f, iov, 1, (pos = 51300, &pos)), -EIO);
    assert_int_equal(pos, 51300);
    fails_at = UINT64_MAX;
}

/* Each writes its own bytes of the same blocks, and reads them again. */
static void worker(int number)
{
    struct file f = open_disk(1, O_RDWR);
    uint8_t mine[100], got[100];

    for (unsigned i = 0; i < 200; i++) {
        uint64_t pos = i * 211 + (unsigned)number * 100, at = pos;
        struct iovec iov = {mine, sizeof(mine)}, back = {got, sizeof(got)};
        memset(mine, number * 100 + (int)i % 100, sizeof(mine));
        assert_int_equal(f.ops->writev(&f, &iov, 1, &at), sizeof(mine));
        at = pos;
        assert_int_equal(f.ops->readv(&f, &back, 1, &at), sizeof(got));
        assert_memory_equal(mine, got, sizeof(mine));
        memcpy(model + pos, mine, sizeof(mine));
    }
    if (--alive > 0) {
        running = !number;
        setcontext(&threads[running]);
    }
}

/* Memory that devices do not see takes the way through the buffer. */
static void not_this_memory(void **state)
{
    struct file f = open_disk(1, O_RDWR);
    struct iovec iov = {buf, 100000};
    uint64_t pos = 4096;

    (void)state;
    elsewhere = buf + 50000;
    memset(buf, 0, 100000);
    assert_int_equal(f.ops->readv(&f, &iov, 1, &pos), 100000);
    assert_memory_equal(buf, disk + 4096, 100000);
    memset(buf, 7, 100000);
    pos = 8192;
    assert_int_equal(f.ops->writev(&f, &iov, 1, &pos), 100000);
    assert_memory_equal(buf, disk + 8192, 100000);
    elsewhere = NULL;
}

static void start_thread(int number)
{
    static char stacks[2][1 << 16];
    ucontext_t *t = &threads[number];

    assert_int_equal(getcontext(t), 0);
    t->uc_stack.ss_sp = stacks[number];
    t->uc_stack.ss_size = sizeof(stacks[number]);
    t->uc_link = &finished;
    makecontext(t, (void (*)(void))worker, 1, number);
}

static void two_threads(void **state)
{
    (void)state;
    memcpy(model, disk, SIZE);
    alive = 2;
    running = 0;
    start_thread(0);
    start_thread(1);
    swapcontext(&finished, &threads[0]);
    assert_int_equal(alive, 0);
    assert_memory_equal(model, disk, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_transfers),
        cmocka_unit_test(without_a_copy),
        cmocka_unit_test(edges),
        cmocka_unit_test(errors),
        cmocka_unit_test(not_this_memory),
        cmocka_unit_test(two_threads),
    };
    fake_reset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
