/* SPDX-License-Identifier: MIT
 *
 * The reader of the image's file system: hand-made ones, and thousands with bytes changed, which it
 * must refuse or read without leaving them.
 *
 * sources: libos/fs/rom/rom.c tests/unit/rom_image.c
 * uses: rom abi */
#include "unit.h"
#include <errno.h>
#include "abi/rom.h"
#include "rom/rom.h"
#include "rom_image.h"

static char large[10000];

static const struct rom_file files[] = {
    {"etc", S_IFDIR | 0755, NULL, 0, 0},
    {"etc/passwd", S_IFREG | 0644, "root:x:0:0::/:/\n", 16, 0},
    {"etc/pass", S_IFREG | 0600, "short", 5, 0},
    {"etc/passwords", S_IFREG | 0644, "", 0, 0},
    {"etc/link", S_IFLNK | 0777, "../large", 8, 0},
    {"large", S_IFREG | 0444, large, sizeof large, 0},
    {"also-large", S_IFREG | 0444, NULL, 0, 6},
    {"empty", S_IFDIR | 0700, NULL, 0, 0},
};

/* The image lies at the end of its own allocation, so that the sanitizer sees a step beyond. */
static char *build(size_t *len)
{
    static char buf[1 << 16] __attribute__((aligned(4096)));
    *len = rom_image(buf, sizeof buf, files, ARRAY_LEN(files));
    char *image = malloc(*len);
    assert_non_null(image);
    memcpy(image, buf, *len);
    return image;
}

static struct name name(const char *text)
{
    return (struct name){text, strlen(text)};
}

static uint32_t find(const struct rom *rom, uint32_t dir, const char *text)
{
    uint32_t ino = 0;
    assert_int_equal(rom->lower.ops->lookup(&rom->lower, dir, name(text), &ino), 0);
    return ino;
}

static void test_reads(void **state)
{
    (void)state;
    size_t len;
    char *image = build(&len);
    struct rom rom;
    struct lower_stat st;
    const char *data;
    uint32_t ino;

    memset(large, 'L', sizeof large);
    free(image);
    image = build(&len);
    assert_int_equal(rom_open(&rom, image, len), 0);
    const struct lower *low = &rom.lower;
    uint32_t etc = find(&rom, low->root, "etc");
    uint32_t passwd = find(&rom, etc, "passwd");
    assert_int_equal(low->ops->stat(low, passwd, &st), 0);
    assert_int_equal(st.mode, S_IFREG | 0644);
    assert_int_equal(st.size, 16);
    assert_int_equal(low->ops->data(low, passwd, &data), 0);
    assert_memory_equal(data, "root:x:0:0::/:/\n", 16);
    assert_int_not_equal(find(&rom, etc, "pass"), passwd);
    find(&rom, etc, "passwords");
    assert_int_equal(low->ops->lookup(low, etc, name("passwor"), &ino), -ENOENT);
    assert_int_equal(low->ops->lookup(low, etc, name("a"), &ino), -ENOENT);
    assert_int_equal(low->ops->lookup(low, etc, name("zzz"), &ino), -ENOENT);
    assert_int_equal(low->ops->lookup(low, passwd, name("x"), &ino), -EIO);
    uint32_t file = find(&rom, low->root, "large");
    assert_int_equal(find(&rom, low->root, "also-large"), file);
    assert_int_equal(low->ops->stat(low, file, &st), 0);
    assert_int_equal(st.nlink, 2);
    assert_int_equal(low->ops->data(low, file, &data), 0);
    assert_memory_equal(data, large, sizeof large);
    assert_int_equal((data - image) % 4096, 0);
    free(image);
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const expected[] = {"link", "pass", "passwd", "passwords"};
    size_t len;
    char *image = build(&len);
    struct rom rom;
    struct name found;
    uint32_t ino;

    assert_int_equal(rom_open(&rom, image, len), 0);
    uint32_t etc = find(&rom, 0, "etc");
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(rom.lower.ops->entry(&rom.lower, etc, i, &found, &ino), 0);
        assert_int_equal(found.len, strlen(expected[i]));
        assert_memory_equal(found.text, expected[i], found.len);
    }
    assert_int_equal(rom.lower.ops->entry(&rom.lower, etc, 4, &found, &ino), -EIO);
    free(image);
}

