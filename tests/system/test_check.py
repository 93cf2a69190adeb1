# SPDX-License-Identifier: MIT
"""pith check: what programs, libraries and object files use that Pith does not have in full."""
import json
import os
import shutil
import struct
import subprocess

import pytest

from frame import PITH, PITH_CC, execute

SOURCE = """#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static __attribute__((noinline)) void start(void) { if (fork() == 0) execlp("x", "x", NULL); }
__attribute__((noinline)) int lease(int fd) { return fcntl(fd, F_SETLEASE, 0); }
int number(void) { return syscall(SYS_swapon, "x", 0); }
FILE *shell(const char *s) { return popen(s, "r"); }
int main(int argc, char **argv)
{
    start();
    printf("%d %p\\n", lease(argc) + number(), (void *)shell(argv[0]));
    return 0;
}
"""
CLEAN = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
FOUND = {("start", "fork", "", "absent"), ("start", "execve", "execlp", "absent"), ("lease", "fcntl", "", "partial"),
         ("number", "swapon", "", "absent"), ("shell", "popen", "", "absent")}
WITHOUT_FUNCTIONS = {("", *rest) for _, *rest in FOUND if rest[0] != "swapon"}


def check(*args, cwd=None):
    return execute([PITH, "check", *args], cwd=cwd)


def found(*args, cwd=None):
    done = check("--json", *args, cwd=cwd)
    assert done.stderr == ""
    rows = json.loads(done.stdout)
    assert all(row["note"] for row in rows)
    return done.status, {(r["function"], r["uses"], r["by"], r["status"]) for r in rows}


def compile_with(folder, compiler, *args, source=SOURCE):
    if not shutil.which(str(compiler)):
        pytest.skip(f"{compiler} is not installed")
    (folder / "p.c").write_text(source)
    subprocess.run([compiler, "p.c", *args], cwd=folder, check=True)


@pytest.mark.parametrize("compiler", ["gcc", "clang", "musl-gcc", PITH_CC], ids=["gcc", "clang", "musl", "pith"])
@pytest.mark.parametrize("option", ["-O0", "-O2"])
def test_objects(tmp_path, compiler, option):
    compile_with(tmp_path, compiler, option, "-c")
    status, rows = found("p.o", cwd=tmp_path)
    # Without optimisation the number is moved about before the call.
    inlined = {("main", *rest) for _, *rest in FOUND}
    assert status == 2 and rows <= FOUND | inlined
    assert {row[1:] for row in rows} == {row[1:] for row in FOUND}
    assert option == "-O2" or rows == FOUND


def test_text(tmp_path):
    compile_with(tmp_path, "gcc", "-O1", "-c", "-D_FORTIFY_SOURCE=2")
    done = check("p.o", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert len(lines) == len(FOUND) and done.status == 2 and done.stderr == ""
    assert any(line.startswith("absent: p.o: start uses execve by execlp: an image is one program") for line in lines)
    assert any(line.startswith("partial: p.o: lease uses fcntl: no F_NOTIFY") for line in lines)


@pytest.mark.parametrize("kind", ["rcs", "rcsT"], ids=["archive", "thin archive"])
def test_archives(tmp_path, kind):
    compile_with(tmp_path, "gcc", "-O1", "-c")
    subprocess.run(["ar", kind, "libp.a", "p.o"], cwd=tmp_path, check=True)
    assert found("libp.a", cwd=tmp_path) == (2, FOUND)
    name = "libp.a(p.o)" if kind == "rcs" else "p.o"
    assert f"absent: {name}: start uses fork: " in check("libp.a", cwd=tmp_path).stdout


@pytest.mark.parametrize("compiler", ["gcc", "clang", "musl-gcc"])
@pytest.mark.parametrize("options", [[], ["-s"], ["-shared", "-fPIC"]], ids=["program", "stripped", "library"])
def test_dynamic(tmp_path, compiler, options):
    compile_with(tmp_path, compiler, "-O1", *options, "-o", "p")
    status, rows = found("p", cwd=tmp_path)
    assert status == 2 and rows == WITHOUT_FUNCTIONS


@pytest.mark.parametrize("compiler", ["gcc", "musl-gcc"])
def test_static(tmp_path, compiler):
    """Of static programs the system call instructions tell, by libc's own functions."""
    compile_with(tmp_path, compiler, "-O1", "-static", "-o", "p")
    status, rows = found("p", cwd=tmp_path)
    calls = {uses for _, uses, _, _ in rows}
    assert status == 2 and {"execve", "fcntl"} <= calls and not {"write", "read", "rt_sigreturn"} & calls
    assert any("execve" in function for function, uses, _, _ in rows if uses == "execve")


@pytest.mark.parametrize("options", [["-c"], [], ["-static"]], ids=["object", "dynamic", "static"])
def test_nothing_to_say(tmp_path, options):
    compile_with(tmp_path, "musl-gcc", "-o", "p", *options, source=CLEAN)
    done = check("p", cwd=tmp_path)
    if "-static" in options:  # its libc's own ioctl is there, whoever calls it
        assert done.status <= 1
    else:
        assert (done.status, done.stdout, done.stderr) == (0, "", "")
        assert check("--json", "p", cwd=tmp_path).stdout == "[]\n"


def test_only_partial(tmp_path):
    compile_with(tmp_path, "gcc", "-c", source="#include <sys/prctl.h>\nint main(void) { return prctl(1, 2); }\n")
    assert found("p.o", cwd=tmp_path) == (1, {("main", "prctl", "", "partial")})


def test_functions_that_libc_does_not_have(tmp_path):
    compile_with(tmp_path, "gcc", "-o", "p", source="#include <error.h>\nint main(void) { error(1, 0, \"x\"); }\n")
    status, rows = found("p", cwd=tmp_path)
    assert (status, rows) == (2, {("", "error", "", "absent")})
    assert "uses error: Pith's C library does not have it" in check("p", cwd=tmp_path).stdout


def test_objects_together(tmp_path):
    """What one file defines is no function of libc for the other."""
    compile_with(tmp_path, "gcc", "-c", source="int fork(void); int main(void) { return fork(); }\n")
    (tmp_path / "q.c").write_text("int fork(void) { return 7; }\n")
    subprocess.run(["gcc", "-c", "q.c"], cwd=tmp_path, check=True)
    assert found("p.o", cwd=tmp_path)[0] == 2
    assert found("p.o", "q.o", cwd=tmp_path) == (0, set())


def test_what_check_says_is_what_the_link_says(tmp_path):
    compile_with(tmp_path, PITH_CC, "-O0", "-c")
    done = execute([PITH_CC, "p.o"], cwd=tmp_path)
    absent = {function for function, _, _, status in found("p.o", cwd=tmp_path)[1] if status == "absent"}
    said = {line.split("()")[0].split()[-1] for line in done.stderr.splitlines() if " needs " in line}
    assert said == absent


def elf(machine=62, kind=2, bits=2):
    ident = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9)
    return ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)


