/* SPDX-License-Identifier: MIT
 *
 * What stands between QEMU and the caller. A serial line cannot say that it has ended, and QEMU's
 * exit status holds seven bits: so the input passes through here, with an EOT at its end and a DLE
 * before bytes that look like either (docs/bare.md), and the status comes by a pipe of its own. So
 * does which signals the machine wants: it gets them by the serial port of its messages. QEMU's
 * monitor is asked where a machine stands that is out of time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/image.h"
#include "abi/runner.h"
#include "cli.h"
#include "qemu_run.h"

#define EOT 0x04
#define DLE 0x10

#define EXIT_TIMEOUT 124
#define BLOCK        2048

struct relay {
    pid_t pid;
    int in;                  /* to QEMU's standard input; -1: closed */
    int err;                 /* the second serial port: messages come, signals go; -1: ended */
    int status;              /* from the status port; -1: ended */
    int monitor;             /* QEMU's monitor */
    int signals;             /* those that are for the machine (signalfd) */
    sigset_t before;         /* what was blocked before them */
    uint64_t ignored;        /* of them: by whoever started us; bit N-1 for signal N */
    uint64_t caught;         /* by the machine's program */
    unsigned char report[9]; /* from the status port, abi/runner.h: what has come of one */
    int report_len;
    bool ready;    /* the machine takes input */
    bool reported; /* its exit status: */
    int result;
    bool source_open; /* more may come from our standard input */
    unsigned char pending[2 * BLOCK];
    size_t from, to; /* of pending: not taken by QEMU yet */
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* Puts standard output where QEMU's options want it. QEMU takes only a descriptor that is for
 * writing and nothing else: what can be read, too, as terminals can, is opened once more, at the
 * same place. */
static bool place_output(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if ((flags & O_ACCMODE) != O_RDWR)
        return dup2(STDOUT_FILENO, QEMU_FD_OUT) >= 0;
    int fd = open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | (flags & (O_APPEND | O_NONBLOCK)));
    if (fd < 0) {
        fprintf(stderr,
                "pith run: standard output is open for reading, too, and cannot be opened for "
                "writing alone: %s. Run it as: pith run ... | cat\n",
                strerror(errno));
        return false;
    }
    off_t place = lseek(STDOUT_FILENO, 0, SEEK_CUR);
    if (place > 0)
        (void)lseek(fd, place, SEEK_SET);
    return fd == QEMU_FD_OUT || dup2(fd, QEMU_FD_OUT) >= 0;
}

/* In the child. (fds): QEMU's ends of input, err, status, monitor. A group of its own: what a
 * terminal sends to ours is the program's, and QEMU would end. */
static _Noreturn void become(struct args *command, const int fds[4], const sigset_t *blocked)
{
    static const int places[4] = {STDIN_FILENO, QEMU_FD_ERR, QEMU_FD_STATUS, QEMU_FD_MONITOR};
    int apart[4];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, blocked, NULL);
    /* Above all that is wanted, so that no dup2 hits one that is still needed. */
    for (size_t i = 0; i < ARRAY_LEN(apart); i++)
        if ((apart[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10)) < 0)
            _exit(EXIT_HOST);
    for (size_t i = 0; i < ARRAY_LEN(apart); i++)
        if (dup2(apart[i], places[i]) < 0)
            _exit(EXIT_HOST);
    if (!place_output())
        _exit(EXIT_HOST);
    execvp(command->v[0], command->v);
    fprintf(stderr, "pith run: cannot start %s: %s (Debian: package qemu-system-x86)\n",
            command->v[0], strerror(errno));
    _exit(EXIT_HOST);
}

static uint64_t bit(int sig)
{
    return 1ull << (sig - 1);
}

