# SPDX-License-Identifier: MIT
"""What a hostile guest may not do to its host: system calls of its own, and memory protections undone."""
import os
import re

import pytest

pytestmark = pytest.mark.not_on_qemu("the walls are QEMU's there")

HEAD = r"""
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static volatile unsigned long zero;
static char data[4096] __attribute__((aligned(4096))) = {1};
static const char constant[] = "constant";
static inline long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return n;
}
static char *heap(void)
{
    return mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
extern int main(void);
#define TEXT ((uintptr_t)main & ~4095ul)
"""


def program(body):
    return HEAD + "int main(void)\n{\n    fflush(stdout);\n" + body + "\n    return 42;\n}\n"


# What a guest can try as a process; in a virtual machine its system calls reach no kernel (test_kvm.py).
# Calls that are not in the filter at all.
FORBIDDEN = {
    "read": "0, 0, (long)data, 1", "open": '2, (long)"/etc/passwd", 0, 0', "openat": '257, -100, (long)"/etc/passwd", 0',
    "socket": "41, 2, 1, 0", "execve": '59, (long)"/bin/sh", 0, 0', "fork": "57, 0, 0, 0", "vfork": "58, 0, 0, 0",
    "clone": "56, 17, 0, 0", "clone3": "435, (long)data, 88, 0", "ptrace": "101, 0, 0, 0", "kill": "62, 1, 0, 0",
    "dup": "32, 1, 0, 0", "fcntl": "72, 1, 3, 0", "ioctl": "16, 0, 0x5412, (long)data", "sendmsg": "46, 1, (long)data, 0",
    "io_uring_setup": "425, 8, (long)data, 0", "process_vm_readv": "310, 1, 0, 0", "pkey_mprotect": "329, TEXT, 4096, 7",
    "mremap": "25, TEXT, 4096, 8192", "munmap": "11, TEXT, 4096, 0", "remap_file_pages": "216, TEXT, 4096, 0",
    "shmat": "30, 0, 0, 0", "personality": "135, 0x400000, 0, 0", "prctl": "157, 22, 0, 0", "seccomp": "317, 1, 0, (long)data",
    "memfd_create": '319, (long)"x", 0, 0', "getpid": "39, 0, 0, 0", "brk": "12, 0, 0, 0", "arch_prctl": "158, 0x1003, 0, 0",
    "x32 write": "0x40000001, 1, (long)data, 1", "no such call": "100000, 0, 0, 0", "negative": "-1, 0, 0, 0",
}

# Calls that are, with arguments that are not: number, and arguments.
BAD_ARGUMENTS = {
    "mprotect text writable": "10, TEXT, 4096, 3, 0, 0",
    "mprotect text readable": "10, TEXT, 4096, 1, 0, 0",
    "mprotect heap executable": "10, (long)heap(), 4096, 5, 0, 0",
    "mprotect heap all": "10, (long)heap(), 4096, 7, 0, 0",
    "mprotect data executable": "10, (long)data, 4096, 5, 0, 0",
    "mprotect stack executable": "10, (long)__builtin_frame_address(0) & ~4095l, 4096, 7, 0, 0",
    "mprotect too long": "10, (long)heap(), 1l << 40, 3, 0, 0",
    "mprotect wraps": "10, (long)heap(), -4096l, 3, 0, 0",
    "mprotect grows down": "10, (long)heap(), 4096, 0x01000001, 0, 0",
    "mmap executable": "9, (long)heap(), 4096, 7, 0x4032, -1",
    "mmap readable": "9, (long)heap(), 4096, 1, 0x4032, -1",
    "mmap anywhere": "9, 0, 4096, 0, 0x4022, -1",
    "mmap a file": "9, (long)heap(), 4096, 0, 0x12, 0",
    "mmap shared": "9, (long)heap(), 4096, 0, 0x4031, -1",
    "mmap over text": "9, TEXT, 4096, 0, 0x4032, -1",
    "madvise text": "28, TEXT, 4096, 4, 0, 0",
    "madvise free": "28, (long)heap(), 4096, 8, 0, 0",
    "preadv2 another file": "327, 3, (long)data, 0, -1l, 0",
    "preadv2 standard output": "327, 1, (long)data, 0, -1l, 0",
    "pwritev2 standard input": "328, 0, (long)data, 0, -1l, 0",
    "pwritev2 another file": "328, 3, (long)data, 0, -1l, 0",
    "clock of another process": "228, -6, (long)data, 0, 0, 0",
    "tgkill another": "234, 1, 1, 9, 0, 0",
    "ignore the report": "13, 31, (long)data, 0, 8, 0",
    "ignore the time limit": "13, 14, (long)data, 0, 8, 0",
    "ppoll with a signal mask": "271, 0, 0, 0, (long)data, 8",
}


