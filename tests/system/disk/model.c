/* SPDX-License-Identifier: MIT
 *
 * usage: model DISK SEED STEPS
 * Reads and writes the disk at random places in every way that there is, and compares what is read with a
 * copy in memory. Ends with the copy on standard output. Status 1 and a message at the first difference. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define LONGEST 200000
#define PIECES  40

static uint64_t seed, size;
static unsigned char *model, buffer[LONGEST];

static uint64_t below(uint64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 20) % n;
}

static void fail(const char *what, uint64_t at, uint64_t len, long got)
{
    fprintf(stderr, "%s at %lu, %lu bytes: %ld\n", what, at, len, got);
    exit(1);
}

/* A place and a length, often at the edges of blocks and of the disk. */
static void choose(uint64_t *at, uint64_t *len)
{
    *len = 1 + below(below(3) ? 3000 : LONGEST);
    *at = below(size);
    if (below(3) == 0) {
        *at &= ~511ul;
        *len = (*len + 511) & ~511ul;
    }
    if (below(8) == 0 && *len / 2 < size)
        *at = size - *len / 2;
    if (*len > LONGEST)
        *len = LONGEST;
}

/* Cuts the buffer into pieces, some of them empty, some of whole blocks. */
static int cut(struct iovec *iov, uint64_t len)
{
    int n = 0;
    uint64_t done = 0;

    while (done < len && n < PIECES - 1) {
        uint64_t step = below(4) ? below(len - done + 1) : 512 * below(5);
        if (step > len - done)
            step = len - done;
        iov[n++] = (struct iovec){buffer + done, step};
        done += step;
    }
    iov[n++] = (struct iovec){buffer + done, len - done};
    return n;
}

static long transfer(int fd, int writing, uint64_t at, uint64_t len)
{
    struct iovec iov[PIECES];
    int n;

    switch (below(3)) {
    case 0:
        return writing ? pwrite(fd, buffer, len, (off_t)at) : pread(fd, buffer, len, (off_t)at);
    case 1:
        if (lseek(fd, (off_t)at, SEEK_SET) != (off_t)at)
            fail("lseek", at, len, -1);
        return writing ? write(fd, buffer, len) : read(fd, buffer, len);
    default:
        n = cut(iov, len);
        return writing ? pwritev(fd, iov, n, (off_t)at) : preadv(fd, iov, n, (off_t)at);
    }
}

static void step(int fd)
{
    uint64_t at, len;

    choose(&at, &len);
    uint64_t want = len < size - at ? len : size - at;
    int writing = below(2) == 0;
    if (writing)
        for (uint64_t i = 0; i < len; i++)
            buffer[i] = (unsigned char)below(256);
    long got = transfer(fd, writing, at, len);
    if (got != (long)want)
        fail(writing ? "write" : "read", at, len, got);
    if (writing)
        memcpy(model + at, buffer, want);
    else if (memcmp(model + at, buffer, want))
        fail("read differs", at, len, got);
    if (below(50) == 0 && fsync(fd))
        fail("fsync", at, len, -1);
}

int main(int argc, char **argv)
{
    int fd = open(argv[1], O_RDWR);

    if (argc < 4 || fd < 0 || ioctl(fd, BLKGETSIZE64, &size))
        fail("open", 0, 0, fd);
    seed = strtoul(argv[2], NULL, 10);
    model = malloc(size);
    if (read(fd, model, size) != (long)size)
        fail("first read", 0, size, -1);
    for (unsigned long i = strtoul(argv[3], NULL, 10); i; i--)
        step(fd);
    if (pread(fd, buffer, 1, (off_t)size) != 0)
        fail("read at the end", size, 1, -1);
    fwrite(model, 1, size, stdout);
    return 0;
}
