/* SPDX-License-Identifier: MIT
 *
 * Symbolic links: chains, loops, targets of every kind, calls that follow and calls that do not. */
#define _GNU_SOURCE
#include <limits.h>
#include "calls.h"

static void target(const char *name, size_t room)
{
    char buf[256];
    ssize_t n = readlink(name, buf, room);
    if (n < 0)
        printf("readlink %s: %s\n", name, strerror(errno));
    else
        printf("readlink %s: %.*s\n", name, (int)n, buf);
}

static void chain(void)
{
    char from[16], to[16];
    put_file("end", "the end");
    strcpy(to, "end");
    for (int i = 1; i <= 42; i++) {
        snprintf(from, sizeof(from), "c%d", i);
        need(symlink(to, from) == 0, from);
        strcpy(to, from);
    }
    show_file("c1");
    show_file("c39");
    show_file("c40");
    show_file("c41");
    T(access("c40", F_OK));
    T(access("c41", F_OK));
}

static void follow(void)
{
    struct stat st, real;
    T(symlink("end", "s"));
    T(lstat("s", &st));
    printf("%lld bytes, mode %o\n", (long long)st.st_size, st.st_mode);
    T(stat("s", &st));
    T(stat("end", &real));
    IS(st.st_ino == real.st_ino);
    target("s", 256);
    target("s", 2);
    target("s", 0);
    target("end", 256);
    target("none", 256);
    T(symlink("x", "s"));
    T(symlink("", "empty"));
    T(symlink("x", ""));
    T(symlink("x", "none/y"));
    T(chmod("s", 0600));
    T(stat("end", &real));
    printf("%o\n", real.st_mode);
    T(fchmodat(AT_FDCWD, "s", 0600, AT_SYMLINK_NOFOLLOW));
    T(truncate("s", 3));
    show_file("end");
    T(unlink("s"));
    T(access("end", F_OK));
}

static void folders(void)
{
    T(mkdir("d", 0755));
    T(mkdir("d/e", 0755));
    T(symlink("d", "to-d"));
    T(symlink("d/", "slash"));
    T(symlink("../end", "d/up"));
    T(symlink("../../w/end", "d/e/upup"));
    T(symlink("/", "root"));
    show_file("to-d/up");
    show_file("slash/up");
    show_file("d/e/upup");
    show_file("to-d/e/../up");
    show_file("d/up/");
    T(access("root/dev/null", F_OK));
    T(rmdir("to-d"));
    T(rmdir("to-d/"));
    T(unlink("to-d/"));
    T(mkdir("to-d/new", 0700));
    T(rename("to-d", "to-d2"));
    target("to-d2", 256);
    T(access("to-d2/new", F_OK));
    struct stat st;
    T(lstat("to-d2/", &st));
    IS(S_ISDIR(st.st_mode));
    T(lstat("to-d2", &st));
    IS(S_ISLNK(st.st_mode));
    T(symlink("mutual-b", "mutual-a"));
    T(symlink("mutual-a", "mutual-b"));
    T(access("mutual-a", F_OK));
    T(access("mutual-a/x", F_OK));
}

static void resolved(void)
{
    char path[PATH_MAX];
    IS(realpath("to-d2/e/./../up", path));
    IS(!strcmp(path + strlen(path) - 6, "/w/end"));
    IS(realpath("none", path));
    printf("%s\n", strerror(errno));
    IS(realpath("mutual-a", path));
    printf("%s\n", strerror(errno));
}

int main(void)
{
    umask(022);
    enter_folder();
    chain();
    follow();
    folders();
    resolved();
    return 0;
}
