/* SPDX-License-Identifier: MIT
 *
 * Nice values and I/O priorities: each thread has its own, and /proc tells it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "calls.h"

#define IO(class, level) ((class) << 13 | (level))

/* Field 19 of a "stat": the 17th behind the name. */
static int nice_in(const char *file)
{
    char text[600] = "";
    int fd = open(file, O_RDONLY);

    need(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, file);
    close(fd);
    char *at = strrchr(text, ')');
    for (int i = 0; i < 17; i++)
        at = strchr(at + 1, ' ');
    return atoi(at);
}

static void *other(void *arg)
{
    char file[60];
    pid_t own = (pid_t)syscall(SYS_gettid);

    (void)arg;
    T(getpriority(PRIO_PROCESS, 0));
    T(setpriority(PRIO_PROCESS, own, 14));
    T(getpriority(PRIO_PROCESS, 0));
    T(getpriority(PRIO_PROCESS, getpid()));
    snprintf(file, sizeof(file), "/proc/self/task/%d/stat", own);
    T(nice_in(file));
    T(nice_in("/proc/self/stat"));
    T(syscall(SYS_ioprio_get, 1, 0));
    T(syscall(SYS_ioprio_set, 1, 0, IO(2, 6)));
    T(syscall(SYS_ioprio_get, 1, 0));
    T(syscall(SYS_ioprio_get, 1, getpid()));
    return NULL;
}

int main(void)
{
    pthread_t t;

    T(setpriority(PRIO_PROCESS, getpid(), 16));
    T(syscall(SYS_ioprio_set, 1, 0, IO(2, 3)));
    need(pthread_create(&t, NULL, other, NULL) == 0, "thread");
    pthread_join(t, NULL);
    T(getpriority(PRIO_PROCESS, 0));
    T(syscall(SYS_ioprio_get, 1, 0));
    T(setpriority(PRIO_PROCESS, 0, -5));
    T(nice_in("/proc/self/stat"));
    T(setpriority(PRIO_PROCESS, 0, 100));
    T(getpriority(PRIO_PROCESS, 0));
    T(getpriority(PRIO_PROCESS, 0x7ffffffe));
    T(setpriority(PRIO_PROCESS, 0x7ffffffe, 1));
    T(syscall(SYS_ioprio_set, 1, 0x7ffffffe, IO(2, 3)));
    return 0;
}
