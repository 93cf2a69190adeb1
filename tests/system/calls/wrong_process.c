/* SPDX-License-Identifier: MIT
 *
 * Wrong and unusual arguments of the calls on memory, signals, scheduling, time and identity. */
#define _GNU_SOURCE
#include <limits.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <utime.h>
#include "calls.h"

static struct timespec *tsp(long a, long b)
{
    static struct timespec t;
    t = (struct timespec){a, b};
    return &t;
}

static struct timeval *tvp(long a, long b)
{
    static struct timeval t;
    t = (struct timeval){a, b};
    return &t;
}

static void mems(void)
{
    char *p = mmap(0, 16384, 3, 0x22, -1, 0);
    unsigned char v[4];
    puts("-- memory");
#define M(call) T((call) == MAP_FAILED ? -1 : 1)
    M(mmap(0, 0, 3, 0x22, -1, 0));
    M(mmap(0, 4096, 3, 0x20, -1, 0));
    M(mmap(0, 4096, 3, 0x2, -1, 0));
    M(mmap(0, 4096, 3, 0x22, -1, 1));
    M(mmap(0, -1, 3, 0x22, -1, 0));
    M(mmap((void *)1, 4096, 3, 0x32, -1, 0));
    M(mmap(0, 4096, 3, 0x3, 0, 0));
    M(mmap(p, 4096, 3, 0x100022, -1, 0));
    M(mmap(0, 4096, 3, 2, open(".", O_RDONLY), 0));
    int wo = open("a", O_WRONLY | O_CREAT, 0600), ro = open("a", O_RDONLY);
    M(mmap(0, 4096, 1, 2, wo, 0));
    M(mmap(0, 4096, 3, 1, ro, 0));
    M(mmap(0, 4096, 3, 2, ro, 0));
    M(mmap(0, 4096, 1, 1, ro, -4096));
    M(mmap(0, 4096, 1, 1, ro, LLONG_MAX & ~4095ll));
    T(munmap(p + 1, 4096));
    T(munmap(p, 0));
    T(munmap(p, -1));
    T(munmap((void *)(1ull << 62), 4096));
    T(mprotect(p + 1, 1, 1));
    T(mprotect(p, 0, 1));
    T(mprotect(p, 4096, 0x100));
    T(mprotect((void *)4096, 4096, 1));
    T(mprotect(p, 4096, 0x01000000));
    T(mprotect(p, 4096, 0x03000000));
    T(madvise(p + 1, 1, 0));
    T(madvise(p, 1, 999));
    T(madvise(p, -1, 0));
    T(madvise((void *)4096, 4096, 4));
    T(madvise(p, 0, 4));
    T(madvise(p, 4096, MADV_DONTFORK));
    T(madvise(p, 4096, MADV_HUGEPAGE) == 0 || errno == EINVAL);
    T(madvise(p, 4096, MADV_REMOVE));
    T(msync(p + 1, 1, 1));
    T(msync(p, 1, 8));
    T(msync(p, 1, 5));
    T(msync((void *)4096, 4096, 4));
    T(mincore(p + 1, 1, v));
    T(mincore(p, 4096, (void *)8));
    T(mincore((void *)4096, 4096, v));
    T(mlock(p, -1));
    T(mlock2(p, 1, 9));
    T(munlock((void *)4096, 1));
    T(mlockall(9));
    M(mremap(p, 4096, 0, 0));
    M(mremap(p + 1, 4096, 8192, 1));
    M(mremap(p, 4096, 8192, 2, p + 8192));
    M(mremap(p, 4096, 8192, 9));
    M(mremap(p, 8192, 8192, 3, p + 4096));
    M(mremap((void *)4096, 4096, 8192, 1));
    M(mremap(p, 32768, 65536, 1));
    M(mremap(p, 0, 4096, 1));
    T(syscall(SYS_brk, 8) > 4096);
    T(syscall(SYS_memfd_create, "x", 0x100));
    T(syscall(SYS_memfd_create, 8, 0));
    T(syscall(SYS_remap_file_pages, p, 4096, 1, 0, 0));
    T(syscall(SYS_mbind, p, 4096, 99, 0, 0, 0));
    T(syscall(SYS_get_mempolicy, 0, 0, 0, 0, 99));
    T(syscall(SYS_set_mempolicy, 99, 0, 0));
}

