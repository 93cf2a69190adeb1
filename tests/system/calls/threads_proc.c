/* SPDX-License-Identifier: MIT
 *
 * Threads in /proc, CPU time clocks, times. */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>

#include "pthreads.h"

static int count_tasks(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;

    need(d, "/proc/self/task");
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static long status_field(const char *path, const char *field)
{
    char line[256];
    long n = -1;
    FILE *f = fopen(path, "r");

    need(f, path);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, field, strlen(field)) == 0)
            n = atol(line + strlen(field));
    fclose(f);
    return n;
}

static void show(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);

    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        printf("%s\n", strerror(errno));
    else
        printf("%s", text);
    if (fd >= 0)
        close(fd);
}

static volatile int tid, step;

static void *rest(void *arg)
{
    set(&tid, (int)syscall(SYS_gettid));
    wait_for(&step, 1);
    return arg;
}

static void tasks(void)
{
    char path[64], other[64], target[64] = "";
    pthread_t t;
    int fd;

    puts("- /proc");
    T(count_tasks());
    T(status_field("/proc/self/status", "Threads:"));
    t = start(rest, NULL);
    while (!tid)
        sleep_ms(1);
    T(count_tasks());
    T(status_field("/proc/self/status", "Threads:"));
    snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
    IS(status_field(path, "Pid:") == tid);
    IS(status_field(path, "Tgid:") == getpid());
    T(status_field(path, "Threads:"));
    snprintf(other, sizeof(other), "/proc/self/task/%d/comm", tid);
    T((fd = open(other, O_WRONLY)) >= 0);
    T(write(fd, "written", 7));
    T(close(fd));
    show(other);
    T((fd = open(other, O_RDWR)) >= 0);
    T(write(fd, "more than fifteen characters", 28));
    T(close(fd));
    show(other);
    T((fd = open("/proc/self/comm", O_WRONLY)) >= 0);
    T(write(fd, "first", 5));
    T(close(fd));
    show("/proc/self/comm");
    show("/proc/thread-self/comm");
    IS(readlink("/proc/thread-self", target, sizeof(target) - 1) > 0 && strstr(target, "/task/"));
    set(&step, 1);
    join(t);
    while (count_tasks() > 1)
        sleep_ms(1);
    T(open(path, O_RDONLY));
    T(open("/proc/self/task/999999", O_RDONLY));
    T(open("/proc/self/task/x", O_RDONLY));
}

static long cpu_ms(clockid_t clock)
{
    struct timespec ts;

    need(clock_gettime(clock, &ts) == 0, "clock_gettime");
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static volatile int spinning;

static void *spin(void *arg)
{
    long before = cpu_ms(CLOCK_THREAD_CPUTIME_ID);

    set(&spinning, 1);
    while (cpu_ms(CLOCK_THREAD_CPUTIME_ID) - before < 100)
        ;
    *(long *)arg = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
    set(&spinning, 2);
    wait_for(&spinning, 3);
    return NULL;
}

static void cpu_time(void)
{
    clockid_t its;
    long before = cpu_ms(CLOCK_PROCESS_CPUTIME_ID), mine = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
    long other, spent;
    struct timespec ts;

    puts("- CPU time");
    pthread_t t = start(spin, &spent);
    wait_for(&spinning, 2);
    E(pthread_getcpuclockid(t, &its));
    other = cpu_ms(its);
    IS(other >= 100 && other < spent + 1000);
    IS(cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - before >= 100);
    IS(cpu_ms(CLOCK_THREAD_CPUTIME_ID) - mine < 100); /* it slept */
    set(&spinning, 3);
    join(t);
    T(clock_getcpuclockid(0, &its));
    T(clock_gettime(its, &ts));
    IS(clock_getcpuclockid(0x3fffffff, &its) == ESRCH);
    T(clock_getcpuclockid(getpid(), &its));
    T(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &ts));
    T(clock_getres(CLOCK_THREAD_CPUTIME_ID, &ts));
    before = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(200);
    IS(cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - before < 150);
    IS(clock() != (clock_t)-1);
    struct rusage ru;
    T(getrusage(RUSAGE_SELF, &ru));
    T(getrusage(RUSAGE_THREAD, &ru));
}

static void sleeps(void)
{
    struct timespec ts = {0, 20000000}, left = {9, 9};
    long before;

    puts("- sleeping");
    before = now_ms();
    T(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &left));
    IS(now_ms() - before >= 19);
    before = now_ms();
    T(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL));
    IS(now_ms() - before >= 19);
    ts = in_ms(CLOCK_REALTIME, 20);
    before = now_ms();
    T(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL));
    IS(now_ms() - before >= 19);
    ts = in_ms(CLOCK_MONOTONIC, -20);
    T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
    ts = (struct timespec){0, 1000000000};
    IS(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == EINVAL);
    T(nanosleep(&ts, NULL));
    ts.tv_nsec = -1;
    T(nanosleep(&ts, NULL));
    ts.tv_nsec = 0;
    IS(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL) == EINVAL);
    IS(clock_nanosleep(99, 0, &ts, NULL) == EINVAL);
    T(usleep(1000));
    T(sleep(0));
}

int main(void)
{
    tasks();
    cpu_time();
    sleeps();
    return 0;
}
