/* SPDX-License-Identifier: MIT
 *
 * Transfers of which a part is at a wrong address: how much goes, what arrives, and where the
 * file's position is afterwards. Wrong sizes and counts as well. */
#include "calls.h"
#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PAGE 4096l
#define BAD  ((void *)1)

/* Two pages, the second of which cannot be accessed; and the last (n) bytes of the first. */
static char *pages;
#define TAIL(n) (pages + PAGE - (n))

static void show(const char *what, const char *p, size_t n)
{
    printf("%s: ", what);
    for (size_t i = 0; i < n; i++)
        putchar(p[i] >= ' ' && p[i] <= '~' ? p[i] : '.');
    putchar('\n');
}

static void fresh(int fd)
{
    need(ftruncate(fd, 0) == 0 && pwrite(fd, "abcdefghijklmnop", 16, 0) == 16, "file");
    lseek(fd, 0, SEEK_SET);
    memset(TAIL(64), '-', 64);
}

static void reads(int fd)
{
    char a[8] = "", b[8] = "";
    struct iovec second[] = {{a, 4}, {BAD, 4}, {b, 4}};
    struct iovec tail[] = {{a, 4}, {TAIL(3), 8}, {b, 4}};
    struct iovec first[] = {{BAD, 4}, {a, 4}};
    struct iovec unused[] = {{a, 0}, {BAD, 0}, {b, 4}};

    fresh(fd);
    T(readv(fd, second, 3));
    T(lseek(fd, 0, SEEK_CUR));
    show("a", a, 4);
    T(readv(fd, tail, 3));
    T(lseek(fd, 0, SEEK_CUR));
    show("a", a, 4);
    show("tail", TAIL(3), 3);
    T(readv(fd, first, 2));
    T(lseek(fd, 0, SEEK_CUR));
    T(readv(fd, unused, 3));
    T(lseek(fd, 0, SEEK_CUR));
    T(preadv(fd, tail, 3, 2));
    T(preadv(fd, second, 3, 15));
    T(preadv(fd, second, 3, 16));
    T(preadv(fd, first, 2, 16));
    T(lseek(fd, 14, SEEK_SET));
    T(read(fd, TAIL(1), 5));
    T(read(fd, BAD, 5));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 16, SEEK_SET));
    T(read(fd, BAD, 5));
    T(read(fd, BAD, 0));
    T(read(fd, NULL, 0));
    T(pread(fd, TAIL(4), 1000, 0));
    show("tail", TAIL(4), 4);
}

static void writes(int fd)
{
    char a[8] = "AAAA", b[8] = "BBBB";
    struct iovec second[] = {{a, 4}, {BAD, 4}, {b, 4}};
    struct iovec tail[] = {{a, 4}, {TAIL(3), 8}, {b, 4}};
    struct iovec first[] = {{BAD, 4}, {a, 4}};
    struct iovec unused[] = {{a, 0}, {BAD, 0}, {b, 4}};

    fresh(fd);
    T(writev(fd, second, 3));
    T(lseek(fd, 0, SEEK_CUR));
    T(writev(fd, first, 2));
    T(lseek(fd, 0, SEEK_CUR));
    T(writev(fd, tail, 3));
    T(lseek(fd, 0, SEEK_CUR));
    T(writev(fd, unused, 3));
    T(lseek(fd, 0, SEEK_CUR));
    show_file("f");
    T(pwritev(fd, tail, 3, 14));
    show_file("f");
    T(write(fd, TAIL(2), 4));
    T(lseek(fd, 0, SEEK_CUR));
    T(write(fd, BAD, 5));
    T(write(fd, BAD, 0));
    T(write(fd, TAIL(1) + 1, 5));
    T(lseek(fd, 0, SEEK_CUR));
    show_file("f");
}

/* More than a page, from a buffer that ends early. */
static void large(int fd)
{
    char *big = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(big != MAP_FAILED && mprotect(big + 5 * PAGE, PAGE, PROT_NONE) == 0, "mmap");
    memset(big, 'x', 5 * PAGE);
    T(ftruncate(fd, 0));
    T(pwrite(fd, big + 100, 8 * PAGE - 100, 0));
    T(pread(fd, big + 7, 8 * PAGE - 7, 0));
    T(pread(fd, big + 4 * PAGE, 4 * PAGE, 0));
    T(munmap(big + 2 * PAGE, PAGE));
    T(pwrite(fd, big, 5 * PAGE, 1));
    T(pwrite(fd, big + 2 * PAGE, 5 * PAGE, 1));
    T(pread(fd, big + PAGE, 5 * PAGE, 0));
}

