/* SPDX-License-Identifier: MIT
 *
 * /proc and /dev: what programs find out about themselves there, and descriptors as paths.
 *
 * args: one two
 * env: COLOUR=green */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "calls.h"

/* What the link (name) says is the path (path). */
static bool leads_to(const char *name, const char *path)
{
    char buf[PATH_MAX];
    ssize_t n = readlink(name, buf, sizeof(buf) - 1);

    if (n < 0)
        return false;
    buf[n] = '\0';
    return strcmp(buf, path) == 0;
}

/* Reads all of (name), at most (size) bytes with a NUL. Returns its length, or -1. */
static long slurp(const char *name, char *buf, size_t size)
{
    int fd = open(name, O_RDONLY);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return -1;
    while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    buf[len] = '\0';
    return (long)len;
}

static void links(void)
{
    char cwd[PATH_MAX], path[2 * PATH_MAX], name[40];
    char buf[40];

    need(getcwd(cwd, sizeof(cwd)), "getcwd");
    IS(leads_to("/proc/self/cwd", cwd));
    IS(leads_to("/proc/self/root", "/"));
    T(mkdir("dir", 0755));
    put_file("dir/file", "inside");
    int fd = open("dir/file", O_RDWR);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    snprintf(path, sizeof(path), "%s%sdir/file", cwd, cwd[1] ? "/" : "");
    IS(leads_to(name, path));
    T(rename("dir/file", "dir/moved"));
    snprintf(path, sizeof(path), "%s%sdir/moved", cwd, cwd[1] ? "/" : "");
    IS(leads_to(name, path));
    /* Opened anew: a position of its own. */
    T(lseek(fd, 3, SEEK_SET));
    int again = (int)T(open(name, O_RDONLY));
    T(read(again, buf, 6));
    snprintf(name, sizeof(name), "/dev/fd/%d", fd);
    again = (int)T(open(name, O_RDONLY));
    T(read(again, buf, 2));
    struct stat a, b;
    T(fstat(fd, &a));
    T(stat(name, &b));
    IS(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    T(lstat(name, &b));
    IS(S_ISLNK(b.st_mode));
    T(open("/proc/self/fd/99", O_RDONLY));
    T(open("/proc/self/fd/x", O_RDONLY));
    T(access("/proc/self/cwd/dir/moved", F_OK));
    /* A file without a name gets one. */
    int tmp = open(".", O_TMPFILE | O_RDWR, 0600);
    T(write(tmp, "named", 5));
    snprintf(name, sizeof(name), "/proc/self/fd/%d", tmp);
    T(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    show_file("named");
}

static void pipes(void)
{
    int p[2];
    char name[40], buf[60] = "";

    T(pipe(p));
    snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
    IS(readlink(name, buf, sizeof(buf)) > 7);
    IS(strncmp(buf, "pipe:[", 6) == 0);
    snprintf(name, sizeof(name), "/dev/fd/%d", p[1]);
    int w = open(name, O_WRONLY);
    T(write(w, "pipe", 4));
    T(read(p[0], buf, sizeof(buf)));
    T(close(w));
    T(close(p[1]));
    T(read(p[0], buf, sizeof(buf)));
}

static void texts(int argc, char **argv)
{
    static char buf[1 << 16];
    unsigned long n[7];
    long len = slurp("/proc/self/cmdline", buf, sizeof(buf));
    size_t expected = 0;

    for (int i = 0; i < argc; i++)
        expected += strlen(argv[i]) + 1;
    IS(len == (long)expected);
    IS(memcmp(buf, argv[0], strlen(argv[0]) + 1) == 0);
    len = slurp("/proc/self/environ", buf, sizeof(buf));
    IS(memmem(buf, (size_t)len, "COLOUR=green", 13) != NULL);
    IS(slurp("/proc/self/statm", buf, sizeof(buf)) > 0 &&
       sscanf(buf, "%lu %lu %lu %lu %lu %lu %lu", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6) ==
           7);
    IS(slurp("/proc/meminfo", buf, sizeof(buf)) > 0);
    IS(sscanf(buf, "MemTotal: %lu kB", n) == 1 && *n > 1000);
    IS(strstr(buf, "\nMemFree: ") && strstr(buf, "\nMemAvailable: "));
    IS(slurp("/proc/self/status", buf, sizeof(buf)) > 0);
    IS(strstr(buf, "\nVmRSS:\t") && strstr(buf, "\nThreads:\t1\n") && strstr(buf, "\nPid:\t"));
    char *end = NULL;
    len = slurp("/proc/self/stat", buf, sizeof(buf));
    unsigned fields = 2;
    for (end = len > 0 ? strrchr(buf, ')') : NULL; end && *end; end++)
        fields += *end == ' ';
    printf("fields of stat: %u\n", fields);
    IS(slurp("/proc/cpuinfo", buf, sizeof(buf)) > 0 && strstr(buf, "model name") &&
       strstr(buf, "sse2"));
    IS(slurp("/proc/self/maps", buf, sizeof(buf)) > 0 && strstr(buf, "[stack]") &&
       strstr(buf, " r-xp "));
    IS(slurp("/proc/self/limits", buf, sizeof(buf)) > 0 && strstr(buf, "Max open files "));
    IS(slurp("/proc/uptime", buf, sizeof(buf)) > 0 && isdigit((unsigned char)*buf));
    IS(slurp("/proc/sys/kernel/random/uuid", buf, sizeof(buf)) == 37 && buf[14] == '4');
    IS(slurp("/proc/sys/kernel/ostype", buf, sizeof(buf)) == 6);
    printf("%s", buf);
    IS(slurp("/proc/mounts", buf, sizeof(buf)) > 0 && strstr(buf, " /proc proc "));
    T(open("/proc/none", O_RDONLY));
    T(open("/proc/self/none", O_RDONLY));
    T(mkdir("/proc/self/fd/x", 0755) == 0);
}

static void folders(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned zero_to_two = 0;

    need(d, "/proc/self/fd");
    for (struct dirent *e; (e = readdir(d));)
        zero_to_two += e->d_name[0] >= '0' && e->d_name[0] <= '2' && !e->d_name[1];
    printf("descriptors 0 to 2: %u\n", zero_to_two);
    closedir(d);
    d = opendir("/dev");
    need(d, "/dev");
    unsigned found = 0;
    for (struct dirent *e; (e = readdir(d));)
        found += strcmp(e->d_name, "null") == 0 || strcmp(e->d_name, "urandom") == 0;
    printf("devices: %u\n", found);
    closedir(d);
    struct stat st;
    T(stat("/dev/null", &st));
    IS(S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
    T(lseek(open("/dev/zero", O_RDONLY), 10, SEEK_SET));
    T(stat("/dev/shm", &st));
    printf("mode %o\n", st.st_mode);
    char buf[3];
    int fd = (int)T(open("/dev/shm/pith-test", O_CREAT | O_RDWR, 0600));
    T(write(fd, "shm", 3));
    T(pread(fd, buf, 3, 0));
    T(rename("/dev/shm/pith-test", "/dev/pith-test") == 0);
    T(unlink("/dev/shm/pith-test"));
}

/* The number number (i) of a text, 0 where there is none. */
static unsigned long number_in(const char *name, int i)
{
    unsigned long n = 0;
    FILE *f = fopen(name, "r");

    while (f && i-- >= 0)
        n = fscanf(f, "%lu", &n) == 1 ? n : 0;
    if (f)
        fclose(f);
    return n;
}

/* What /proc/sys says is what the calls say. */
static void limits(void)
{
    struct shminfo shm;
    struct msginfo msg;
    struct seminfo sem;
    int ends[2];

    need(shmctl(0, IPC_INFO, (void *)&shm) >= 0 && msgctl(0, IPC_INFO, (void *)&msg) >= 0 &&
             semctl(0, 0, IPC_INFO, &sem) >= 0 && pipe(ends) == 0,
         "limits");
    IS(number_in("/proc/sys/kernel/shmmax", 0) == shm.shmmax);
    IS(number_in("/proc/sys/kernel/shmall", 0) == shm.shmall);
    IS(number_in("/proc/sys/kernel/shmmni", 0) == shm.shmmni);
    IS(number_in("/proc/sys/kernel/msgmax", 0) == (unsigned)msg.msgmax);
    IS(number_in("/proc/sys/kernel/msgmnb", 0) == (unsigned)msg.msgmnb);
    IS(number_in("/proc/sys/kernel/msgmni", 0) == (unsigned)msg.msgmni);
    IS(number_in("/proc/sys/kernel/sem", 0) == (unsigned)sem.semmsl);
    IS(number_in("/proc/sys/kernel/sem", 1) == (unsigned)sem.semmns);
    IS(number_in("/proc/sys/kernel/sem", 2) == (unsigned)sem.semopm);
    IS(number_in("/proc/sys/kernel/sem", 3) == (unsigned)sem.semmni);
    unsigned long most = number_in("/proc/sys/fs/pipe-max-size", 0);
    IS(fcntl(ends[0], F_SETPIPE_SZ, most) == (long)most);
    IS(number_in("/proc/sys/fs/inotify/max_queued_events", 0) > 0);
    IS(number_in("/proc/sys/fs/inotify/max_user_watches", 0) > 0);
}

int main(int argc, char **argv)
{
    setbuf(stdout, NULL);
    links();
    pipes();
    texts(argc, argv);
    folders();
    limits();
    return 0;
}
