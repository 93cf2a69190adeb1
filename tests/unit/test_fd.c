/* SPDX-License-Identifier: MIT
 *
 * The descriptor table against a simple model, over its growth to the limit and with memory running
 * out.
 *
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c tests/unit/fake_mm.c
 * uses: vfs mm */
#include "unit.h"
#include <errno.h>
#include "fake_mm.h"
#include "vfs/fd.h"

#define MODEL 3000

static const struct file_ops ops = {0};
static struct file in = {.ops = &ops, .refs = 1, .kind = FILE_STATIC};
static struct file out = {.ops = &ops, .refs = 1, .kind = FILE_STATIC};
static struct file err = {.ops = &ops, .refs = 1, .kind = FILE_STATIC};
struct file *const stdio_files[3] = {&in, &out, &err};

static struct file files[8];
static unsigned released;

static void count_release(struct file *f)
{
    (void)f;
    released++;
}

static const struct file_ops counting_ops = {.release = count_release};

static struct {
    struct file *file;
    bool cloexec;
} model[MODEL];

static int lowest(unsigned min)
{
    for (unsigned fd = min; fd < MODEL; fd++)
        if (!model[fd].file)
            return (int)fd;
    return MODEL;
}

static void check(unsigned fd)
{
    assert_ptr_equal(fd_get(fd), model[fd].file);
    if (model[fd].file)
        assert_int_equal(fd_cloexec(fd), model[fd].cloexec);
}

static unsigned references(const struct file *f)
{
    unsigned n = 0;
    for (unsigned fd = 0; fd < MODEL; fd++)
        n += model[fd].file == f;
    return n;
}

static void install(uint64_t *seed)
{
    struct file *f = &files[random_below(seed, ARRAY_LEN(files))];
    unsigned min = random_below(seed, 4) ? 0 : (unsigned)random_below(seed, fd_limit() + 10);
    bool cloexec = random_below(seed, 2);
    int expected = lowest(min);

    file_hold(f);
    int fd = fd_install(f, min, cloexec);
    if (fd < 0)
        f->refs--;
    if (fd == -ENOMEM && fake_mm.fail_percent)
        return;
    if (expected >= (int)fd_limit()) {
        assert_int_equal(fd, -EMFILE);
        return;
    }
    assert_int_equal(fd, expected);
    model[fd].file = f;
    model[fd].cloexec = cloexec;
}

static void replace(uint64_t *seed)
{
    struct file *f = &files[random_below(seed, ARRAY_LEN(files))];
    unsigned fd = (unsigned)random_below(seed, fd_limit() + 10);

    file_hold(f);
    int r = fd_replace(f, fd, false);
    if (r < 0)
        f->refs--;
    if (r == -ENOMEM && fake_mm.fail_percent)
        return;
    if (fd >= fd_limit()) {
        assert_int_equal(r, -EBADF);
        return;
    }
    assert_int_equal(r, fd);
    model[fd].file = f;
    model[fd].cloexec = false;
}

static void remove_one(uint64_t *seed)
{
    unsigned fd = (unsigned)random_below(seed, MODEL);

    assert_int_equal(fd_close(fd), model[fd].file ? 0 : -EBADF);
    model[fd].file = NULL;
}

static void test_untouched(void **state)
{
    (void)state;
    assert_ptr_equal(fd_get(0), &in);
    assert_ptr_equal(fd_get(2), &err);
    assert_null(fd_get(3));
    assert_null(fd_get(-1));
    assert_null(fd_get(INT32_MIN));
    assert_false(fd_cloexec(1));
    assert_int_equal(fd_close(3), -EBADF);
    assert_int_equal(fd_close(-1), -EBADF);
    assert_int_equal(fake_mm.allocations, 0);
}

static void test_model(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned i = 0; i < ARRAY_LEN(files); i++)
        files[i] = (struct file){.ops = &counting_ops, .refs = 1};
    model[0].file = &in;
    model[1].file = &out;
    model[2].file = &err;
    for (int i = 0; i < 60000; i++) {
        if (i % 6000 == 0) {
            static const unsigned limits[] = {40, 1024, 64, 2900, 700};
            assert_int_equal(fd_set_limit(limits[i / 6000 % ARRAY_LEN(limits)]), 0);
            fake_mm.fail_percent = i % 12000 ? 30 : 0;
        }
        if (random_below(&seed, 20) == 0)
            replace(&seed);
        else if (random_below(&seed, 9) < 5)
            install(&seed);
        else
            remove_one(&seed);
        check((unsigned)random_below(&seed, MODEL));
    }
    fake_mm.fail_percent = 0;
    for (unsigned fd = 0; fd < MODEL; fd++)
        check(fd);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++)
        assert_int_equal(files[i].refs, 1 + references(&files[i]));
    assert_int_equal(released, 0);
    for (unsigned fd = 0; fd < MODEL; fd++)
        fd_close(fd);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++)
        file_put(&files[i]);
    assert_int_equal(released, ARRAY_LEN(files));
    memset(model, 0, sizeof model);
}

static void test_to_the_limit(void **state)
{
    (void)state;
    files[0].refs = 1;
    assert_int_equal(fd_set_limit(FD_LIMIT_MAX + 1ull), -EPERM);
    assert_int_equal(fd_set_limit(FD_LIMIT_MAX), 0);
    for (unsigned fd = 0; fd < FD_LIMIT_MAX; fd++) {
        file_hold(&files[0]);
        assert_int_equal(fd_install(&files[0], 0, false), fd);
    }
    assert_int_equal(fd_reserve(), -EMFILE);
    assert_int_equal(fd_install(&files[0], 0, false), -EMFILE);
    assert_int_equal(fd_close(54321), 0);
    assert_int_equal(fd_close(70), 0);
    assert_int_equal(fd_reserve(), 0);
    assert_int_equal(fd_install(&files[0], 71, false), 54321);
    assert_int_equal(fd_install(&files[0], 0, false), 70);
    for (unsigned fd = 0; fd < FD_LIMIT_MAX; fd++)
        assert_int_equal(fd_close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
