# SPDX-License-Identifier: MIT
"""Images as virtual machines of their own, in ring 0: pith run --on qemu, and QEMU started by hand."""
import os
import pty
import random
import re
import shutil
import struct
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


@pytest.mark.parametrize("body, state", [("for (;;) sleep(1000);", "slept"), ('__asm__ volatile("cli"); for (;;);', "was busy"),
                                         ("for (;;);", "was busy")], ids=["asleep", "interrupts off", "busy"])
def test_timeout_says_where(body, state, cc, vm):
    image = cc(main(body), "-O1", "-g")
    got = vm(image, options=["--timeout", "2"])
    assert got.status == 124, got.stderr
    found = re.search(r"^pith: timed out\npith: the machine (.*) at image\+(0x[0-9a-f]+) ", got.stderr)
    assert found and found.group(1) == state, got.stderr
    if state == "was busy":
        assert execute(["addr2line", "-f", "-e", image, found.group(2)]).stdout.startswith("main\n")


def test_triple_fault(cc, vm):
    got = vm(cc(main("struct { unsigned short l; unsigned long b; } __attribute__((packed)) none = {0, 0};"
                     ' __asm__ volatile("lidt %0; int3" : : "m"(none)); return 0;')))
    assert (got.status, "a triple fault" in got.stderr) == (139, True), got.stderr


def test_exhausted_memory(cc, vm):
    """The library OS says what is not to be had; the program goes on, or dies of what it makes of it."""
    image = cc(main("char *volatile p, *last = NULL; while ((p = malloc(1 << 20))) memset(last = p, 1, 1 << 20);"
                    ' puts("no more"); fflush(stdout); if (argc > 1) *(volatile char *)p = 1; return last == NULL;'))
    got = vm(image)
    assert (got.stdout, got.status) == ("no more\n", 0), got.stderr
    assert "pith: out of memory" in got.stderr
    got = vm(image, "die")
    assert (got.stdout, got.status) == ("no more\n", 139), got.stderr
    assert "write to 0x0 in the null page" in got.stderr


def test_not_for_machines(cc, vm):
    got = vm(cc(HELLO, "--target=hosted"))
    assert (got.status, "link it without --target=hosted" in got.stderr) == (126, True)


def test_bare_only(cc, vm, pith):
    image = cc(HELLO, "--target=bare")
    assert vm(image).stdout == "hello\n"
    got = pith("run", image)
    assert (got.status, "made for bare machines only" in got.stderr) == (126, True)


DISK = main(r"""
    static char constants[1] = "", *fresh;
    int in = open("/dev/disk/by-id/virtio-in", O_RDONLY), out = open("/dev/vda", O_RDWR);
    size_t size = (size_t)lseek(in, 0, SEEK_END);
    fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* no page is there yet */
    printf("%d %d %zd ", in < 0, out < 0, pread(in, fresh, size, 0));
    printf("%zd %d ", pwrite(out, fresh, size, 512), fsync(out));
    errno = 0;
    lseek(in, 0, SEEK_SET);
    printf("%zd ", read(in, (char *)((unsigned long)main & -4096ul), 512));
    printf("%d ", errno);
    mprotect(fresh, 4096, PROT_NONE);
    errno = 0;
    printf("%zd ", read(in, fresh, 512));
    printf("%d\n", errno);
    return open("/dev/vdb", O_RDWR) >= 0 || errno != EROFS || constants[0];""").replace(
        "#include <stdio.h>", "#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>", 1)


@pytest.mark.parametrize("machine", MACHINES)
def test_disks(machine, cc, vm, tmp_path):
    data = random.Random(5).randbytes(3 << 20)
    (tmp_path / "in").write_bytes(data)
    (tmp_path / "out").write_bytes(bytes(4 << 20))
    got = vm(cc(DISK), way=machine, options=["--disk", f"out={tmp_path}/out", "--disk", f"in={tmp_path}/in:ro"])
    assert (got.stdout, got.status) == (f"0 0 {3 << 20} {3 << 20} 0 -1 14 -1 14\n", 0), got.stderr
    assert (tmp_path / "out").read_bytes() == bytes(512) + data + bytes((1 << 20) - 512)


