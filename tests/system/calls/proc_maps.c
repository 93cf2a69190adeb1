/* SPDX-License-Identifier: MIT
 *
 * Mappings of files in /proc/self/maps: their bounds, offsets, inodes and names. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include "calls.h"

#define PAGE 4096

/* Prints the line of /proc/self/maps that (at) is in, with what is the same everywhere. */
static void show(const char *at, const char *what)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end, offset, ino;
    unsigned dev_major, dev_minor;
    char line[600], prot[8];
    struct stat st;

    need(maps && stat("f", &st) == 0, "maps");
    while (fgets(line, sizeof(line), maps)) {
        char path[300] = "";
        if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %299[^\n]", &start, &end, prot, &offset,
                   &dev_major, &dev_minor, &ino, path) < 7)
            printf("what is this? %s", line);
        else if ((uintptr_t)at >= start && (uintptr_t)at < end)
            printf("%s: %lu pages, %s, from %lx on, %s, %s%s\n", what, (end - start) / PAGE, prot,
                   offset,
                   ino == st.st_ino ? "its inode"
                   : ino            ? "another"
                                    : "no inode",
                   makedev(dev_major, dev_minor) == st.st_dev ? "its device " : "",
                   strrchr(path, '/') ? strrchr(path, '/') : path);
    }
    fclose(maps);
}

int main(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0600);

    need(fd >= 0 && ftruncate(fd, 6000) == 0, "f");
    char *gap = mmap(NULL, 20 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(gap != MAP_FAILED, "mmap");
    char *s = mmap(gap + PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    char *p =
        mmap(gap + 8 * PAGE, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
    need(s != MAP_FAILED && p != MAP_FAILED, "mmap of f");
    show(gap, "before");
    show(s, "shared");
    show(p, "private");
    T(mprotect(p, PAGE, PROT_READ));
    show(p, "private, protected");
    show(p + PAGE, "private, the rest");
    T(munmap(s + PAGE, PAGE));
    show(s, "shared, before the hole");
    show(s + 2 * PAGE, "behind it");
    T(ftruncate(fd, 20000));
    show(s + 2 * PAGE, "grown");
    p[PAGE] = 1;
    show(p + PAGE, "written");
    T(mkdir("d", 0700));
    T(rename("f", "d/a b"));
    T(symlink("d/a b", "f"));
    show(s, "renamed");
    return 0;
}
