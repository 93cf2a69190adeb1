/* SPDX-License-Identifier: MIT
 *
 * The writer of root file systems (pith pack), against the library OS's reader and the host's own
 * folders.
 *
 * sources: cli/romtree.c cli/romwrite.c cli/romlist.c cli/fault.c libos/fs/rom/rom.c
 * uses:    cli rom abi */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"
#include "abi/rom.h"
#include "cli/cli.h"
#include "cli/rom.h"
#include "rom/rom.h"

#define LATEST 1600000000

/* The folder that is packed, and the file system made of it. */
struct fixture {
    char dir[64];
    char *rom;
    uint64_t size;
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));
    strcpy(x->dir, "/tmp/pith-test-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    assert_int_equal(chmod(x->dir, 0751), 0);
    *state = x;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    nftw(x->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (x->rom != NULL)
        munmap(x->rom, x->size);
    free(x);
    return 0;
}

static const char *path_of(const struct fixture *x, const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", x->dir, name);
    return path;
}

static void make_file(const struct fixture *x, const char *name, size_t size, unsigned seed)
{
    char *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 31 + seed);
    int fd = open(path_of(x, name), O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
    free(data);
}

/* Packs the folder; (x)->rom is then mapped. */
static void pack(struct fixture *x)
{
    struct rom_tree t;
    struct fault f = {0};
    int fd = memfd_create("rom", 0);
    if (rom_scan(&t, x->dir, LATEST, &f) != 0 || rom_write(&t, fd, &x->size, &f) != 0)
        fail_msg("%s", f.text);
    rom_free(&t);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, x->size);
    assert_int_equal(x->size % PAGE_SIZE, 0);
    x->rom = mmap(NULL, x->size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(x->rom, MAP_FAILED);
    close(fd);
}

/* Packs, and expects a fault whose text contains (what). */
static void pack_fails(struct fixture *x, int out, const char *what)
{
    struct rom_tree t;
    struct fault f = {0};
    int result = rom_scan(&t, x->dir, LATEST, &f);
    if (result == 0)
        result = rom_write(&t, out, &x->size, &f);
    rom_free(&t);
    assert_int_equal(result, -1);
    assert_int_equal(f.status, EXIT_HOST);
    if (strstr(f.text, what) == NULL)
        fail_msg("\"%s\" does not tell about \"%s\"", f.text, what);
}

static void compare_file(const struct lower *l, uint32_t ino, const char *path,
                         const struct stat *st)
{
    const char *data;
    char *expect = malloc((size_t)st->st_size + 1);
    assert_int_equal(l->ops->data(l, ino, &data), 0);
    if (S_ISLNK(st->st_mode)) {
        assert_int_equal(readlink(path, expect, (size_t)st->st_size + 1), st->st_size);
    } else {
        int fd = open(path, O_RDONLY);
        assert_int_equal(read(fd, expect, (size_t)st->st_size), st->st_size);
        close(fd);
        if (st->st_size >= (off_t)PAGE_SIZE)
            assert_int_equal((uintptr_t)data % PAGE_SIZE, 0);
    }
    if (st->st_size > 0)
        assert_memory_equal(data, expect, (size_t)st->st_size);
    free(expect);
}

/* Compares (path) of the host with inode (ino), and everything below. Returns the number of names.
 */
static size_t compare(const struct lower *l, uint32_t ino, const char *path)
{
    struct stat st;
    struct lower_stat got;
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(l->ops->stat(l, ino, &got), 0);
    assert_int_equal(got.mode, st.st_mode);
    assert_int_equal(got.uid, 0);
    assert_int_equal(got.gid, 0);
    assert_int_equal(got.mtime, st.st_mtime < LATEST ? st.st_mtime : LATEST);
    if (!S_ISDIR(st.st_mode)) {
        assert_int_equal(got.nlink, st.st_nlink);
        assert_int_equal(got.size, st.st_size);
        compare_file(l, ino, path, &st);
        return 1;
    }

    size_t names = 0, entries = 0, folders = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char below[PATH_MAX];
        snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        uint32_t child;
        struct name name = {e->d_name, strlen(e->d_name)};
        assert_int_equal(l->ops->lookup(l, ino, name, &child), 0);
        names += compare(l, child, below);
        struct lower_stat of_child;
        assert_int_equal(l->ops->stat(l, child, &of_child), 0);
        folders += S_ISDIR(of_child.mode);
        entries++;
    }
    closedir(d);
    assert_int_equal(got.size, entries);
    assert_int_equal(got.nlink, 2 + folders);
    return names + 1;
}

