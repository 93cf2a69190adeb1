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

/* Settings are the library OS's, wherever they stand; what is quoted is the program's. */
static void test_settings(void **state)
{
    static const char line[] = "pith.net0.ip=10.0.0.2/24,10.0.0.1 A=b pith.=x prog \"pith.a=b\" "
                               "pith.hostname=\"a b\" pith.c pith.net0.ip=fd00::2/64";
    static const char want[] = "net0.ip=10.0.0.2/24,10.0.0.1\0hostname=a b\0net0.ip=fd00::2/64";
    char out[sizeof(line)];

    (void)state;
    CHECK(line, "prog\0pith.a=b\0pith.c\0A=b\0pith.=x", 3, 2);
    assert_int_equal(cmdline_settings(line, out), sizeof(want));
    assert_memory_equal(out, want, sizeof(want));
    assert_int_equal(cmdline_settings("", out), 0);
    assert_int_equal(cmdline_settings("a b=c", out), 0);
}

/* Words that VMMs add for Linux's driver are nobody's arguments, wherever they stand; quoted ones
 * are. */
static void test_device_words(void **state)
{
    static const char line[] =
        " virtio_mmio.device=4K@0xd0000000:5 A=b virtio_mmio.device=x prog "
        "\"virtio_mmio.device=1@2:3\" one virtio_mmio.device=512@0xfeb00000:6:1";
    const char *at = line;

    (void)state;
    CHECK(line, "prog\0virtio_mmio.device=1@2:3\0one\0A=b", 3, 1);
    CHECK("virtio_mmio.device=", "image", 1, 0);
    assert_memory_equal(cmdline_device(&at), "4K@0xd", 6);
    assert_memory_equal(cmdline_device(&at), "x ", 2);
    assert_string_equal(cmdline_device(&at), "512@0xfeb00000:6:1");
    assert_null(cmdline_device(&at));
    assert_null(cmdline_device(&at));
}

static void good(const char *text, uint64_t size, uint64_t base, uint32_t irq)
{
    struct mmio_word w;

    if (!cmdline_mmio(text, &w))
        fail_msg("refused: %s", text);
    assert_int_equal(w.size, size);
    assert_int_equal(w.base, base);
    assert_int_equal(w.irq, irq);
}

static void test_devices(void **state)
{
    static const char *const bad[] = {"",
                                      "4K",
                                      "4K@",
                                      "4K@0x",
                                      "4K@1",
                                      "4K@1:",
                                      "4K@1:x",
                                      "4K@1:2:",
                                      "4K@1:2:3:4",
                                      "4K@1:2x",
                                      "4X@1:2",
                                      "@1:2",
                                      "-4@1:2",
                                      "4K @1:2",
                                      "0x@1:2",
                                      "4KK@1:2",
                                      "4K@1:4294967295",
                                      "99999999999999999999@1:2",
                                      "4K@0x1000000000000000:2",
                                      "4K@1:99999999999999999999"};
    struct mmio_word w;

    (void)state;
    good("4K@0xd0000000:5", 4096, 0xd0000000, 5);
    good("512@0xFEB00E00:12:3 more", 512, 0xfeb00e00, 12);
    good("0x200@4096:0\tx", 512, 4096, 0);
    good("1m@0:1", 1 << 20, 0, 1);
    good("2G@0:1", 2ull << 30, 0, 1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (cmdline_mmio(bad[i], &w))
            fail_msg("taken: %s", bad[i]);
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
        cmocka_unit_test(test_words),      cmocka_unit_test(test_environment),
        cmocka_unit_test(test_settings),   cmocka_unit_test(test_device_words),
        cmocka_unit_test(test_devices),    cmocka_unit_test(test_nothing_named),
        cmocka_unit_test(test_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
