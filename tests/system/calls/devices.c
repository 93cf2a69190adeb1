/* SPDX-License-Identifier: MIT
 *
 * What programs expect in /dev. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include "calls.h"

static void named(const char *path)
{
    struct stat st;
    char to[64];

    printf("%s:", path);
    if (lstat(path, &st) < 0) {
        printf(" %s\n", strerror(errno));
        return;
    }
    printf(" %o", st.st_mode);
    if (S_ISCHR(st.st_mode))
        printf(" %u:%u uid %u links %u size %ld", major(st.st_rdev), minor(st.st_rdev), st.st_uid,
               (unsigned)st.st_nlink, (long)st.st_size);
    ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, to, sizeof(to)) : -1;
    if (n >= 0)
        printf(" -> %.*s", (int)n, to);
    puts("");
}

static void device(const char *path)
{
    static char big[128 * 1024];
    char c = 1;
    struct iovec two[] = {{big, 3}, {&c, 1}};
    struct pollfd p;
    int n = -1;

    printf("- %s\n", path);
    int fd = T(open(path, O_RDWR) >= 0 ? 0 : -1);
    if (fd < 0)
        return;
    fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
    need(fd >= 0, path);
    memset(big, 1, sizeof(big));
    T(lseek(fd, -10, SEEK_CUR));
    T(lseek(fd, -10, SEEK_SET));
    T(lseek(fd, 123, SEEK_SET));
    T(lseek(fd, 123, SEEK_END));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 0, SEEK_DATA));
    T(pread(fd, &c, 1, 0));
    T(pread(fd, &c, 1, 1000));
    T(pwrite(fd, &c, 1, 0));
    T(read(fd, big, sizeof(big)));
    IS(memchr(big, 1, sizeof(big)) == NULL || strstr(path, "random") != NULL || big[0] == 1);
    T(readv(fd, two, 2));
    T(write(fd, "a", 1));
    T(write(fd, "a", 0));
    T(read(fd, &c, 0));
    T(read(fd, (void *)1, 1));
    T(write(fd, (void *)1, 1));
    T(ftruncate(fd, 0));
    T(fsync(fd));
    T(fallocate(fd, 0, 0, 1));
    T(isatty(fd));
    T(ioctl(fd, FIONREAD, &n));
    T(ioctl(fd, 0x5499, &n));
    p = (struct pollfd){fd, POLLIN | POLLOUT, 0};
    T(poll(&p, 1, 0));
    if (strcmp(path, "/dev/random") != 0) /* which never has room, on Linux */
        T(p.revents);
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    printf("mmap: %s\n", map == MAP_FAILED ? strerror(errno) : "ok");
    T(close(fd));
    T(open(path, O_RDONLY | O_DIRECTORY));
    T(open(path, O_CREAT | O_EXCL | O_RDWR, 0644));
    T(truncate(path, 0));
    T(access(path, R_OK | W_OK));
    T(access(path, X_OK));
}

int main(void)
{
    static const char *const names[] = {"/dev/null",    "/dev/zero",   "/dev/full",   "/dev/random",
                                        "/dev/urandom", "/dev/tty",    "/dev/ptmx",   "/dev/fd",
                                        "/dev/stdin",   "/dev/stdout", "/dev/stderr", "/dev/shm",
                                        "/dev/pts",     "/dev/nothing"};
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                          "/dev/urandom"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        named(names[i]);
    for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
        device(devices[i]);
    T(open("/dev/zero/x", O_RDONLY));
    T(mkdir("/dev/null", 0755));
    return 0;
}
