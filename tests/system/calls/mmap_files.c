/* SPDX-License-Identifier: MIT
 *
 * Mappings of files: what reads, writes and truncation of a file and its mappings see of each
 * other. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include "calls.h"

#define PAGE 4096l
#define RW   (PROT_READ | PROT_WRITE)

static char *map(int fd, long pages, int prot, int flags, long first)
{
    char *p = mmap(NULL, (size_t)(pages * PAGE), prot, flags, fd, first * PAGE);
    return p == MAP_FAILED ? NULL : p;
}

/* Whether a system call may write to (p): nobody can be asked more quietly. The byte becomes 'm' if
 * so. */
static bool writable(char *p)
{
    static char page[PAGE] __attribute__((aligned(4096)));
    if (mincore(page, (size_t)PAGE, (unsigned char *)p) != 0)
        return false;
    *p = 'm';
    return true;
}

static int new_file(const char *name, long size)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    need(fd >= 0 && ftruncate(fd, size) == 0, name);
    return fd;
}

static char byte_at(int fd, long at)
{
    char c = '?';
    need(pread(fd, &c, 1, at) == 1, "pread");
    return c ? c : '0';
}

static void shared(void)
{
    int fd = new_file("shared", 3 * PAGE);
    char *a = map(fd, 3, RW, MAP_SHARED, 0), *b = map(fd, 2, PROT_READ, MAP_SHARED, 1);
    IS(a && b && a != b);
    a[PAGE] = 'x';
    IS(b[0] == 'x');
    printf("%c\n", byte_at(fd, PAGE));
    T(pwrite(fd, "hello", 5, PAGE + 10));
    printf("%.5s %.5s\n", a + PAGE + 10, b + 10);
    IS(!writable(b));
    T(mprotect(b, (size_t)PAGE, RW));
    b[0] = 'y';
    IS(a[PAGE] == 'y' && byte_at(fd, PAGE) == 'y');
    T(close(fd));
    a[0] = 'z';
    fd = open("shared", O_RDONLY);
    printf("%c\n", byte_at(fd, 0));
    T(unlink("shared"));
    a[1] = 'w';
    printf("%c\n", byte_at(fd, 1));
    T(close(fd));
    IS(a[1] == 'w' && b[0] == 'y');
    T(munmap(a, 3 * (size_t)PAGE));
    IS(b[0] == 'y' && b[PAGE] == 0);
    T(munmap(b, 2 * (size_t)PAGE));
}

static void private(void)
{
    int fd = new_file("private", 2 * PAGE + 5);
    T(pwrite(fd, "one", 3, 0));
    char *a = map(fd, 3, RW, MAP_PRIVATE, 0);
    a[0] = 'O';
    a[2 * PAGE] = 'b';
    printf("%.3s %c %d\n", a, byte_at(fd, 0), a[2 * PAGE + 100]);
    T(pwrite(fd, "two", 3, 0));
    printf("%.3s\n", a);
    T(madvise(a, 3 * (size_t)PAGE, MADV_DONTNEED));
    printf("%.3s %d\n", a, a[2 * PAGE]);
    T(mprotect(a, (size_t)PAGE, PROT_READ));
    T(madvise(a, (size_t)PAGE, MADV_DONTNEED));
    printf("%.3s\n", a);
    IS(!writable(a));
    T(munmap(a + PAGE, (size_t)PAGE));
    printf("%.3s %d\n", a, a[2 * PAGE]);
    T(munmap(a, 3 * (size_t)PAGE));
    close(fd);
}

