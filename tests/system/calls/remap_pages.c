/* SPDX-License-Identifier: MIT
 *
 * remap_file_pages: other parts of a file at the same place. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "calls.h"

#define PAGE 4096ul

static long remap(void *at, size_t len, int prot, unsigned long page)
{
    return syscall(SYS_remap_file_pages, at, len, prot, page, 0);
}

static void show(const char *at, int pages)
{
    printf("  ");
    for (int i = 0; i < pages; i++)
        putchar(at[(size_t)i * PAGE]);
    putchar('\n');
}

int main(void)
{
    enter_folder();
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    for (int i = 0; i < 8; i++)
        pwrite(fd, &"abcdefgh"[i], 1, (off_t)i * (off_t)PAGE);
    ftruncate(fd, 8 * PAGE);
    char *m = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    need(m != MAP_FAILED, "mapping");
    show(m, 8);
    T(remap(m, 2 * PAGE, 0, 6));
    show(m, 8);
    T(remap(m + 3 * PAGE, PAGE, 0, 0));
    show(m, 8);
    m[3 * PAGE] = 'A';
    T(remap(m + 4 * PAGE + 5, 2 * PAGE - 1, 0, 3));
    show(m, 8);
    m[0] = 'G';
    show_file("f");
    char c;
    pread(fd, &c, 1, 6 * PAGE);
    IS(c == 'G');

    T(remap(m, PAGE, PROT_READ, 0));
    T(remap(m, PAGE - 1, 0, 0));
    T(remap(m, -PAGE, 0, 0));
    T(remap(m, PAGE, 0, ~0ul));
    T(remap(m, PAGE, 0, ~0ul >> 12));
    T(remap(m, 9 * PAGE, 0, 0));
    T(remap(m, PAGE, 0, 0));
    T(mprotect(m + PAGE, PAGE, PROT_READ));
    T(remap(m, 3 * PAGE, 0, 0));
    T(remap(m + PAGE, PAGE, 0, 2));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    T(remap(p, PAGE, 0, 0));
    T(munmap(p, PAGE));
    T(remap(p, PAGE, 0, 0));
    close(fd);
    unlink("f");
    T(remap(m, PAGE, 0, 7));
    T(remap(m + 2 * PAGE, 6 * PAGE, 0, 2));
    show(m, 8);
    return 0;
}
