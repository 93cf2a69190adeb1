/* SPDX-License-Identifier: MIT
 *
 * Files without names: memfd_create, its seals, and shared memory with names. */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/mman.h>
#include "calls.h"

#define PAGE 4096l
#define RW   (PROT_READ | PROT_WRITE)

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

static void flags(void)
{
    static char name[300];
    memset(name, 'n', sizeof(name) - 1);
    T(memfd_create(name, 0));
    name[250] = 0;
    T(memfd_create(name, 0));
    name[249] = 0;
    OK(memfd_create(name, 0));
    T(memfd_create("x", 0x100));
    T(memfd_create("x", 0x18));
    T(memfd_create(NULL, 0));
    T(memfd_create((char *)1, 0));
    int fd = memfd_create("", MFD_CLOEXEC);
    T(fcntl(fd, F_GETFD));
    IS((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    struct stat st;
    T(fstat(fd, &st));
    printf("%o %ld %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size);
    T(write(fd, "hello", 5));
    T(lseek(fd, 0, SEEK_CUR));
    char buf[8] = "";
    T(pread(fd, buf, 8, 0));
    T(fcntl(fd, F_GET_SEALS));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    T(ftruncate(fd, 3 * PAGE));
    char *a = mmap(NULL, 3 * (size_t)PAGE, RW, MAP_SHARED, fd, 0);
    printf("%s\n", a);
    a[2 * PAGE] = '!';
    T(pread(fd, buf, 1, 2 * PAGE));
    printf("%c\n", buf[0]);
    T(close(fd));
    a[0] = 'H';
    printf("%s\n", a);
    T(munmap(a, 3 * (size_t)PAGE));
    fd = memfd_create("exec", 8);
    T(fstat(fd, &st));
    printf("%o %d\n", st.st_mode, fcntl(fd, F_GET_SEALS));
    T(fchmod(fd, 0700));
    T(fchmod(fd, 0600));
    T(close(fd));
}

static void seals(void)
{
    int fd = memfd_create("seals", MFD_ALLOW_SEALING), file = open("plain", O_RDWR | O_CREAT, 0644);
    char page[8192] = "";
    T(fcntl(fd, F_GET_SEALS));
    T(fcntl(file, F_GET_SEALS));
    T(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    T(fcntl(open("/dev/null", O_RDWR), F_GET_SEALS));
    T(fcntl(fd, F_ADD_SEALS, 0x1000));
    T(ftruncate(fd, 6000));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    T(ftruncate(fd, 5000));
    T(ftruncate(fd, 6000));
    T(ftruncate(fd, 6001));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    T(fcntl(fd, F_GET_SEALS));
    T(ftruncate(fd, 7000));
    T(pwrite(fd, page, 1, 6001));
    T(pwrite(fd, page, 10, 5995));
    T(pwrite(fd, page, 6, 5995));
    T(pwrite(fd, page, 8192, 0));
    T(pwrite(fd, page, 8192, 4000));
    T(fallocate(fd, 0, 0, 8000));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8000));
    T(fallocate(fd, 0, 0, 6001));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
    char *a = mmap(NULL, (size_t)PAGE, RW, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, (size_t)PAGE, RW, MAP_PRIVATE, fd, 0);
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    T(mprotect(a, (size_t)PAGE, PROT_READ));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    T(mprotect(a, (size_t)PAGE, RW));
    a[0] = 'a';
    T(pwrite(fd, page, 1, 0));
    OK(mmap(NULL, (size_t)PAGE, RW, MAP_SHARED, fd, 0));
    OK(mmap(NULL, (size_t)PAGE, RW, MAP_PRIVATE, fd, 0));
    T(munmap(a, (size_t)PAGE));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    p[0] = 'p';
    T(pread(fd, page, 1, 0));
    printf("%c\n", page[0]);
    T(pwrite(fd, page, 1, 0));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
    a = mmap(NULL, (size_t)PAGE, PROT_READ, MAP_SHARED, fd, 0);
    IS(a != MAP_FAILED);
    T(mprotect(a, (size_t)PAGE, RW));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    T(fcntl(fd, F_GET_SEALS));
    T(close(fd));
    fd = memfd_create("r", MFD_ALLOW_SEALING);
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int r = open(path, O_RDONLY);
    T(fcntl(r, F_GET_SEALS));
    T(fcntl(r, F_ADD_SEALS, F_SEAL_GROW));
    T(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
    T(fcntl(fd, F_GET_SEALS));
}

static void named(void)
{
    int fd = shm_open("/pith", O_RDWR | O_CREAT | O_EXCL, 0600);
    OK(fd);
    T(shm_open("/pith", O_RDWR | O_CREAT | O_EXCL, 0600));
    T(shm_open("/none", O_RDWR, 0600));
    T(shm_open("a/b", O_RDWR, 0600));
    T(fcntl(fd, F_GETFD));
    T(ftruncate(fd, 100));
    int again = shm_open("/pith", O_RDONLY, 0);
    char *a = mmap(NULL, 100, RW, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, 100, PROT_READ, MAP_SHARED, again, 0);
    OK(mmap(NULL, 100, RW, MAP_SHARED, again, 0));
    strcpy(a, "through the name");
    printf("%s\n", b);
    T(shm_unlink("/pith"));
    T(shm_unlink("/pith"));
    strcpy(a + 8, "both");
    printf("%s\n", b);
}

int main(void)
{
    enter_folder();
    flags();
    seals();
    named();
    return 0;
}
