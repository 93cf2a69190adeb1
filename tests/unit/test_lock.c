/* SPDX-License-Identifier: MIT
 *
 * Locks on files: record locks of the process and of open files against a model that keeps one
 * owner's type for each byte, and flock against one that keeps a type for each file.
 *
 * sources: libos/vfs/lock.c libos/thread/wait.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: libos/thread/thread.c
 * uses: vfs mm thread */
#include "unit.h"
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>
#include "fake_mm.h"
#include "fake_plat.h"
#include "vfs/lock.h"

#define BYTES  60
#define OWNERS 3 /* 0 is the process */

static struct inode inode;
static struct file files[OWNERS];
static char model[OWNERS][BYTES]; /* F_UNLCK, F_RDLCK or F_WRLCK */

static struct file *owner(unsigned i)
{
    return i ? &files[i] : NULL;
}

static bool conflicts(unsigned who, short type, unsigned start, unsigned end)
{
    for (unsigned o = 0; o < OWNERS; o++)
        for (unsigned b = start; b < end; b++)
            if (o != who && model[o][b] != F_UNLCK && (type == F_WRLCK || model[o][b] == F_WRLCK))
                return true;
    return false;
}

/* Asks for every byte alone what is in the way of each owner. */
static void check(void)
{
    for (unsigned who = 0; who < OWNERS; who++) {
        for (unsigned b = 0; b < BYTES; b++) {
            struct flock fl = {.l_type = F_WRLCK, .l_start = b, .l_len = 1};
            lock_get(&inode, owner(who), &fl);
            assert_int_equal(fl.l_type != F_UNLCK, conflicts(who, F_WRLCK, b, b + 1));
            if (fl.l_type == F_UNLCK)
                continue;
            /* All of what it names is held by one owner with that type, and ends where that ends.
             */
            unsigned end = fl.l_len ? (unsigned)(fl.l_start + fl.l_len) : BYTES, found = 0;
            for (unsigned o = 0; o < OWNERS; o++) {
                bool all = o != who && (o == 0) == (fl.l_pid == 1);
                for (unsigned i = (unsigned)fl.l_start; i < end; i++)
                    all = all && model[o][i] == fl.l_type;
                all = all && (fl.l_start == 0 || model[o][fl.l_start - 1] != fl.l_type);
                all = all && (end == BYTES || model[o][end] != fl.l_type);
                found += all;
            }
            assert_true(found > 0);
        }
    }
}

static void test_model(void **state)
{
    (void)state;
    static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
    uint64_t seed = 29;

    fake_reset();
    memset(model, F_UNLCK, sizeof model);
    for (int i = 0; i < 20000; i++) {
        unsigned who = (unsigned)random_below(&seed, OWNERS);
        unsigned start = (unsigned)random_below(&seed, BYTES);
        unsigned end = start + 1 + (unsigned)random_below(&seed, BYTES - start);
        struct flock fl = {.l_type = types[random_below(&seed, 3)], .l_start = start};
        fl.l_len = end == BYTES ? 0 : end - start;
        fake_mm.fail_percent = i % 2000 < 1000 ? 0 : 10;
        if (random_below(&seed, 50) == 0) {
            if (inode.locks)
                inode.locks->closed(&inode, owner(who));
            memset(model[who], F_UNLCK, BYTES);
            continue;
        }
        int err = lock_set(&inode, owner(who), &fl, false);
        if (err == -ENOMEM && fake_mm.fail_percent)
            continue;
        if (fl.l_type != F_UNLCK && conflicts(who, fl.l_type, start, end)) {
            assert_int_equal(err, -EAGAIN);
            continue;
        }
        assert_int_equal(err, 0);
        memset(model[who] + start, fl.l_type, end - start);
        if (i % 20 == 0)
            check();
    }
    fake_mm.fail_percent = 0;
    check();
    for (unsigned who = 0; who < OWNERS; who++)
        if (inode.locks)
            inode.locks->closed(&inode, owner(who));
    assert_null(inode.locks);
    assert_int_equal(fake_mm.heap_bytes, 0);
}

static void test_whole(void **state)
{
    (void)state;
    static const int ops[] = {LOCK_SH, LOCK_EX, LOCK_UN};
    int held[OWNERS] = {LOCK_UN, LOCK_UN, LOCK_UN};
    uint64_t seed = 31;

    fake_reset();
    for (int i = 0; i < 5000; i++) {
        unsigned who = 1 + (unsigned)random_below(&seed, OWNERS - 1), other = 3 - who;
        int op = ops[random_below(&seed, 3)];
        int err = lock_whole(&inode, &files[who], op | LOCK_NB);
        bool busy =
            op != LOCK_UN && held[other] != LOCK_UN && (op == LOCK_EX || held[other] == LOCK_EX);
        if (busy && held[who] != op) {
            /* The lock it had is lost: flock(2), a change is not atomic. */
            assert_int_equal(err, -EWOULDBLOCK);
            held[who] = LOCK_UN;
        } else {
            assert_int_equal(err, 0);
            held[who] = op;
        }
    }
    for (unsigned who = 1; who < OWNERS; who++)
        if (inode.locks)
            inode.locks->closed(&inode, &files[who]);
    assert_null(inode.locks);
    assert_int_equal(fake_mm.heap_bytes, 0);
}

/* Nobody else is there to give it up. */
static void test_deadlock_is_told(void **state)
{
    (void)state;
    struct flock fl = {.l_type = F_WRLCK};

    fake_reset();
    assert_int_equal(lock_set(&inode, &files[1], &fl, false), 0);
    int err = 0;
    assert_true(FAKE_ENDS(err = lock_set(&inode, NULL, &fl, true), FAKE_CRASHED));
    assert_int_equal(err, 0);
    assert_non_null(strstr(fake.reason, "lock"));
    /* The jump out of it has left a waiter behind. */
    inode.locks->waiters = 0;
    inode.locks->closed(&inode, &files[1]);
    assert_null(inode.locks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_deadlock_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
