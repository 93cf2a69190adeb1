/* SPDX-License-Identifier: MIT
 *
 * What /proc/self says of who the process is, of its signals and mappings, and its memory as a
 * file. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "calls.h"

#define PAGE 4096

static void show_line(const char *file, const char *label)
{
    char line[400];
    FILE *f = fopen(file, "r");

    need(f != NULL, file);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, label, strlen(label)) == 0)
            fputs(line, stdout);
    fclose(f);
}

static void handler(int sig)
{
    (void)sig;
}

static void *second(void *arg)
{
    char b[100];
    struct stat st;

    (void)arg;
    show_line("/proc/thread-self/status", "SigPnd:");
    show_line("/proc/thread-self/status", "ShdPnd:");
    show_line("/proc/thread-self/status", "SigBlk:");
    T(stat("/proc/thread-self/task", &st));
    OK(readlink("/proc/thread-self/exe", b, sizeof(b)));
    OK(open("/proc/thread-self/fd", O_RDONLY));
    return NULL;
}

static void status(void)
{
    static const char *const labels[] = {"Umask:",  "Uid:",    "Gid:",    "Groups:", "SigPnd:",
                                         "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:"};
    gid_t groups[] = {5, 7};
    pthread_t t;
    sigset_t set;

    printf("status:\n");
    /* Whoever started the test may have had some of them ignored, libc's own too. */
    for (int sig = 1; sig <= 64; sig++) {
        const unsigned long by_default[4] = {0};
        syscall(SYS_rt_sigaction, sig, by_default, NULL, 8);
    }
    umask(027);
    signal(SIGTERM, handler);
    signal(SIGHUP, handler);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    T(sigprocmask(SIG_BLOCK, &set, NULL));
    T(raise(SIGUSR1));
    T(kill(getpid(), SIGHUP));
    T(syscall(SYS_setgroups, 2L, groups));
    T(syscall(SYS_setresgid, 10L, 11L, 12L));
    T(syscall(SYS_setresuid, 1L, 0L, 3L));
    for (unsigned i = 0; i < sizeof(labels) / sizeof(*labels); i++)
        show_line("/proc/self/status", labels[i]);
    T(syscall(SYS_setgroups, 0L, groups));
    show_line("/proc/self/status", "Groups:");
    need(pthread_create(&t, NULL, second, NULL) == 0, "thread");
    T(pthread_join(t, NULL));
}

/* The line of /proc/self/maps for the page at (p), without what varies. */
static void show_map(const char *p)
{
    char line[400], start[40];
    FILE *f = fopen("/proc/self/maps", "r");

    need(f != NULL, "maps");
    snprintf(start, sizeof(start), "%08lx-%08lx ", (unsigned long)p, (unsigned long)p + PAGE);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, start, strlen(start)) == 0)
            printf("%.4s ...%s", line + strlen(start),
                   strchr(line, '/') ? strchr(line, '/') : line + strlen(line) - 3);
    fclose(f);
}

static char *map(int flags)
{
    char *p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_ANONYMOUS | flags, -1, 0);

    need(p != MAP_FAILED && mprotect(p + PAGE, PAGE, PROT_READ) == 0, "mmap");
    return p + PAGE;
}

static void maps(void)
{
    printf("maps:\n");
    show_map(map(MAP_PRIVATE));
    show_map(map(MAP_SHARED));
}

static void memory(void)
{
    static const char text[] = "hello, world";
    char b[100] = "";
    int fd = open("/proc/self/mem", O_RDWR);
    struct iovec parts[2] = {{b, 3}, {b + 3, 4}};
    struct stat st;

    printf("memory:\n");
    T(stat("/proc/self/mem", &st));
    T(st.st_mode);
    T(pread(fd, b, sizeof(text), (off_t)text));
    T(strcmp(b, text));
    T(pwrite(fd, "HELLO", 5, (off_t)b));
    T(strcmp(b, "HELLO, world"));
    IS(lseek(fd, (off_t)text, SEEK_SET) == (off_t)text);
    T(read(fd, b, 5));
    T(read(fd, b + 5, 7));
    T(strcmp(b, text));
    IS(lseek(fd, -12, SEEK_CUR) == (off_t)text);
    T(preadv(fd, parts, 2, (off_t)text + 5));
    T(memcmp(b, text + 5, 7));
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    need(p != MAP_FAILED && munmap(p + PAGE, PAGE) == 0, "mmap");
    T(pread(fd, b, sizeof(b), (off_t)p + PAGE - 1));
    T(pread(fd, b, sizeof(b), (off_t)p + PAGE));
    T(pwrite(fd, b, sizeof(b), (off_t)p + PAGE - 6));
    T(pwrite(fd, b, sizeof(b), 0));
    T(pread(fd, b, 0, 0));
}

int main(void)
{
    maps();
    memory();
    status();
    return 0;
}
