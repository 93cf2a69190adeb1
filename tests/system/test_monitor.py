# SPDX-License-Identifier: MIT
"""pith run: options, limits, how a run ends, and images that are none."""
import os
import random
import re
import signal
import subprocess
import time

import pytest

from frame import OUT, PITH, execute

pytestmark = pytest.mark.not_on_qemu("the monitor has no part in it")

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
SPIN = '#include <unistd.h>\nint main(void) { write(1, "x", 1); for (;;); }\n'
WAIT = '#include <unistd.h>\nint main(void) { char c; write(1, "x", 1); return (int)read(0, &c, 1); }\n'


@pytest.mark.parametrize("options, text", [
    (["--bogus"], "no such option"), (["-m"], "a value must follow"), (["-m", "12Q"], "for example -m 64M"),
    (["-m", "1K"], "64K to 1024G"), (["--timeout", "x"], "for example --timeout 2.5"),
    (["--on", "mars"], "no such way"), (["--net", "bridge"], "--net bridge: a network is"),
    (["-v", "/:/"], "does not have"), (["-p", "80"], "-p 80: "), (["-e", "=x"], "needs a name"), ([], "no image named"),
], ids=lambda p: " ".join(p) if isinstance(p, list) else "")
def test_usage_errors(options, text, pith):
    result = pith("run", *options)
    assert (result.status, result.stdout) == (125, "")
    assert result.stderr.startswith("pith: ") and text in result.stderr and result.stderr.count("\n") == 1


def test_help(pith):
    result = pith("run", "--help")
    assert (result.status, result.stderr) == (0, "")
    for option in ("-m SIZE", "-e NAME=VALUE", "--timeout S", "--on WAY", "--allow-jit", "--no-aslr", "--show-sandbox"):
        assert option in result.stdout


def test_arguments_and_environment(cc, way):
    source = r"""
#include <stdio.h>
extern char **environ;
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s,", argv[i]);
    for (char **e = environ; *e; e++)
        printf("%s;", *e);
    puts("");
    return 0;
}
"""
    image = cc(source)
    result = execute([PITH, "run", "-e", "A=1", "-e", "KEPT", "-e", "MISSING", "-e", "A=2", "--", image, "-m", "", "a b"],
                     env={"KEPT": "yes", "LOST": "no", "PATH": os.environ["PATH"]})
    assert (result.stdout, result.status) == ("-m,,a b,A=2;KEPT=yes;\n", 0), result.stderr


def test_environment_by_name(cc):
    image = cc('#include <stdio.h>\n#include <stdlib.h>\nint main(int c, char **v) { printf("%s %s\\n", getenv("GIVEN"), v[c - 1]); return 3; }\n')
    result = execute([image, "last"], env={"GIVEN": "to all"})
    assert (result.stdout, result.stderr, result.status) == ("to all last\n", "", 3)


@pytest.mark.parametrize("seconds", ["0.2", ".25"])
def test_timeout(seconds, cc, run):
    start = time.monotonic()
    result = run(cc(SPIN), options=["--timeout", seconds])
    assert result.status == 124
    assert 0.2 <= time.monotonic() - start < 5
    assert "time is up after" in result.stderr


def test_timeout_while_waiting(cc, way):
    read_end, write_end = os.pipe()
    result = execute([PITH, "run", "--timeout", "0.2", cc(WAIT)], stdin=read_end)
    os.close(read_end)
    os.close(write_end)
    assert result.status == 124


def test_timeout_that_is_not_reached(cc, run):
    assert run(cc(HELLO), options=["--timeout", "20"]).stdout == "hello\n"


@pytest.mark.parametrize("way", ["process"], indirect=True)
def test_timeout_cannot_be_blocked(cc, run):
    """A hostile guest forges a signal frame, which may set the mask of blocked signals: it is ended all the same."""
    source = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <ucontext.h>