static void end_of_file(void)
{
    int fd = new_file("end", 2 * PAGE + 1);
    char *a = map(fd, 5, RW, MAP_SHARED, 0), *p = map(fd, 5, RW, MAP_PRIVATE, 0);
    for (long i = 0; i < 5; i++)
        printf("%ld: %d %d\n", i, writable(a + i * PAGE), writable(p + i * PAGE));
    T(ftruncate(fd, PAGE));
    for (long i = 0; i < 5; i++)
        printf("%ld: %d %d\n", i, writable(a + i * PAGE), writable(p + i * PAGE));
    T(ftruncate(fd, 4 * PAGE));
    for (long i = 0; i < 5; i++)
        printf("%ld: %d %d %d\n", i, writable(a + i * PAGE), writable(p + i * PAGE),
               i < 4 ? a[i * PAGE + 1] : 0);
    a[3 * PAGE] = 'q';
    printf("%c\n", byte_at(fd, 3 * PAGE));
    T(pwrite(fd, "r", 1, 4 * PAGE));
    printf("%c\n", a[4 * PAGE]);
    IS(writable(a + 4 * PAGE));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE + 10));
    IS(a[0] == 0);
    a[0] = 's';
    printf("%c\n", byte_at(fd, 0));
    T(madvise(a, (size_t)PAGE, MADV_REMOVE));
    IS(a[0] == 0 && byte_at(fd, 0) == '0');
    T(madvise(p, (size_t)PAGE, MADV_REMOVE));
    T(munmap(a, 5 * (size_t)PAGE));
    T(munmap(p, 5 * (size_t)PAGE));
    /* a mapping of nothing but what is behind the end */
    a = map(fd, 1, RW, MAP_SHARED, 100);
    IS(a && !writable(a));
    T(munmap(a, (size_t)PAGE));
    close(fd);
}

static void refused(void)
{
    int both = new_file("refused", PAGE), r = open("refused", O_RDONLY),
        w = open("refused", O_WRONLY);
    int dir = open(".", O_RDONLY), fds[2], null = open("/dev/null", O_RDWR);
    need(pipe(fds) == 0, "pipe");
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, r, 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED, r, 0));
    OK(mmap(NULL, 4096, RW, MAP_PRIVATE, r, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, w, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, w, 0));
    OK(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE, w, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, dir, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fds[0], 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED, null, 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED, 99, 0));
    OK(mmap(NULL, 0, RW, MAP_SHARED, both, 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED, both, 1));
    OK(mmap(NULL, 8192, RW, MAP_SHARED, both, 0x7ffffffffffff000));
    OK(mmap(NULL, 4096, RW, MAP_SHARED_VALIDATE, both, 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED_VALIDATE | MAP_SYNC, both, 0));
    OK(mmap(NULL, 4096, RW, 0, both, 0));
    OK(mmap(NULL, 4096, RW, MAP_SHARED | MAP_PRIVATE, both, 0));
    char *p = map(r, 1, PROT_READ, MAP_SHARED, 0);
    T(mprotect(p, 4096, RW));
    T(mprotect(p, 4096, PROT_NONE));
    T(msync(p, 4096, MS_SYNC));
    p = map(both, 1, PROT_READ, MAP_SHARED, 0);
    T(mprotect(p, 4096, RW));
    T(msync(p, 4096, MS_SYNC));
    T(msync(p, 4096, MS_SYNC | MS_ASYNC));
    T(msync(p + 1, 4096, MS_SYNC));
    p = map(open("/dev/zero", O_RDWR), 2, RW, MAP_SHARED, 0);
    IS(p && p[0] == 0 && writable(p + PAGE));
    p = map(open("/dev/zero", O_RDONLY), 2, RW, MAP_PRIVATE, 0);
    IS(p && p[0] == 0 && writable(p + PAGE));
}

