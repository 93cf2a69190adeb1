# SPDX-License-Identifier: MIT
"""Images as virtual machines of their own, in ring 0: pith run --on qemu, and QEMU started by hand."""
import re
import shutil
import subprocess

import pytest

from frame import PITH, ROOT, execute
from test_calls import CALLS, compared, directives

pytestmark = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"),
                                reason="qemu-system-x86_64 is not installed")

MACHINES = ["qemu", "qemu:q35", "qemu:pc"]
HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
HEAD = "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n" \
       "#include <sys/mman.h>\n#include <time.h>\nstatic volatile int zero;\n"


@pytest.fixture
def cc(cc):
    cc.command = [*cc.command, "--target=universal"]
    return cc


@pytest.fixture
def vm():
    def start(image, *args, way="qemu", options=(), stdin=b""):
        return execute([PITH, "run", "--on", way, "-m", "32M", "--timeout", "20", *options, image, *args], stdin)

    return start


def main(body):
    return HEAD + "int main(int argc, char **argv)\n{\n    (void)argc, (void)argv;\n" + body + "\n}\n"


@pytest.mark.parametrize("machine", MACHINES)
def test_output_and_arguments(machine, cc, vm):
    image = cc(main('for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);'
                    ' printf("%s %.2f\\n", getenv("WHO"), 1.5); return 77;'))
    arguments = ["one", "two words", "", 'quo"te', "back\\slash", "A=b", "--flag"]
    got = vm(image, *arguments, way=machine, options=["-e", "WHO=x y=z"])
    assert got.stdout == "".join(f"[{a}]" for a in arguments) + "x y=z 1.50\n", got.stderr
    assert got.status == 77


@pytest.mark.parametrize("program", ["clocks", "copies", "dirs", "libc", "memory", "memory_random", "open", "pipes", "poll",
                                     "signals", "stat", "stdio_format", "stdio_streams", "times"])
def test_calls_as_on_linux(program, cc, native, vm, linux):
    """Some of the programs that test_calls.py runs on the other ways."""
    path = CALLS / f"{program}.c"
    say = directives(path)
    flags = ["-O1", f"-I{CALLS}", *say["flags"]]
    expected = linux(native(path, *flags), *say["args"], stdin=say["stdin"], env=say["env"])
    environment = [o for k, v in say["env"].items() for o in ("-e", f"{k}={v}")]
    got = vm(cc(path, *flags), *say["args"], stdin=say["stdin"], options=["-m", "256M", *environment])
    assert compared(got) == compared(expected), got.stderr


@pytest.mark.parametrize("status", [0, 1, 127, 128, 255])
def test_exit_status(status, cc, vm):
    assert vm(cc(f"int main(void) {{ return {status}; }}\n")).status == status


def test_standard_error_is_apart(cc, vm):
    got = vm(cc(main('puts("out"); fputs("err\\n", stderr); return 0;')))
    assert (got.stdout, got.stderr, got.status) == ("out\n", "err\n", 0)


def test_input_byte_for_byte(cc, vm):
    image = cc(main("static char b[777]; long n; while ((n = read(0, b, sizeof(b))) > 0)"
                    " for (long at = 0; at < n;) at += write(1, b + at, n - at); return n < 0;"))
    data = bytes(range(256)) * 4
    got = vm(image, stdin=data)
    assert (got.raw, got.status) == (data, 0), got.stderr


def test_files_and_packed_root(cc, vm, pith, tmp_path):
    image = cc(main('char l[40] = ""; FILE *f = fopen("/etc/greeting", "r"); fgets(l, 40, f); fputs(l, stdout);'
                    ' f = fopen("/tmp/x", "w+"); fputs("written\\n", f); rewind(f); fgets(l, 40, f);'
                    " fputs(l, stdout); return 0;"))
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/greeting").write_text("from the image\n")
    assert pith("pack", image, "--root", tmp_path / "root").status == 0
    got = vm(image)
    assert (got.stdout, got.status) == ("from the image\nwritten\n", 0), got.stderr


