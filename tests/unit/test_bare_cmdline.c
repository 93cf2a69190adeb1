/* SPDX-License-Identifier: MIT
 *
 * The command line of a bare machine (docs/bare.md).
 * sources: libos/plat/bare/cmdline.c
 * uses: bare abi arch */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "bare/bare.h"

/* Splits (line) in memory of exactly the promised size, and compares: (words) are the strings that
 * should come out, each with its NUL, (len) bytes of them. */
static void check(const char *line, const char *words, size_t len, uint32_t argc, uint32_t envc)
{
    char *out = malloc(strlen(line) + 8);
    uint32_t got_argc = 99, got_envc = 99;
    size_t got = cmdline_split(line, out, &got_argc, &got_envc);

    assert_int_equal(got_argc, argc);
    assert_int_equal(got_envc, envc);
    assert_int_equal(got, len);
    assert_memory_equal(out, words, len);
    free(out);
}
#define CHECK(line, words, argc, envc) check(line, words, sizeof(words), argc, envc)

static void test_words(void **state)
{
    (void)state;
    CHECK("prog", "prog", 1, 0);
    CHECK("  prog \t one\n two ", "prog\0one\0two", 3, 0);
    CHECK("prog \"a b\" \"\" c\\ d", "prog\0a b\0\0c d", 4, 0);
    CHECK("prog x\"y z\"w \\\" \\\\", "prog\0xy zw\0\"\0\\", 4, 0);
    CHECK("prog A=b", "prog\0A=b", 2, 0);
}

static void test_environment(void **state)
{
    (void)state;
    CHECK("A=b C= prog x", "prog\0x\0A=b\0C=", 2, 2);
    CHECK("A=\"b c\" prog", "prog\0A=b c", 1, 1);
    CHECK("\"A=b\" x", "A=b\0x", 2, 0);
    CHECK("A\\=b x", "A=b\0x", 2, 0);
}

static void test_nothing_named(void **state)
{
    (void)state;
    CHECK("", "image", 1, 0);
    CHECK("   ", "image", 1, 0);
    CHECK("A=b", "image\0A=b", 1, 1);
}

static void test_unfinished(void **state)
{
    (void)state;
    CHECK("prog \"a b", "prog\0a b", 2, 0);
    CHECK("prog \\", "prog\0\\", 2, 0);
    CHECK("\"", "", 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_nothing_named),
        cmocka_unit_test(test_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
