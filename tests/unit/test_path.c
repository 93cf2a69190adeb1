/* SPDX-License-Identifier: MIT
 *
 * Path walk: a table of paths and what they lead to, descriptors as starting points, mounts, the
 * way back from inodes to paths, and the files of /dev and /proc.
 *
 * sources: tests/unit/fake_policy.c libos/vfs/permit.c
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c libos/vfs/open.c
 * sources: libos/thread/thread.c
 * sources: libos/vfs/path.c libos/vfs/pipe.c libos/vfs/tree.c libos/vfs/text.c libos/fs/rom/rom.c
 * sources: libos/fs/ram/data.c libos/fs/ram/dir.c libos/fs/ram/file.c libos/fs/ram/inode.c
 * sources: libos/posix/read.c libos/posix/ioctl.c tests/unit/fake_console.c
 * sources: libos/posix/io.c libos/posix/file.c libos/posix/path.c libos/posix/stat.c
 * sources: libos/thread/wait.c
 * sources: tests/unit/fake_fs.c tests/unit/fake_mm.c tests/unit/fake_plat.c tests/unit/rom_image.c
 * uses: vfs ram rom abi mm thread time random posix */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#include "fake_fs.h"
#include "fake_mm.h"
#include "fake_plat.h"
#include "pith_calls.h"
#include "vfs/fd.h"
#include "vfs/mount.h"
#include "vfs/path.h"
#include "vfs/tree.h"

#define LINK(path, target)                                                                         \
    {                                                                                              \
        path, S_IFLNK | 0777, target, sizeof(target) - 1, 0                                        \
    }
#define DIR(path)                                                                                  \
    {                                                                                              \
        path, S_IFDIR | 0755, NULL, 0, 0                                                           \
    }
#define REG(path)                                                                                  \
    {                                                                                              \
        path, S_IFREG | 0644, "x", 1, 0                                                            \
    }

static const struct rom_file files[] = {
    DIR("a"),
    DIR("a/b"),
    DIR("a/b/c"),
    REG("a/b/file"),
    REG("top"),
    DIR("mnt"),
    LINK("to-file", "a/b/file"),
    LINK("to-dir", "/a/b"),
    LINK("to-dir-slash", "a/b/"),
    LINK("a/up", "../top"),
    LINK("a/b/self", "."),
    LINK("a/b/dots", "../.././a//b/c/.."),
    LINK("loop1", "loop2"),
    LINK("loop2", "loop1"),
    LINK("dangling", "nowhere"),
    LINK("chain", "to-dir/self/self/dots/self/file"),
    LINK("to-root", "/"),
};

static void number(struct text *t)
{
    text_dec(t, 42, 5, '0');
}

static int next_even(int from)
{
    from += from & 1;
    return from < 10 ? from : -1;
}

static const struct tree_node numbered = {.mode = S_IFREG | 0444, .text = number};
static const struct tree_node mounted_nodes[] = {
    {.name = "leaf", .mode = S_IFREG | 0444, .text = number},
    {.name = "numbers", .mode = S_IFDIR | 0555, .each = &numbered, .next = next_even},
    {.name = "out", .mode = S_IFLNK | 0777, .target = "../top"},
};
static const struct tree_node mounted_root = {.name = "",
                                              .mode = S_IFDIR | 0555,
                                              .children = mounted_nodes,
                                              .count = ARRAY_LEN(mounted_nodes)};

static int start_mounted(struct fs *fs)
{
    return tree_start(fs, &mounted_root);
}

static struct fs mounted_fs = {.type = "test", .dev = 77, .start = start_mounted};

static int setup(void **state)
{
    static bool done;
    struct inode *dir;

    (void)state;
    if (done)
        return 0;
    done = true;
    fake_reset();
    fake_fs(files, ARRAY_LEN(files), 1 << 20);
    if (path_lookup(AT_FDCWD, "/mnt", 0, &dir))
        return -1;
    mount_on(dir, &mounted_fs);
    inode_put(dir);
    return 0;
}

