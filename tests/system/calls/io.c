/* SPDX-License-Identifier: MIT
 *
 * read, write, their vector and positioned forms. */
#include <sys/uio.h>
#include "calls.h"

static void vectors(int fd)
{
    char a[4] = "", b[4] = "", c[8] = "";
    struct iovec out[3] = {{(char *)"one", 3}, {(char *)"", 0}, {(char *)"three", 5}};
    struct iovec in[3] = {{a, 3}, {b, 2}, {c, 7}};
    struct iovec wraps[2] = {{a, SIZE_MAX / 2}, {b, SIZE_MAX / 2 + 2}};

    T(writev(fd, out, 3));
    T(lseek(fd, 0, SEEK_SET));
    T(readv(fd, in, 3));
    printf("%.3s|%.2s|%s\n", a, b, c);
    T(readv(fd, in, 3));
    T(readv(fd, in, 0));
    T(readv(fd, in, -1));
    T(readv(fd, in, 1025));
    T(writev(fd, wraps, 2));
    T(preadv(fd, in, 3, 3));
    printf("%.3s|%.2s|%s\n", a, b, c);
    T(preadv(fd, in, 3, -1));
    T(pwritev(fd, out, 3, 20));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 0, SEEK_END));
}

static void positioned(void)
{
    char buf[16];
    int fd = open("p", O_CREAT | O_RDWR, 0644);

    T(pwrite(fd, "hello", 5, 10));
    T(pread(fd, buf, sizeof(buf), 0));
    IS(!memcmp(buf, "\0\0\0\0\0\0\0\0\0\0hello", 15));
    T(pread(fd, buf, 3, 14));
    T(pread(fd, buf, 3, 15));
    T(pread(fd, buf, 3, 1000));
    T(pread(fd, buf, 3, -1));
    T(pwrite(fd, "x", 1, -5));
    T(pwrite(fd, "x", 0, 1000));
    T(lseek(fd, 0, SEEK_END));
    T(read(fd, buf, 4));
    T(lseek(fd, 0, SEEK_SET));
    T(read(fd, buf, 4));
    T(lseek(fd, 0, SEEK_CUR));
    close(fd);
}

static void access_modes(void)
{
    char buf[4];

    put_file("m", "contents");
    int rd = open("m", O_RDONLY), wr = open("m", O_WRONLY), path = open("m", O_PATH);
    T(write(rd, "x", 1));
    T(read(wr, buf, 1));
    T(pwrite(rd, "x", 1, 0));
    T(pread(wr, buf, 1, 0));
    T(write(rd, "x", 0));
    T(read(wr, buf, 0));
    T(read(path, buf, 1));
    T(write(path, buf, 1));
    T(close(path));
    T(close(rd));
    T(close(wr));
    T(read(rd, buf, 1));
    T(write(wr, buf, 1));
    T(close(rd));
    T(close(-1));
    T(read(-1, buf, 1));
    T(write(1000, buf, 1));
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    T(read(dir, buf, 1));
    T(write(dir, buf, 1));
    T(pread(dir, buf, 1, 0));
    close(dir);
}

static void appending(void)
{
    put_file("a", "12345");
    int fd = open("a", O_RDWR | O_APPEND);
    T(lseek(fd, 0, SEEK_CUR));
    T(write(fd, "67", 2));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 1, SEEK_SET));
    T(write(fd, "8", 1));
    T(pwrite(fd, "9", 1, 0));
    show_file("a");
    int other = open("a", O_WRONLY | O_APPEND);
    T(write(other, "A", 1));
    T(write(fd, "B", 1));
    show_file("a");
    close(fd);
    close(other);
}

/* Enough data for several pages and odd sizes, checked against what must be there. */
static void many_sizes(void)
{
    static unsigned char model[70000], got[70000];
    int fd = open("s", O_CREAT | O_RDWR, 0644);
    size_t size = 0;
    unsigned seed = 7;
    bool same = true;

    for (int i = 0; i < 2000; i++) {
        seed = seed * 1103515245u + 12345;
        size_t at = (seed >> 8) % 60000, len = (seed >> 20) % 4000;
        memset(got, i, len);
        memset(model + at, i, len);
        same &= pwrite(fd, got, len, (off_t)at) == (ssize_t)len;
        if (len && at + len > size)
            size = at + len;
    }
    same &= lseek(fd, 0, SEEK_END) == (off_t)size;
    same &= pread(fd, got, sizeof(got), 0) == (ssize_t)size;
    same &= !memcmp(model, got, size);
    IS(same);
    printf("size %zu\n", size);
    close(fd);
}

int main(void)
{
    enter_folder();
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    vectors(fd);
    close(fd);
    positioned();
    access_modes();
    appending();
    many_sizes();
    return 0;
}
