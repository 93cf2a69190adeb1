/* SPDX-License-Identifier: MIT
 *
 * Calls about processes, used on the own one: process_vm_readv, process_vm_writev, kcmp, ioprio_get
 * and ioprio_set; and adjtimex, which others may only read. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>

#include "calls.h"

#define PAGE 4096l

static char from[3 * 4096] __attribute__((aligned(4096))), to[3 * 4096];

static long transfer(long number, const struct iovec *near, long n, const struct iovec *far, long m)
{
    return syscall(number, getpid(), near, n, far, m, 0);
}

#define READ(near, n, far, m)  transfer(SYS_process_vm_readv, near, n, far, m)
#define WRITE(near, n, far, m) transfer(SYS_process_vm_writev, near, n, far, m)

static void transfers(void)
{
    struct iovec near[3] = {{to, 5}, {to + 10, 0}, {to + 20, 4}};
    struct iovec far[3] = {{from, 2}, {from + 3, 6}, {from + 100, 50}};
    char *map =
        mmap(NULL, 2 * (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    printf("transfers:\n");
    for (int i = 0; i < 100; i++)
        from[i] = (char)('A' + i % 26);
    T(READ(near, 3, far, 3));
    printf("%.5s %.4s\n", to, to + 20);
    T(READ(near, 1, far, 1));
    T(WRITE(near, 3, far + 2, 1));
    printf("%.9s\n", from + 100);

    need(mprotect(map + PAGE, (size_t)PAGE, PROT_NONE) == 0, "a page that cannot be read");
    memset(map, 'm', (size_t)PAGE);
    near[0] = (struct iovec){to, 200};
    far[0] = (struct iovec){map + PAGE - 10, 100};
    T(READ(near, 1, far, 1));
    T(WRITE(near, 1, far, 1));
    far[0].iov_base = map + PAGE;
    T(READ(near, 1, far, 1));
    far[1] = far[0];
    far[0] = (struct iovec){from, 7};
    T(READ(near, 1, far, 2));
    near[0] = (struct iovec){map + PAGE - 10, 100};
    far[0] = (struct iovec){from, 100};
    T(READ(near, 1, far, 1));
    T(WRITE(near, 1, far, 1));
    near[0].iov_base = map + PAGE;
    T(READ(near, 1, far, 1));
    near[0] = (struct iovec){to, 16};
    far[0] = (struct iovec){NULL, 16};
    T(READ(near, 1, far, 1));
    far[0].iov_base = (void *)-PAGE;
    T(READ(near, 1, far, 1));
    far[0].iov_base = (void *)(uintptr_t)transfers;
    T(READ(near, 1, far, 1));
    T(WRITE(near, 1, far, 1));

    far[0].iov_base = from;
    T(READ(near, 0, far, 1));
    T(READ(near, 1, far, 0));
    T(READ(near, 1025, far, 1));
    T(READ(near, 1, far, 1025));
    T(READ(NULL, 1, far, 1));
    T(READ(near, 1, NULL, 1));
    T(syscall(SYS_process_vm_readv, getpid(), near, 1, far, 1, 1));
    T(syscall(SYS_process_vm_readv, 0, near, 1, far, 1, 0));
    T(syscall(SYS_process_vm_readv, 99999999, near, 1, far, 1, 0));
    T(syscall(SYS_process_vm_readv, -1, near, 1, far, 1, 0));
    T(syscall(SYS_process_vm_readv, -1, near, 1, far, 0, 0));
    near[0].iov_len = 0;
    T(syscall(SYS_process_vm_readv, -1, near, 1, NULL, 1, 0));
    near[0].iov_len = ~0ul;
    T(READ(near, 1, far, 1));
    near[0] = (struct iovec){(void *)-PAGE, 16};
    T(READ(near, 1, far, 1));
    near[0].iov_base = to;
    far[0].iov_len = ~0ul;
    T(READ(near, 1, far, 1));

    printf("onto the vector itself:\n");
    near[0] = (struct iovec){near, sizeof(near)};
    far[0] = (struct iovec){from, 8};
    far[1] = (struct iovec){from + 8, sizeof(near) - 8};
    T(READ(near, 1, far, 2));
    IS(memcmp(near, from, sizeof(near)) == 0);
}

static long compare(int type, long a, long b)
{
    long r = syscall(SYS_kcmp, getpid(), getpid(), type, a, b);

    return r == 2 ? 1 : r; /* the order of two files means nothing */
}

static void same(void)
{
    int a = open("f", O_CREAT | O_RDWR, 0644), b = open("f", O_RDWR), c = dup(a);
    int path = open("f", O_PATH);

    printf("kcmp:\n");
    T(compare(0, a, a));
    T(compare(0, a, b));
    T(compare(0, a, c));
    T(compare(0, path, path));
    T(compare(0, a, 99));
    T(compare(0, -1, a));
    for (int type = 1; type < 7; type++)
        T(compare(type, 0, 0));
    T(compare(8, 0, 0));
    T(compare(-1, 0, 0));
    T(syscall(SYS_kcmp, getpid(), 99999999, 0, a, a));
    T(syscall(SYS_kcmp, 0, getpid(), 99, a, a));
    IS(syscall(SYS_kcmp, getpid(), getpid(), 0, a, b) +
           syscall(SYS_kcmp, getpid(), getpid(), 0, b, a) ==
       3);
}

static void priorities(void)
{
    printf("ioprio:\n");
    T(syscall(SYS_ioprio_get, 1, 0));
    T(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5));
    T(syscall(SYS_ioprio_get, 1, getpid()));
    T(syscall(SYS_ioprio_set, 1, getpid(), 1 << 13 | 3));
    T(syscall(SYS_ioprio_get, 1, 0));
    T(syscall(SYS_ioprio_set, 1, 0, 0));
    T(syscall(SYS_ioprio_set, 1, 0, 1));
    T(syscall(SYS_ioprio_set, 1, 0, 4 << 13));
    T(syscall(SYS_ioprio_set, 1, 99999999, 2 << 13));
    T(syscall(SYS_ioprio_get, 1, 99999999));
    T(syscall(SYS_ioprio_get, 0, 0));
    T(syscall(SYS_ioprio_get, 4, 0));
    T(syscall(SYS_ioprio_set, 4, 0, 0));
    T(syscall(SYS_ioprio_set, 1, 0, 3 << 13));
    T(syscall(SYS_ioprio_get, 1, 0));
}

static void clocks(void)
{
    struct timex t = {0};
    struct timespec now;

    printf("adjtimex:\n");
    IS(adjtimex(&t) >= 0);
    clock_gettime(CLOCK_REALTIME, &now);
    IS(now.tv_sec - t.time.tv_sec >= 0 && now.tv_sec - t.time.tv_sec < 3);
    IS(t.tick > 9000 && t.tick < 11000 && t.modes == 0);
    IS(clock_adjtime(CLOCK_REALTIME, &t) >= 0);
    T(clock_adjtime(CLOCK_MONOTONIC, &t));
    T(clock_adjtime(99, &t));
    T(syscall(SYS_adjtimex, NULL));
    T(syscall(SYS_clock_adjtime, CLOCK_REALTIME, NULL));
    need(seteuid(1000) == 0, "another user");
    t.modes = ADJ_TICK;
    T(adjtimex(&t));
    T(clock_adjtime(CLOCK_REALTIME, &t));
    t.modes = 0xa001;
    IS(adjtimex(&t) >= 0);
    T(syscall(SYS_ioprio_set, 1, 0, 1 << 13));
}

int main(void)
{
    enter_folder();
    transfers();
    same();
    priorities();
    clocks();
    return 0;
}