static const struct {
    const char *path;
    unsigned flags;
    const char *leads_to; /* its path; or NULL */
    int err;
} cases[] = {
    {"/", 0, "/", 0},
    {"//", 0, "/", 0},
    {".", 0, "/", 0},
    {"..", 0, "/", 0},
    {"/../..", 0, "/", 0},
    {"a", 0, "/a", 0},
    {"/a/b/c", 0, "/a/b/c", 0},
    {"a//b///c", 0, "/a/b/c", 0},
    {"a/b/c/", 0, "/a/b/c", 0},
    {"a/./b/../b/c/.", 0, "/a/b/c", 0},
    {"a/b/file", 0, "/a/b/file", 0},
    {"a/b/file/", 0, NULL, -ENOTDIR},
    {"a/b/file/.", 0, NULL, -ENOTDIR},
    {"a/b/file/..", 0, NULL, -ENOTDIR},
    {"a/b/file/x", 0, NULL, -ENOTDIR},
    {"a/b/none", 0, NULL, -ENOENT},
    {"a/none/x", 0, NULL, -ENOENT},
    {"a/none/..", 0, NULL, -ENOENT},
    {"", 0, NULL, -ENOENT},
    {"", PATH_EMPTY, "/", 0},
    {"to-file", 0, "/to-file", 0},
    {"to-file", PATH_FOLLOW, "/a/b/file", 0},
    {"to-file/", PATH_FOLLOW, NULL, -ENOTDIR},
    {"to-file/", 0, NULL, -ENOTDIR},
    {"to-file/x", 0, NULL, -ENOTDIR},
    {"to-dir", 0, "/to-dir", 0},
    {"to-dir/", 0, "/a/b", 0},
    {"to-dir/.", 0, "/a/b", 0},
    {"to-dir/..", 0, "/a", 0},
    {"to-dir", PATH_FOLLOW, "/a/b", 0},
    {"to-dir/c", 0, "/a/b/c", 0},
    {"to-dir-slash", PATH_FOLLOW, "/a/b", 0},
    {"to-dir-slash/c", 0, "/a/b/c", 0},
    {"a/up", PATH_FOLLOW, "/top", 0},
    {"a/b/self/self/self/c", 0, "/a/b/c", 0},
    {"a/b/dots/file", 0, "/a/b/file", 0},
    {"chain", PATH_FOLLOW, "/a/b/file", 0},
    {"to-root/a/b", 0, "/a/b", 0},
    {"to-root", PATH_FOLLOW, "/", 0},
    {"loop1", 0, "/loop1", 0},
    {"loop1", PATH_FOLLOW, NULL, -ELOOP},
    {"loop1/x", 0, NULL, -ELOOP},
    {"dangling", 0, "/dangling", 0},
    {"dangling", PATH_FOLLOW, NULL, -ENOENT},
    {"dangling/", 0, NULL, -ENOENT},
    {"mnt", 0, "/mnt", 0},
    {"mnt/leaf", 0, "/mnt/leaf", 0},
    {"mnt/leaf/", 0, NULL, -ENOTDIR},
    {"mnt/..", 0, "/", 0},
    {"mnt/../a", 0, "/a", 0},
    {"mnt/out", PATH_FOLLOW, "/top", 0},
    {"mnt/numbers/8", 0, "/mnt/numbers/8", 0},
    {"mnt/numbers/../leaf", 0, "/mnt/leaf", 0},
    {"mnt/numbers/7", 0, NULL, -ENOENT},
    {"mnt/numbers/08", 0, NULL, -ENOENT},
    {"mnt/numbers/12345678901", 0, NULL, -ENOENT},
};

static void test_table(void **state)
{
    (void)state;
    char buf[PATH_MAX];

    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct inode *inode;
        int err = path_lookup(AT_FDCWD, cases[i].path, cases[i].flags, &inode);
        if (err != cases[i].err)
            fail_msg("%s: %d, not %d", cases[i].path, err, cases[i].err);
        if (err)
            continue;
        assert_non_null(cases[i].leads_to);
        const char *path = path_of(inode, buf, sizeof buf, &err);
        assert_non_null(path);
        assert_string_equal(path, cases[i].leads_to);
        inode_put(inode);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static char path[PATH_MAX + 1];
    struct inode *inode;

    memset(path, '/', PATH_MAX);
    assert_int_equal(path_lookup(AT_FDCWD, path, 0, &inode), -ENAMETOOLONG);
    path[PATH_MAX - 1] = '\0';
    assert_int_equal(path_lookup(AT_FDCWD, path, 0, &inode), 0);
    inode_put(inode);
    memset(path, 'n', 256);
    path[256] = '\0';
    assert_int_equal(path_lookup(AT_FDCWD, path, 0, &inode), -ENAMETOOLONG);
    path[255] = '\0';
    assert_int_equal(path_lookup(AT_FDCWD, path, 0, &inode), -ENOENT);
    assert_int_equal(path_lookup(AT_FDCWD, NULL, 0, &inode), -EFAULT);
}

