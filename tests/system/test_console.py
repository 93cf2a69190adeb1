# SPDX-License-Identifier: MIT
"""The console and the host's signals: what goes in and out of a running image, and how it is stopped."""
import fcntl
import os
import pathlib
import pty
import signal
import struct
import subprocess
import termios
import time

import pytest

PROGRAM = r"""
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile int got;
static void handler(int sig) { got = sig; }
static char big[1 << 20];

static void catches(int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL);
}

static void ready(void) { fprintf(stderr, "ready\n"); }

static int sleeps(void)
{
    struct timespec left = {0}, ask = {30, 0};
    catches(SA_RESTART);
    ready();
    int r = nanosleep(&ask, &left);
    printf("%d %s %d %d\n", r, strerror(errno), got, left.tv_sec >= 20 && left.tv_sec < 30);
    return 0;
}

static int reads(int flags)
{
    char buf[100];
    catches(flags);
    ready();
    ssize_t n = read(0, buf, sizeof buf);
    printf("%zd %s %d\n", n, n < 0 ? strerror(errno) : "-", got);
    return 0;
}

static int writes(void)
{
    catches(0);
    ready();
    long sum = 0;
    while (!got) {
        ssize_t n = write(1, big, sizeof big);
        if (n > 0)
            sum += n;
        else if (errno != EINTR)
            break;
    }
    fprintf(stderr, "%d %ld\n", got, sum);
    return 0;
}

static int nonblocking(void)
{
    long sum = 0;
    ssize_t n;
    fcntl(1, F_SETFL, O_NONBLOCK);
    while ((n = write(1, big, sizeof big)) > 0)
        sum += n;
    fprintf(stderr, "%s %ld\n", strerror(errno), sum);
    return 0;
}

static int polls(void)
{
    struct pollfd p = {0, POLLIN, 0};
    char buf[100];
    int waited = 0;
    ready();
    while (poll(&p, 1, 10) == 0)
        waited = 1;
    ssize_t n = read(0, buf, sizeof buf);
    printf("%d %d %zd %.*s\n", waited, p.revents, n, (int)n, buf);
    p.revents = 0;
    poll(&p, 1, -1);
    printf("%d %zd\n", p.revents & POLLIN, read(0, buf, sizeof buf));
    return 0;
}

static int broken_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
    ready();
    getchar();
    ssize_t n = write(1, "x", 1);
    fprintf(stderr, "%zd %s\n", n, strerror(errno));
    return 0;
}

static int broken_pipe_default(void)
{
    ready();
    getchar();
    write(1, "x", 1);
    fprintf(stderr, "still here\n");
    return 0;
}

static int terminal(void)
{
    struct winsize w = {0};
    struct termios t;
    struct stat st;
    int r = ioctl(1, TIOCGWINSZ, &w);
    fstat(1, &st);
    fprintf(stderr, "%d %d %d %d %d %d\n", isatty(1), r, w.ws_row, w.ws_col, tcgetattr(1, &t),
            S_ISCHR(st.st_mode));
    return 0;
}

static void says(int result) { fprintf(stderr, " %d", result < 0 ? -errno : result); }

static int control(void)
{
    struct termios t;
    int tty = open("/dev/tty", O_RDWR);
    tcgetattr(0, &t);
    fprintf(stderr, "%d %d %d", tty >= 0, tcgetpgrp(0) == getpgrp(), tcgetsid(0) == getsid(0));
    says(tcsetattr(0, TCSANOW, &t));
    t.c_lflag &= ~ECHO;
    says(tcsetattr(0, TCSANOW, &t));
    says(tcsetpgrp(0, getpgrp()));
    says(tcsetpgrp(0, 77));
    says(tcdrain(1));
    says(ioctl(0, 0x5499, &t));
    says(ioctl(tty, TIOCNOTTY, 0));
    says(tcgetpgrp(0));
    says(open("/dev/tty", O_RDWR));
    fprintf(stderr, "\n");
    return 0;
}

/* Reads by SIGIO until the input ends. */
static int by_signal(void)
{
    struct sigaction sa = {.sa_handler = handler};
    sigset_t io, none;
    char buf[100];
    ssize_t n;
    sigemptyset(&none);
    sigemptyset(&io);
    sigaddset(&io, SIGIO);
    sigprocmask(SIG_BLOCK, &io, NULL);
    sigaction(SIGIO, &sa, NULL);
    if (fcntl(0, F_SETOWN, getpid()) || fcntl(0, F_SETFL, O_ASYNC | O_NONBLOCK))
        return 1;
    ready();
    do {
        got = 0;
        sigsuspend(&none);
        if (got != SIGIO)
            return 2;
        while ((n = read(0, buf, sizeof buf)) > 0)
            printf("%.*s", (int)n, buf), fflush(stdout);
    } while (n < 0 && errno == EAGAIN);
    printf("end %zd\n", n);
    return 0;
}

static int deadlock(void)
{
    int p[2];
    char c;
    pipe(p);
    read(p[0], &c, 1);
    return 0;
}

static int catches_no_longer(void)
{
    catches(0);
    signal(SIGTERM, SIG_DFL);
    ready();
    for (;;)
        pause();
}

static int blocked_then(void)
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ready();
    struct timespec t = {0, 10000000};
    do {
        nanosleep(&t, NULL);
        sigpending(&pending);
    } while (!sigismember(&pending, SIGTERM));
    printf("pending\n");
    fflush(stdout);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("not reached\n");
    return 0;
}

static int echo(void)
{
    char line[100];
    setvbuf(stdin, NULL, _IONBF, 0);
    fgets(line, sizeof line, stdin);
    printf("%s", line);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
#define WHEN(name, call) if (!strcmp(what, name)) return call
    WHEN("sleep", sleeps());
    WHEN("read", reads(0));
    WHEN("read-restart", reads(SA_RESTART));
    WHEN("write", writes());
    WHEN("nonblocking", nonblocking());
    WHEN("poll", polls());
    WHEN("pipe", broken_pipe());
    WHEN("pipe-default", broken_pipe_default());
    WHEN("terminal", terminal());
    WHEN("control", control());
    WHEN("signal", by_signal());
    WHEN("deadlock", deadlock());
    WHEN("no-longer", catches_no_longer());
    WHEN("blocked", blocked_then());
    WHEN("echo", echo());
    return 99;
}
"""


