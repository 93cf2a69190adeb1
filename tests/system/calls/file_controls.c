/* SPDX-License-Identifier: MIT
 *
 * What can be asked and told of open files besides their bytes, as far as the file systems in
 * memory know it: rarer commands of fcntl, requests of ioctl, flags of open, read and fallocate,
 * fchmodat2, and what statx says of mounts. */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "calls.h"

#define DUPFD_QUERY   1027L
#define CREATED_QUERY 1028L
#define GET_RW_HINT   1035L
#define SET_RW_HINT   1036L
#define SYS_FCHMODAT2 452L

#ifndef FIOQSIZE
#define FIOQSIZE 0x5460
#endif

static int file, folder, ends[2], event;

static void queries(void)
{
    int made = open("made", O_CREAT | O_RDWR, 0644), again = open("made", O_CREAT | O_RDWR, 0644);
    int path = open("made", O_PATH), same = dup(made);

    printf("queries:\n");
    T(syscall(SYS_fcntl, made, CREATED_QUERY, 0L));
    T(syscall(SYS_fcntl, again, CREATED_QUERY, 0L));
    T(syscall(SYS_fcntl, path, CREATED_QUERY, 0L));
    T(syscall(SYS_fcntl, made, DUPFD_QUERY, (long)same));
    T(syscall(SYS_fcntl, made, DUPFD_QUERY, (long)again));
    T(syscall(SYS_fcntl, path, DUPFD_QUERY, (long)path));
    T(syscall(SYS_fcntl, made, DUPFD_QUERY, -1L));
    T(syscall(SYS_fcntl, -1L, DUPFD_QUERY, (long)made));
    T(fcntl(file, F_NOTIFY, 0));
    T(fcntl(file, F_NOTIFY, DN_CREATE));
    T(fcntl(ends[0], F_NOTIFY, DN_CREATE));
}

static void hints(void)
{
    uint64_t hint = 99;
    int other = open("f", O_RDONLY);

    printf("hints:\n");
    T(syscall(SYS_fcntl, file, GET_RW_HINT, &hint));
    T((long)hint);
    hint = 3;
    T(syscall(SYS_fcntl, file, SET_RW_HINT, &hint));
    hint = 0;
    T(syscall(SYS_fcntl, other, GET_RW_HINT, &hint));
    T((long)hint);
    hint = 6;
    T(syscall(SYS_fcntl, file, SET_RW_HINT, &hint));
    T(syscall(SYS_fcntl, file, SET_RW_HINT, 8L));
    T(syscall(SYS_fcntl, file, GET_RW_HINT, 8L));
    T(syscall(SYS_fcntl, -1L, GET_RW_HINT, &hint));
}

static void direct(void)
{
    printf("O_DIRECT and flags that nobody knows:\n");
    T(open("d", O_DIRECT));
    T(open("fifo", O_RDONLY | O_NONBLOCK | O_DIRECT));
    T(open("/dev/null", O_DIRECT));
    OK(open("f", O_DIRECT));
    T(fcntl(file, F_SETFL, O_DIRECT));
    T(fcntl(file, F_SETFL, 0));
    T(fcntl(folder, F_SETFL, O_DIRECT));
    T(fcntl(event, F_SETFL, O_DIRECT | O_NONBLOCK));
    T(fcntl(event, F_GETFL) & O_NONBLOCK);
    T(fcntl(ends[0], F_SETFL, O_DIRECT));
    T(fcntl(ends[0], F_SETFL, 0));
    T(fcntl(open("f", (int)0x80000000u), F_GETFL));
    T(open("fifo", O_ACCMODE & 3));
}

static void requests(const char *name, int fd)
{
    int n = -1, zero = 0;
    int64_t size = -1;

    printf("%s:\n", name);
    T(ioctl(fd, FIGETBSZ, &n));
    T(n);
    T(ioctl(fd, FIGETBSZ, (void *)8));
    OK(ioctl(fd, FIOQSIZE, &size));
    if (fd == file)
        T(size);
    T(ioctl(fd, FIBMAP, &zero));
    T(ioctl(fd, FS_IOC_GETFLAGS, &n));
    T(ioctl(fd, FS_IOC_SETFLAGS, &zero));
}

static void allocations(void)
{
    static const int modes[] = {2, 3, 4, 8, 9, 0x12, 0x18, 0x20, 0x21, 0x40, 0x80, 0x81, 0x100};
    int reader = open("f", O_RDONLY);

    printf("fallocate:\n");
    for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        printf("mode %x: ", (unsigned)modes[i]);
        T(fallocate(reader, modes[i], 0, 4096));
        printf("mode %x: ", (unsigned)modes[i]);
        T(fallocate(event, modes[i], 0, 4096));
    }
    T(fallocate(file, 2, INT64_MAX, 1));
    T(posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL));
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    T(posix_fadvise(s, 0, 0, POSIX_FADV_NORMAL));
    T(posix_fadvise(s, 0, 0, 99));
}