def test_disk_and_shared_mapping(cc, vm, tmp_path):
    """A page that shows another one's memory is not where devices look for it."""
    data = random.Random(6).randbytes(64 << 10)
    (tmp_path / "disk").write_bytes(data + bytes(64 << 10))
    image = cc(main(r"""
    static char back[64 << 10];
    int disk = open("/dev/vda", O_RDWR), file = open("/tmp/x", O_RDWR | O_CREAT, 0600);
    ftruncate(file, 64 << 10);
    char *p = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (p == MAP_FAILED || read(disk, p, 64 << 10) != 64 << 10 || pread(file, back, 64 << 10, 0) != 64 << 10)
        return 1;
    return memcmp(p, back, 64 << 10) != 0 || write(disk, p, 64 << 10) != 64 << 10;""").replace(
        "#include <stdio.h>", "#include <fcntl.h>\n#include <stdio.h>", 1))
    got = vm(image, options=["--disk", f"d={tmp_path}/disk"])
    assert got.status == 0, got.stderr
    assert (tmp_path / "disk").read_bytes() == data + data


@pytest.mark.parametrize("machine", MACHINES)
def test_eight_disks(machine, cc, vm, tmp_path):
    for name in "abcdefgh":
        (tmp_path / name).write_bytes(name.encode() * 512)
    image = cc(main("char p[] = \"/dev/vda\", c; for (; p[7] < 'i'; p[7]++) { FILE *f = fopen(p, \"r\"); putchar(fgetc(f)); }"
                    " while (read(0, &c, 1) == 1) putchar(c); return 0;"))
    got = vm(image, way=machine, options=[f"--disk={n}={tmp_path}/{n}" for n in "abcdefgh"], stdin=b"input")
    assert (got.stdout, got.status) == ("abcdefghinput", 0), got.stderr


def test_disk_in_use(cc, vm, tmp_path):
    """Two machines of QEMU, of which one writes."""
    (tmp_path / "disk").write_bytes(bytes(4096))
    image = cc(main('puts("up"); fflush(stdout); return getchar();'))
    argv = [PITH, "run", "--on", "qemu", "-m", "32M", "--disk", f"d={tmp_path}/disk", image]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"up\n"
        got = vm(image, options=["--disk", f"d={tmp_path}/disk"])
        first.stdin.close()
        assert first.wait(20) == 255
    assert got.status == 125 and ("in use" in got.stderr or "lock" in got.stderr), got.stderr


def by_hand(image, *options, machine="microvm,acpi=off,rtc=on,pic=off,pit=off,auto-kernel-cmdline=off", cpu="max"):
    return execute(["qemu-system-x86_64", "-M", machine, "-nodefaults", "-no-user-config", "-no-reboot", "-display",
                    "none", "-cpu", cpu, "-m", "32M", "-kernel", image,
                    *([] if "-chardev" in options else ["-serial", "stdio"]), *options], timeout=60)


EXIT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
MODERN = ["-global", "virtio-mmio.force-legacy=false"]
ANNOUNCED = "microvm,acpi=off,rtc=on,pic=off,pit=off"  # QEMU adds words for the devices to the command line
ARGUMENTS = main('for (int i = 0; i < argc; i++) printf("[%s]", argv[i]); puts(""); return 0;')
FIRST_BYTE = main('FILE *f = fopen("/dev/vda", "r"); printf("%d\\n", f ? fgetc(f) : -1); return 0;')


def drive(path, *options):
    return ["-drive", ",".join([f"if=none,id=d,format=raw,file={path}", *options])]


def test_devices_that_the_machine_announces(cc, tmp_path):
    (tmp_path / "disk").write_bytes(b"*" * 512)
    options = [*EXIT, *MODERN, *drive(tmp_path / "disk"), "-device", "virtio-blk-device,drive=d"]
    got = by_hand(cc(ARGUMENTS), *options, "-append", "prog one", machine=ANNOUNCED)
    assert got.stdout == "[prog][one]\n"
    got = by_hand(cc(FIRST_BYTE), *options, machine=ANNOUNCED)
    assert got.stdout == "42\n"


def test_legacy_device_is_named(cc, tmp_path):
    (tmp_path / "disk").write_bytes(b"*" * 512)
    got = by_hand(cc(FIRST_BYTE), *EXIT, *drive(tmp_path / "disk"), "-device", "virtio-blk-device,drive=d", machine=ANNOUNCED)
    assert re.search(r"^pith: virtio device at 0xfeb[0-9a-f]+: a legacy device \(QEMU: ", got.stdout), got.stdout
    assert got.stdout.endswith("-1\n")