@pytest.mark.parametrize("content, why", [
    (b"", "is empty"),
    (b"#!/bin/sh\n", "is neither an ELF file nor an archive"),
    (b"\x7fELF", "is cut off in its first header"),
    (elf(), "is cut off in its program headers"),
    (elf(machine=183), "is for another machine than x86-64"),
    (elf(bits=1), "is for another machine than x86-64"),
    (elf(kind=4), "is not a program, a library or an object file"),
    (elf(kind=1), "is broken, or for another machine"),
    (elf(kind=1, machine=183), "is broken, or for another machine"),
    (elf() + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 4096, 4096, 4096), "is cut off"),
    (b"!<arch>\n", "holds no object files"),
    (b"!<arch>\nnonsense", "holds no object files"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_files_that_make_no_sense(tmp_path, content, why):
    (tmp_path / "f").write_bytes(content)
    done = check("f", cwd=tmp_path)
    assert (done.status, done.stdout) == (125, "") and done.stderr.startswith(f"pith check: f {why}")


def test_truncated_files(tmp_path):
    """Whatever is left of a program or an object: a message, or an answer."""
    for name, options in (("p", []), ("p.o", ["-c"])):
        compile_with(tmp_path, "gcc", "-o", name, *options)
        whole = (tmp_path / name).read_bytes()
        for size in [1, 63, 64, 200, *range(1000, len(whole), len(whole) // 20)]:
            (tmp_path / "f").write_bytes(whole[:size])
            assert check("f", cwd=tmp_path).status in (0, 1, 2, 125)


@pytest.mark.parametrize("args, why", [
    ([], "no file given"), (["--nonsense"], "unknown option --nonsense"), (["/nowhere"], "cannot read /nowhere"),
    (["/"], "/ is not a file"), (["/dev/null"], "/dev/null is not a file")])
def test_usage(args, why):
    done = check(*args)
    assert done.status == 125 and done.stdout == "" and why in done.stderr


def test_images_are_told_apart(tmp_path):
    compile_with(tmp_path, PITH_CC, "-o", "p", source=CLEAN)
    done = check("p", cwd=tmp_path)
    assert done.status == 125 and "is a Pith image" in done.stderr


def test_names_cannot_upset_a_terminal(tmp_path):
    name = "e\x1b[31m.o"
    compile_with(tmp_path, "gcc", "-O1", "-c", "-o", name)
    done = check(name, cwd=tmp_path)
    assert "\x1b" not in done.stdout and "absent: e?[31m.o: start uses fork" in done.stdout
    assert json.loads(check("--json", name, cwd=tmp_path).stdout)[0]["file"] == name


def test_output_that_cannot_be_written(tmp_path):
    compile_with(tmp_path, "gcc", "-c")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PITH, "check", tmp_path / "p.o"], stdout=full, stderr=subprocess.PIPE, check=False,
                              env=os.environ)
    assert done.returncode == 125
