/* SPDX-License-Identifier: MIT
 *
 * usage: facts PATH...
 * Says what a program can find out about disks and do to their edges, a line each. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "",
           result < 0 ? strerror(errno) : "");
}

static void facts(const char *path)
{
    struct stat st;
    uint64_t bytes = 0;
    unsigned long sectors = 0;
    int block = 0, read_only = -1;
    char buf[1024] = "x";

    printf("== %s\n", path);
    int fd = open(path, O_RDWR);
    say("open to write", fd < 0 ? -1 : 0);
    if (fd < 0)
        fd = open(path, O_RDONLY | O_DIRECT);
    say("open", fd < 0 ? -1 : 0);
    if (fd < 0)
        return;
    say("fstat", fstat(fd, &st));
    printf("block device %d, size %ld, number %u:%u\n", S_ISBLK(st.st_mode), (long)st.st_size,
           major(st.st_rdev), minor(st.st_rdev));
    say("BLKGETSIZE64", ioctl(fd, BLKGETSIZE64, &bytes));
    say("BLKGETSIZE", ioctl(fd, BLKGETSIZE, &sectors));
    say("BLKSSZGET", ioctl(fd, BLKSSZGET, &block));
    say("BLKROGET", ioctl(fd, BLKROGET, &read_only));
    say("BLKFLSBUF", ioctl(fd, BLKFLSBUF, 0));
    say("TIOCGWINSZ", ioctl(fd, TIOCGWINSZ, buf));
    printf("%lu bytes, %lu sectors, blocks of %d, read-only %d\n", bytes, sectors, block, read_only);
    say("end", lseek(fd, 0, SEEK_END) == (off_t)bytes ? 0 : -1);
    say("read at the end", read(fd, buf, 10));
    say("write at the end", write(fd, buf, 10));
    say("write of nothing at the end", write(fd, buf, 0));
    say("write over the end", pwrite(fd, buf, 10, (off_t)bytes - 4));
    say("read over the end", pread(fd, buf, 10, (off_t)bytes - 4));
    say("ftruncate", ftruncate(fd, 0));
    say("fsync", fsync(fd));
    say("fdatasync", fdatasync(fd));
    close(fd);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        facts(argv[i]);
    sync();
    return 0;
}