@pytest.fixture
def image(cc):
    return cc(PROGRAM, "-O1", "-g", "-w")


def falls_asleep(process):
    """Waits until the process has done nothing but sleep for a while: from saying that it is ready to waiting is a way."""
    asleep = 0
    for _ in range(500):
        with open(f"/proc/{process.pid}/stat") as stat:
            asleep = asleep + 1 if stat.read().rsplit(")", 1)[1].split()[0] == "S" else 0
        if asleep == 5:
            return
        time.sleep(0.02)


@pytest.fixture
def start(image, spawn):
    """Starts the image's part (what), and waits until it says that it is ready."""

    def start(what, **popen):
        process = spawn(image, what, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen})
        assert process.stderr.readline() == b"ready\n"
        falls_asleep(process)
        return process

    return start


def ends(process, status):
    out, err = process.communicate(timeout=10)
    assert process.returncode == status, err
    return out, err


def test_handler_interrupts_sleep(start):
    process = start("sleep")
    process.send_signal(signal.SIGTERM)
    assert ends(process, 0)[0] == b"-1 Interrupted system call 15 1\n"


def test_handler_interrupts_read(start):
    process = start("read", stdin=subprocess.PIPE)
    process.send_signal(signal.SIGTERM)
    # Not by communicate, which would close the input.
    assert process.stdout.readline() == b"-1 Interrupted system call 15\n"
    assert process.wait(10) == 0


def test_read_is_restarted(start):
    process = start("read-restart", stdin=subprocess.PIPE)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    assert process.poll() is None
    process.stdin.write(b"late")
    process.stdin.flush()
    assert process.stdout.readline() == b"4 - 15\n"
    assert process.wait(10) == 0


@pytest.mark.not_on_qemu("a serial line waits until it is taken")
def test_handler_interrupts_write_to_full_pipe(start):
    read_end, write_end = os.pipe()
    process = start("write", stdout=write_end)
    os.close(write_end)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    status = process.wait(3)
    os.close(read_end)
    assert status == 0
    assert process.stderr.read() == b"15 65536\n"


@pytest.mark.not_on_qemu("a serial line waits until it is taken")
def test_nonblocking_write_to_full_pipe(image, spawn):
    read_end, write_end = os.pipe()
    process = spawn(image, "nonblocking", stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    status = process.wait(3)
    os.close(read_end)
    assert status == 0
    assert process.stderr.read() == b"Resource temporarily unavailable 65536\n"


@pytest.mark.not_on_qemu("a serial line waits until it is taken")
def test_write_to_full_pipe_lets_other_threads_run(cc, spawn):
    image = cc("""
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        static void *other(void *arg)
        {
            for (int i = 0; i < 3; i++) {
                usleep(20000);
                dprintf(2, "%d\\n", i);
            }
            return arg;
        }
        int main(void)
        {
            static char text[300000];
            pthread_t t;
            pthread_create(&t, NULL, other, NULL);
            ssize_t n = write(1, text, sizeof(text));
            pthread_join(t, NULL);
            dprintf(2, "wrote %zd\\n", n);
            return 0;
        }""")
    process = spawn(image, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # Nobody reads what it writes yet.
    assert [process.stderr.readline() for _ in range(3)] == [b"0\n", b"1\n", b"2\n"]
    out, err = ends(process, 0)
    assert (len(out), err) == (300000, b"wrote 300000\n")


def read_exactly(stream, length):
    """The next bytes of an unbuffered stream, in however many pieces they come."""
    got = b""
    while len(got) < length and (piece := stream.read(length - len(got))):
        got += piece
    return got


def test_input_sends_signals(start):
    process = start("signal", stdin=subprocess.PIPE)
    for part in (b"one", b"two", b"three"):
        process.stdin.write(part)
        process.stdin.flush()
        assert read_exactly(process.stdout, len(part)) == part
    process.stdin.close()
    assert process.stdout.read() == b"end 0\n"
    assert process.wait(10) == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2])
