/* SPDX-License-Identifier: MIT
 *
 * What calls on files cost, in nanoseconds: the best of five runs of 200,000 calls each, in the
 * folder given. The same program runs as an image and on Linux, where a folder of /dev/shm stands
 * for files in memory: pith-cc -O2 -o files bench/files.c && pith run ./files /tmp/bench musl-gcc
 * -static -O2 -o files-linux bench/files.c && ./files-linux /dev/shm/bench */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CALLS 200000
#define RUNS  5

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

#define MEASURE(name, statement)                                                                   \
    do {                                                                                           \
        int64_t best = INT64_MAX;                                                                  \
        for (int run = 0; run < RUNS; run++) {                                                     \
            int64_t start = now();                                                                 \
            for (int i = 0; i < CALLS; i++) {                                                      \
                statement;                                                                         \
            }                                                                                      \
            int64_t took = now() - start;                                                          \
            best = took < best ? took : best;                                                      \
        }                                                                                          \
        printf("%-24s %8.1f\n", name, (double)best / CALLS);                                       \
    } while (0)

int main(int argc, char **argv)
{
    char path[256], buf[4096] = {0}, c = 'x';
    struct stat st;
    int ends[2];

    if (argc != 2) {
        fprintf(stderr, "usage: files FOLDER\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/www", argv[1]);
    mkdir(argv[1], 0755);
    mkdir(path, 0755);
    strcat(path, "/index.html");
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
    if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf) || pipe(ends) < 0) {
        perror(path);
        return 1;
    }
    MEASURE("pwrite 1 byte", pwrite(fd, &c, 1, 100));
    MEASURE("pread 1 byte", pread(fd, &c, 1, 100));
    MEASURE("pread 4 KiB", pread(fd, buf, sizeof(buf), 0));
    MEASURE("lseek", lseek(fd, 0, SEEK_SET));
    MEASURE("fstat", fstat(fd, &st));
    MEASURE("stat", stat(path, &st));
    MEASURE("open, close", close(open(path, O_RDONLY)));
    MEASURE("byte through a pipe", {
        write(ends[1], &c, 1);
        read(ends[0], &c, 1);
    });
    unlink(path);
    return 0;
}