static size_t compare_all(struct fixture *x)
{
    struct rom rom;
    assert_int_equal(rom_open(&rom, x->rom, x->size), 0);
    return compare(&rom.lower, rom.lower.root, x->dir);
}

static void empty_root(void **state)
{
    struct fixture *x = *state;
    pack(x);
    assert_int_equal(x->size, PAGE_SIZE);
    assert_int_equal(compare_all(x), 1);
}

static void all_kinds(void **state)
{
    struct fixture *x = *state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 300000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char name[32];
        snprintf(name, sizeof(name), "file%zu", sizes[i]);
        make_file(x, name, sizes[i], (unsigned)i);
    }
    assert_int_equal(mkdir(path_of(x, "empty"), 0700), 0);
    assert_int_equal(mkdir(path_of(x, "d"), 01777), 0);
    assert_int_equal(chmod(path_of(x, "d"), 01777), 0);
    make_file(x, "d/tool", 10, 1);
    assert_int_equal(chmod(path_of(x, "d/tool"), 04755), 0);
    assert_int_equal(symlink("../file1", path_of(x, "d/link")), 0);
    assert_int_equal(symlink("nowhere", path_of(x, "dangling")), 0);
    /* Names in the order that only bytes give; one is as long as can be. */
    char longest[256] = "d/";
    memset(longest + 2, 'n', 253);
    make_file(x, longest, 5, 2);
    make_file(x, "d/\xff\xfe", 6, 3);
    make_file(x, "d/a", 1, 4);
    make_file(x, "d/ab", 1, 5);
    make_file(x, "d/A", 1, 6);
    make_file(x, "d/a b\n", 1, 7);
    pack(x);
    assert_int_equal(compare_all(x), 18);
}

static void hard_links_are_one_file(void **state)
{
    struct fixture *x = *state;
    char first[PATH_MAX];
    assert_int_equal(mkdir(path_of(x, "d"), 0755), 0);
    make_file(x, "z", 5000, 1);
    strcpy(first, path_of(x, "z"));
    assert_int_equal(link(first, path_of(x, "d/a")), 0);
    assert_int_equal(link(first, path_of(x, "b")), 0);
    assert_int_equal(symlink("z", path_of(x, "s")), 0);
    strcpy(first, path_of(x, "s"));
    assert_int_equal(link(first, path_of(x, "t")), 0);
    pack(x);
    compare_all(x);
    const struct pith_rom_header *h = (const void *)x->rom;
    assert_int_equal(h->inode_count, 4);
    assert_true(x->size < 4 * PAGE_SIZE);
}

/* A link outside the folder does not count. */
static void links_from_outside(void **state)
{
    struct fixture *x = *state;
    char first[PATH_MAX], outside[80];
    make_file(x, "z", 5, 1);
    strcpy(first, path_of(x, "z"));
    snprintf(outside, sizeof(outside), "%s-outside", x->dir);
    assert_int_equal(link(first, outside), 0);
    pack(x);
    unlink(outside);
    compare_all(x);
}

static void later_times_are_cut(void **state)
{
    struct fixture *x = *state;
    make_file(x, "old", 1, 1);
    make_file(x, "new", 1, 1);
    const struct timespec old[2] = {{1000, 5}, {1000, 5}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(x, "old"), old, 0), 0);
    pack(x);
    compare_all(x);
}