def test_memory(cc, vm):
    """Fresh memory is zero, keeps what is written, survives PROT_NONE, and is zero again after it was given back."""
    image = cc(main("""
    size_t len = 9 << 20;
    for (int round = 0; round < 3; round++) {
        unsigned char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return 1;
        for (size_t i = 0; i < len; i += 4096)
            if (p[i] || p[i + 4095])
                return 2;
        memset(p, 0xa5, len);
        if (mprotect(p + 4096, 3 << 20, PROT_NONE) || mprotect(p + 4096, 3 << 20, PROT_READ))
            return 3;
        for (size_t i = 0; i < len; i++)
            if (p[i] != 0xa5)
                return 4;
        if (munmap(p, len))
            return 5;
    }
    puts("sound");
    return 0;"""))
    got = vm(image)
    assert (got.stdout, got.status) == ("sound\n", 0), got.stderr


@pytest.mark.parametrize("machine", MACHINES)
def test_clocks(machine, cc, vm):
    image = cc(main("""
    struct timespec a, b, w;
    clock_gettime(CLOCK_MONOTONIC, &a);
    usleep(300000);
    clock_gettime(CLOCK_MONOTONIC, &b);
    clock_gettime(CLOCK_REALTIME, &w);
    printf("%.3f %ld\\n", (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9, (long)w.tv_sec);
    return 0;"""))
    before = int(subprocess.run(["date", "+%s"], stdout=subprocess.PIPE, check=True).stdout)
    got = vm(image, way=machine)
    slept, wall = got.stdout.split()
    assert 0.3 <= float(slept) < 3, "the sleep"
    assert before - 2 <= int(wall) <= before + 20, "the time of day"


