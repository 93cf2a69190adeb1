/* SPDX-License-Identifier: MIT
 *
 * usage: disk read|write PATH BLOCK
 * Reads or writes all of a disk or file in blocks of that many bytes, and prints the seconds that took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int writing = strcmp(argv[1], "write") == 0;
    size_t block = strtoul(argv[3], NULL, 10);
    int fd = open(argv[2], writing ? O_WRONLY : O_RDONLY);
    char *buf = calloc(1, block);
    if (fd < 0 || !buf)
        return 1;
    off_t left = lseek(fd, 0, SEEK_END);
    lseek(fd, 0, SEEK_SET);
    double start = now();
    while (left > 0) {
        size_t n = left < (off_t)block ? (size_t)left : block;
        ssize_t done = writing ? write(fd, buf, n) : read(fd, buf, n);
        if (done <= 0)
            return 1;
        left -= done;
    }
    printf("%.6f\n", now() - start);
    return 0;
}