static void at_addresses(void)
{
    int fd = new_file("fixed", 8 * PAGE), other = new_file("other", 8 * PAGE);
    char *area = map(-1, 16, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
    for (int i = 0; i < 8; i++) {
        char c = (char)('a' + i), d = (char)('A' + i);
        need(pwrite(fd, &c, 1, i * PAGE) == 1 && pwrite(other, &d, 1, i * PAGE) == 1, "write");
    }
    IS(mmap(area + PAGE, 6 * (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == area + PAGE);
    IS(mmap(area + 3 * PAGE, 2 * (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED, other, 5 * PAGE) ==
       area + 3 * PAGE);
    for (int i = 0; i < 8; i++)
        putchar(area[i * PAGE] ? area[i * PAGE] : '.');
    putchar('\n');
    IS(mmap(area + 4 * PAGE, (size_t)PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
       area + 4 * PAGE);
    T(ftruncate(other, PAGE));
    T(ftruncate(fd, 0));
    for (int i = 0; i < 8; i++)
        putchar(writable(area + i * PAGE) ? 'w' : '-');
    putchar('\n');
    T(ftruncate(fd, 8 * PAGE));
    T(ftruncate(other, 8 * PAGE));
    for (int i = 0; i < 8; i++)
        putchar(writable(area + i * PAGE) ? 'w' : '-');
    putchar('\n');
    OK(mmap(area, (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0));
    T(munmap(area + 14 * PAGE, 2 * (size_t)PAGE));
    IS(mmap(area + 14 * PAGE, (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) ==
       area + 14 * PAGE);
    /* the same page ten times over */
    for (int i = 0; i < 10; i++)
        need(mmap(area + (1 + i) * PAGE, (size_t)PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE) !=
                 MAP_FAILED,
             "mmap");
    area[5 * PAGE + 7] = '!';
    for (int i = 0; i < 10; i++)
        putchar(area[(1 + i) * PAGE + 7]);
    putchar('\n');
    T(munmap(area, 16 * (size_t)PAGE));
}

static void moved(void)
{
    int fd = new_file("moved", 6 * PAGE);
    char *a = map(fd, 4, RW, MAP_SHARED, 0), *b, *c;
    strcpy(a + PAGE, "second");
    b = mremap(a, 4 * (size_t)PAGE, 8 * (size_t)PAGE, MREMAP_MAYMOVE);
    IS(b != MAP_FAILED);
    printf("%s %d %d\n", b + PAGE, writable(b + 5 * PAGE), writable(b + 6 * PAGE));
    c = mremap(b + PAGE, 0, 2 * (size_t)PAGE, MREMAP_MAYMOVE);
    IS(c != MAP_FAILED && c != b + PAGE);
    strcpy(c, "twice");
    printf("%s\n", b + PAGE);
    b = mremap(b, 8 * (size_t)PAGE, 2 * (size_t)PAGE, 0);
    T(munmap(b, 2 * (size_t)PAGE));
    printf("%s\n", c);
    T(ftruncate(fd, 2 * PAGE));
    IS(!writable(c + PAGE));
    T(munmap(c, 2 * (size_t)PAGE));

    a = map(fd, 2, RW, MAP_PRIVATE, 0);
    strcpy(a + PAGE, "mine");
    b = map(-1, 8, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
    c = mremap(a, 2 * (size_t)PAGE, 4 * (size_t)PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, b + PAGE);
    IS(c == b + PAGE);
    printf("%s %d\n", c + PAGE, writable(c + 2 * PAGE));
    T(ftruncate(fd, 3 * PAGE));
    IS(writable(c + 2 * PAGE) && !writable(c + 3 * PAGE));
    T(munmap(b, 8 * (size_t)PAGE));
    a = map(-1, 2, RW, MAP_PRIVATE | MAP_ANONYMOUS, 0);
    OK(mremap(a, 0, (size_t)PAGE, MREMAP_MAYMOVE));
    strcpy(a, "stays");
    b = mremap(a, (size_t)PAGE, (size_t)PAGE, MREMAP_MAYMOVE | 4);
    IS(b != MAP_FAILED && b != a);
    printf("%s %d\n", b, a[0]);
    OK(mremap(a, (size_t)PAGE, 2 * (size_t)PAGE, MREMAP_MAYMOVE | 4));
    OK(mremap(a, (size_t)PAGE, (size_t)PAGE, 4));
}

static void descriptors(void)
{
    struct stat st;
    int fd = new_file("held", 2 * PAGE);
    char *a = map(fd, 2, RW, MAP_SHARED, 0);
    T(fstat(fd, &st));
    IS(st.st_size == 2 * PAGE);
    strcpy(a, "kept");
    T(rename("held", "renamed"));
    T(close(fd));
    show_file("renamed");
    fd = open("renamed", O_RDWR | O_TRUNC);
    IS(!writable(a));
    T(write(fd, "new", 3));
    printf("%s\n", a);
    T(close(fd));
    T(munmap(a, 2 * (size_t)PAGE));
}

int main(void)
{
    enter_folder();
    shared();
    private();
    end_of_file();
    refused();
    at_addresses();
    moved();
    descriptors();
    return 0;
}
