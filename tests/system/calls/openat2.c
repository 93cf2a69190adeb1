/* SPDX-License-Identifier: MIT
 *
 * openat2: what it refuses, and limits of the walk. Also sched_setattr and sched_getattr, which take structures the
 * same way. */
#define _GNU_SOURCE
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "calls.h"

static int dir;

static void try_open(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {flags, mode, resolve};
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    printf("%s %llx %llo %llx: %s\n", path, (unsigned long long)flags, (unsigned long long)mode,
           (unsigned long long)resolve, fd < 0 ? strerror(errno) : "ok");
    if (fd >= 0)
        close((int)fd);
}

static void refusals(void)
{
    static const uint64_t flags[] = {0, O_RDWR, O_CREAT | O_WRONLY, O_TMPFILE | O_RDWR, O_TMPFILE,
                                     O_PATH, O_PATH | O_RDWR, O_PATH | O_NOFOLLOW | O_DIRECTORY,
                                     O_PATH | O_NONBLOCK, 1ull << 40, 1u << 30, O_CREAT | O_EXCL};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        try_open("file", flags[i], 0, 0);
        try_open("file", flags[i], 0644, 0);
        try_open(".", flags[i], 0644, 0);
        try_open("file", flags[i], 010644, 0);
    }
    try_open("file", 0, 0, 0x40);
    try_open("file", 0, 0, 1ull << 32);
    try_open("file", 0, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    try_open("new", O_CREAT, 0600, RESOLVE_CACHED);
    try_open("file", O_TRUNC | O_WRONLY, 0, RESOLVE_CACHED);
    static const size_t sizes[] = {0, 8, 23, 24, 25, 32, 4096, 4097, 1 << 20};
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED && mprotect(page + 4096, 4096, PROT_NONE) == 0, "mmap");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        printf("size %zu:", sizes[i]);
        for (int k = 0; k < 3; k++) {
            memset(page, 0, 4096);
            char *at = k == 2 ? page + 4096 - 24 : page;
            if (k == 1)
                page[24] = 1;
            long fd = syscall(SYS_openat2, dir, "file", at, sizes[i]);
            printf(" %s", fd < 0 ? strerror(errno) : "ok");
        }
        putchar('\n');
    }
    OK(syscall(SYS_openat2, dir, "file", NULL, sizeof(struct open_how)));
    OK(syscall(SYS_openat2, -5, "file", page, sizeof(struct open_how)));
}

static void limits(void)
{
    static const char *const paths[] = {
        "file",        "sub/deep",     "sub/../file",  "..",           "../top",       "sub/../../top",
        "/top",        "/",            "link",         "sublink/deep", "up",           "up/top",
        "absolute",    "absolute/top", "dangling",     "proc",         "proc/self/fd", "/proc/self/exe",
        "loop",        "sub/up2",      "fdlink"};
    static const uint64_t resolve[] = {0,
                                       RESOLVE_NO_SYMLINKS,
                                       RESOLVE_NO_MAGICLINKS,
                                       RESOLVE_BENEATH,
                                       RESOLVE_IN_ROOT,
                                       RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
                                       RESOLVE_NO_XDEV};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        for (size_t k = 0; k < sizeof(resolve) / sizeof(resolve[0]); k++) {
            /* What "/" holds, and what is mounted where, is the machine's. */
            bool root = paths[i][0] == '/' || strncmp(paths[i], "absolute", 8) == 0;
            if (root && (resolve[k] == 0 || resolve[k] & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)))
                continue;
            try_open(paths[i], O_PATH, 0, resolve[k]);
        }
    try_open("link", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
    try_open("link", O_RDONLY | O_NOFOLLOW, 0, 0);
    try_open("/proc/self/fd/0", O_PATH, 0, RESOLVE_NO_MAGICLINKS);
    try_open("/proc/self/fd/0", O_PATH, 0, RESOLVE_NO_SYMLINKS);
    try_open("/proc/self/status", O_RDONLY, 0, RESOLVE_NO_XDEV);
    try_open("made", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH);
    try_open("../made", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH);
    try_open("../made2", O_CREAT | O_RDWR, 0600, RESOLVE_IN_ROOT);
    struct stat st;
    T(fstatat(dir, "made2", &st, 0));
}