/* The same files made in another order are the same bytes. */
static void order_does_not_matter(void **state)
{
    struct fixture *x = *state;
    char name[32];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "f%d", i * 7 % 200);
        make_file(x, name, (size_t)(i * 7 % 200), (unsigned)(i * 7 % 200));
    }
    pack(x);
    char *before = x->rom;
    uint64_t size = x->size;
    for (int i = 199; i >= 0; i--) {
        snprintf(name, sizeof(name), "f%d", i);
        assert_int_equal(unlink(path_of(x, name)), 0);
        make_file(x, name, (size_t)i, (unsigned)i);
    }
    pack(x);
    assert_int_equal(x->size, size);
    assert_memory_equal(x->rom, before, size);
    munmap(before, size);
}

/* Trees of random shape, with several thousand names in all. */
static void random_trees(void **state)
{
    struct fixture *x = *state;
    uint64_t seed = 7;
    char dirs[40][200] = {""};
    size_t dir_count = 1, names = 1;
    for (int i = 0; i < 3000; i++) {
        char name[300];
        const char *dir = dirs[random_below(&seed, dir_count)];
        snprintf(name, sizeof(name), "%s%zx", dir, random_below(&seed, 1 << 20));
        struct stat st;
        if (lstat(path_of(x, name), &st) == 0)
            continue;
        names++;
        size_t kind = random_below(&seed, 20);
        if (kind == 0 && dir_count < ARRAY_LEN(dirs)) {
            assert_int_equal(mkdir(path_of(x, name), 0755), 0);
            snprintf(dirs[dir_count++], sizeof(dirs[0]), "%.190s/", name);
        } else if (kind == 1) {
            assert_int_equal(symlink("../t", path_of(x, name)), 0);
        } else {
            make_file(x, name, random_below(&seed, kind == 2 ? 20000 : 200), (unsigned)i);
        }
    }
    pack(x);
    assert_int_equal(compare_all(x), names);
}

static void what_cannot_be_packed(void **state)
{
    struct fixture *x = *state;
    int out = memfd_create("rom", 0);
    assert_int_equal(mkdir(path_of(x, "d"), 0755), 0);
    assert_int_equal(mkfifo(path_of(x, "d/fifo"), 0644), 0);
    pack_fails(x, out, "d/fifo is a named pipe");
    unlink(path_of(x, "d/fifo"));

    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/sock", x->dir);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    pack_fails(x, out, "sock is a socket");
    close(s);
    unlink(path_of(x, "sock"));
    close(out);
}

static void output_that_is_full(void **state)
{
    struct fixture *x = *state;
    make_file(x, "f", 1000000, 1);
    int full = open("/dev/full", O_WRONLY);
    pack_fails(x, full, "No space left");
    close(full);
}

static void file_that_changes(void **state)
{
    struct fixture *x = *state;
    static const off_t sizes[] = {99, 101, 0};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct rom_tree t;
        struct fault f = {0};
        int out = memfd_create("rom", 0);
        make_file(x, "f", 100, 1);
        assert_int_equal(rom_scan(&t, x->dir, LATEST, &f), 0);
        assert_int_equal(truncate(path_of(x, "f"), sizes[i]), 0);
        assert_int_equal(rom_write(&t, out, &x->size, &f), -1);
        assert_non_null(strstr(f.text, "f: it has changed"));
        rom_free(&t);
        close(out);
        unlink(path_of(x, "f"));
    }
}

static void no_such_root(void **state)
{
    struct fixture *x = *state;
    struct rom_tree t;
    struct fault f = {0};
    assert_int_equal(rom_scan(&t, path_of(x, "none"), LATEST, &f), -1);
    assert_int_equal(f.status, EXIT_HOST);
    assert_non_null(strstr(f.text, "none"));
    rom_free(&t);
}

