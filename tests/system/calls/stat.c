/* SPDX-License-Identifier: MIT
 *
 * stat, chmod, chown, access, statx, umask and the current folder. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include "calls.h"

/* musl 1.2.3 has no function for it. */
static long statx(int dir, const char *name, int flags, unsigned mask, struct statx *x)
{
    return syscall(SYS_statx, dir, name, flags, mask, x);
}

static void show(const char *name)
{
    struct stat st;
    if (lstat(name, &st) < 0)
        printf("%s: %s\n", name, strerror(errno));
    else
        printf("%s: mode %o links %ld owner %d:%d size %lld blocks %lld\n", name, st.st_mode,
               (long)st.st_nlink, st.st_uid, st.st_gid,
               S_ISDIR(st.st_mode) ? -1ll : (long long)st.st_size, (long long)st.st_blocks);
}

static void modes(void)
{
    put_file("f", "12345");
    show("f");
    T(chmod("f", 0));
    show("f");
    T(chmod("f", 07777));
    show("f");
    T(chmod("f", 0100644 | 010000));
    show("f");
    T(chmod("none", 0644));
    int fd = open("f", O_RDONLY), path = open("f", O_PATH);
    T(fchmod(fd, 0640));
    T(fchmod(path, 0600));
    T(fchmod(99, 0600));
    show("f");
    T(fchmodat(AT_FDCWD, "f", 0600, 0));
    T(mkdir("d", 01777));
    show("d");
    T(chmod("d", 02750));
    T(mkdir("d/setgid", 0700));
    show("d");
    T(chown("f", 12, 34));
    show("f");
    T(chown("f", (uid_t)-1, 56));
    T(fchown(fd, 78, (gid_t)-1));
    show("f");
    T(chmod("f", 06755));
    T(chown("f", 1, 1));
    show("f");
    T(chown("none", 1, 1));
    T(symlink("f", "s"));
    T(lchown("s", 5, 5));
    show("s");
    T(chown("s", 9, 9));
    show("f");
    T(fchownat(fd, "", 3, 4, AT_EMPTY_PATH));
    show("f");
}

static void accesses(void)
{
    T(access("f", R_OK | W_OK));
    T(access("f", X_OK));
    T(chmod("f", 0));
    T(access("f", R_OK | W_OK));
    T(access("f", X_OK));
    T(chmod("f", 0001));
    T(access("f", X_OK));
    T(access("d", X_OK | W_OK | R_OK));
    T(access("f", 8));
    T(access("none", F_OK));
    T(access("f/x", F_OK));
    T(access("", F_OK));
    int fd = open("f", O_RDWR);
    IS(fd >= 0);
    close(fd);
}

static void numbers(void)
{
    struct stat a, b, dev;
    T(stat("f", &a));
    T(stat("d", &b));
    IS(a.st_ino != b.st_ino);
    IS(a.st_dev == b.st_dev);
    IS(a.st_ino && b.st_ino);
    printf("block size %ld\n", (long)a.st_blksize);
    T(stat("/dev/null", &dev));
    printf("%u %u %d\n", major(dev.st_rdev), minor(dev.st_rdev), S_ISCHR(dev.st_mode));
    IS(dev.st_dev != a.st_dev);
    T(stat("none", &a));
    T(fstat(99, &a));
    T(fstatat(AT_FDCWD, "", &a, 0));
    T(fstatat(AT_FDCWD, "", &a, AT_EMPTY_PATH));
    IS(S_ISDIR(a.st_mode));
    T(fstatat(AT_FDCWD, "f", &a, 0x4000000));
    T(fstatat(1234, "f", &a, 0));
}

static void extended(void)
{
    struct statx x;
    memset(&x, 0, sizeof(x));
    T(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
    printf("%o %u %llu\n", x.stx_mode, x.stx_nlink, (unsigned long long)x.stx_size);
    IS((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    T(statx(AT_FDCWD, "none", 0, STATX_BASIC_STATS, &x));
    T(statx(AT_FDCWD, "f", 0, 0x80000000u, &x));
    T(statx(AT_FDCWD, "f", 0x4000000, 0, &x));
    T(statx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x));
    IS(S_ISLNK(x.stx_mode));
}

static void masks(void)
{
    T(umask(0));
    put_file("m0", "");
    show("m0");
    T(umask(077));
    put_file("m1", "");
    show("m1");
    T(mkdir("m2", 0777));
    show("m2");
    T(umask(01777));
    T(umask(022));
    T(symlink("x", "m3"));
    show("m3");
}

static void current_folder(void)
{
    char before[PATH_MAX], after[PATH_MAX], small[2];
    IS(getcwd(before, sizeof(before)) == before);
    IS(before[0] == '/');
    IS(!strcmp(before + strlen(before) - 2, "/w"));
    IS(!getcwd(small, sizeof(small)));
    printf("%s\n", strerror(errno));
    T(chdir("d"));
    IS(getcwd(after, sizeof(after)) && !strcmp(after + strlen(after) - 4, "/w/d"));
    T(chdir("none"));
    T(chdir("../f"));
    T(chdir("../s"));
    T(chdir(""));
    int dir = open("setgid", O_RDONLY | O_DIRECTORY), file = open("../f", O_RDONLY);
    T(fchdir(dir));
    T(access("../../f", F_OK));
    T(fchdir(file));
    T(fchdir(99));
    T(rmdir("../setgid"));
    IS(!getcwd(after, sizeof(after)));
    printf("%s\n", strerror(errno));
    T(open("new", O_CREAT | O_WRONLY, 0600));
    T(access(".", F_OK));
    T(access("..", F_OK));
    T(chdir("/"));
    IS(getcwd(after, sizeof(after)) && !strcmp(after, "/"));
    T(chdir(".."));
    IS(getcwd(after, sizeof(after)) && !strcmp(after, "/"));
    T(chdir(before));
}

static void file_systems(void)
{
    struct statfs s;
    struct statvfs v;
    T(statfs(".", &s));
    IS(s.f_bsize == 4096);
    IS(s.f_namelen == 255);
    IS(s.f_blocks > 0 && s.f_bfree <= s.f_blocks && s.f_bavail <= s.f_bfree);
    T(statvfs("f", &v));
    IS(v.f_namemax == 255);
    T(statfs("none", &s));
    T(fstatfs(99, &s));
    T(fpathconf(1, _PC_PIPE_BUF));
    T(pathconf(".", _PC_NAME_MAX));
}

int main(void)
{
    umask(022);
    enter_folder();
    modes();
    accesses();
    numbers();
    extended();
    masks();
    current_folder();
    file_systems();
    return 0;
}