static char stack[65536];
static void spin(void) { for (;;); }
int main(void)
{
    static struct { unsigned long unused; } pad;
    static ucontext_t frame __attribute__((aligned(64)));
    (void)pad;
    memset(&frame.uc_sigmask, 0xff, sizeof frame.uc_sigmask);
    frame.uc_mcontext.gregs[REG_RIP] = (long)spin;
    frame.uc_mcontext.gregs[REG_RSP] = (long)(stack + sizeof stack - 8);
    frame.uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000033;
    __asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" : : "r"(&frame) : "memory");
    return 9;
}
"""
    start = time.monotonic()
    result = run(cc(source), options=["--timeout", "0.3"])
    assert (result.status, result.signal) == (128 + 9, 9), result.stderr
    assert 1 < time.monotonic() - start < 10


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGKILL])
@pytest.mark.parametrize("source", [SPIN, WAIT], ids=["spinning", "waiting"])
def test_signals_end_it(sig, source, cc, spawn):
    process = spawn(cc(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    process.send_signal(sig)
    assert process.wait(10) == -sig
    assert process.stderr.read() == b""


def test_ignored_hangup_stays_ignored(cc, tmp_path):
    image = cc(WAIT)
    process = subprocess.Popen(["nohup", PITH, "run", image], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    assert process.stdout.read(1) == b"x"
    process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


@pytest.mark.parametrize("sig", [signal.SIGCONT, signal.SIGWINCH, signal.SIGCHLD])
def test_signals_that_do_nothing(sig, cc, spawn):
    process = spawn(cc(WAIT), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    process.send_signal(sig)
    time.sleep(0.05)
    assert process.poll() is None
    process.stdin.write(b"y")
    process.stdin.close()
    assert process.wait(10) == 1


def test_stopped_and_continued(cc, spawn):
    process = spawn(cc(WAIT), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    process.send_signal(signal.SIGCONT)
    process.stdin.close()
    assert process.wait(10) == 0


def test_no_signal_is_lost(cc, spawn):
    """Each signal is handled before the next is sent, whatever the guest was doing: about to wait, or waiting."""
    source = r"""
#include <signal.h>
#include <unistd.h>
static void handler(int sig) { (void)sig; write(1, "g", 1); }
int main(void)
{
    struct sigaction sa = {.sa_handler = handler};
    char c;
    sigaction(SIGUSR1, &sa, NULL);
    write(1, "r", 1);
    while (read(0, &c, 1) != 0)
        ;
    return 0;
}
"""
    process = spawn(cc(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, options=["--timeout", "60"])
    assert process.stdout.read(1) == b"r"
    rng = random.Random(3)
    for _ in range(5000):
        for _ in range(rng.randrange(60)):
            pass
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.read(1) == b"g"
    process.stdin.close()
    assert process.wait(10) == 0


def test_one_process(cc, way, spawn):
    """pith run becomes the monitor, which has no children: killing it leaves nothing."""
    process = spawn(cc(SPIN), stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    assert open(f"/proc/{process.pid}/task/{process.pid}/children").read() == ""
    threads = os.listdir(f"/proc/{process.pid}/task")
    assert threads == [str(process.pid)] if way == "process" else len(threads) <= 2  # KVM may add a worker
    assert "pith-monitor" in os.readlink(f"/proc/{process.pid}/exe")


def test_too_little_memory(cc, run):
    image = cc("static char big[3 << 20];\nint main(void) { big[1] = 1; return big[0]; }\n")
    result = run(image, options=["-m", "2M"])
    assert result.status == 125
    need = re.search(r"2048 KiB of memory are too little: it needs at least (\d+) KiB \(-m (\d+)K\)", result.stderr)
    assert need, result.stderr
    assert run(image, options=["-m", need.group(2) + "K"]).status == 0
    assert run(image, options=["-m", str(int(need.group(2)) - 4) + "K"]).status == 125


def test_memory_that_the_host_does_not_give(cc):
    result = subprocess.run(["sh", "-c", 'ulimit -v 100000; exec "$@"', "sh", PITH, "run", cc(HELLO)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    assert result.returncode == 125
    assert "choose less with -m" in result.stderr


def test_addresses_change(cc, run):
    image = cc('#include <stdio.h>\nint main(void) { printf("%p\\n", (void *)main); return 0; }\n')
    assert len({run(image).stdout for _ in range(8)}) == 8
    assert len({run(image, options=["--no-aslr"]).stdout for _ in range(3)}) == 1


def test_closed_standard_descriptors(cc):
    """The image file does not become the guest's standard input when that is closed."""
    image = cc("#include <errno.h>\n#include <unistd.h>\nint main(void) { char c; return read(0, &c, 1) < 0 ? errno : 200; }\n")
    result = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", PITH, "run", image], check=False)
    assert result.returncode == 9
    result = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", image], check=False)
    assert result.returncode == 9


