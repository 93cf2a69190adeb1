# SPDX-License-Identifier: MIT
"""Crash reports: what is said, where it points, and that nothing else is printed."""
import re
import shutil
import subprocess

import pytest

from frame import PITH, execute

pytestmark = pytest.mark.not_on_qemu("reports have no symbols there: test_bare.py")

SOURCE = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static volatile int zero;
__attribute__((noinline)) static int null_read(void) { return *(volatile int *)(16ul + (unsigned long)zero); }
__attribute__((noinline)) static int recurse(volatile char *p)
{
    volatile char buf[300];
    buf[0] = *p;
    return recurse(buf) + buf[0];
}
__attribute__((noinline)) static int use_freed(void)
{
    char *p = mmap(NULL, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p, 1 << 20);
    return ((volatile char *)p)[5000];
}
__attribute__((noinline)) static int divide(void) { return 7 / zero; }
__attribute__((noinline)) static int give_up(void) { abort(); }
__attribute__((noinline)) static int trap(void) { __builtin_trap(); }
__attribute__((noinline)) static int halt(void) { __asm__ volatile("hlt"); return 1; }
__attribute__((noinline)) static int in_libc(void) { return (int)strlen((char *)(64ul + (unsigned long)zero)) + 1; }
__attribute__((noinline)) static int lost_stack(void) { __asm__ volatile("xor %eax, %eax; mov %rax, %rsp; push %rax"); return 1; }
__attribute__((noinline)) static int non_canonical(void) { return *(volatile char *)(0x8000000000000000ul + (unsigned long)zero); }
int main(int argc, char **argv)
{
    (void)argc;
    switch (atoi(argv[1])) {
    case 0: return null_read();
    case 1: return recurse("");
    case 2: return use_freed();
    case 3: return divide();
    case 4: return give_up();
    case 5: return trap();
    case 6: return halt();
    case 7: return in_libc();
    case 8: return lost_stack();
    case 9: return non_canonical();
    }
    return 0;
}
"""

# status, first line, function at the top or just below
CASES = {
    "null": (0, 139, r"segmentation fault: read of 0x10 in the null page", "null_read"),
    "stack": (1, 139, r"segmentation fault: (read of|write to) 0x[0-9a-f]+ in the guard page below the stack; stack overflow", "recurse"),
    "freed": (2, 139, r"segmentation fault: read of 0x[0-9a-f]+ in the heap; inaccessible: freed", "use_freed"),
    "division": (3, 136, r"integer division by zero", "divide"),
    "abort": (4, 134, r"abort.*SIGABRT", "give_up"),
    "trap": (5, 132, r"stopped itself \(ud2 instruction\)", "trap"),
    "halt": (6, 139, r"stopped itself \(hlt instruction\)", "halt"),
    "libc": (7, 139, r"segmentation fault: read of 0x4\d in the null page", "in_libc"),
    "lost": (8, 139, r"segmentation fault: write to 0xfffffffffffffff8", "lost_stack"),
    "canonical": (9, 139, r"segmentation fault: a non-canonical address", "non_canonical"),
}


@pytest.mark.parametrize("number, status, what, function", CASES.values(), ids=CASES.keys())
def test_report(number, status, what, function, cc, run):
    result = run(cc(SOURCE, "-g", "-O1"), str(number))
    lines = result.stderr.splitlines()
    assert (result.status, result.stdout) == (status, ""), result.stderr
    assert lines[0].startswith("pith: ") and re.search(what, lines[0]), result.stderr
    assert 3 <= len(lines) <= 24
    assert all(len(line) < 200 for line in lines)
    frames = [line for line in lines if line.startswith("  #")]
    assert any(f" {function}+0x" in line for line in frames), result.stderr
    if number != 8:  # a guest that lost its stack pointer still has its frame pointer, but may have no more
        assert any(" main+0x" in line for line in frames), result.stderr


def test_lines_are_those_of_the_source(cc, run):
    result = run(cc(SOURCE, "-g", "-O1", name="located"), "0")
    line = 1 + SOURCE[:SOURCE.index("static int null_read")].count("\n")
    assert re.search(rf"null_read\+0x[0-9a-f]+ \(.*located\.c:{line}\)", result.stderr), result.stderr


def test_addresses_are_good_for_addr2line(cc, run):
    image = cc(SOURCE, "-g", "-O1")
    result = run(image, "3")
    address = re.search(r"#0 +image\+(0x[0-9a-f]+) divide", result.stderr).group(1)
    told = subprocess.run(["addr2line", "-f", "-e", image, address], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert told.splitlines()[0] == "divide"


def test_recursion_is_counted(cc, run):
    result = run(cc(SOURCE, "-g", "-O1"), "1")
    count = re.search(r"recurse\+0x[0-9a-f]+ .*, and (\d+) times more", result.stderr)
    assert count and int(count.group(1)) > 1000, result.stderr


def test_stripped_image_says_so(cc, run):
    image = cc(SOURCE, "-O1", "-s")
    result = run(image, "0")
    assert result.status == 139
    assert "no names: the image was stripped" in result.stderr
    assert re.search(r"#0 +image\+0x[0-9a-f]+$", result.stderr, re.M)


def test_registers(cc, run):
    source = 'int main(void) { __asm__ volatile("mov $0x1234567890abcdef, %%r13; movl $1, 0" ::: "r13", "memory"); return 0; }\n'
    result = run(cc(source))
    assert result.status == 139
    assert "r13 1234567890abcdef" in result.stderr


def test_names_cannot_drive_the_terminal(cc, run, tmp_path):
    image = cc("int main(void) { __builtin_trap(); }\n").rename(tmp_path / "esc\x1b[31m")
    result = run(image)
    assert result.status == 132
    assert "\x1b" not in result.stderr and "esc?[31m" in result.stderr


@pytest.mark.parametrize("cut", [0, 1])
def test_damaged_debug_information(cut, cc, run):
    """A report about an image whose debug information is nonsense says less, but is a report."""
    image = cc(SOURCE, "-g", "-O1")
    sections = subprocess.run(["readelf", "-SW", image], stdout=subprocess.PIPE, text=True, check=True).stdout
    raw = bytearray(image.read_bytes())
    for name in (".debug_line", ".symtab", ".strtab"):
        at, size = (int(x, 16) for x in re.search(rf" {re.escape(name)} +\w+ +\w+ (\w+) (\w+)", sections).groups())
        if cut:
            raw[at:at + size] = b"\xff" * size
        else:
            raw[at:at + size:7] = b"\x80" * len(raw[at:at + size:7])
    image.write_bytes(raw)
    result = run(image, "3")
    assert result.status == 136
    assert "division by zero" in result.stderr and "#0 " in result.stderr


def test_image_cut_short_while_it_runs(cc, spawn):
    """The file of a running image is changed under it: a report, not silence."""
    source = r"""
