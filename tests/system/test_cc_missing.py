# SPDX-License-Identifier: MIT
"""pith cc and system calls that Pith does not have: the words it finds, and --allow-missing."""
import os
import re
import shutil
import subprocess

import pytest

from frame import PITH_CC, execute

pytestmark = pytest.mark.not_on_qemu("what pith-cc does is the same on all ways")

# A call that is likely to stay missing, reached through libc.
CALL = "swapon"
HINT = "hint: build without it, or link with --allow-missing"

SOURCE = """#include <sys/swap.h>
int fetch(const char *name);
int fetch(const char *name)
{
    return swapon(name, 0);
}
"""
MAIN = "int fetch(const char *); int main(void) { return fetch(\"x\") == -1 ? 0 : 1; }\n"


@pytest.fixture(params=["gcc", "clang"])
def build(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    (tmp_path / "net.c").write_text(SOURCE)
    (tmp_path / "main.c").write_text(MAIN)

    def start(*args):
        return execute([PITH_CC, *args, "-o", "prog"], env={**os.environ, "PITH_CC": request.param}, cwd=tmp_path)

    start.folder = tmp_path
    return start


def message(done):
    """pith cc's line about the call."""
    assert done.status == 1
    assert HINT in done.stderr
    assert "undefined reference" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if "needs the system call" in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


CHAIN = f"(fetch -> swapon [libc] -> pith_sys_{CALL})"


def test_function_line_and_chain(build):
    line = message(build("-g", "main.c", "net.c"))
    assert line == f"pith cc: net.c:5: fetch() needs the system call {CALL}, which Pith does not have  {CHAIN}"


def test_without_debug_information(build):
    line = message(build("main.c", "net.c"))
    assert line == f"pith cc: fetch() needs the system call {CALL}, which Pith does not have  {CHAIN}"


@pytest.mark.parametrize("kind", ["rcs", "rcsT"], ids=["archive", "thin archive"])
def test_function_in_an_archive(build, kind):
    assert execute([PITH_CC, "-g", "-c", "net.c"], cwd=build.folder).status == 0
    subprocess.run(["ar", kind, "libnet.a", "net.o"], cwd=build.folder, check=True)
    for args in (["main.c", "libnet.a"], ["main.c", "-L.", "-lnet"]):
        assert message(build(*args)).startswith("pith cc: net.c:5: fetch() needs the system call")


def test_program_without_function_sections(build):
    line = message(build("-g", "-fno-function-sections", "main.c", "net.c"))
    assert line.startswith("pith cc: net.c:5: fetch() needs")


def test_reached_through_a_table(build):
    (build.folder / "main.c").write_text(
        "int fetch(const char *);\nint (*table[])(const char *) = {fetch};\n"
        "int main(int argc, char **argv) { return table[argc - 1](\"x\"); }\n")
    assert message(build("-g", "main.c", "net.c")).startswith("pith cc: net.c:5: fetch() needs")


def test_reached_from_a_constructor(build):
    (build.folder / "main.c").write_text(
        "int fetch(const char *);\n__attribute__((constructor)) static void early(void) { fetch(\"x\"); }\n"
        "int main(void) { return 0; }\n")
    assert message(build("-g", "main.c", "net.c")).startswith("pith cc: net.c:5: fetch() needs")


def test_by_number(build):
    (build.folder / "net.c").write_text(
        "#include <sys/syscall.h>\n#include <unistd.h>\n"
        "int fetch(const char *name) {\n    return syscall(SYS_swapon, name, 0);\n}\n")
    line = message(build("-g", "main.c", "net.c"))
    assert line.endswith(f"(fetch -> pith_sys_{CALL})") and "net.c:4: " in line


def test_unused_function_does_not_matter(build):
    (build.folder / "main.c").write_text("int main(void) { return 0; }\n")
    assert build("main.c", "net.c").status == 0


def test_one_line_for_each_call(build):
    (build.folder / "net.c").write_text(
        "#include <sys/swap.h>\n#include <unistd.h>\n#include <sys/reboot.h>\n"
        "int fetch(const char *name) { return swapon(name, 0) + swapoff(name) + swapon(\"y\", 1) + reboot(1); }\n")
    done = build("-g", "main.c", "net.c")
    calls = re.findall(r"needs the system call (\w+),", done.stderr)
    assert sorted(calls) == ["reboot", "swapoff", "swapon"]
    assert done.stderr.count(HINT) == 1


def test_other_messages_stay(build):
    (build.folder / "net.c").write_text(
        "#include <sys/swap.h>\nint nowhere(void);\n"
        "int fetch(const char *name)\n{\n    return swapon(name, 0) + nowhere();\n}\n")
    done = build("-g", "main.c", "net.c")
    assert re.search(r"in function [`']fetch'", done.stderr)
    assert re.search(r"net\.c:5: undefined reference to [`']nowhere'", done.stderr)
    assert f"net.c:5: fetch() needs the system call {CALL}" in done.stderr
    assert "undefined reference to `pith_sys" not in done.stderr


def test_with_link_time_optimisation(build):
    """The program's functions are not in object files then; libc's part of the chain still is."""
    done = build("-flto", "-O2", "main.c", "net.c")
    assert done.status == 1 and f"the system call {CALL}" in done.stderr and HINT in done.stderr


def test_allow_missing(build, run):
    (build.folder / "main.c").write_text(
        "#include <errno.h>\n#include <stdio.h>\nint fetch(const char *);\n"
        "int main(void) { int r = fetch(\"x\"); printf(\"%d %d\\n\", r, errno == ENOSYS); return 0; }\n")
    done = build("main.c", "net.c", "--allow-missing")
    assert (done.status, done.stderr) == (0, "")
    result = run(build.folder / "prog")
    assert (result.stdout, result.status) == ("-1 1\n", 0)
    assert CALL in result.stderr


# Other processes

PROCESSES = """#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *const none[] = {NULL};
static pid_t pid;

"""
# What a program calls, and what it is told that it needs.
CALLS = [
    ("fork()", "the system call fork", "fork [libc] -> _Fork [libc] -> pith_sys_fork"),
    ("vfork()", "the system call vfork", "vfork [libc] -> pith_sys_vfork"),
    ("daemon(0, 0)", "the system call fork", "daemon [libc] -> fork [libc] -> _Fork [libc] -> pith_sys_fork"),
    ("execve(\"x\", none, environ)", "the system call execve", "execve [libc] -> pith_sys_execve"),
    ("execlp(\"x\", \"x\", NULL)", "the system call execve",
     "execlp [libc] -> execvp [libc] -> execvpe [libc] -> execve [libc] -> pith_sys_execve"),
    ("wait(NULL)", "the system call wait4", "wait [libc] -> waitpid [libc] -> pith_sys_wait4"),
    ("waitid(P_ALL, 0, NULL, 0)", "the system call waitid", "waitid [libc] -> pith_sys_waitid"),
    ("ptrace(PTRACE_TRACEME, 0, 0, 0)", "the system call ptrace", "ptrace [libc] -> pith_sys_ptrace"),
    ("unshare(CLONE_NEWNS)", "the system call unshare", "unshare [libc] -> pith_sys_unshare"),
    ("setns(0, 0)", "the system call setns", "setns [libc] -> pith_sys_setns"),
    ("system(\"x\")", "system", "system [libc]"),
    ("popen(\"x\", \"r\") ? pclose(NULL) : -1", "popen", "popen [libc]"),
    ("(errno = posix_spawn(&pid, \"x\", NULL, NULL, none, none)) ? -1 : 0", "posix_spawn", "posix_spawn [libc]"),
    ("(errno = posix_spawnp(&pid, \"x\", NULL, NULL, none, none)) ? -1 : 0", "posix_spawn",
     "posix_spawnp [libc] -> posix_spawn [libc]"),
]


def write_processes(folder, left_out=()):
    """A program with a function for each of CALLS, which says when one does not fail with ENOSYS."""
    tries = [f"static __attribute__((noinline)) int try_{i}(void)\n{{\n    return (int)({call[0]});\n}}\n"
             for i, call in enumerate(CALLS)]
    body = "".join(f"    errno = 0;\n    if (try_{i}() != -1 || errno != ENOSYS)\n        printf(\"{i}\\n\");\n"
                   for i, call in enumerate(CALLS) if call[0] not in left_out)
    (folder / "p.c").write_text(PROCESSES + "".join(tries) + "int main(void)\n{\n" + body + "    puts(\"end\");\n}\n")


@pytest.mark.parametrize("option", ["-O0", "-O2"])
def test_other_processes(build, option):
    write_processes(build.folder)
    done = build("-g", option, "p.c")
    lines = [line for line in done.stderr.splitlines() if " needs " in line]
    at = len(PROCESSES.splitlines()) + 3
    assert sorted(lines) == sorted(
        f"pith cc: p.c:{at + 4 * i}: try_{i}() needs {needs}, which Pith does not have  (try_{i} -> {chain})"
        for i, (_, needs, chain) in enumerate(CALLS))
    notes = re.findall(r"^pith cc: note: ([\w, ]+): .{20,}$", done.stderr, re.M)
    noted = {name for names in notes for name in names.split(", ")}
    assert noted == {needs.split()[-1] for _, needs, _ in CALLS} and HINT in done.stderr


def test_other_processes_at_run_time(build, run):
    write_processes(build.folder, left_out=["daemon(0, 0)"])
    done = build("-g", "p.c", "--allow-missing")
    assert (done.status, done.stderr) == (0, "")
    result = run(build.folder / "prog")
    assert (result.stdout, result.status) == ("end\n", 0)
    said = re.findall(r"^pith: (\w+) does not exist here: ENOSYS "
                      r"\(called from image\+0x\w+(?:, that from image\+0x\w+)?\)$", result.stderr, re.M)
    assert sorted(said) == sorted({needs.split()[-1] for _, needs, _ in CALLS})


def test_where_it_was_called_from(build, run):
    """The places in the message are those of the program's symbols."""
    assert build("-g", "-O0", "main.c", "net.c", "--allow-missing").status == 0
    result = run(build.folder / "prog")
    places = re.search(r"image\+(0x\w+), that from image\+(0x\w+)", result.stderr).groups()
    names = subprocess.run(["addr2line", "-fi", "-e", build.folder / "prog", *places], stdout=subprocess.PIPE,
                           text=True, check=True).stdout.splitlines()
    assert "swapon" in names and names[-2] == "fetch" and names[-1].endswith("net.c:5")


def test_one_line_for_each_function_that_needs_it(build):
    (build.folder / "net.c").write_text(
        "#include <sys/swap.h>\n#include <sys/wait.h>\n#include <wordexp.h>\n"
        "static __attribute__((noinline)) int words(void)\n{\n    wordexp_t w;\n    return wordexp(\"$x\", &w, 0);\n}\n"
        "int fetch(const char *name)\n{\n    return swapon(name, 0) + words() + wait(0) + swapon(name, 1);\n}\n")
    done = build("-g", "main.c", "net.c")
    needs = re.findall(r"net.c:(\d+): (\w+)\(\) needs the system calls? (.*), which", done.stderr)
    found = sorted((int(line), name, *sorted(re.findall(r"\w+", calls))) for line, name, calls in needs)
    assert found == [(7, "words", "and", "execve", "fork", "wait4"), (11, "fetch", "swapon"), (11, "fetch", "wait4")]
    # Of swapon, of wait4, and of fork and execve together.
    assert done.stderr.count("note: ") == 3


@pytest.mark.parametrize("option", ["--strip-debug", "--strip-unneeded"])
def test_stripped_objects(build, option):
    """A static function without a symbol is named by its section."""
    (build.folder / "net.c").write_text(
        "#include <sys/swap.h>\n"
        "static __attribute__((noinline)) int inner(const char *name)\n{\n    return swapon(name, 0) + 1;\n}\n"
        "int fetch(const char *name)\n{\n    return inner(name) + 1;\n}\n")
    assert execute([PITH_CC, "-O2", "-g", "-c", "net.c"], cwd=build.folder).status == 0
    subprocess.run(["strip", option, "net.o"], cwd=build.folder, check=True)
    assert message(build("main.c", "net.o")).startswith("pith cc: inner() needs the system call swapon")


def test_no_more_than_twenty_lines(build):
    (build.folder / "net.c").write_text("#include <sys/swap.h>\n" + "".join(
        f"int f{i}(const char *n) {{ return swapon(n, {i}); }}\n" for i in range(30)) +
        "int fetch(const char *n) { return " + " + ".join(f"f{i}(n)" for i in range(30)) + "; }\n")
    done = build("-O0", "main.c", "net.c")
    assert done.stderr.count(" needs the system call") == 20 and "pith cc: and 10 more\n" in done.stderr
