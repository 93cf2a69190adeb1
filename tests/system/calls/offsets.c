/* SPDX-License-Identifier: MIT
 *
 * Transfers that would pass the largest offset, and copies that meet the end of a file. */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/uio.h>
#include "calls.h"

static void largest(int fd)
{
    char buf[8] = "abc";
    struct iovec parts[2] = {{buf, 4}, {buf + 4, 4}};

    T(pread(fd, buf, 1, LLONG_MAX));
    T(pread(fd, buf, 8, LLONG_MAX - 7));
    T(pread(fd, buf, 8, LLONG_MAX - 8));
    T(pread(fd, buf, 0, LLONG_MAX));
    T(pwrite(fd, buf, 1, LLONG_MAX));
    T(preadv(fd, parts, 2, LLONG_MAX - 7));
    T(preadv(fd, parts, 2, LLONG_MAX - 8));
    T(pwritev(fd, parts, 2, LLONG_MAX - 7));
    T(lseek(fd, 0, SEEK_CUR));
}

static void copies(int from, int to)
{
    off_t in = -1, out = 0;

    T(copy_file_range(from, &in, to, &out, 4, 0));
    in = LLONG_MAX;
    T(copy_file_range(from, &in, to, &out, 4, 0));
    in = 0, out = LLONG_MAX;
    T(copy_file_range(from, &in, to, &out, 4, 0));
    in = 0, out = 0;
    T(copy_file_range(from, &in, to, &out, SIZE_MAX, 0));
    T(in);
    in = 6, out = 8;
    T(copy_file_range(from, &in, from, &out, 100, 0));
    in = 6, out = 10;
    T(copy_file_range(from, &in, from, &out, 100, 0));
    in = 100, out = 100;
    T(copy_file_range(from, &in, from, &out, 100, 0));
    show_file("from");
    show_file("to");
}

int main(void)
{
    enter_folder();
    put_file("from", "0123456789");
    put_file("to", "");
    int from = open("from", O_RDWR), to = open("to", O_RDWR);
    largest(from);
    copies(from, to);

    int ends[2];
    T(pipe2(ends, O_DIRECT | O_NONBLOCK));
    T(fcntl(ends[0], F_GETFL));
    T(fcntl(ends[1], F_GETFL));
    return 0;
}
