/* SPDX-License-Identifier: MIT
 *
 * What a program that has given up root may still do with files: POSIX, 4.7 "File Access Permissions", and
 * what each call says of owners. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <grp.h>
#include "calls.h"

#define USER  1000
#define GROUP 2000
#define EXTRA 3000

static void become(uid_t uid, gid_t gid)
{
    need(setegid(0) == 0 || geteuid() != 0, "setegid");
    need(seteuid(0) == 0 && setegid(gid) == 0 && seteuid(uid) == 0, "seteuid");
}

static void make(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
    put_file(name, "text");
    need(chown(name, uid, gid) == 0 && chmod(name, mode) == 0, name);
}

static void make_dir(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
    need(mkdir(name, 0700) == 0 && chown(name, uid, gid) == 0 && chmod(name, mode) == 0, name);
}

static void try_open(const char *name)
{
    static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_PATH,
                                O_RDONLY | O_NOATIME};
    printf("%s:", name);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int fd = open(name, flags[i]);
        printf(" %s", fd < 0 ? strerror(errno) : "ok");
        if (fd >= 0)
            close(fd);
    }
    printf("; access");
    for (int mode = 0; mode < 8; mode++)
        printf(" %d", access(name, mode) == 0);
    printf("; effective");
    for (int mode = 0; mode < 8; mode++)
        printf(" %d", faccessat(AT_FDCWD, name, mode, AT_EACCESS) == 0);
    putchar('\n');
}

/* Each class of users with each set of bits. */
static void classes(void)
{
    char name[32];
    static const uid_t owners[] = {0, USER, 5000};
    static const gid_t groups[] = {0, GROUP, EXTRA};
    for (unsigned mode = 0; mode < 8; mode++)
        for (unsigned i = 0; i < 3; i++)
            for (unsigned k = 0; k < 3; k++) {
                snprintf(name, sizeof(name), "f%u%u%u", mode, i, k);
                make(name, mode << 6 | (7 - mode) << 3 | (mode ^ 5), owners[i], groups[k]);
            }
    for (int as_user = 0; as_user < 2; as_user++) {
        become(as_user ? USER : 0, as_user ? GROUP : 0);
        for (unsigned mode = 0; mode < 8; mode++)
            for (unsigned i = 0; i < 3; i++)
                for (unsigned k = 0; k < 3; k++) {
                    snprintf(name, sizeof(name), "f%u%u%u", mode, i, k);
                    try_open(name);
                }
    }
    become(0, 0);
}

static void folders(void)
{
    make_dir("closed", 0700, 0, 0);
    make_dir("closed/in", 0777, 0, 0);
    make("closed/file", 0666, 0, 0);
    make_dir("listed", 0744, 0, 0);
    make("listed/file", 0666, 0, 0);
    make_dir("passed", 0711, 0, 0);
    make("passed/file", 0666, 0, 0);
    make_dir("passed/empty", 0777, 0, 0);
    make_dir("open", 0777, 0, 0);
    make("open/file", 0600, 0, 0);
    need(symlink("closed/file", "link") == 0, "link");
    become(USER, GROUP);
    static const char *const names[] = {"closed", "listed", "passed", "open"};
    struct stat st;
    char path[64];
    for (size_t i = 0; i < 4; i++) {
        DIR *d = opendir(names[i]);
        printf("%s: opendir %s\n", names[i], d ? "ok" : strerror(errno));
        if (d)
            closedir(d);
        snprintf(path, sizeof(path), "%s/file", names[i]);
        T(stat(path, &st));
        snprintf(path, sizeof(path), "%s/none", names[i]);
        T(stat(path, &st));
        OK(open(path, O_CREAT | O_RDWR, 0640));
        T(unlink(path));
        T(mkdir(path, 0755));
        T(rmdir(path));
        T(symlink("x", path));
        T(unlink(path));
        T(mknod(path, S_IFIFO | 0600, 0));
        T(unlink(path));
        OK(open(names[i], O_TMPFILE | O_RDWR, 0600));
        snprintf(path, sizeof(path), "%s/file", names[i]);
        T(rename(path, "open/other"));
        T(rename("open/other", path));
        T(unlink(path));
        T(truncate(path, 1));
        int back = open(".", O_RDONLY | O_DIRECTORY);
        T(chdir(names[i]));
        T(fchdir(back));
        close(back);
    }
    T(stat("link", &st));
    T(lstat("link", &st));
    T(stat("closed/../open/file", &st));
    T(stat("closed/./in", &st));
    T(rmdir("passed/empty"));
    T(chroot("open"));
    T(chroot("closed"));
    T(chroot("none"));
    become(0, 0);
}

/* Who owns what is made. */
static void makers(void)
{
    struct stat st;
    make_dir("shared", 02777, 0, EXTRA);
    become(USER, GROUP);
    put_file("shared/mine", "x");
    T(mkdir("shared/sub", 0755));
    put_file("open/mine", "x");
    static const char *const names[] = {"shared/mine", "shared/sub", "open/mine"};
    for (size_t i = 0; i < 3; i++) {
        need(stat(names[i], &st) == 0, names[i]);
        printf("%s: %u %u %o\n", names[i], st.st_uid, st.st_gid, st.st_mode);
    }
    become(0, 0);
}