@pytest.mark.parametrize("word, message", [
    ("4K@0xd0000000:5", "there is no device"), ("4K@0x200000:5", "not where registers can be"),
    ("4K@0:5", "not where registers can be"), ("4K@0xfee00000:5", "not where registers can be"),
    ("0x100000@0xfeb80000:5", "not where registers can be"), ("16@0xfeb00000:5", "not where registers can be"),
    ("4K@0xfffffffffff000:5", "not where registers can be"), ("512@0xfeb00001:5", "not where registers can be"),
    ("nonsense", "malformed virtio_mmio.device="), ("", "malformed virtio_mmio.device=")])
def test_wild_words(word, message, cc):
    got = by_hand(cc(ARGUMENTS), *EXIT, "-append", f"prog virtio_mmio.device={word} one")
    assert re.fullmatch(rf"pith: .*{re.escape(message)}.*\n\[prog\]\[one\]\n", got.stdout), got.stdout
    assert got.status == 1


def test_as_many_words_as_fit(cc):
    words = " ".join(f"virtio_mmio.device=4K@0x{0xd0000000 + i * 0x40000000:x}:5" for i in range(60))
    got = by_hand(cc(ARGUMENTS), *EXIT, "-append", f"prog {words}")
    assert "too many virtio_mmio.device=" in got.stdout
    assert got.stdout.endswith("[prog]\n")


@pytest.mark.parametrize("machine, kind", [(ANNOUNCED, "device"), ("q35", "pci")])
def test_entropy_device(machine, kind, cc):
    """A CPU without a generator has a warning, unless there is a device for it."""
    image = cc(main('unsigned char b[16]; getentropy(b, 16); for (int i = 0; i < 16; i++) printf("%02x", b[i]); puts(""); return 0;'))
    without = by_hand(image, *EXIT, machine=machine, cpu="max,-rdrand")
    assert "the CPU has no random numbers" in without.stdout
    two = [by_hand(image, *EXIT, *MODERN, "-device", f"virtio-rng-{kind}", machine=machine, cpu="max,-rdrand").stdout
           for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}\n", t) for t in two) and two[0] != two[1], two


@pytest.mark.parametrize("machine, kind", [(ANNOUNCED + ",isa-serial=off", "device"), ("q35", "pci")])
def test_console_instead_of_serial_ports(machine, kind, cc):
    got = by_hand(cc(main('puts("hello"); fputs("error\\n", stderr); return 3;')), *EXIT, *MODERN, "-chardev", "stdio,id=c", "-device",
                  f"virtio-serial-{kind},max_ports=1", "-device", "virtconsole,chardev=c", machine=machine)
    assert (got.stdout, got.status) == ("hello\nerror\n", 7)


@pytest.mark.parametrize("machine, kind", [(ANNOUNCED, "device"), ("q35", "pci"), ("pc", "pci"), ("q35", "pci,disable-legacy=on"),
                                           ("q35", "pci,vectors=0"), ("q35", "pci,event_idx=off,indirect_desc=off"),
                                           (ANNOUNCED, "device,event_idx=off,indirect_desc=off,queue-size=4"), ("q35", "pci behind a bridge")])
def test_slow_disk(machine, kind, cc, tmp_path):
    """A disk that takes its time: the machine sleeps until an interrupt, or looks from time to time where none comes."""
    (tmp_path / "disk").write_bytes(b"*" * 65536)
    image = cc(main(r"""
    static char b[512];
    struct timespec t0, t1;
    int fd = open("/dev/vda", O_RDONLY);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    for (int i = 0; i < 8; i++)
        if (pread(fd, b, 512, i * 512) != 512 || b[511] != '*')
            return 1;
    clock_gettime(CLOCK_MONOTONIC, &t1);
    printf("%ld\n", (long)(t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000);
    return 0;""").replace("#include <stdio.h>", "#include <fcntl.h>\n#include <stdio.h>", 1))
    bridge = ["-device", "pcie-root-port,id=rp"] if "bridge" in kind else []
    kind = kind.replace(" behind a bridge", ",bus=rp")
    got = by_hand(image, *EXIT, *MODERN, *drive(tmp_path / "disk", "throttling.iops-total=20"), *bridge,
                  "-device", f"virtio-blk-{kind},drive=d", machine=machine)
    assert got.status == 1, got.stdout
    assert 150 <= int(got.stdout) <= 5000, got.stdout


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


# --- What VMMs that cannot be had here expect of an image and its machine (docs/bare.md)

# Those of docs/bare.md; reading or writing any other one is a fault of the platform.
PORTS = {*range(0x3f8, 0x400), *range(0x2f8, 0x300), 0xe9, 0xf4, 0x604, 0x64, 0xcf8, 0xcf9, 0xcfc, 0x21, 0xa1, 0x70, 0x71,
         0x42, 0x43, 0x61}