static void pipes(void)
{
    char a[8] = "AAAA", b[8] = "BBBB";
    struct iovec good_first[] = {{a, 4}, {BAD, 4}};
    int p[2];

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    T(write(p[1], BAD, 5));
    T(writev(p[1], good_first, 2));
    T(write(p[1], TAIL(2), 4));
    T(write(p[1], "abc", 3));
    T(read(p[0], BAD, 4));
    T(readv(p[0], good_first, 2));
    show("a", a, 4);
    T(write(p[1], "abcdef", 6));
    T(read(p[0], TAIL(6), 1000));
    T(read(p[0], b, 1));
    close(p[1]);
    close(p[0]);
}

static void devices(void)
{
    struct iovec second[] = {{"a", 1}, {BAD, 4}};
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
    int full = open("/dev/full", O_RDWR);

    T(write(null, BAD, 10));
    T(writev(null, second, 2));
    T(read(null, BAD, 10));
    T(write(zero, BAD, 10));
    T(read(zero, BAD, 10));
    T(read(zero, TAIL(5), 10));
    T(write(full, BAD, 10));
    T(write(null, (void *)0xffff800000000000, 10));
    T(read(null, (void *)0xffff800000000000, 10));
    T(read(null, (void *)0xffff800000000000, 0));
    T(write(null, (void *)0x7ffffffff000, 1));
}

static void counts(int fd)
{
    static char a[4];
    static struct iovec many[IOV_MAX + 1];
    struct iovec negative[] = {{a, 1}, {a, (size_t)-1}};
    struct iovec both[] = {{BAD, (size_t)-1}, {a, 1}};
    struct iovec high[] = {{a, 1}, {(void *)0xffff800000000000, 4}};

    fresh(fd);
    for (int i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){a, 1};
    T(syscall(SYS_read, fd, a, -1l));
    T(syscall(SYS_write, fd, a, LONG_MIN));
    T(syscall(SYS_pread64, fd, a, -1l, 0));
    T(syscall(SYS_pread64, fd, a, 1, -1l));
    T(syscall(SYS_pwrite64, fd, BAD, 1, -1l));
    T(readv(fd, many, IOV_MAX));
    T(readv(fd, many, IOV_MAX + 1));
    T(syscall(SYS_readv, fd, many, -1l));
    T(syscall(SYS_readv, fd, BAD, IOV_MAX + 1));
    T(readv(fd, BAD, 0));
    T(readv(fd, NULL, 0));
    T(readv(fd, negative, 2));
    T(writev(fd, negative, 2));
    T(writev(fd, both, 2));
    T(writev(fd, high, 2));
    T(readv(-1, BAD, 1));
    T(read(-1, BAD, 1));
    T(readv(1000000, negative, 2));
    T(syscall(SYS_preadv2, fd, many, 1, 0, 0, 0x1000));
    T(syscall(SYS_preadv2, fd, BAD, 1, 0, 0, 0x1000));
    T(syscall(SYS_preadv2, -1l, many, 1, 0, 0, 0x1000));
    T(syscall(SYS_preadv2, fd, many, 1, -2l, 0, 0));
    int in = open("f", O_RDONLY), out = open("f", O_WRONLY);
    T(write(in, BAD, 1));
    T(read(out, BAD, 1));
    T(writev(in, BAD, IOV_MAX + 1));
    int path = open("f", O_PATH);
    T(read(path, BAD, 1));
    T(readv(path, many, 1));
    int folder = open(".", O_RDONLY);
    T(read(folder, a, 1));
    T(read(folder, BAD, 1));
    T(readv(folder, many, 1));
    T(write(folder, a, 1));
}

int main(void)
{
    enter_folder();
    pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0, "mmap");
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    reads(fd);
    writes(fd);
    large(fd);
    pipes();
    devices();
    counts(fd);
    return 0;
}
