/* SPDX-License-Identifier: MIT
 *
 * epoll over files of the test's own: random calls against a simple model, lists of items that go
 * with their files, waits of several threads' kind, memory that runs out.
 *
 * sources: libos/vfs/anon.c libos/vfs/epoll.c libos/vfs/fd.c libos/vfs/inode.c libos/vfs/watch.c
 * sources: tests/unit/fake_console.c
 * sources: libos/thread/wait.c libos/thread/thread.c libos/thread/timer.c
 * sources: tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: vfs mm thread */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include "fake_mm.h"
#include "fake_plat.h"
#include "iface/timer.h"
#include "iface/user.h"
#include "vfs/epoll.h"
#include "vfs/fd.h"
#include "vfs/open.h"

struct file *const stdio_files[3];

static bool all_writable = true;

bool user_writable(const void *addr, size_t len)
{
    (void)addr, (void)len;
    return all_writable;
}

/* A file whose bits the test sets. */
struct toy {
    int bits;
    unsigned polls;
    struct wait_queue wait;
};

static int toy_poll(struct file *f, struct wait_queue **q)
{
    struct toy *t = f->data;

    t->polls++;
    *q = &t->wait;
    return t->bits;
}

static const struct file_ops toy_ops = {.poll = toy_poll, .release = file_free};

static void set_bits(struct file *f, int bits)
{
    struct toy *t = f->data;
    int come = bits & ~t->bits;

    t->bits = bits;
    if (come)
        wait_wake_events(&t->wait, (unsigned)come);
}

static struct file *toy(struct toy *t)
{
    *t = (struct toy){0};
    return file_anonymous(&toy_ops, t, O_RDWR);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    all_writable = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fake_mm.heap_bytes != 0;
}

static int change(struct file *ep, int op, struct file *f, int fd, unsigned events)
{
    struct epoll_event e = {.events = events, .data.u64 = (uint64_t)fd};

    return epoll_change(ep, op, f, fd, &e);
}

#define FILES 40

/* What the model knows of an item. */
struct model {
    bool in, armed, enabled;
    unsigned events;
};

/* Whether item (i) must be told now; (armed) says that something came since it was told last. */
static bool due(const struct model *m, const struct toy *t)
{
    return m->in && m->enabled && ((unsigned)t->bits & (m->events | EPOLLERR | EPOLLHUP)) &&
           (m->armed || !(m->events & EPOLLET));
}

static void test_model(void **state)
{
    (void)state;
    static const unsigned hows[] = {0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT};
    static struct toy toys[FILES];
    struct file *files[FILES], *ep = epoll_new();
    struct model model[FILES] = {0};
    struct epoll_event out[FILES];
    uint64_t seed = 11;
    unsigned told = 0;

    for (int i = 0; i < FILES; i++)
        files[i] = toy(&toys[i]);
    for (int round = 0; round < 200000; round++) {
        int i = (int)random_below(&seed, FILES);
        struct model *m = &model[i];
        unsigned events = (unsigned)random_below(&seed, 8) | hows[random_below(&seed, 4)];
        switch (random_below(&seed, 6)) {
        case 0:
            assert_int_equal(change(ep, EPOLL_CTL_ADD, files[i], i, events), m->in ? -EEXIST : 0);
            if (!m->in)
                *m = (struct model){true, true, true, events};
            break;
        case 1:
            assert_int_equal(change(ep, EPOLL_CTL_MOD, files[i], i, events), m->in ? 0 : -ENOENT);
            if (m->in)
                *m = (struct model){true, true, true, events};
            break;
        case 2:
            if (random_below(&seed, 3))
                break;
            assert_int_equal(change(ep, EPOLL_CTL_DEL, files[i], i, 0), m->in ? 0 : -ENOENT);
            m->in = false;
            break;
        case 3:
        case 4: {
            int bits = (int)random_below(&seed, 8) | (random_below(&seed, 9) ? 0 : EPOLLHUP);
            int come = bits & ~toys[i].bits;
            set_bits(files[i], bits);
            if ((unsigned)come & (m->events | EPOLLERR | EPOLLHUP))
                m->armed = true;
            break;
        }
        default: {
            int max = 1 + (int)random_below(&seed, FILES), want = 0;
            for (int k = 0; k < FILES; k++)
                want += due(&model[k], &toys[k]);
            int n = epoll_collect(ep, out, max, DEADLINE_NOW);
            assert_int_equal(n, min_size((size_t)want, (size_t)max));
            for (int k = 0; k < n; k++) {
                struct model *seen = &model[out[k].data.u64];
                struct toy *t = &toys[out[k].data.u64];
                assert_true(due(seen, t));
                assert_int_equal(out[k].events,
                                 (unsigned)t->bits & (seen->events | EPOLLERR | EPOLLHUP));
                seen->armed = false;
                if (seen->events & EPOLLONESHOT)
                    seen->enabled = false;
                told++;
            }
            /* An edge that has passed by unseen is no edge. */
            for (int k = 0; k < FILES && n < max; k++)
                if (model[k].in &&
                    !((unsigned)toys[k].bits & (model[k].events | EPOLLERR | EPOLLHUP)))
                    model[k].armed = false;
        }
        }
    }
    assert_true(told > 100000);
    for (int i = 0; i < FILES; i++)
        file_put(files[i]);
    assert_int_equal(epoll_collect(ep, out, FILES, DEADLINE_NOW), 0);
    file_put(ep);
}

