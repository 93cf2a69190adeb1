/* SPDX-License-Identifier: MIT
 *
 * Prints how many nanoseconds a write of one byte to an open file takes, the best of nine rounds.
 * The file stays one page long, so that it is the call that is measured and not the growing of the
 * file. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 50

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Fills the page of (fd) anew, byte by byte, PAGES times. Returns 0, or -1 if a call failed. */
static int fill(int fd)
{
    for (int page = 0; page < PAGES; page++) {
        if (lseek(fd, 0, SEEK_SET) != 0)
            return -1;
        for (int i = 0; i < PAGE; i++)
            if (write(fd, "x", 1) != 1)
                return -1;
    }
    return 0;
}

int main(void)
{
    double best = 1e18;
    int fd = open("write1.tmp", O_CREAT | O_TRUNC | O_WRONLY, 0600);

    for (int round = 0; round < 9; round++) {
        double start = now_ns();
        if (fd < 0 || fill(fd)) {
            perror("write1.tmp");
            return 1;
        }
        double took = (now_ns() - start) / (PAGES * (PAGE + 1));
        best = took < best ? took : best;
    }
    unlink("write1.tmp");
    printf("%.1f\n", best);
    return 0;
}