static void transfers(void)
{
    char b[8] = "";
    struct iovec iov = {b, sizeof(b)};
    int null = open("/dev/null", O_RDWR), shm = memfd_create("m", 0);
    off_t before = -1;

    printf("transfers:\n");
    T(syscall(SYS_preadv2, file, &iov, 1L, 0L, 0L, 8L /* RWF_NOWAIT */));
    T(syscall(SYS_pwritev2, file, &iov, 1L, 0L, 0L, 8L));
    T(syscall(SYS_pwritev2, ends[1], &iov, 1L, -1L, -1L, 8L));
    T(syscall(SYS_preadv2, ends[0], &iov, 1L, -1L, -1L, 8L));
    T(sendfile(-1, file, &before, 1));
    T(sendfile(-1, ends[0], &before, 1));
    T(sendfile(ends[1], null, NULL, 1));
    T(sendfile(file, folder, NULL, 0));
    T(sendfile(file, folder, NULL, 1));
    T(copy_file_range(file, NULL, shm, NULL, 1, 0));
    T(copy_file_range(shm, NULL, file, NULL, 0, 0));
    T(copy_file_range(ends[0], NULL, folder, NULL, 1, 0));
    T(copy_file_range(shm, NULL, open("f", O_RDONLY), NULL, 1, 0));
    T(vmsplice(file, &iov, 0, 0));
    T(vmsplice(file, NULL, 1, 0));
    T(vmsplice(file, &iov, 1, 0));
    T(vmsplice(-1, NULL, 1, 0));
}

static void modes(void)
{
    struct stat st;
    int path = open("f", O_PATH);

    printf("fchmodat2:\n");
    T(syscall(SYS_FCHMODAT2, (long)AT_FDCWD, "f", 0640L, 0L));
    T(syscall(SYS_FCHMODAT2, (long)AT_FDCWD, "link", 0600L, (long)AT_SYMLINK_NOFOLLOW));
    T(syscall(SYS_FCHMODAT2, (long)path, "", 0604L, (long)AT_EMPTY_PATH));
    T(syscall(SYS_FCHMODAT2, (long)path, "", 0604L, 0L));
    T(syscall(SYS_FCHMODAT2, (long)AT_FDCWD, "f", 0640L, 1L));
    T(syscall(SYS_FCHMODAT2, (long)AT_FDCWD, "nothing", 0640L, (long)AT_SYMLINK_NOFOLLOW));
    T(stat("f", &st));
    T(st.st_mode & 07777);
}

struct result {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t rest[10];
    uint64_t attributes_mask;
    uint64_t more[10];
    uint64_t mount;
    uint64_t spare[13];
};

#define MNT_ID     0x1000u
#define UNIQUE     0x4000u
#define MOUNT_ROOT 0x2000u

static uint64_t mount_of(const char *path, long mask)
{
    struct result x = {0};

    printf("%s: ", path);
    need(syscall(SYS_statx, (long)AT_FDCWD, path, 0L, mask, &x) == 0, "statx");
    printf("has number %d unique %d, a root %d\n", (x.mask & MNT_ID) != 0, (x.mask & UNIQUE) != 0,
           (x.attributes & x.attributes_mask & MOUNT_ROOT) != 0);
    return x.mount;
}

static void mounts(void)
{
    printf("mounts:\n");
    uint64_t here = mount_of("f", MNT_ID), proc = mount_of("/proc", MNT_ID);
    IS(here != 0);
    IS(here == mount_of("d", 0x7ff));
    IS(here != proc);
    IS(proc == mount_of("/proc/self/status", MNT_ID));
    IS(mount_of("/", UNIQUE) != 0);
    struct stat st;
    T(stat("/proc", &st));
    T((long)st.st_ino);
}

/* struct ustat, for which libc has no header. */
struct old_stat {
    int free_blocks;
    unsigned long free_inodes;
    char names[12];
};

static void old_calls(void)
{
    struct old_stat u;
    struct stat st;
    char name[64];
    long index;

    printf("old calls:\n");
    T(stat(".", &st));
    T(syscall(SYS_ustat, (long)st.st_dev, &u));
    IS(u.free_blocks > 0 && u.free_inodes > 0 && u.names[0] == 0 && u.names[11] == 0);
    T(syscall(SYS_ustat, (long)st.st_dev, 8L));
    T(stat("/proc", &st));
    T(syscall(SYS_ustat, (long)st.st_dev, &u));
    IS(u.free_blocks == 0 && u.free_inodes == 0);
    T(syscall(SYS_ustat, -1L, &u));
    T(syscall(SYS_ustat, -1L, 8L));
    index = syscall(SYS_sysfs, 1L, "tmpfs");
    IS(index >= 0);
    T(syscall(SYS_sysfs, 2L, index, name));
    IS(strcmp(name, "tmpfs") == 0);
    IS(syscall(SYS_sysfs, 3L) > index);
    T(syscall(SYS_sysfs, 1L, "nothing"));
    T(syscall(SYS_sysfs, 1L, 8L));
    T(syscall(SYS_sysfs, 2L, index, 8L));
    T(syscall(SYS_sysfs, 2L, 1000L, name));
    T(syscall(SYS_sysfs, 4L));
}

int main(void)
{
    enter_folder();
    put_file("f", "some bytes");
    need(mkdir("d", 0755) == 0 && symlink("f", "link") == 0 && mkfifo("fifo", 0644) == 0, "files");
    file = open("f", O_RDWR);
    folder = open("d", O_RDONLY);
    event = eventfd(0, 0);
    need(file > 0 && folder > 0 && pipe(ends) == 0 && event > 0, "descriptors");
    queries();
    hints();
    direct();
    requests("file", file);
    requests("folder", folder);
    requests("/proc", open("/proc/uptime", O_RDONLY));
    requests("event", open("/dev/null", O_RDONLY));
    allocations();
    transfers();
    modes();
    mounts();
    old_calls();
    return 0;
}