/* Whether something may be taken from a folder with the sticky bit. */
static void sticky(void)
{
    make_dir("sticky", 01777, 0, 0);
    make("sticky/roots", 0666, 0, 0);
    make("sticky/mine", 0600, USER, 0);
    make("sticky/other", 0666, 0, GROUP);
    make_dir("sticky/dir", 0777, 0, 0);
    make_dir("own", 01777, USER, 0);
    make("own/roots", 0600, 0, 0);
    become(USER, GROUP);
    T(unlink("sticky/roots"));
    T(rename("sticky/roots", "sticky/new"));
    T(rename("sticky/mine", "sticky/roots"));
    T(rename("sticky/mine", "sticky/new"));
    T(unlink("sticky/new"));
    T(unlink("sticky/other"));
    T(rmdir("sticky/dir"));
    T(unlink("own/roots"));
    T(link("open/mine", "sticky/linked"));
    T(unlink("sticky/linked"));
    become(0, 0);
}

static void show(const char *name)
{
    struct stat st;
    need(lstat(name, &st) == 0, name);
    printf("%s: %u %u %o\n", name, st.st_uid, st.st_gid, st.st_mode);
}

static void owners(void)
{
    make("roots", 0666, 0, 0);
    make("mine", 0600, USER, GROUP);
    make("foreign", 0666, USER, 4000);
    become(USER, GROUP);
    T(chmod("roots", 0777));
    T(chmod("mine", 06755));
    show("mine");
    T(chmod("foreign", 02755));
    show("foreign");
    int fd = open("roots", O_RDONLY);
    T(fchmod(fd, 0777));
    T(fchown(fd, USER, -1));
    close(fd);
    T(chown("mine", -1, EXTRA));
    show("mine");
    T(chown("mine", -1, 4000));
    T(chown("mine", 0, -1));
    T(chown("mine", USER, GROUP));
    T(chown("mine", -1, -1));
    T(chown("roots", -1, -1));
    T(chown("roots", -1, GROUP));
    T(chown("foreign", -1, 4000));
    T(lchown("link", USER, -1));
    become(0, 0);
    T(chown("mine", 7, 8));
    show("mine");
}

static void times(void)
{
    static const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    static const struct timespec set[2] = {{1, 0}, {2, 0}};
    static const struct timespec one[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    static const struct timespec none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    make("t666", 0666, 0, 0);
    make("t644", 0644, 0, 0);
    make("town", 0400, USER, 0);
    become(USER, GROUP);
    static const char *const names[] = {"t666", "t644", "town"};
    for (size_t i = 0; i < 3; i++) {
        printf("%s\n", names[i]);
        T(utimensat(AT_FDCWD, names[i], NULL, 0));
        T(utimensat(AT_FDCWD, names[i], now, 0));
        T(utimensat(AT_FDCWD, names[i], set, 0));
        T(utimensat(AT_FDCWD, names[i], one, 0));
        T(utimensat(AT_FDCWD, names[i], none, 0));
    }
    become(0, 0);
}

static void sockets_and_watches(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "open/socket"};
    struct sockaddr_un b = {.sun_family = AF_UNIX, .sun_path = "passed/socket"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    need(bind(s, (void *)&a, sizeof(a)) == 0 && listen(s, 5) == 0, "bind");
    need(chmod("open/socket", 0600) == 0, "chmod");
    make("watched", 0600, 0, 0);
    int in = inotify_init();
    become(USER, GROUP);
    int c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_STREAM, 0);
    T(connect(c, (void *)&a, sizeof(a)));
    T(bind(d, (void *)&b, sizeof(b)));
    T(inotify_add_watch(in, "watched", IN_OPEN));
    become(0, 0);
    T(connect(c, (void *)&a, sizeof(a)));
    become(USER, GROUP);
    T(sethostname("x", 1));
    T(setdomainname("x", 1));
    struct rlimit l = {0};
    getrlimit(RLIMIT_FSIZE, &l);
    l = (struct rlimit){100, 100};
    T(setrlimit(RLIMIT_CORE, &l));
    l.rlim_max = 200;
    T(setrlimit(RLIMIT_CORE, &l));
    errno = 0;
    T(setpriority(PRIO_PROCESS, 0, 5));
    T(setpriority(PRIO_PROCESS, 0, 4));
    T(setgroups(0, NULL));
    become(0, 0);
}

int main(void)
{
    static const gid_t groups[] = {EXTRA};
    umask(022);
    enter_folder();
    need(chmod(".", 0755) == 0 && setgroups(1, groups) == 0, "groups");
    classes();
    folders();
    makers();
    sticky();
    owners();
    times();
    sockets_and_watches();
    return 0;
}