#include <unistd.h>
static const char large[1 << 20] = {1, 2, 3};
static volatile int zero;
int main(void)
{
    char c;
    write(1, "x", 1);
    read(0, &c, 1);
    return large[(1 << 20) - 100 + zero];
}
"""
    image = cc(source, "-O1")
    process = spawn(image, stdin=-1, stdout=-1, stderr=-1)
    assert process.stdout.read(1) == b"x"
    with open(image, "r+b") as f:
        f.truncate(4096)
    process.stdin.close()
    process.stdin = None
    _, err = process.communicate(timeout=10)
    assert process.returncode in (128 + 7, 128 + 11), err
    assert b"pith: " in err


def test_gdb(cc, tmp_path):
    """The recipe of docs/monitor.md: breakpoints, back-traces and lines in a running image."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    image = cc("static int plus_one(int n)\n{\n    return n + 1;\n}\n"
               "int main(int argc, char **argv)\n{\n    return plus_one(argc) + (argv == 0);\n}\n", "-O0", "-g")
    commands = ["set confirm off", "catch syscall seccomp", "run", f"add-symbol-file {image} -o 0x10000000000",
                "break plus_one", "continue", "continue", "backtrace", "kill"]
    done = execute(["gdb", "-nx", "-q", "-batch", *[part for c in commands for part in ("-ex", c)], "--args",
                    PITH, "run", "--no-aslr", image], timeout=60)
    if "ptrace" in done.stderr:
        pytest.skip("gdb may not trace here")
    trace = done.stdout[done.stdout.index("Breakpoint 2, plus_one (n=1)"):]
    assert re.search(r"#0 +plus_one \(n=1\) at \S+\.c:3\n#1 .* in main \(argc=1, .*\.c:7\n", trace), done.stdout
