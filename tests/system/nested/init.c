/* SPDX-License-Identifier: MIT
 *
 * The first and only program of the nested machine (tests/system/nested.py): does what the tests on
 * the host ask for over a virtio serial port, one request after the other.
 *     put MODE LENGTH PATH\n, then LENGTH bytes       makes a file; the mode is octal
 *     run SECONDS INPUT ARGUMENTS\n, then ARGUMENTS bytes of strings that each end with a NUL,
 *         then INPUT bytes of standard input         runs a program; answers
 *         STATUS OUT ERR\n, then OUT and ERR bytes of output; STATUS is -N after signal N
 * A program that runs for too long is killed with its process group, and its status is -1000.
 * Nothing is checked: both sides are the tests. The end of the port ends the machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT "/dev/vport0p1"

static FILE *port_in;
static int port_out;

static _Noreturn void die(const char *what)
{
    perror(what);
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

static void send_bytes(const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(port_out, bytes, len);
        if (n <= 0)
            die("port");
        bytes += n;
        len -= (size_t)n;
    }
}

static char *receive(size_t len)
{
    char *bytes = malloc(len + 1);
    if (!bytes || fread(bytes, 1, len, port_in) != len)
        die("receive");
    bytes[len] = '\0';
    return bytes;
}

static void load_module(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
        die(path);
    close(fd);
}

static void put(unsigned mode, size_t len, const char *path)
{
    char *bytes = receive(len);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, bytes + at, len - at);
        if (n <= 0)
            die(path);
        at += (size_t)n;
    }
    fchmod(fd, mode);
    close(fd);
    free(bytes);
}

/* An unnamed file that holds (len) bytes, at its start. */
static int scratch(const char *bytes, size_t len)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || (len && write(fd, bytes, len) != (ssize_t)len))
        die("scratch");
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int wait_for(pid_t pid, unsigned seconds)
{
    const struct timespec limit = {seconds, 0};
    sigset_t child;
    int status = 0;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        bool late = sigtimedwait(&child, NULL, &limit) < 0;
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        if (late) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1000;
        }
        while (waitpid(-1, &status, WNOHANG) > 0) /* what an earlier program left behind */
            continue;
    }
}

static void run(unsigned seconds, size_t input, size_t arguments)
{
    char *strings = receive(arguments), *bytes = receive(input), *argv[256];
    int argc = 0, fd[3] = {scratch(bytes, input), scratch("", 0), scratch("", 0)};
    char head[80];

    for (char *s = strings; s < strings + arguments; s += strlen(s) + 1)
        argv[argc++] = s;
    argv[argc] = NULL;
    pid_t pid = fork();
    if (!pid) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setpgid(0, 0);
        for (int i = 0; i < 3; i++)
            dup2(fd[i], i);
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    int status = wait_for(pid, seconds);
    off_t len[2] = {lseek(fd[1], 0, SEEK_END), lseek(fd[2], 0, SEEK_END)};
    send_bytes(head, (size_t)snprintf(head, sizeof(head), "%d %ld %ld\n", status, (long)len[0],
                                      (long)len[1]));
    for (int i = 1; i < 3; i++) {
        char *out = malloc((size_t)len[i - 1] + 1);
        if (!out || pread(fd[i], out, (size_t)len[i - 1], 0) != len[i - 1])
            die("output");
        send_bytes(out, (size_t)len[i - 1]);
        free(out);
    }
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    free(strings);
    free(bytes);
}

int main(void)
{
    static char line[4096], path[4096];
    unsigned a;
    size_t b, c;
    sigset_t child;

    mount("none", "/proc", "proc", 0, NULL);
    mount("none", "/sys", "sysfs", 0, NULL);
    mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
    mount("none", "/dev", "devtmpfs", 0, NULL);
    mkdir("/dev/shm", 01777);
    mount("none", "/dev/shm", "tmpfs", 0, NULL);
    setenv("PATH", "/bin", 1);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);

    FILE *modules = fopen("/modules", "r");
    while (modules && fscanf(modules, "%4095s", path) == 1)
        load_module(path);
    if (modules)
        fclose(modules);
    int fd = -1;
    for (int tries = 0; tries < 1000 && (fd = open(PORT, O_RDWR | O_CLOEXEC)) < 0; tries++)
        usleep(10000);
    port_out = fd;
    port_in = fd < 0 ? NULL : fdopen(fd, "r");
    if (!port_in)
        die(PORT);
    while (fgets(line, sizeof(line), port_in)) {
        if (sscanf(line, "put %o %zu %4095s", &a, &b, path) == 3)
            put(a, b, path);
        else if (sscanf(line, "run %u %zu %zu", &a, &b, &c) == 3)
            run(a, b, c);
        else
            die(line);
    }
    die("end");
}