@pytest.mark.parametrize("machine", ["microvm,acpi=off,rtc=on,auto-kernel-cmdline=off", "microvm,acpi=off,rtc=off,pic=off,pit=off"])
def test_ports(machine, cc, tmp_path):
    """Every access that QEMU's memory regions see, from the first one of the image on."""
    image = cc(main("time_t t = time(NULL); usleep(1000); puts(\"hello\"); return t == 0;"))
    log = tmp_path / "log"
    got = by_hand(image, *EXIT, "-trace", "enable=memory_region_ops_read", "-trace", "enable=memory_region_ops_write",
                  "-D", log, machine=machine)
    assert got.stdout.endswith("hello\n")
    seen = [int(a, 16) for a in re.findall(r"^memory_region_ops_.* addr 0x([0-9a-f]+) ", log.read_text(), re.M)]
    seen = {a for a in seen[seen.index(0x2ff):] if a < 0x10000}
    assert {0x3f8, 0xf4, 0xcf8} <= seen
    assert seen <= PORTS, [hex(a) for a in sorted(seen - PORTS)]


def test_model_specific_registers(cc):
    """Only EFER, and KVM's clock where CPUID says that it is there."""
    code = execute(["objdump", "-d", "--no-show-raw-insn", cc(main("usleep(1); return 0;"))]).stdout.splitlines()
    found = []
    for i, line in enumerate(code):
        if re.search(r"\t(rd|wr)msr", line):
            loads = [re.search(r"mov +\$0x([0-9a-f]+),%ecx", earlier) for earlier in code[i - 16:i]]
            found.append(int([load for load in loads if load][-1].group(1), 16))
    assert set(found) == {0xc0000080, 0x4b564d01}


def test_elf_file_of_a_pvh_guest(cc):
    """An ELF64 executable for x86-64 whose segments have physical addresses from 1 MiB on, and one note "Xen" of type 18 with the
    32-bit entry point, in a PT_NOTE."""
    elf = cc(HELLO, "-O2", "-s").read_bytes()
    assert elf[:6] == b"\x7fELF\x02\x01" and struct.unpack_from("<HH", elf, 16)[1] == 62
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    assert size == 56
    entries, loads = [], []
    for i in range(count):
        kind, flags, start, virtual, physical, length, memory, _ = struct.unpack_from("<IIQQQQQQ", elf, offset + i * size)
        if kind == 1:
            assert physical == virtual + (1 << 20) and physical % 4096 == start % 4096 and length <= memory
            loads.append((physical, physical + memory, flags))
        at = start
        while kind == 4 and at < start + length:
            name, desc, number = struct.unpack_from("<III", elf, at)
            if (elf[at + 12:at + 12 + name], number) == (b"Xen\0", 18):
                assert desc in (4, 8)
                entries.append(int.from_bytes(elf[at + 16:at + 16 + desc], "little"))
            at += 12 + (name + 3 & ~3) + (desc + 3 & ~3)
    assert len(entries) == 1
    assert [flags for begin, end, flags in loads if begin <= entries[0] < end] == [5], "the entry is code"
    assert all(a[1] <= b[0] for a, b in zip(loads, loads[1:]))


def test_firecrackers_command_line(cc):
    """As its documentation says that it makes one: boot_args, and a word of 4K for each device behind them."""
    got = by_hand(cc(ARGUMENTS), *EXIT, "-append", "prog one virtio_mmio.device=4K@0xd0000000:5 virtio_mmio.device=4K@0xd0001000:6")
    assert got.stdout.splitlines()[-1] == "[prog][one]"
    assert got.stdout.count("there is no device") == 2


def test_output_that_can_be_read_too(cc, tmp_path):
    """A terminal and a file that was opened for both are written to like any other output, at their place."""
    image = cc('#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    master, slave = pty.openpty()
    done = subprocess.run([PITH, "run", "--on", "qemu", image], stdin=subprocess.DEVNULL, stdout=slave, timeout=60)
    os.close(slave)
    assert (done.returncode, os.read(master, 100)) == (0, b"hello\r\n")
    os.close(master)
    with open(tmp_path / "both", "w+") as both:
        both.write("before\n")
        both.flush()
        assert subprocess.run([PITH, "run", "--on", "qemu", image], stdin=subprocess.DEVNULL, stdout=both, timeout=60).returncode == 0
    assert (tmp_path / "both").read_text() == "before\nhello\n"
