/* SPDX-License-Identifier: MIT
 *
 * Messages and failed assertions.
 *
 * sources: libos/base/log.c libos/base/assert.c tests/unit/fake_plat.c */
#include <limits.h>

#include "unit.h"
#include "base/assert.h"
#include "base/log.h"
#include "fake_plat.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

/* log_line against snprintf, which knows the same conversions. */
#define LOGS_AS_PRINTF(...)                                                                        \
    do {                                                                                           \
        char expect[300];                                                                          \
        fake.log_len = 0;                                                                          \
        log_line(__VA_ARGS__);                                                                     \
        int n = snprintf(expect, sizeof(expect), __VA_ARGS__);                                     \
        assert_memory_equal(fake.log, "pith: ", 6);                                                \
        assert_int_equal(fake.log_len, n + 7);                                                     \
        assert_memory_equal(fake.log + 6, expect, (size_t)n);                                      \
        assert_int_equal(fake.log[fake.log_len - 1], '\n');                                        \
    } while (0)

static void conversions(void **state)
{
    (void)state;
    LOGS_AS_PRINTF("plain");
    LOGS_AS_PRINTF("100%% of %s", "it");
    LOGS_AS_PRINTF("%d %d %d %d", 0, -1, INT_MIN, INT_MAX);
    LOGS_AS_PRINTF("%u %u", 0u, UINT_MAX);
    LOGS_AS_PRINTF("%x %x", 0u, 0xdeadbeefu);
    LOGS_AS_PRINTF("%ld %ld", LONG_MIN, LONG_MAX);
    LOGS_AS_PRINTF("%lu %lx", ULONG_MAX, ULONG_MAX);
    LOGS_AS_PRINTF("%c%c%s%d", 'a', 'b', "", 3);
}

static void long_lines_are_cut(void **state)
{
    static char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    log_line("%s%d", text, 5);
    assert_int_equal(fake.log_len, 241);
    assert_int_equal(fake.log[239], 'x');
    assert_int_equal(fake.log[240], '\n');
}

static void null_text(void **state)
{
    const char *volatile none = NULL;

    (void)state;
    log_line("%s", none);
    assert_string_equal(fake.log, "pith: (null)\n");
}

static void assertion_names_its_place(void **state)
{
    int zero = 0;

    (void)state;
    ASSERT(zero == 0);
    assert_true(FAKE_ENDS(ASSERT(zero == 1), FAKE_CRASHED));
    assert_int_equal(fake.status, 6);
    assert_non_null(strstr(fake.reason, "zero == 1 does not hold at test_log.c:"));
    assert_true(FAKE_ENDS(assert_failed("x", "y.c", 1234567), FAKE_CRASHED));
    assert_string_equal(fake.reason, "bug in the library OS: x does not hold at y.c:1234567");
}

static void long_assertion_is_cut(void **state)
{
    static char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    assert_true(FAKE_ENDS(assert_failed(text, "y.c", 1), FAKE_CRASHED));
    assert_int_equal(strlen(fake.reason), 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(conversions, setup),
        cmocka_unit_test_setup(long_lines_are_cut, setup),
        cmocka_unit_test_setup(null_text, setup),
        cmocka_unit_test_setup(assertion_names_its_place, setup),
        cmocka_unit_test_setup(long_assertion_is_cut, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