static void procs(void)
{
    struct sched_param sp = {0};
    struct timespec ts;
    struct rlimit r;
    struct itimerval it = {{0, 1000000}, {0, 0}};
    siginfo_t si;
    cpu_set_t cs;
    unsigned c;
    puts("-- process");
    T(kill(0, 65));
    T(kill(getpid(), -1));
    T(kill(getpid(), 0));
    T(kill(4194305, 0));
    T(syscall(SYS_tgkill, getpid(), -1, 0));
    T(syscall(SYS_tgkill, getpid(), 4194304, 0));
    T(syscall(SYS_tkill, 0, 0));
    T(syscall(SYS_tgkill, 0, 1, 0));
    T(syscall(SYS_rt_sigaction, 0, 0, 0, 8));
    T(syscall(SYS_rt_sigaction, 65, 0, 0, 8));
    T(syscall(SYS_rt_sigaction, SIGKILL, 0, 0, 8));
    T(syscall(SYS_rt_sigaction, 1, 0, 0, 7));
    T(syscall(SYS_rt_sigaction, 1, 8, 0, 8));
    T(syscall(SYS_rt_sigprocmask, 9, 8, 0, 8));
    T(syscall(SYS_rt_sigprocmask, 9, &cs, 0, 8));
    T(syscall(SYS_rt_sigpending, 8, 8));
    T(syscall(SYS_rt_sigpending, &cs, 9));
    T(syscall(SYS_rt_sigsuspend, &cs, 9));
    T(syscall(SYS_rt_sigtimedwait, &cs, 0, tsp(0, -1), 8));
    T(syscall(SYS_rt_sigtimedwait, 8, 0, 0, 8));
    si.si_code = -1;
    T(syscall(SYS_rt_sigqueueinfo, 4194305, 1, &si));
    T(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &si));
    T(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, 1, &si));
    T(sigaltstack(&(stack_t){(void *)&sp, 9, 1}, 0));
    T(sigaltstack(&(stack_t){0, 0, 1}, 0));
    T(sigaltstack(&(stack_t){0, 0, 0}, 0));
    T(sigaltstack(&(stack_t){0, 0, SS_DISABLE}, 0));

    T(sched_getscheduler(-1));
    T(sched_getscheduler(0));
    T(sched_setscheduler(0, 99, &sp));
    T(sched_setscheduler(0, SCHED_FIFO, &sp));
    T(sched_setscheduler(0, SCHED_OTHER, 0));
    sp.sched_priority = 1;
    T(sched_setscheduler(0, SCHED_OTHER, &sp));
    T(sched_get_priority_max(SCHED_RR));
    T(sched_get_priority_min(99));
    T(sched_get_priority_max(SCHED_BATCH));
    T(sched_getparam(0, 0));
    T(sched_getparam(-1, &sp));
    T(sched_setparam(-1, &sp));
    T(sched_rr_get_interval(-1, &ts));
    T(sched_rr_get_interval(4194305, &ts));
    T(sched_setaffinity(0, 0, &cs));
    CPU_ZERO(&cs);
    T(sched_setaffinity(0, sizeof cs, &cs));
    T(syscall(SYS_sched_getaffinity, 0, 1, &cs));
    T(syscall(SYS_sched_getaffinity, 4194305, 128, &cs));
    T(syscall(SYS_sched_setattr, 0, 0, 0));
    T(syscall(SYS_sched_getattr, 0, &sp, 1, 0));
    T(syscall(SYS_sched_getattr, 0, &si, 48, 1));
    T(getrlimit(99, &r));
    T(syscall(SYS_prlimit64, -1, 0, 0, &r));
    T(syscall(SYS_prlimit64, 4194305, 0, 0, &r));
    r = (struct rlimit){2, 1};
    T(setrlimit(RLIMIT_CPU, &r));
    T(syscall(SYS_setrlimit, 0, 8));
    T(syscall(SYS_getrlimit, 0, 8));
    T(syscall(SYS_getrusage, 9, &si));
    T(syscall(SYS_getrusage, 0, 8));
    T(getpriority(9, 0));
    T(getpriority(PRIO_PROCESS, 4194305));
    T(setpriority(9, 0, 0));
    T(setpriority(PRIO_PGRP, 4194305, 0));
    T(syscall(SYS_ioprio_set, 0, 0, 0));
    T(syscall(SYS_ioprio_set, 1, 0, 4 << 13));
    T(syscall(SYS_ioprio_get, 1, 4194305));
    T(setitimer(9, &it, 0));
    T(setitimer(0, &it, 0));
    T(getitimer(9, &it));
    T(syscall(SYS_getitimer, 0, 8));
    T(syscall(SYS_setitimer, 0, 0, 0));
    T(clock_gettime(99, &ts));
    T(syscall(SYS_clock_gettime, 0, 8));
    T(clock_getres(99, 0));
    T(clock_getres(0, 0));
    T(clock_settime(1, &ts));
    T(clock_settime(0, tsp(0, -1)));
    T(syscall(SYS_clock_nanosleep, 99, 0, &ts, 0));
    T(syscall(SYS_clock_nanosleep, 0, 0, tsp(0, 1000000000), 0));
    T(syscall(SYS_clock_nanosleep, 3, 0, tsp(0, 0), 0));
    T(syscall(SYS_nanosleep, tsp(-1, 0), 0));
    T(syscall(SYS_nanosleep, 8, 0));
    T(syscall(SYS_settimeofday, tvp(0, -1), 0));
    T(syscall(SYS_time, 8));
    T(syscall(SYS_times, 8));
    T(syscall(SYS_timer_create, 99, 0, &c));
    T(syscall(SYS_timer_create, 0, 0, 8));
    T(syscall(SYS_timer_delete, 99));
    T(syscall(SYS_timer_settime, 99, 0, &it, 0));
    T(syscall(SYS_timer_gettime, 99, &it));
    T(syscall(SYS_timer_getoverrun, 99));
    T(getpgid(-1));
    T(getpgid(4194305));
    T(getsid(-1));
    T(syscall(SYS_setpgid, -1, 0));
    T(syscall(SYS_setpgid, 0, -1));
    T(setuid(-1));
    T(setreuid(-1, -1));
    T(setresuid(-1, -1, -1));
    T(syscall(SYS_setgroups, -1, 0));
    T(syscall(SYS_setgroups, 1, 8));
    T(syscall(SYS_getgroups, -1, 0));
    T(syscall(SYS_getresuid, 8, 8, 8));
    T(syscall(SYS_uname, 8));
    T(sethostname("x", -1));
    T(sethostname((void *)8, 3));
    T(sethostname("x", 65));
    T(setdomainname("x", -1));
    T(syscall(SYS_sysinfo, 8));
    T(syscall(SYS_getcpu, 8, 0, 0));
    T(syscall(SYS_getrandom, 8, 1, 0));
    T(syscall(SYS_getrandom, &si, 1, 16));
    T(syscall(SYS_getrandom, &si, 1, 6));
    T(syscall(SYS_membarrier, 99, 0, 0));
    T(syscall(SYS_membarrier, 0, 1, 0) < 0);
    T(personality(0xffffffff));
    T(syscall(SYS_umask, 022));
    T(syscall(SYS_umask, 07777));
    T(syscall(SYS_umask, 022));
    T(syscall(SYS_capget, 8, 0));
    T(syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
    T(syscall(SYS_futex, 8, 0, 0, 0));
    T(syscall(SYS_futex, &c, 99, 0, 0));
    T(syscall(SYS_futex, (char *)&c + 1, 0, 0, 0));
    T(syscall(SYS_set_robust_list, &c, 1));
    T(syscall(SYS_get_robust_list, 4194305, &c, &c));
    T(syscall(SYS_set_tid_address, 0) > 0);
    T(syscall(SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 1));
    T(syscall(SYS_process_vm_readv, 4194305, 0, 0, 0, 0, 0));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    enter_folder();
    mems();
    procs();
    return 0;
}
