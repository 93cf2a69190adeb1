/* SPDX-License-Identifier: MIT
 *
 * Names of /proc that few programs ask for: they are there, and oom_score_adj keeps what it is
 * given. Who reads a file from its start again is told how things are now. */
#include <sys/prctl.h>
#include "calls.h"

static void there(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY);

    printf("%s: %s\n", path, fd >= 0 && read(fd, text, sizeof(text)) >= 0 ? "can be read" : strerror(errno));
    close(fd);
}

static void adjust(const char *text)
{
    char now[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDWR);

    T(write(fd, text, strlen(text)));
    T(pread(fd, now, sizeof(now) - 1, 0));
    printf("  %s", now);
    close(fd);
}

static void again(void)
{
    char text[16] = "";
    int fd = open("/proc/self/comm", O_RDONLY);

    prctl(PR_SET_NAME, "first");
    printf("some: %d\n", read(fd, text, 15) > 0); /* of when it was opened, or of now */
    prctl(PR_SET_NAME, "second");
    T(read(fd, text, 15));
    T(lseek(fd, 0, SEEK_SET));
    T(read(fd, text, 15));
    printf("  %s", text);
    prctl(PR_SET_NAME, "third");
    T(pread(fd, text, 15, 0));
    printf("  %.6s", text);
    close(fd);
}

int main(void)
{
    static const char *const names[] = {
        "/proc/cmdline",
        "/proc/devices",
        "/proc/swaps",
        "/proc/self/cgroup",
        "/proc/self/gid_map",
        "/proc/self/oom_score",
        "/proc/self/setgroups",
        "/proc/self/uid_map",
        "/proc/self/none",
        "/proc/sys/fs/file-max",
        "/proc/sys/fs/mqueue/msg_max",
        "/proc/sys/fs/nr_open",
        "/proc/sys/fs/pipe-max-size",
        "/proc/sys/kernel/cap_last_cap",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/domainname",
        "/proc/sys/kernel/ngroups_max",
        "/proc/sys/kernel/overflowuid",
        "/proc/sys/kernel/pid_max",
        "/proc/sys/kernel/randomize_va_space",
        "/proc/sys/kernel/threads-max",
        "/proc/sys/net/core/somaxconn",
        "/proc/sys/net/ipv4/ip_local_port_range",
        "/proc/sys/net/ipv4/tcp_rmem",
        "/proc/sys/vm/max_map_count",
        "/proc/sys/vm/mmap_min_addr",
        "/proc/sys/vm/overcommit_memory",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        there(names[i]);
    adjust("100\n");
    adjust("1000");
    adjust("1001");
    adjust("-1001");
    adjust("x");
    adjust("5x");
    adjust("-");
    adjust("");
    again();
    return 0;
}
