/* SPDX-License-Identifier: MIT
 *
 * open: flags, errors, names of every kind. */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include "calls.h"

static long opened(const char *name, int flags, mode_t mode)
{
    int fd = open(name, flags, mode);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

static void creating(void)
{
    struct stat st;
    T(opened("new", O_RDONLY, 0));
    T(opened("new", O_RDONLY | O_CREAT, 0400));
    T(stat("new", &st));
    printf("%o %lld\n", st.st_mode, (long long)st.st_size);
    T(opened("new", O_WRONLY | O_CREAT | O_EXCL, 0600));
    T(opened("new2", O_WRONLY | O_CREAT | O_EXCL, 0600));
    T(opened("new/", O_RDONLY, 0));
    T(opened("none/", O_WRONLY | O_CREAT, 0600));
    T(opened("new/x", O_WRONLY | O_CREAT, 0600));
    T(opened("none/x", O_WRONLY | O_CREAT, 0600));
    T(opened("", O_RDONLY, 0));
    T(opened(".", O_RDONLY, 0));
    T(opened(".", O_WRONLY, 0));
    T(opened(".", O_RDWR, 0));
    T(opened(".", O_RDONLY | O_CREAT, 0600));
    T(opened("..", O_RDONLY | O_DIRECTORY, 0));
    T(opened("new", O_RDONLY | O_DIRECTORY, 0));
    T(creat("made", 0604) >= 0);
    T(stat("made", &st));
    printf("%o\n", st.st_mode);
}

static void truncating(void)
{
    put_file("t", "12345");
    T(opened("t", O_WRONLY, 0));
    show_file("t");
    T(opened("t", O_WRONLY | O_CREAT, 0));
    show_file("t");
    T(opened("t", O_WRONLY | O_TRUNC, 0));
    show_file("t");
}

static void names(void)
{
    char name[300], path[5000];

    memset(name, 'n', sizeof(name));
    name[255] = 0;
    T(opened(name, O_WRONLY | O_CREAT, 0600) == 0);
    T(unlink(name) == 0);
    name[255] = 'n';
    name[256] = 0;
    T(opened(name, O_WRONLY | O_CREAT, 0600));
    memset(path, '/', sizeof(path));
    path[0] = '.';
    strcpy(path + 4000, "t");
    T(opened(path, O_RDONLY, 0));
    strcpy(path + 4100, "t");
    T(opened(path, O_RDONLY, 0));
    T(opened(".//.///t", O_RDONLY, 0));
    T(opened("../w/t", O_RDONLY, 0));
    T(opened("t/.", O_RDONLY, 0));
    T(opened("t/..", O_RDONLY, 0));
    T(opened("name with \t odd \xff bytes", O_WRONLY | O_CREAT, 0600));
    T(opened("name with \t odd \xff bytes", O_RDONLY, 0));
}

static void links(void)
{
    T(symlink("t", "to-t"));
    T(symlink("nowhere", "to-nowhere"));
    T(symlink("loop", "loop"));
    T(opened("to-t", O_RDONLY, 0));
    T(opened("to-t", O_RDONLY | O_NOFOLLOW, 0));
    T(opened("to-nowhere", O_RDONLY, 0));
    T(opened("to-nowhere", O_WRONLY | O_CREAT | O_EXCL, 0600));
    T(opened("to-nowhere", O_WRONLY | O_CREAT, 0600));
    T(access("nowhere", F_OK));
    T(opened("loop", O_RDONLY, 0));
    T(opened("loop", O_RDONLY | O_CREAT, 0600));
    int path = (int)T(open("to-t", O_PATH | O_NOFOLLOW));
    struct stat st;
    T(fstat(path, &st));
    IS(S_ISLNK(st.st_mode));
    close(path);
}

static void relative(void)
{
    T(mkdir("sub", 0755));
    int dir = (int)T(open("sub", O_RDONLY | O_DIRECTORY));
    T(openat(dir, "inner", O_WRONLY | O_CREAT, 0600));
    T(access("sub/inner", F_OK));
    T(openat(dir, "../t", O_RDONLY));
    T(openat(99, "t", O_RDONLY));
    T(openat(AT_FDCWD, "t", O_RDONLY));
    int file = (int)T(open("t", O_RDONLY));
    T(openat(file, "x", O_RDONLY));
    T(openat(file, "/dev/null", O_RDONLY));
    T(openat(-5, "/dev/null", O_RDONLY));
    T(rmdir("sub"));
    T(unlink("sub/inner"));
    T(rmdir("sub"));
    T(openat(dir, "inner", O_WRONLY | O_CREAT, 0600));
    T(openat(dir, "inner", O_RDONLY));
    T(openat(dir, ".", O_RDONLY));
}

static void unlinked(void)
{
    char buf[8] = "";
    struct stat st;
    put_file("u", "still");
    int fd = open("u", O_RDWR);
    T(unlink("u"));
    T(read(fd, buf, 5));
    T(write(fd, "!", 1));
    T(fstat(fd, &st));
    printf("%s %ld links, %lld bytes\n", buf, (long)st.st_nlink, (long long)st.st_size);
    put_file("u", "other");
    show_file("u");
    close(fd);
}

static void temporary(void)
{
    char name[] = "tmp-XXXXXX", dir[] = "dir-XXXXXX";
    int fd = mkstemp(name);
    IS(fd >= 0);
    IS(strcmp(name, "tmp-XXXXXX"));
    T(unlink(name));
    IS(mkdtemp(dir) == dir);
    T(rmdir(dir));
    char bad[] = "tmp-XXXXX";
    T(mkstemp(bad));
}

static void devices(void)
{
    char buf[8] = "abcdefg";
    struct stat st;
    int fd = open("/dev/null", O_RDWR);
    T(write(fd, buf, 5));
    T(read(fd, buf, 5));
    T(fstat(fd, &st));
    IS(S_ISCHR(st.st_mode));
    fd = open("/dev/zero", O_RDWR);
    T(read(fd, buf, 7));
    IS(!memcmp(buf, "\0\0\0\0\0\0\0", 8));
    T(write(fd, buf, 8));
    fd = open("/dev/full", O_RDWR);
    T(write(fd, buf, 8));
    T(read(fd, buf, 8));
    fd = open("/dev/urandom", O_RDONLY);
    T(read(fd, buf, 8));
    IS(isatty(fd));
    int x, file = open("t", O_RDONLY);
    T(ioctl(file, 0xabcd, &x));
    T(ioctl(99, 0xabcd, &x));
}

int main(void)
{
    umask(022);
    enter_folder();
    creating();
    truncating();
    names();
    links();
    relative();
    unlinked();
    temporary();
    devices();
    return 0;
}