/* As the monitor of a process does (monitor/process/signals.c). */
static int take_signals(struct relay *r)
{
    static const int passed_on[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,
                                    SIGTERM, SIGCONT, SIGTSTP, SIGWINCH};
    struct sigaction old;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
        sigaddset(&set, passed_on[i]);
        if (sigaction(passed_on[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            r->ignored |= bit(passed_on[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &r->before);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals < 0 ? -errno : 0;
}

/* Passes a signal on; one that the program does not catch does here what it does by default: QEMU
 * ends with us. */
static void pass_on(struct relay *r)
{
    struct signalfd_siginfo info;
    sigset_t set;

    if (read(r->signals, &info, sizeof(info)) != sizeof(info))
        return;
    int sig = (int)info.ssi_signo;
    unsigned char byte = (unsigned char)sig;
    if (sig == SIGCONT)
        kill(r->pid, SIGCONT);
    if (r->caught & bit(sig)) {
        (void)!send(r->err, &byte, 1, MSG_DONTWAIT);
        return;
    }
    if ((r->ignored & bit(sig)) || sig == SIGCONT || sig == SIGWINCH)
        return;
    if (sig == SIGTSTP) {
        kill(r->pid, SIGSTOP);
        raise(SIGSTOP);
        return;
    }
    sigemptyset(&set);
    sigaddset(&set, sig);
    signal(sig, SIG_DFL);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int start(struct relay *r, struct args *command)
{
    int in[2], err[2], status[2], monitor[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(status, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, err) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor) != 0)
        return -errno;
    int failed = take_signals(r);
    if (failed != 0)
        return failed;
    r->pid = fork();
    if (r->pid < 0)
        return -errno;
    if (r->pid == 0) {
        const int fds[4] = {in[0], err[1], status[1], monitor[1]};
        become(command, fds, &r->before);
    }
    close(in[0]);
    close(err[1]);
    close(status[1]);
    close(monitor[1]);
    r->monitor = monitor[0];
    r->in = in[1];
    r->err = err[0];
    r->status = status[0];
    fcntl(r->in, F_SETFL, O_NONBLOCK);
    return 0;
}

/* Takes more of our standard input. */
static void fetch_input(struct relay *r)
{
    unsigned char block[BLOCK];
    ssize_t n = read(STDIN_FILENO, block, sizeof(block) - 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    r->from = r->to = 0;
    for (ssize_t i = 0; i < n; i++) {
        if (block[i] == EOT || block[i] == DLE)
            r->pending[r->to++] = DLE;
        r->pending[r->to++] = block[i];
    }
    if (n <= 0) {
        r->pending[r->to++] = EOT;
        r->source_open = false;
    }
}

static void push_input(struct relay *r)
{
    ssize_t n = write(r->in, r->pending + r->from, r->to - r->from);
    if (n > 0) {
        r->from += (size_t)n;
    } else if (errno != EAGAIN && errno != EINTR) {
        close(r->in);
        r->in = -1;
    }
}

/* A byte from the status port. */
static void take_report(struct relay *r, unsigned char byte)
{
    r->report[r->report_len++] = byte;
    switch (r->report[0]) {
    case PITH_RUNNER_SIGNALS:
        if (r->report_len < 9)
            return;
        r->caught = 0;
        for (int i = 0; i < 8; i++)
            r->caught |= (uint64_t)r->report[1 + i] << 8 * i;
        break;
    case PITH_RUNNER_EXIT:
        if (r->report_len < 2)
            return;
        r->reported = true;
        r->result = byte;
        break;
    default:
        r->ready = true;
    }
    r->report_len = 0;
}

/* Passes on what has come for standard error from (fd), or takes note of it for (r). */
static void collect(int *fd, struct relay *r)
{
    char block[BLOCK];
    ssize_t n = read(*fd, block, sizeof(block));
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        close(*fd);
        *fd = -1;
    } else if (r != NULL) {
        for (ssize_t i = 0; i < n; i++)
            take_report(r, (unsigned char)block[i]);
    } else {
        for (ssize_t done = 0, put; done < n; done += put)
            if ((put = write(STDERR_FILENO, block + done, (size_t)(n - done))) <= 0)
                return;
    }
}

/* Says where the machine stands, as far as QEMU tells in a second: the monitor prints RIP=, and
 * HLT=1 for a processor that sleeps. */
static void say_where(struct relay *r)
{
    static const char command[] = "info registers\n";
    char text[16384];
    size_t len = 0;
    const char *rip = NULL, *halted = NULL;
    int64_t deadline = now_ms() + 1000;

    if (write(r->monitor, command, sizeof(command) - 1) < 0)
        return;
    while (halted == NULL && now_ms() < deadline && len + 1 < sizeof(text)) {
        struct pollfd fd = {r->monitor, POLLIN, 0};
        if (poll(&fd, 1, (int)(deadline - now_ms())) <= 0)
            return;
        ssize_t n = read(r->monitor, text + len, sizeof(text) - 1 - len);
        if (n <= 0)
            return;
        len += (size_t)n;
        text[len] = '\0';
        rip = strstr(text, "RIP=");
        halted = rip != NULL ? strstr(rip, "HLT=") : NULL;
    }
    if (halted == NULL)
        return;
    unsigned long long at = strtoull(rip + 4, NULL, 16);
    fprintf(stderr, "pith: the machine %s at image+0x%llx%s\n",
            halted[4] == '1' ? "slept" : "was busy", at - PITH_PHYSICAL_BASE,
            " (name: addr2line -f -e IMAGE OFFSET)");
}

/* Both pipes of QEMU's end with QEMU. False: out of time. */
static bool relay(struct relay *r, int64_t deadline)
{
    while (r->err >= 0 || r->status >= 0) {
        bool fetch = r->ready && r->in >= 0 && r->from == r->to && r->source_open;
        bool push = r->in >= 0 && r->from < r->to;
        struct pollfd fds[] = {
            {r->err, POLLIN, 0},
            {r->status, POLLIN, 0},
            {fetch ? STDIN_FILENO : -1, POLLIN, 0},
            {push ? r->in : -1, POLLOUT, 0},
            {r->err >= 0 ? r->signals : -1, POLLIN, 0},
        };
        int64_t left = deadline ? deadline - now_ms() : -1;
        if (deadline && left <= 0)
            return false;
        if (poll(fds, ARRAY_LEN(fds), left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
            return false;
        if (fds[4].revents)
            pass_on(r);
        if (fds[0].revents)
            collect(&r->err, NULL);
        if (fds[1].revents)
            collect(&r->status, r);
        if (fds[2].revents)
            fetch_input(r);
        if (fds[3].revents)
            push_input(r);
    }
    return true;
}

int qemu_relay(struct args *command, int64_t timeout_ms)
{
    struct relay r = {.source_open = true};
    int64_t deadline = timeout_ms ? now_ms() + timeout_ms : 0;
    int how;

    signal(SIGPIPE, SIG_IGN);
    int err = start(&r, command);
    if (err != 0) {
        fprintf(stderr, "pith run: cannot start QEMU: %s\n", strerror(-err));
        return EXIT_HOST;
    }
    bool ended = relay(&r, deadline);
    if (!ended) {
        fputs("pith: timed out\n", stderr);
        say_where(&r);
        kill(r.pid, SIGKILL);
    }
    while (waitpid(r.pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (!ended)
        return EXIT_TIMEOUT;
    if (r.reported)
        return r.result;
    if (r.ready && WIFEXITED(how) && WEXITSTATUS(how) == 0) {
        fputs(
            "pith: the machine was reset without a report: a triple fault, as when the program has "
            "overwritten the tables of exceptions\n",
            stderr);
        return 128 + SIGSEGV;
    }
    fputs("pith run: QEMU ended without an exit status of the program\n", stderr);
    return EXIT_HOST;
}