static void attributes(void)
{
    struct sched_attr a = {0}, got;
    static const uint32_t sizes[] = {0, 8, 48, 56, 64, 4096, 5000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char room[8192] = "";
        memcpy(room, &sizes[i], sizeof(sizes[i]));
        printf("size %u: ", sizes[i]);
        OK(syscall(SYS_sched_setattr, 0, room, 0));
        room[100] = 1;
        memcpy(room, &sizes[i], sizeof(sizes[i]));
        OK(syscall(SYS_sched_setattr, 0, room, 0));
        T(syscall(SYS_sched_getattr, 0, room, sizes[i], 0));
    }
    a.size = sizeof(a);
    static const uint32_t policies[] = {SCHED_NORMAL, SCHED_FIFO, SCHED_RR, SCHED_BATCH, 4,
                                        SCHED_IDLE,   7,          100,      (uint32_t)-1};
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
        for (unsigned priority = 0; priority < 200; priority += 99) {
            a.sched_policy = policies[i];
            a.sched_priority = priority;
            printf("policy %d, %u: ", (int)policies[i], priority);
            T(syscall(SYS_sched_setattr, 0, &a, 0));
            T(syscall(SYS_sched_getattr, 0, &got, sizeof(got), 0));
            printf("%u %u %u %llu\n", got.size, got.sched_policy, got.sched_priority,
                   (unsigned long long)got.sched_flags);
        }
    a = (struct sched_attr){.size = sizeof(a), .sched_flags = 0x80};
    T(syscall(SYS_sched_setattr, 0, &a, 0));
    a.sched_flags = SCHED_FLAG_RESET_ON_FORK;
    a.sched_nice = 7;
    T(syscall(SYS_sched_setattr, 0, &a, 0));
    T(syscall(SYS_sched_getattr, 0, &got, sizeof(got), 0));
    printf("%u %d %llu\n", got.sched_policy, got.sched_nice, (unsigned long long)got.sched_flags);
    T(syscall(SYS_sched_setattr, 0, NULL, 0));
    T(syscall(SYS_sched_setattr, 0, &a, 1));
    T(syscall(SYS_sched_setattr, -1, &a, 0));
    T(syscall(SYS_sched_setattr, 99999999, &a, 0));
    T(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
    T(syscall(SYS_sched_getattr, 0, &got, 48, 1));
    T(syscall(SYS_sched_getattr, 99999999, &got, 48, 0));
    a = (struct sched_attr){.size = sizeof(a), .sched_policy = 6, .sched_runtime = 10};
    T(syscall(SYS_sched_setattr, 0, &a, 0));
    a.sched_flags = 0;
    a.sched_policy = SCHED_RR;
    a.sched_priority = 1;
    need(seteuid(1000) == 0, "seteuid");
    T(syscall(SYS_sched_setattr, 0, &a, 0));
    a = (struct sched_attr){.size = sizeof(a), .sched_nice = 9};
    T(syscall(SYS_sched_setattr, 0, &a, 0));
}

int main(void)
{
    umask(022);
    enter_folder();
    put_file("top", "x");
    need(mkdir("in", 0755) == 0 && mkdir("in/sub", 0755) == 0, "folders");
    put_file("in/file", "x");
    put_file("in/sub/deep", "x");
    need(symlink("file", "in/link") == 0 && symlink("sub", "in/sublink") == 0 &&
             symlink("..", "in/up") == 0 && symlink("/", "in/absolute") == 0 &&
             symlink("nothing", "in/dangling") == 0 && symlink("loop", "in/loop") == 0 &&
             symlink("../../top", "in/sub/up2") == 0 && symlink("/proc/self/fd/0", "in/fdlink") == 0 &&
             mkdir("in/proc", 0755) == 0,
         "links");
    dir = open("in", O_RDONLY | O_DIRECTORY);
    refusals();
    limits();
    attributes();
    return 0;
}