CRASHES = {
    "null": ("*(volatile int *)(8ul + (unsigned long)zero) = 1; return 0;", 139, "write to 0x8 in the null page; a null pointer"),
    "null call": ("((void (*)(void))(unsigned long)zero)(); return 0;", 139, "a null function pointer was called"),
    "write to constants": ('static const char c[] = "c"; *(volatile char *)&c[zero] = 1; return 0;', 139,
                           "write to 0x[0-9a-f]+ in the program's constants"),
    "write to code": ("*(volatile char *)(unsigned long)main = 1; return 0;", 139, "in the program's code"),
    "write to relocated constants": ("*(int *volatile *)&table[zero] = 0; return 0;", 139,
                                     "write to 0x[0-9a-f]+ in the program's data"),
    "execute data": ("static char code[] = {(char)0xc3}; ((void (*)(void))(unsigned long)code)(); return 0;", 139,
                     "execution of 0x[0-9a-f]+ in the program's data; memory that is not executable"),
    "execute the stack": ("volatile char code[] = {(char)0xc3}; ((void (*)(void))(unsigned long)code)(); return 0;", 139,
                          "execution of 0x[0-9a-f]+ in the stack; memory that is not executable"),
    "execute the heap": ("char *p = malloc(10); p[0] = (char)0xc3; ((void (*)(void))(unsigned long)p)(); return 0;", 139,
                         "execution of 0x[0-9a-f]+ in the heap; memory that is not executable"),
    "after munmap": ("char *p = mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); p[0] = 1; munmap(p, 8192);"
                     " return *(volatile char *)p;", 139, "read of 0x[0-9a-f]+ in the heap"),
    "read-only": ("char *p = mmap(NULL, 8192, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); *(volatile char *)p = 1;"
                  " return 0;", 139, "write to 0x[0-9a-f]+ in the heap"),
    "stack overflow": ("char b[5000]; b[zero] = 1; main(argc + b[zero], argv); return b[1];", 139, "stack overflow"),
    "division": ("return 12345 / zero;", 136, "integer division by zero"),
    "ud2": ('__asm__ volatile("ud2"); return 0;', 132, "illegal instruction"),
    "damaged heap": ("void *p[9]; for (int i = 0; i < 9; i++) p[i] = malloc(100); free(p[4]); free(p[4]); return 0;", 139,
                     "stopped itself"),
    "abort": ("abort();", 134, r"abort\(\) called"),
    "deadlock": ("int p[2]; char c; if (pipe(p)) return 1; return (int)read(p[0], &c, 1);", 134,
                 "deadlock: the program waits for ever in: read from an empty pipe"),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_crash(crash, cc, vm):
    body, status, report = CRASHES[crash]
    more = "int x;\nint *const table[] = {&x};\n" if "table" in body else ""
    got = vm(cc(more + main(body), "-O0", "-g"))
    assert got.status == status, got.stderr
    assert re.search("^pith: .*" + report, got.stderr, re.M), got.stderr
    assert re.search(r"^  #1 +image\+0x[0-9a-f]+$", got.stderr, re.M), "a back-trace"


def test_back_trace_names_the_callers(cc, vm):
    image = cc(HEAD + "__attribute__((noinline)) void inner(char *p) { *(volatile char *)p = 1; }\n"
               "__attribute__((noinline)) void outer(char *p) { inner(p); __asm__ volatile(\"\"); }\n"
               "int main(void) { outer((char *)16); return 0; }\n", "-O1", "-g")
    report = vm(image).stderr
    offsets = re.findall(r"image\+(0x[0-9a-f]+)", report)
    names = execute(["addr2line", "-f", "-e", image, *offsets]).stdout.splitlines()[::2]
    assert names[:3] == ["inner", "outer", "main"], report


def test_timeout(cc, vm):
    got = vm(cc(main("for (;;) sleep(1000);")), options=["--timeout", "1"])
    assert got.status == 124


def test_not_for_machines(cc, vm):
    got = vm(cc(HELLO, "--target=hosted"))
    assert (got.status, "link it with --target=universal" in got.stderr) == (126, True)


def test_bare_only(cc, vm, pith):
    image = cc(HELLO, "--target=bare")
    assert vm(image).stdout == "hello\n"
    got = pith("run", image)
    assert (got.status, "made for bare machines only" in got.stderr) == (126, True)


def by_hand(image, *options, machine="microvm,acpi=off,rtc=on,pic=off,pit=off,auto-kernel-cmdline=off", cpu="max"):
    return execute(["qemu-system-x86_64", "-M", machine, "-nodefaults", "-no-user-config", "-no-reboot", "-display",
                    "none", "-cpu", cpu, "-m", "32M", "-serial", "stdio", "-kernel", image, *options], timeout=20)


def test_started_by_hand(cc):
    got = by_hand(cc(main('printf("%s %s\\n", argv[1], getenv("A")); return 5;')), "-append", 'A="x y" prog "b c"',
                  "-device", "isa-debug-exit,iobase=0xf4,iosize=4")
    assert (got.stdout, got.status) == ("b c x y\n", 2 * 5 + 1)


@pytest.mark.parametrize("machine", ["microvm,acpi=off,auto-kernel-cmdline=off", "q35", "pc"])
def test_ends_without_an_exit_device(machine, cc):
    """QEMU then cannot tell the status: the machine says it on its serial line, and is gone all the same."""
    got = by_hand(cc(main('puts("done"); return 3;')), machine=machine)
    assert got.stdout == "done\npith: ended with exit status 3\n"


def test_cpu_without_what_is_needed(cc):
    got = by_hand(cc(HELLO), "-device", "isa-debug-exit,iobase=0xf4,iosize=4", cpu="qemu64")
    assert "FSGSBASE" in got.stdout and "-cpu max" in got.stdout
    assert got.status == (2 * 125 + 1) % 256


def test_too_little_memory(cc):
    got = by_hand(cc(main("static volatile char big[40 << 20]; return big[zero];")), "-device",
                  "isa-debug-exit,iobase=0xf4,iosize=4")
    assert (got.stdout, got.status) == ("pith: the image does not fit in the machine's memory: give it more\n",
                                        (2 * 125 + 1) % 256)


def test_no_more_instructions_with_more_memory(cc):
    """Start-up does not depend on the size of memory: the counter of a -icount machine is exact."""
    image = cc(ROOT / "bench/boot.c")
    count = {}
    for size in ("32M", "1G"):
        got = by_hand(image, "-icount", "shift=0", "-m", size, "-device", "isa-debug-exit,iobase=0xf4,iosize=4")
        count[size] = int(re.search(r"entry to main +([0-9]+)", got.stdout).group(1))
    assert count["32M"] <= 60000
    assert abs(count["1G"] - count["32M"]) <= count["32M"] / 100, count