/* Only ready files are looked at, however many there are. */
static void test_cost(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    static struct toy toys[MANY];
    static struct file *files[MANY];
    struct file *ep = epoll_new();
    struct epoll_event out[4];
    unsigned polls = 0;

    for (int i = 0; i < MANY; i++) {
        files[i] = toy(&toys[i]);
        assert_int_equal(change(ep, EPOLL_CTL_ADD, files[i], i, EPOLLIN), 0);
        toys[i].polls = 0;
    }
    uint64_t allocations = fake_mm.allocations;
    for (int i = 0; i < 1000; i++) {
        set_bits(files[i * 7], POLLIN);
        assert_int_equal(epoll_collect(ep, out, 4, DEADLINE_NOW), 1);
        assert_int_equal(out[0].data.u64, i * 7);
        set_bits(files[i * 7], 0);
    }
    for (int i = 0; i < MANY; i++)
        polls += toys[i].polls;
    assert_int_equal(fake_mm.allocations, allocations);
    assert_true(polls <= 2000);
    file_put(ep);
    for (int i = 0; i < MANY; i++) {
        assert_null(files[i]->watches);
        assert_null(toys[i].wait.first);
        file_put(files[i]);
    }
}

static void test_bad_pointer(void **state)
{
    (void)state;
    struct toy t;
    struct file *f = toy(&t), *ep = epoll_new();
    struct epoll_event e;

    assert_int_equal(change(ep, EPOLL_CTL_ADD, f, 5, EPOLLIN | EPOLLET), 0);
    set_bits(f, POLLIN);
    all_writable = false;
    assert_int_equal(epoll_collect(ep, &e, 1, DEADLINE_NOW), -EFAULT);
    all_writable = true;
    assert_int_equal(epoll_collect(ep, &e, 1, DEADLINE_NOW), 1);
    assert_int_equal(epoll_collect(ep, &e, 1, DEADLINE_NOW), 0);
    file_put(f);
    file_put(ep);
}

/* Threads that wait, as the queue sees them. */
struct sleeper {
    struct waiter w;
    int woken;
};

static void count_wake(struct waiter *w)
{
    container_of(w, struct sleeper, w)->woken++;
}

static struct wait_queue *queue_of(struct file *f)
{
    struct wait_queue *q = NULL;

    (void)f->ops->poll(f, &q);
    return q;
}