/* 40 links are followed, 41 are not. */
static void test_number_of_links(void **state)
{
    (void)state;
    char name[20], target[20];
    struct inode *inode;

    assert_int_equal(pith_sys_symlink((long)"top", (long)"link0"), 0);
    for (int i = 1; i <= 40; i++) {
        snprintf(name, sizeof name, "link%d", i);
        snprintf(target, sizeof target, "link%d", i - 1);
        assert_int_equal(pith_sys_symlink((long)target, (long)name), 0);
    }
    assert_int_equal(path_lookup(AT_FDCWD, "link39", PATH_FOLLOW, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(AT_FDCWD, "link40", PATH_FOLLOW, &inode), -ELOOP);
}

static void test_descriptors(void **state)
{
    (void)state;
    struct inode *inode;
    long a = pith_sys_open((long)"/a", O_RDONLY | O_DIRECTORY, 0);
    long file = pith_sys_open((long)"/top", O_PATH, 0);

    assert_int_equal(path_lookup(a, "b/c", 0, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(a, "/top", 0, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(a, "", PATH_EMPTY, &inode), 0);
    assert_true(S_ISDIR(inode->mode));
    inode_put(inode);
    assert_int_equal(path_lookup(file, "", PATH_EMPTY, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(file, "x", 0, &inode), -ENOTDIR);
    assert_int_equal(path_lookup(file, "/top", 0, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(99, "x", 0, &inode), -EBADF);
    assert_int_equal(path_lookup(99, "/top", 0, &inode), 0);
    inode_put(inode);
    assert_int_equal(path_lookup(0, "x", 0, &inode), -ENOTDIR);
    pith_sys_close(a);
    pith_sys_close(file);
}

/* A directory that was removed while it is the current one still is one, but has no path. */
static void test_removed_directory(void **state)
{
    (void)state;
    char buf[100];

    assert_int_equal(pith_sys_mkdir((long)"/gone", 0755), 0);
    assert_int_equal(pith_sys_mkdir((long)"/gone/deeper", 0755), 0);
    assert_int_equal(pith_sys_chdir((long)"/gone/deeper"), 0);
    assert_int_equal(pith_sys_getcwd((long)buf, sizeof buf), sizeof "/gone/deeper");
    assert_string_equal(buf, "/gone/deeper");
    assert_int_equal(pith_sys_getcwd((long)buf, 12), -ERANGE);
    assert_int_equal(pith_sys_rmdir((long)"/gone/deeper"), 0);
    assert_int_equal(pith_sys_rmdir((long)"../../gone"), 0);
    assert_int_equal(pith_sys_getcwd((long)buf, sizeof buf), -ENOENT);
    assert_int_equal(pith_sys_mkdir((long)"x", 0755), -ENOENT);
    assert_int_equal(pith_sys_open((long)"x", O_CREAT | O_WRONLY, 0644), -ENOENT);
    assert_int_equal(pith_sys_chdir((long)"/"), 0);
}

static void test_trees(void **state)
{
    (void)state;
    char buf[100];
    size_t before = fake_mm.heap_bytes;
    long fd = pith_sys_open((long)"/mnt/numbers/4", O_RDONLY, 0);

    assert_true(fd >= 0);
    assert_int_equal(pith_sys_read(fd, (long)buf, 3), 3);
    assert_int_equal(pith_sys_read(fd, (long)buf + 3, 50), 2);
    assert_memory_equal(buf, "00042", 5);
    assert_int_equal(pith_sys_read(fd, (long)buf, 50), 0);
    assert_int_equal(pith_sys_write(fd, (long)buf, 1), -EBADF);
    pith_sys_close(fd);
    assert_int_equal(pith_sys_open((long)"/mnt/new", O_CREAT | O_WRONLY, 0644), -EACCES);
    assert_int_equal(pith_sys_mkdir((long)"/mnt/new", 0755), -EPERM);
    assert_int_equal(pith_sys_unlink((long)"/mnt/leaf"), -EPERM);
    assert_int_equal(pith_sys_rmdir((long)"/mnt"), -EBUSY);
    assert_int_equal(pith_sys_rename((long)"/mnt", (long)"/m"), -EBUSY);
    assert_int_equal(pith_sys_rename((long)"/top", (long)"/mnt/top"), -EXDEV);
    assert_int_equal(pith_sys_link((long)"/top", (long)"/mnt/top"), -EXDEV);
    fd = pith_sys_open((long)"/mnt/numbers", O_RDONLY, 0);
    /* ".", "..", and 0 to 8: 24 bytes each. */
    assert_int_equal(pith_sys_getdents64(fd, (long)buf, 30), 24);
    long total = 24, n;
    while ((n = pith_sys_getdents64(fd, (long)buf, sizeof buf)) > 0)
        total += n;
    assert_int_equal(total, 7 * 24);
    assert_int_equal(pith_sys_lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(pith_sys_getdents64(fd, (long)buf, 20), -EINVAL);
    pith_sys_close(fd);
    assert_int_equal(fake_mm.heap_bytes, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_table, setup),
        cmocka_unit_test_setup(test_lengths, setup),
        cmocka_unit_test_setup(test_number_of_links, setup),
        cmocka_unit_test_setup(test_descriptors, setup),
        cmocka_unit_test_setup(test_removed_directory, setup),
        cmocka_unit_test_setup(test_trees, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
