# SPDX-License-Identifier: MIT
"""What only a virtual machine has: the plan, its walls, its exceptions, its clock. All other tests of images run there
too, by the fixture (way)."""
import re
import subprocess
import time

import pytest

from frame import PITH, ROOT, execute, ways

KVM = [way for way in ways() if way.values == ("kvm",)]
HEAD = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <unistd.h>
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
/* The monitor's pages in the address space: monitor/kvm/area.h. */
#define AREA (__ehdr_start - 0x200000)
int main(void)
{
"""


@pytest.fixture(params=KVM)
def way(request):
    return request.param


def program(body):
    return HEAD + body + "\nreturn 0;\n}\n"


def test_plan_names_every_way(pith):
    chosen = pith("run", "--on", "process", "--show-plan")
    assert chosen.status == 0
    assert chosen.stdout == "kvm      not chosen: --on process was asked for\nprocess  chosen\n"
    lines = pith("run", "--show-plan").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["kvm", "process"]
    assert len([line for line in lines if re.match(r"\w+ +chosen", line)]) == 1


def test_sandbox_is_small_and_has_one_ioctl(pith):
    shown = pith("run", "--on", "kvm", "--show-sandbox").stdout
    calls = re.findall(r"^(\w+):", shown, re.M)
    assert len(set(calls)) <= 12 and "ioctl" in calls and "KVM_RUN" in shown


@pytest.mark.parametrize("command, why", [
    ("mount -t tmpfs none /dev", "there is no /dev/kvm"),
    ("mount --bind /dev/null /dev/kvm", "another interface than version 12"),
], ids=["absent", "another device"])
def test_kvm_cannot_be_had(command, why, cc, tmp_path):
    if execute(["unshare", "-m", "sh", "-c", command]).status:
        pytest.skip("this user cannot make a mount namespace with another /dev/kvm")
    image = cc(program('puts("ran");'))
    got = execute(["unshare", "-m", "sh", "-c", f"{command} && exec {PITH} run --on kvm {image}"])
    assert (got.status, got.stdout) == (125, "") and why in got.stderr
    got = execute(["unshare", "-m", "sh", "-c", f"{command} && exec {PITH} run {image}"])
    assert (got.status, got.stdout) == (0, "ran\n")


@pytest.mark.parametrize("body, text", [
    ("return *(volatile char *)(AREA + 0x2000);", "read of"),
    ("*(volatile char *)(AREA + 0x2000) = 1;", "write to"),
    ("*(volatile char *)AREA = 1;", "write to"),
    ("((void (*)(void))(AREA + 0x1000))();", "execution of"),
    ("return *(volatile char *)(AREA + 0x4000);", "read of"),
    ("*(volatile uint64_t *)(AREA + 0x3ff8) = 1;", "doorbell"),
    ("return *(volatile int *)(AREA + 0x3000);", "doorbell"),
    ('__asm__ volatile("mov %cr3, %rax");', "instruction that programs may not use"),
    ('__asm__ volatile("in $0x60, %al");', "instruction that programs may not use"),
    ('__asm__ volatile("out %al, $0x80");', "instruction that programs may not use"),
    ('__asm__ volatile("out %eax, $0");', "instruction that programs may not use"),
    ('__asm__ volatile("out %%al, %%dx" : : "a"(0), "d"(0x1234));', "instruction that programs may not use"),
    ('__asm__ volatile("rep insb" : : "D"(malloc(4096)), "c"(4096), "d"(0));', "instruction that programs may not use"),
    ('__asm__ volatile("rep outsl" : : "S"(malloc(4096)), "c"(1024), "d"(32));', "instruction that programs may not use"),
    ('__asm__ volatile("int $0x80");', "instruction that programs may not use"),
], ids=["read tables", "write tables", "write stub", "execute stack", "behind", "ring wrongly", "read doorbell",
        "cr3", "in", "out", "wide out", "far out", "rep ins", "rep outs", "int 0x80"])
def test_walls(body, text, cc, run):
    got = run(cc(program(body)))
    assert got.status == 139 and text in got.stderr, got.stderr


@pytest.mark.parametrize("instruction", ["syscall", "int $0x80", "sysenter", "vmcall", "hlt", "int $14", "iretq"])
def test_no_instruction_leads_out(instruction, cc, run):
    """Which exception it is differs between processors and software KVM; that it is one does not."""
    got = run(cc(program(f'__asm__ volatile("mov $231, %eax; mov $77, %edi; push %rdi; {instruction}"); puts("went on");')))
    assert got.status in (132, 139) and not got.stdout and got.stderr, (got.status, got.stderr)


@pytest.mark.parametrize("instructions", ["cli", "pushf; orl $0x100, (%rsp); popf", "pushf; orl $0x4000, (%rsp); popf",
                                          "pushf; orl $0x40000, (%rsp); popf"], ids=["cli", "tf", "nt", "ac"])
def test_flags_change_nothing_for_the_host(instructions, cc, run):
    """Whether they mean something to the program or end it differs; that time runs out does not."""
    got = run(cc(program(f'__asm__ volatile("{instructions}"); for (volatile int i = 0;; i++);')), options=["--timeout", "0.3"])
    assert got.status in (124, 133, 139) and got.stderr


def test_registers_of_a_crash_are_exact(cc, run):
    body = """
    __asm__ volatile("mov $0x1111, %rax; mov $0x2222, %rbx; mov $0x3333, %rcx; mov $0x4444, %rdx;"
                     "mov $0x5555, %rsi; mov $0x6666, %rdi; mov $0x8888, %r8; mov $0xffff, %r15;"
                     "movb $1, 0x7777");"""
    got = run(cc(program(body)))
    assert got.status == 139
    assert "write to 0x7777" in got.stderr and "main+" in got.stderr
    for name, value in {"rax": 0x1111, "rbx": 0x2222, "rcx": 0x3333, "rdx": 0x4444, "rsi": 0x5555, "rdi": 0x6666,
                        "r8 ": 0x8888, "r15": 0xffff}.items():
        assert f"{name} {value:016x}" in got.stderr, got.stderr


def test_spinning_ends_by_time_and_by_signal(cc, run, spawn):
    image = cc(program('puts("up"); fflush(stdout); for (volatile int i = 0;; i++);'))
    got = run(image, options=["--timeout", "0.3"])
    assert (got.status, got.stdout) == (124, "up\n")
    process = spawn(image, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.terminate()
    assert process.wait(10) == -15


def test_clock_is_the_hosts(cc, run):
    image = cc(program("""
    struct timespec mono, wall, then;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    usleep(300000);
    clock_gettime(CLOCK_MONOTONIC, &then);
    printf("%ld.%09ld %ld.%09ld %ld.%09ld\\n", mono.tv_sec, mono.tv_nsec, wall.tv_sec, wall.tv_nsec,
           then.tv_sec, then.tv_nsec);"""))
    before = time.monotonic(), time.time()
    mono, wall, then = map(float, run(image).stdout.split())
    after = time.monotonic(), time.time()
    slack = 0.001
    assert before[0] - slack <= mono <= after[0] - 0.3 + slack
    assert before[1] - slack <= wall <= after[1] + slack
    assert 0.3 <= then - mono and then <= after[0] + slack


def test_protections_follow_every_change(cc, run):
    """Many pages through many states; contents stay where they must and are gone where they must."""
    image = cc(program("""
    enum { PAGES = 1100, PAGE = 4096 };
    char *p = mmap(NULL, PAGES * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PAGES; i++)
            p[i * PAGE] = (char)(i + round);
        if (mprotect(p, PAGES * PAGE, PROT_READ)) return 1;
        for (int i = 0; i < PAGES; i++)
            if (p[i * PAGE] != (char)(i + round)) return 2;
        if (mprotect(p, PAGES * PAGE, PROT_NONE) || mprotect(p, PAGES * PAGE, 3)) return 3;
        for (int i = 0; i < PAGES; i++)
            if (p[i * PAGE]++ != (char)(i + round)) return 4;
        if (munmap(p + 100 * PAGE, 800 * PAGE)) return 5;
        if (mmap(p + 100 * PAGE, 800 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) return 6;
        for (int i = 100; i < 900; i++)
            if (p[i * PAGE]) return 7;
    }"""))
    assert run(image).status == 0


@pytest.mark.parametrize("seed", range(4))
def test_random_protections(seed, cc, run):
    image = cc(ROOT / "tests/system/protections.c", "-O1", f"-I{ROOT}")
    for how in ("read", "write"):
        got = run(image, str(seed), "60", how)
        what = "read of" if how == "read" else "write to"
        assert got.status == 139 and got.stdout.count("\n") == 1, (got.stdout, got.stderr)
        assert f"segmentation fault: {what} {got.stdout.strip()} in the heap" in got.stderr


FAULTS_PROGRAM = """
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
static volatile sig_atomic_t last, code;
static void *volatile at;
static sigjmp_buf back;
static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    last = sig, code = info->si_code, at = info->si_addr;
    siglongjmp(back, 1);
}
static volatile int zero;
static int caught(int how, void *p)
{
    if (sigsetjmp(back, 1))
        return last;
    switch (how) {
    case 0: return *(volatile char *)p;
    case 1: *(volatile char *)p = 1; break;
    case 2: ((void (*)(void))p)(); break;
    case 3: return 7 / zero;
    case 4: __asm__ volatile("ud2"); break;
    case 5: __asm__ volatile("int3"); break;
    case 6: return *(volatile char *)0x8000000000000000;
    case 7: __asm__ volatile("std; movb $1, 8; cld"); break;
    }
    return 0;
}
int main(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < 5; i++)
        sigaction(signals[i], &act, NULL);
    char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + (2 << 20), 4096, PROT_READ);
    double sum = 0;
    for (int i = 0; i < 300; i++) {
        static const struct { int how, sig; long offset; } cases[] = {
            {0, SIGSEGV, -1}, {1, SIGSEGV, 2 << 20}, {2, SIGSEGV, 0}, {3, SIGFPE, 0}, {4, SIGILL, 0}, {5, SIGTRAP, 0},
            {6, SIGSEGV, 0}, {7, SIGSEGV, -1},
        };
        const int c = i % 8;
        void *where = cases[c].offset < 0 ? (void *)8 : p + cases[c].offset;
        sum += 0.5;
        if (caught(cases[c].how, where) != cases[c].sig || (cases[c].how < 3 && at != where)) {
            printf("case %d: signal %d at %p, not %p\\n", c, (int)last, at, where);
            return 1;
        }
    }
    return sum == 150 ? 0 : 2;
}
"""


def test_faults_reach_the_program(cc, run):
    got = run(cc(FAULTS_PROGRAM, "-O1"))
    assert (got.status, got.stdout, got.stderr) == (0, "", "")


SPIN_UNTIL = """
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile sig_atomic_t caught;
static void note(int sig) { caught = sig; }
int main(void)
{
    signal(SIGTERM, note);
    puts("up");
    fflush(stdout);
    double d = 1;
    unsigned long n = 0;
    while (!caught)
        d *= 1.0000001, n++;
    return caught == SIGTERM && n > 1000 && d > 1 ? 42 : 1;
}
"""


def test_signal_reaches_a_program_that_spins(cc, spawn):
    process = spawn(cc(SPIN_UNTIL), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    time.sleep(0.1)
    process.terminate()
    assert process.wait(10) == 42


JIT = """
    unsigned char *p = mmap(NULL, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++) {
        memcpy(p, "\\xb8\\x00\\x00\\x00\\x00\\xc3", 6);
        p[1] = (unsigned char)i;
        if (mprotect(p, 4096, PROT_READ | PROT_EXEC)) { perror("mprotect"); return 9; }
        if (((int (*)(void))p)() != i) return 8;
        if (mprotect(p, 4096, PROT_READ | (i == 2 ? 0 : PROT_WRITE))) return 7;
    }
    puts("made"); fflush(stdout);
    ((int (*)(void))p)();
"""


def test_code_made_at_run_time_only_where_allowed(cc, run):
    image = cc(program(JIT))
    assert run(image).status == 9
    got = run(image, options=["--allow-jit"])
    assert (got.status, got.stdout) == (139, "made\n") and "not executable" in got.stderr, got.stderr


def test_vectors_are_kept_across_calls(cc, run):
    image = cc(program("""
    double d = 1.25, sum = 0;
    for (int i = 0; i < 100; i++) { sum += d * i; if (write(1, ".", 1) != 1) return 1; }
    return sum == 1.25 * 4950 ? 0 : 2;"""), "-O2")
    assert run(image).status == 0