def test_uncaught_signal_ends_the_machine(start, sig):
    process = start("pipe-default", stdin=subprocess.PIPE)
    process.send_signal(sig)
    assert process.wait(10) == -sig


def state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_stop_of_a_terminal(start, way):
    """What a terminal's Ctrl-Z sends stops QEMU, too, and SIGCONT lets both go on."""
    if way != "qemu":
        pytest.skip("there, Linux alone stops the process")
    process = start("sleep")
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGTSTP)
    for pid in (process.pid, *children):
        for _ in range(100):
            if state(pid) == "T":
                break
            time.sleep(0.02)
        assert state(pid) == "T"
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    assert ends(process, 0)[0].endswith(b" 15 1\n")


def by_sigterm(way):
    """A machine of QEMU's ends with an exit status."""
    return 128 + signal.SIGTERM if way == "qemu" else -signal.SIGTERM


def test_signal_that_is_no_longer_caught(start, way):
    process = start("no-longer")
    process.send_signal(signal.SIGTERM)
    ends(process, by_sigterm(way))


def test_blocked_signal_stays_pending(start, way):
    process = start("blocked")
    process.send_signal(signal.SIGTERM)
    assert ends(process, by_sigterm(way))[0] == b"pending\n"


def test_poll_and_read_of_input(start):
    process = start("poll", stdin=subprocess.PIPE)
    time.sleep(0.1)
    process.stdin.write(b"hello")
    process.stdin.flush()
    assert process.stdout.readline() == b"1 1 5 hello\n"
    process.stdin.close()
    assert process.stdout.read() == b"1 0\n"
    assert process.wait(10) == 0


def close_output(process):
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()


@pytest.mark.not_on_qemu("a serial line does not break")
def test_ignored_broken_pipe(start):
    process = start("pipe", stdin=subprocess.PIPE)
    close_output(process)
    assert process.stderr.read() == b"-1 Broken pipe\n"
    assert process.wait(10) == 0


@pytest.mark.not_on_qemu("a serial line does not break")
def test_broken_pipe(start):
    process = start("pipe-default", stdin=subprocess.PIPE)
    close_output(process)
    assert process.stderr.read() == b""
    assert process.wait(10) == -signal.SIGPIPE


@pytest.mark.not_on_qemu("reports have no symbols there: test_bare.py")
def test_deadlock_is_reported(image, run):
    result = run(image, "deadlock", timeout=10)
    assert result.status == 128 + signal.SIGABRT
    assert "deadlock" in result.stderr
    assert "read" in result.stderr
    assert "main+" in result.stderr, "no back-trace"


def test_no_terminal(image, run):
    assert run(image, "terminal").stderr == "0 -1 0 0 -1 0\n"


@pytest.mark.not_on_qemu("a serial line is no terminal")
def test_terminal(image, spawn):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    process = spawn(image, "terminal", stdin=slave, stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    status = process.wait(10)
    os.close(master)
    assert status == 0
    assert process.stderr.read() == b"1 0 50 132 0 1\n"


@pytest.mark.not_on_qemu("a serial line is no terminal")
def test_terminal_controls_the_program(image, spawn):
    master, slave = pty.openpty()
    process = spawn(image, "control", stdin=slave, stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    status = process.wait(10)
    os.close(master)
    assert status == 0
    assert process.stderr.read() == b"1 1 1 0 -22 0 -3 0 -25 0 -25 -6\n"


@pytest.mark.not_on_qemu("a serial line is no terminal")
def test_terminal_sends_signals(start):
    master, slave = pty.openpty()
    process = start("signal", stdin=slave, stdout=subprocess.PIPE)
    os.close(slave)
    for part in (b"one\n", b"two\n"):
        os.write(master, part)
        assert read_exactly(process.stdout, len(part)) == part
    os.write(master, b"\4")
    assert process.stdout.read() == b"end 0\n"
    assert process.wait(10) == 0
    os.close(master)


@pytest.mark.not_on_qemu("input passes through pith run, which reads ahead")
def test_input_is_left_for_others(image, way, tmp_path):
    """A program that reads byte by byte takes from a shared input what it asks for and no more."""
    lines = tmp_path / "lines"
    lines.write_text("first\nsecond\nthird\n")
    from frame import PITH

    with open(lines) as stdin:
        first = subprocess.run([PITH, "run", "--on", way, image, "echo"], stdin=stdin, capture_output=True,
                               timeout=10, check=False)
        rest = os.read(stdin.fileno(), 100)
    assert first.stdout == b"first\n"
    assert rest == b"second\nthird\n"