static char *list_text(const char *rom, uint64_t size, int *result, struct fault *f)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    *result = rom_list((const unsigned char *)rom, size, out, f);
    fclose(out);
    return text;
}

static void listing(void **state)
{
    struct fixture *x = *state;
    struct fault f = {0};
    int result;
    make_file(x, "a\033b", 3, 1);
    assert_int_equal(chmod(path_of(x, "a\033b"), 04711), 0);
    assert_int_equal(symlink("a", path_of(x, "l")), 0);
    pack(x);
    char *text = list_text(x->rom, x->size, &result, &f);
    assert_int_equal(result, 0);
    assert_string_equal(text, "drwxr-x--x   2            2 2020-09-13 12:26:40 /\n"
                              "-rws--x--x   1            3 2020-09-13 12:26:40 /a\\033b\n"
                              "lrwxrwxrwx   1            1 2020-09-13 12:26:40 /l -> a\n");
    free(text);
}

/* Every change of one field of the tables is either harmless or told; nothing is read outside. */
static void listing_of_broken_ones(void **state)
{
    struct fixture *x = *state;
    static const uint64_t values[] = {0, 1, 2, 255, 4096, 1u << 31, UINT32_MAX, UINT64_MAX};
    assert_int_equal(mkdir(path_of(x, "d"), 0755), 0);
    make_file(x, "d/f", 10, 1);
    make_file(x, "g", 4096, 1);
    pack(x);
    size_t told = 0, changes = 0;
    for (size_t at = 0; at + 8 <= 280; at += 4)
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
            struct fault f = {0};
            int result;
            /* Exactly as long as it says, so that the sanitizer sees every byte too many. */
            char *copy = malloc(x->size);
            memcpy(copy, x->rom, x->size);
            memcpy(copy + at, &values[i], at % 8 == 0 ? 8 : 4);
            free(list_text(copy, x->size, &result, &f));
            changes++;
            if (result != 0) {
                assert_int_equal(f.status, EXIT_IMAGE);
                told++;
            }
            free(copy);
        }
    /* Sizes, offsets and types are most of the fields. */
    assert_true(told * 3 > changes);

    for (size_t size = 0; size < 40; size++) {
        struct fault f = {0};
        int result;
        char *copy = malloc(size > 0 ? size : 1);
        memcpy(copy, x->rom, size);
        free(list_text(copy, size, &result, &f));
        assert_int_equal(result, -1);
        free(copy);
    }
}

/* No bytes are in the file system either where their offset is not. */
static void listing_of_nothing_outside(void **state)
{
    struct fixture *x = *state;
    struct pith_rom_header h;
    struct pith_rom_inode link;
    struct fault f = {0};
    int result;
    assert_int_equal(symlink("a", path_of(x, "l")), 0);
    pack(x);
    char *copy = malloc(x->size);
    memcpy(copy, x->rom, x->size);
    memcpy(&h, copy, sizeof(h));
    char *second = copy + h.inodes + sizeof(link);
    memcpy(&link, second, sizeof(link));
    assert_true(S_ISLNK(link.mode));
    link.size = 0;
    link.data = UINT64_MAX / 2;
    memcpy(second, &link, sizeof(link));
    free(list_text(copy, x->size, &result, &f));
    assert_int_equal(result, -1);
    assert_int_equal(f.status, EXIT_IMAGE);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_root, setup, teardown),
        cmocka_unit_test_setup_teardown(all_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(hard_links_are_one_file, setup, teardown),
        cmocka_unit_test_setup_teardown(links_from_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(later_times_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(order_does_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(random_trees, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(output_that_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(file_that_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(no_such_root, setup, teardown),
        cmocka_unit_test_setup_teardown(listing, setup, teardown),
        cmocka_unit_test_setup_teardown(listing_of_broken_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(listing_of_nothing_outside, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