static void test_refuses(void **state)
{
    (void)state;
    size_t len;
    char *image = build(&len);
    struct pith_rom_header *h = (void *)image;
    struct rom rom;

    assert_int_equal(rom_open(&rom, image, sizeof *h - 1), -EIO);
    assert_int_equal(rom_open(&rom, image, len - 1), -EIO);
    h->magic ^= 1;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->magic ^= 1;
    h->inodes = len - 8;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->inodes = UINT64_MAX - 7;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->inodes = 33;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->inodes = sizeof *h;
    h->inode_count = UINT32_MAX;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->inode_count = 0;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    h->inode_count = ARRAY_LEN(files) + 1;
    struct pith_rom_inode *inodes = (void *)(image + h->inodes);
    inodes[0].mode = S_IFREG | 0644;
    assert_int_equal(rom_open(&rom, image, len), -EIO);
    inodes[0].mode = S_IFDIR | 0755;
    assert_int_equal(rom_open(&rom, image, len), 0);
    free(image);
}

/* Names that no path can have, and targets with a NUL, are malformed. */
static void test_refuses_names(void **state)
{
    (void)state;
    size_t len;
    char *image = build(&len);
    const struct pith_rom_header *h = (void *)image;
    const struct pith_rom_inode *inodes = (void *)(image + h->inodes);
    struct pith_rom_entry *e = (void *)(image + inodes[1].data);
    struct rom rom;
    struct name found;
    const char *data;
    uint32_t ino;

    assert_int_equal(rom_open(&rom, image, len), 0);
    const struct lower_ops *ops = rom.lower.ops;
    static const char *const bad[] = {"li/k", "..", ".", "l\0nk"};
    static const uint32_t lengths[] = {4, 2, 1, 4};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        memcpy(image + e->name, bad[i], lengths[i]);
        e->name_len = lengths[i];
        assert_int_equal(ops->entry(&rom.lower, 1, 0, &found, &ino), -EIO);
    }
    e->name_len = 0;
    assert_int_equal(ops->entry(&rom.lower, 1, 0, &found, &ino), -EIO);
    e->name_len = 256;
    assert_int_equal(ops->entry(&rom.lower, 1, 0, &found, &ino), -EIO);
    image[inodes[5].data + 3] = '\0';
    assert_int_equal(ops->data(&rom.lower, 5, &data), -EIO);
    free(image);
}

/* Reads all that the file system offers. Returns a sum, so that every byte is read. */
static unsigned read_all(const struct lower *low)
{
    unsigned sum = 0;

    for (uint32_t ino = 0; ino < low->inodes; ino++) {
        struct lower_stat st;
        const char *data;
        if (low->ops->stat(low, ino, &st))
            continue;
        if (!S_ISDIR(st.mode)) {
            if (low->ops->data(low, ino, &data) == 0)
                for (uint64_t i = 0; i < st.size; i++)
                    sum += (unsigned char)data[i];
            continue;
        }
        for (uint64_t i = 0; i < st.size; i++) {
            struct name found;
            uint32_t child;
            if (low->ops->entry(low, ino, i, &found, &child))
                break;
            sum += (unsigned char)found.text[found.len - 1];
            if (low->ops->lookup(low, ino, found, &child) == 0)
                sum += child;
        }
    }
    return sum;
}

static void test_mutations(void **state)
{
    (void)state;
    uint64_t seed = 11;
    size_t len;
    char *image = build(&len), *copy = malloc(len);
    unsigned opened = 0;

    assert_non_null(copy);
    for (int round = 0; round < 30000; round++) {
        struct rom rom;
        memcpy(copy, image, len);
        for (size_t n = 1 + random_below(&seed, 4); n > 0; n--) {
            /* The tables are in the first kilobyte. */
            size_t at = random_below(&seed, 1024);
            copy[at] = (char)(random_below(&seed, 3) ? random_next(&seed) : 0xff);
        }
        if (rom_open(&rom, copy, len) == 0) {
            opened++;
            read_all(&rom.lower);
        }
    }
    assert_in_range(opened, 1000, 29999);
    free(copy);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),     cmocka_unit_test(test_lists),
        cmocka_unit_test(test_refuses),   cmocka_unit_test(test_refuses_names),
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