def refused(path, status=126):
    result = execute([PITH, "run", path])
    assert (result.status, result.stdout) == (status, ""), result.stderr
    assert result.stderr.startswith(f"pith: {path}: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_not_images(tmp_path):
    (tmp_path / "text").write_text("#!/bin/sh\necho hello\n")
    (tmp_path / "empty").touch()
    (tmp_path / "header").write_bytes(b"\x7fELF")
    os.mkfifo(tmp_path / "fifo")
    assert "not an ELF file" in refused(tmp_path / "text")
    assert "not an ELF file" in refused(tmp_path / "empty")
    assert "cut short" in refused(tmp_path / "header")
    assert "not a regular file" in refused(tmp_path / "fifo")
    assert "no Pith note" in refused("/bin/ls")
    assert "No such file" in refused(tmp_path / "missing", 125)
    assert "directory" in refused(tmp_path, 125)


def test_every_length(cc, tmp_path):
    """An image that is cut short anywhere in what is loaded is refused, never half run."""
    raw = cc(HELLO, "-O1", "-s").read_bytes()
    target = tmp_path / "cut"
    for length in random.Random(1).sample(range(1, len(raw) - 4096), 60):
        target.write_bytes(raw[:length])
        result = execute([PITH, "run", target])
        if result.status == 126:
            assert (result.stdout, result.stderr.count("\n")) == ("", 1), length
        else:  # only sections, which are not loaded, were lost
            assert result.stdout == "hello\n", length


def test_mutations(cc, tmp_path):
    """Images with changed bytes: refused, or run, perhaps to a report; never a fault of the monitor or a hang."""
    raw = cc(HELLO, "-O1", "-s").read_bytes()
    rng = random.Random(2)
    target = tmp_path / "mutated"
    seen = set()
    for _ in range(250):
        changed = bytearray(raw)
        for _ in range(rng.choice((1, 1, 2, 8))):
            changed[rng.randrange(rng.choice((64, 1024, len(raw))))] = rng.choice((0, 1, 0xff, rng.randrange(256)))
        target.write_bytes(changed)
        result = execute([OUT / "libexec/pith/pith-monitor", "--timeout", "1", target], timeout=20)
        assert "fault in the monitor" not in result.stderr
        assert result.status == 0 or result.stderr or result.stdout, "silent"
        seen.add(result.status)
    assert {0, 126} <= seen


def test_cost_of_a_start_in_system_calls(cc):
    """Every system call of the start costs every run; this many are needed, and seccomp is among them."""
    image = cc(HELLO)
    trace = subprocess.run(["strace", "-f", "-o", "/dev/stdout", OUT / "libexec/pith/pith-monitor", image],
                           stdout=subprocess.PIPE, check=True, text=True).stdout
    calls = re.findall(r"^\d+ +(\w+)\(", trace, re.M)
    assert "seccomp" in calls
    assert len(calls) <= 56, calls