@pytest.mark.parametrize("way", ["process"], indirect=True)
@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_forbidden_call(call, cc, run):
    result = run(cc(program(f'    printf("%ld\\n", call({call}, 0, 0, 0));')))
    assert (result.status, result.stdout) == (128 + 31, ""), result.stderr
    assert "guest made system call " in result.stderr and "the sandbox does not allow" in result.stderr
    assert "main+0x" in result.stderr


@pytest.mark.parametrize("way", ["process"], indirect=True)
@pytest.mark.parametrize("call", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_bad_arguments(call, cc, run):
    result = run(cc(program(f'    printf("%ld\\n", call({call}, 0));')))
    assert (result.status, result.stdout) == (128 + 31, ""), result.stderr
    assert re.search(r"guest made system call \d+ \(\w+\) with arguments that the sandbox does not allow", result.stderr)


# In an image that shares pages: only pages of the pool, into the heap, with nothing else changed.
BAD_SHARING = {
    "from the heap": "25, (long)heap(), 0, 4096, 3, (long)heap()",
    "from text": "25, TEXT, 0, 4096, 3, (long)heap()",
    "of a length": "25, (long)heap(), 4096, 4096, 3, (long)heap()",
    "anywhere": "25, (long)heap(), 0, 4096, 1, 0",
}


@pytest.mark.parametrize("way", ["process"], indirect=True)
@pytest.mark.parametrize("call", BAD_SHARING.values(), ids=BAD_SHARING.keys())
def test_bad_sharing(call, cc, run):
    shares = "extern int pith_plat_share(void *, void *, unsigned long);\nvoid *const shares = (void *)pith_plat_share;\n"
    result = run(cc(shares + program(f'    printf("%ld\\n", call({call}, 0));')))
    assert (result.status, result.stdout) == (128 + 31, ""), result.stderr
    assert "system call 25 (mremap) with arguments that the sandbox does not allow" in result.stderr


def host_has_i386_calls(native, linux):
    """Whether getpid of the 32-bit calls does anything on this host."""
    body = 'int main(void) { long n = 20; __asm__ volatile("int $0x80" : "+a"(n) : : "memory"); return n <= 0; }'
    return linux(native(body)).status == 0


@pytest.mark.parametrize("way", ["process"], indirect=True)
@pytest.mark.parametrize("number", [1, 3, 4, 5, 11, 20, 120])
def test_i386_calls_kill(number, cc, run, native, linux):
    """By int 0x80 a 64-bit program reaches Linux's 32-bit calls, whose numbers mean something else."""
    body = f'    long n = {number}; __asm__ volatile("int $0x80" : "+a"(n) : "b"(0), "c"(0), "d"(0) : "memory"); puts("alive");'
    result = run(cc(program(body)))
    # A host without 32-bit calls has no gate for the interrupt: it faults, with a report.
    expected = (128 + 31, 31) if host_has_i386_calls(native, linux) else (128 + 11, None)
    assert (result.status, result.signal) == expected
    assert result.stdout == ""


@pytest.mark.parametrize("way", ["process"], indirect=True)
def test_allowed_calls_still_work(cc, run):
    """The filter lets through what it says, so the tests above fail for the right reason."""
    body = r"""
    struct { const void *p; unsigned long n; } v = {"hello\n", 6};
    char *h = heap();
    if (call(328, 1, (long)&v, 1, -1, 0, 0) != 6) return 1;
    if (call(10, (long)h, 4096, 1, 0, 0, 0)) return 2;
    if (call(28, (long)h, 4096, 4, 0, 0, 0)) return 3;
    if (call(9, (long)h, 4096, 0, 0x4032, -1, 0) != (long)h) return 4;
    call(231, 5, 0, 0, 0, 0, 0);"""
    result = run(cc(program(body)))
    assert (result.status, result.stdout, result.stderr) == (5, "hello\n", "")


VIOLATIONS = {
    "write to text": ("*(volatile char *)(TEXT + zero) = 1;", "text"),
    "write to a constant": ("*(volatile char *)(uintptr_t)&constant[zero] = 1;", "constants"),
    "run data": ("data[0] = (char)0xc3; ((void (*)(void))(uintptr_t)(data + zero))();", "execution of"),
    "run the stack": ("volatile char code[16] = {(char)0xc3}; ((void (*)(void))(uintptr_t)(code + zero))();", "execution of"),
    "run the heap": ("char *h = heap(); h[0] = (char)0xc3; ((void (*)(void))(uintptr_t)h)();", "execution of"),
    "run a constant": ("((void (*)(void))(uintptr_t)(constant + zero))();", "execution of"),
    "read page zero": ("return *(volatile char *)(8 + zero);", "null page"),
    "write page zero": ("*(volatile char *)(8 + zero) = 1;", "null page"),
    "jump to page zero": ("((void (*)(void))zero)();", "null function pointer"),
}


@pytest.mark.parametrize("body, text", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_protections(body, text, cc, run):
    result = run(cc(program("    " + body), "-O0"))
    assert result.status == 128 + 11, result.stderr
    assert text in result.stderr


def test_constants_are_not_in_the_text(cc, run):
    """In the file the text follows the constants without padding; in memory none of their bytes is in a page that can be executed."""
    result = run(cc(r"""
#include <elf.h>
#include <stdio.h>
extern const char __ehdr_start[];
int main(void)
{
    const Elf64_Ehdr *e = (const void *)__ehdr_start;
    const Elf64_Phdr *ph = (const void *)(__ehdr_start + e->e_phoff);
    while (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X))
        ph++;
    unsigned long lead = ph->p_vaddr % 4096;
    const unsigned char *page = (const unsigned char *)__ehdr_start + ph->p_vaddr - lead;
    unsigned long same = 0;
    while (same < lead && page[same] == page[0])
        same++;
    printf("%lu %lu %x\n", lead, same, page[0]);
}
"""))
    lead, same, fill = result.stdout.split()
    assert int(lead) > 0 and same == lead
    assert fill in ("cc", "0"), "neither the monitor's nor a VMM's fresh memory"


def test_descriptors_are_closed(cc, way, tmp_path, spawn):
    """A descriptor that the caller left open does not reach the guest: the filter would not let it be used, and it is closed."""
    image = cc("#include <unistd.h>\nint main(void) { char c; write(1, \"x\", 1); return (int)read(0, &c, 1); }\n")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    fd = os.open(secret, os.O_RDONLY)
    read_end, write_end = os.pipe()
    os.set_inheritable(fd, True)
    process = spawn(image, stdin=read_end, stdout=-1, close_fds=False, pass_fds=())
    os.close(read_end)
    assert process.stdout.read(1) == b"x"
    left = sorted(os.listdir(f"/proc/{process.pid}/fd"))
    status = open(f"/proc/{process.pid}/status").read()
    os.close(write_end)
    os.close(fd)
    assert process.wait(10) == 0
    assert left == ["0", "1", "2"] + (["3"] if way == "kvm" else [])  # the virtual processor
    assert re.search(r"^NoNewPrivs:\s*1$", status, re.M)
    assert re.search(r"^Seccomp:\s*2$", status, re.M)
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert re.search(rf"^{kind}:\s*0+$", status, re.M), kind


def test_environment_does_not_leak(cc, spawn):
    """What was not passed on cannot be found in the process's memory either."""
    image = cc("#include <unistd.h>\nint main(void) { char c; write(1, \"x\", 1); return (int)read(0, &c, 1); }\n")
    process = spawn(image, stdin=-1, stdout=-1, env={**os.environ, "SECRET": "f0e1d2c3b4a5"}, options=["-m", "8M"])
    assert process.stdout.read(1) == b"x"
    found = []
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if line.split()[1].startswith("r") and "[v" not in line:
                mem.seek(start)
                if b"f0e1d2c3b4a5" in mem.read(end - start):
                    found.append(line)
    process.stdin.close()
    process.wait(10)
    assert found == []


def test_no_page_is_writable_and_executable(cc, spawn):
    image = cc("#include <unistd.h>\nint main(void) { char c; write(1, \"x\", 1); return (int)read(0, &c, 1); }\n")
    process = spawn(image, stdin=-1, stdout=-1)
    assert process.stdout.read(1) == b"x"
    modes = [line.split()[1] for line in open(f"/proc/{process.pid}/maps")]
    process.stdin.close()
    assert process.wait(10) == 0
    assert modes and not [m for m in modes if "w" in m and "x" in m]


def test_show_sandbox(pith):
    """What is shown is the filter: every call, and no more than twelve, and one where the host lets programs set no FS base."""
    shown = pith("run", "--show-sandbox")
    assert shown.status == 0
    calls = re.findall(r"^(\w+): ", shown.stdout, re.M)
    assert 5 < len(calls) <= 12 + ("arch_prctl" in calls) and len(set(calls)) == len(calls)
    assert {"preadv2", "pwritev2", "mprotect", "exit_group"} <= set(calls)
    assert not {"open", "openat", "socket", "execve", "clone"} & set(calls)
    assert re.search(r"prot +none, or read and write$", shown.stdout, re.M)
    jit = pith("run", "--allow-jit", "--show-sandbox").stdout
    assert re.search(r"prot +none, or read with write or exec but not both$", jit, re.M)
