/* SPDX-License-Identifier: MIT
 *
 * Looking functions up in the vDSO of the kernel that runs the test.
 *
 * sources: monitor/process/vdso.c
 * uses:    monitor abi */
#include <sys/auxv.h>
#include <time.h>

#include "unit.h"
#include "monitor/process/vdso.h"

static void finds_the_clock(void **state)
{
    const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
    struct timespec ts = {0, 0}, libc;
    (void)state;
    if (!vdso)
        skip();
    size_t len = vdso_len(vdso);
    void *found = vdso_find(vdso, len, "__vdso_clock_gettime");
    assert_non_null(found);
    assert_true((char *)found > (const char *)vdso && (char *)found < (const char *)vdso + len);
    assert_int_equal(((int (*)(int, struct timespec *))found)(CLOCK_MONOTONIC, &ts), 0);
    clock_gettime(CLOCK_MONOTONIC, &libc);
    assert_true(libc.tv_sec - ts.tv_sec >= 0 && libc.tv_sec - ts.tv_sec < 5);
    assert_null(vdso_find(vdso, len, "__vdso_clock_gettim"));
    assert_null(vdso_find(vdso, len, "__vdso_clock_gettime_"));
}

/* A copy that is cut anywhere, or has a byte changed: no answer, or one that lies inside; never a
 * crash. */
static void damaged(void **state)
{
    const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
    uint64_t seed = 5;
    (void)state;
    if (!vdso)
        skip();
    size_t len = vdso_len(vdso);
    for (int i = 0; i < 3000; i++) {
        size_t cut = i % 2 ? len : random_below(&seed, len);
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, vdso, cut);
        if (cut && i % 2)
            copy[random_below(&seed, i % 4 == 1 ? 1024 : cut)] ^=
                (char)(1 << random_below(&seed, 8));
        char *found = vdso_find(copy, cut, "__vdso_clock_gettime");
        assert_true(!found || (found >= copy && found < copy + cut));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_clock),
                                       cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
