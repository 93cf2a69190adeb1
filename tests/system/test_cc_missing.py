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