static void test_nested(void **state)
{
    (void)state;
    struct toy t;
    struct file *f = toy(&t), *set[6];
    struct sleeper above = {0};
    struct epoll_event e;

    for (int i = 0; i < 6; i++)
        set[i] = epoll_new();
    assert_int_equal(change(set[0], EPOLL_CTL_ADD, f, 0, EPOLLIN), 0);
    for (int i = 1; i < 6; i++)
        assert_int_equal(change(set[i], EPOLL_CTL_ADD, set[i - 1], i, EPOLLIN), i < 5 ? 0 : -ELOOP);
    assert_int_equal(change(set[0], EPOLL_CTL_ADD, set[2], 2, EPOLLIN), -ELOOP);
    wait_add(queue_of(set[4]), &above.w, count_wake);
    set_bits(f, POLLIN);
    assert_int_equal(above.woken, 1);
    assert_int_equal(epoll_collect(set[4], &e, 1, DEADLINE_NOW), 1);
    set_bits(f, 0);
    assert_int_equal(epoll_collect(set[4], &e, 1, DEADLINE_NOW), 0);
    /* An external queue below makes those above external, and goes with its file. */
    t.wait.external = true;
    assert_false(queue_of(set[4])->external);
    assert_int_equal(change(set[0], EPOLL_CTL_ADD, f, 1, EPOLLIN), 0);
    assert_true(queue_of(set[4])->external);
    assert_int_equal(change(set[0], EPOLL_CTL_DEL, f, 1, 0), 0);
    assert_false(queue_of(set[4])->external);
    assert_int_equal(change(set[0], EPOLL_CTL_DEL, f, 0, 0), 0);
    wait_remove(&above.w);
    file_put(f);
    for (int i = 0; i < 6; i++)
        file_put(set[i]);
}

static void test_exclusive(void **state)
{
    (void)state;
    struct toy t;
    struct file *f = toy(&t), *set[3];
    struct epoll_event e;

    for (int i = 0; i < 3; i++) {
        set[i] = epoll_new();
        assert_int_equal(change(set[i], EPOLL_CTL_ADD, f, 0, EPOLLIN | EPOLLEXCLUSIVE), 0);
    }
    /* Nobody sleeps: all are told. */
    set_bits(f, POLLIN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(epoll_collect(set[i], &e, 1, DEADLINE_NOW), 1);
    file_put(f);
    for (int i = 0; i < 3; i++)
        file_put(set[i]);
}

static void test_deadlock_is_told(void **state)
{
    (void)state;
    struct toy t;
    struct file *f = toy(&t), *ep = epoll_new();
    struct epoll_event e;

    assert_int_equal(change(ep, EPOLL_CTL_ADD, f, 0, EPOLLIN), 0);
    assert_true(FAKE_ENDS((void)!epoll_collect(ep, &e, 1, DEADLINE_NEVER), FAKE_CRASHED));
    assert_non_null(strstr(fake.reason, "epoll_wait"));
    file_put(f);
    file_put(ep);
}

static struct file *timed;

static void on_timer(struct timer *timer)
{
    (void)timer;
    set_bits(timed, POLLIN);
}

static void test_waits(void **state)
{
    (void)state;
    struct toy t;
    struct file *ep = epoll_new();
    struct epoll_event e;
    struct timer timer = {0};

    timed = toy(&t);
    assert_int_equal(change(ep, EPOLL_CTL_ADD, timed, 0, EPOLLIN), 0);
    nsec_t start = fake.now;
    assert_int_equal(epoll_collect(ep, &e, 1, start + 500), 0);
    assert_int_equal(fake.now, start + 500);
    timer_set(&timer, start + 700, on_timer);
    assert_int_equal(epoll_collect(ep, &e, 1, DEADLINE_NEVER), 1);
    assert_int_equal(fake.now, start + 700);
    /* Without a sleep timers run too. */
    set_bits(timed, 0);
    timer_set(&timer, start + 700, on_timer);
    assert_int_equal(epoll_collect(ep, &e, 1, DEADLINE_NOW), 1);
    file_put(timed);
    file_put(ep);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct toy t;
    struct file *f = toy(&t), *ep = NULL;

    for (uint64_t k = 1; !ep; k++) {
        fake_mm.allocations = 0;
        fake_mm.fail_at = k;
        ep = epoll_new();
        assert_true(k < 5);
    }
    fake_mm.allocations = 0;
    fake_mm.fail_at = 1;
    assert_int_equal(change(ep, EPOLL_CTL_ADD, f, 0, EPOLLIN), -ENOMEM);
    fake_mm.fail_at = 0;
    assert_int_equal(change(ep, EPOLL_CTL_ADD, f, 0, EPOLLIN), 0);
    file_put(ep);
    file_put(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_pointer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nested, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exclusive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deadlock_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
