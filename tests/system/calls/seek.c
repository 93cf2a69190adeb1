/* SPDX-License-Identifier: MIT
 *
 * lseek: all origins, errors, and files that have no position. */
#define _GNU_SOURCE
#include "calls.h"

int main(void)
{
    char buf[8] = "";

    enter_folder();
    put_file("f", "0123456789");
    int fd = open("f", O_RDWR);
    T(lseek(fd, 4, SEEK_SET));
    T(lseek(fd, 2, SEEK_CUR));
    T(read(fd, buf, 2));
    printf("%s\n", buf);
    T(lseek(fd, -3, SEEK_END));
    T(lseek(fd, -8, SEEK_CUR));
    T(lseek(fd, -1, SEEK_SET));
    T(lseek(fd, -11, SEEK_END));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 0, 77));
    T(lseek(fd, 0, -1));
    T(lseek(fd, 100, SEEK_SET));
    T(read(fd, buf, 2));
    T(lseek(fd, 100, SEEK_CUR));
    T(lseek(fd, INT64_MAX, SEEK_CUR));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, 1ll << 40, SEEK_SET));
    T(lseek(fd, 5, SEEK_SET));

    int pipes[2];
    T(pipe(pipes));
    T(lseek(pipes[0], 0, SEEK_CUR));
    T(lseek(pipes[1], 0, SEEK_SET));
    T(lseek(99, 0, SEEK_SET));
    int path = open("f", O_PATH);
    T(lseek(path, 0, SEEK_SET));
    int null = open("/dev/null", O_RDWR);
    T(lseek(null, 5, SEEK_SET));

    T(lseek(fd, 0, SEEK_DATA));
    T(lseek(fd, 3, SEEK_DATA));
    T(lseek(fd, 0, SEEK_HOLE));
    T(lseek(fd, 10, SEEK_HOLE));
    T(lseek(fd, 10, SEEK_DATA));
    T(ftruncate(fd, 0));
    T(lseek(fd, 0, SEEK_DATA));
    T(lseek(fd, 0, SEEK_HOLE));

    /* Data in the third and the tenth page only. */
    int holes = open("holes", O_CREAT | O_RDWR, 0644);
    T(pwrite(holes, "x", 1, 2 * 4096 + 5));
    T(pwrite(holes, "y", 1, 9 * 4096));
    T(ftruncate(holes, 20 * 4096));
    T(lseek(holes, 0, SEEK_DATA));
    T(lseek(holes, 2 * 4096 + 100, SEEK_DATA));
    T(lseek(holes, 2 * 4096, SEEK_HOLE));
    T(lseek(holes, 3 * 4096, SEEK_DATA));
    T(lseek(holes, 9 * 4096 + 1, SEEK_HOLE));
    T(lseek(holes, 10 * 4096, SEEK_DATA));
    T(lseek(holes, 20 * 4096 - 1, SEEK_HOLE));
    T(lseek(holes, 20 * 4096, SEEK_HOLE));
    T(lseek(holes, -1, SEEK_DATA));
    return 0;
}
