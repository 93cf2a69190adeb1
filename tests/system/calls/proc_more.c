/* SPDX-License-Identifier: MIT
 *
 * What few programs read of /proc/self: auxv, fdinfo, mountinfo, smaps, smaps_rollup. */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <poll.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include "calls.h"

static char text[1 << 18];

/* Reads all of (name) to (text). Returns its length, or -1. */
static long slurp(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return -1;
    while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return (long)len;
}

static void vector(void)
{
    long len = slurp("/proc/self/auxv");
    const Elf64_auxv_t *a = (const Elf64_auxv_t *)text;
    static const unsigned long types[] = {AT_PAGESZ, AT_PHDR, AT_PHNUM, AT_ENTRY, AT_RANDOM};

    T(len > 0 && len % (long)sizeof(*a) == 0);
    for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
        const Elf64_auxv_t *at = a;
        while (at->a_type != AT_NULL && at->a_type != types[i])
            at++;
        printf("type %lu: ", types[i]);
        IS(at->a_type == types[i] && at->a_un.a_val == getauxval(types[i]));
    }
    struct stat st;
    T(stat("/proc/self/auxv", &st));
    printf("%o\n", st.st_mode);
}

/* Prints the lines of fdinfo of (fd) that are the same everywhere. */
static void info(const char *what, int fd)
{
    char name[40];

    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
    printf("%s: %s\n", what, slurp(name) < 0 ? strerror(errno) : "");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "mnt_id", 6) && strncmp(line, "ino:", 4) &&
            strncmp(line, "eventfd-id", 10)) {
            char *number = strstr(line, " ino:"), *mask = strstr(line, " mask:"), *end;
            if (number) /* of the inode, and of the file system */
                *number = '\0';
            end = mask ? strstr(mask, " fhandle") : NULL;
            if (end)
                *end = '\0';
            printf("  %s%s\n", line, mask ? mask : "");
        }
}

static void sets(void)
{
    const struct itimerspec never = {{0}, {0}}, later = {{7, 5}, {0, 0}};
    struct itimerspec now;
    struct stat st;
    unsigned long ino = 0;

    int e = epoll_create1(EPOLL_CLOEXEC);
    info("empty epoll", e);
    struct epoll_event ev = {EPOLLIN | EPOLLET, {.u64 = 0x1234567890}};
    int file = eventfd(0, 0);
    T(epoll_ctl(e, EPOLL_CTL_ADD, file, &ev));
    info("epoll", e);
    int t = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
    info("timerfd", t);
    T(timerfd_settime(t, TFD_TIMER_ABSTIME, &later, NULL)); /* long ago */
    T(poll(&(struct pollfd){t, POLLIN, 0}, 1, 5000));
    T(timerfd_gettime(t, &now));
    printf("%ld\n", (long)now.it_interval.tv_sec);
    T(timerfd_settime(t, TFD_TIMER_ABSTIME, &never, NULL));
    info("stopped timerfd", t);
    int i = inotify_init1(0);
    info("empty inotify", i);
    put_file("watched", "x");
    T(inotify_add_watch(i, "watched", IN_MODIFY | IN_CLOSE));
    info("inotify", i);
    T(stat("watched", &st));
    char name[40];
    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", i);
    slurp(name);
    char *at = strstr(text, " ino:");
    T(at && sscanf(at, " ino:%lx", &ino) == 1 && ino == st.st_ino);
}

static void descriptors(void)
{
    int p[2];
    sigset_t set;

    put_file("file", "contents");
    int fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC);
    T(lseek(fd, 5, SEEK_SET));
    info("file", fd);
    T(fcntl(fd, F_SETFD, 0));
    info("not to be closed", fd);
    int copy = dup(fd);
    T(lseek(copy, 7, SEEK_SET));
    info("copy", fd);
    struct stat st;
    unsigned long ino = 0;
    T(fstat(fd, &st));
    slurp("/proc/self/fdinfo/3");
    char *at = strstr(text, "ino:\t");
    T(at && sscanf(at, "ino:\t%lu", &ino) == 1 && ino == st.st_ino);
    T(close(copy));
    info("closed", copy);
    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    info("pipe", p[1]);
    int e = eventfd(0x1234, EFD_SEMAPHORE | EFD_CLOEXEC);
    info("eventfd", e);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMAX);
    info("signalfd", signalfd(-1, &set, SFD_NONBLOCK));
    fd = open(".", O_RDONLY | O_DIRECTORY);
    info("folder", fd);
    info("path", open(".", O_PATH));
    info("none", 99);
    DIR *d = opendir("/proc/self/fdinfo");
    need(d, "fdinfo");
    unsigned low = 0;
    for (struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '2' && !entry->d_name[1])
            low++;
    closedir(d);
    T(low);
}

static void mounts(void)
{
    int id, parent, major, minor, end = 0, lines = 0;
    bool root = false, proc = false, sound = true;
    char where[256], type[64];

    T(slurp("/proc/self/mountinfo") > 0);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *dash = strstr(line, " - ");
        sound = sound && dash && sscanf(dash, " - %63s", type) == 1 &&
                sscanf(line, "%d %d %d:%d %*s %255s %*s %n", &id, &parent, &major, &minor, where,
                       &end) == 5;
        root = root || strcmp(where, "/") == 0;
        proc = proc || (strcmp(where, "/proc") == 0 && strcmp(type, "proc") == 0);
        lines++;
    }
    IS(lines > 2);
    IS(sound);
    IS(root);
    IS(proc);
}

/* The number behind (label) from (at) on. */
static long figure(const char *at, const char *label)
{
    const char *s = at ? strstr(at, label) : NULL;

    return s ? atol(s + strlen(label)) : -1;
}

static void memory(void)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char at[40];

    need(p != MAP_FAILED, "mmap");
    memset(p, 1, 1 << 20);
    T(mprotect(p, 1 << 20, PROT_READ));
    T(mlock(p, 1 << 20));
    T(slurp("/proc/self/smaps") > 0);
    snprintf(at, sizeof(at), "%08lx-%08lx r--p ", (unsigned long)p, (unsigned long)p + (1 << 20));
    const char *map = strstr(text, at);
    IS(map != NULL);
    T(figure(map, "\nSize:"));
    T(figure(map, "\nKernelPageSize:"));
    T(figure(map, "\nRss:"));
    T(figure(map, "\nPss:"));
    T(figure(map, "\nPrivate_Dirty:"));
    T(figure(map, "\nAnonymous:"));
    T(figure(map, "\nSwap:"));
    T(figure(map, "\nLocked:"));
    IS(map && strstr(map, "\nVmFlags: rd "));
    IS(strstr(text, "[stack]") != NULL);
    T(slurp("/proc/self/smaps_rollup") > 0);
    IS(strstr(text, "[rollup]\nRss: ") != NULL);
    IS(figure(text, "\nRss:") >= 1024);
    IS(figure(text, "\nLocked:") >= 1024);
    IS(figure(text, "\nAnonymous:") >= 1024);
    IS(figure(text, "\nSize:") == -1);
}

int main(void)
{
    enter_folder();
    vector();
    descriptors();
    sets();
    mounts();
    memory();
    return 0;
}
