/* SPDX-License-Identifier: MIT
 *
 * Prints what the first touch of a page costs, in nanoseconds, over 64 MiB of fresh memory that are
 * touched page by page; then the same once more, for memory that is there. */
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#define LEN  (64ul << 20)
#define PAGE 4096ul

static double touch(volatile char *p)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned long at = 0; at < LEN; at += PAGE)
        p[at] = 1;
    clock_gettime(CLOCK_MONOTONIC, &to);
    return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
           (LEN / PAGE);
}

int main(void)
{
    char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    double first = touch(p);
    printf("%.1f %.1f\n", first, touch(p));
    return 0;
}
