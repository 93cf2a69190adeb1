# SPDX-License-Identifier: MIT
"""The C library: how system calls become symbols, and musl's files that are replaced (docs/libc.md)."""
import collections
import pathlib
import re
import subprocess

import pytest

from frame import OUT, ROOT, execute

LIB = OUT / "lib" / "pith" / "lib"
INCLUDE = OUT / "lib" / "pith" / "include"
PROGRAMS = ROOT / "tests" / "system" / "libc"

Call = collections.namedtuple("Call", "number name arguments where legacy")


def table():
    rows = []
    for line in (ROOT / "libos/posix/calls.tbl").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            f = line.split()
            rows.append(Call(int(f[0]), f[1], int(f[2]), f[3], len(f) == 5))
    return rows


def symbols(path, *options):
    """(member, kind, name) of each symbol of an archive or image."""
    text = subprocess.run(["nm", "-A", *options, path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    found = []
    for line in text.splitlines():
        where, _, rest = line[len(str(path)) + 1:].rpartition(":") if ".a:" in line else ("", "", line)
        *_, kind, name = rest.split()
        found.append((where, kind, name))
    return found


def services(image):
    """The system calls that are part of an image."""
    return {name[len("pith_sys_"):] for _, kind, name in symbols(image)
            if name.startswith("pith_sys_") and kind in "tT"}


# The table

def test_numbers_are_the_kernels():
    header = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    kernel = {(int(n), name) for name, n in re.findall(r"#define __NR_(\w+) (\d+)", header)}
    last, _ = max(kernel)  # the table may have newer calls than the headers
    assert {(c.number, c.name) for c in table() if c.number <= last} == kernel


def test_calls_with_a_file_are_defined_there_and_no_others():
    defined = {name[len("pith_sys_"):]: member for member, kind, name in symbols(LIB / "libpith.a", "--defined-only")
               if name.startswith("pith_sys_") and "." not in name}  # gcc's parts: NAME.cold
    assert defined.pop("clone3") == "arch-x86_64-clone3.o"  # its entry is assembly, the rest posix/clone3.c
    assert defined == {c.name: f"posix-{c.where}.o" for c in table() if c.where != "-" and c.name != "clone3"}


def test_the_missing_archive_has_the_missing_calls():
    defined = [name[len("pith_sys_"):] for _, kind, name in symbols(LIB / "libpith-missing.a", "--defined-only")
               if name.startswith("pith_sys_")]
    functions = ["popen", "posix_spawn", "system"]  # refused by their own names
    assert sorted(defined) == sorted([c.name for c in table() if c.where == "-"] + functions)


@pytest.mark.parametrize("line, complaint", [
    ("0 read 3", "want: number"),
    ("0 read 7 io", "not 0 to 6"),
    ("0 read 3 io\n0 write 3 io", "ascend"),
    ("0 read 3 io\n1 read 3 io", "twice"),
    ("0 read 3 io modern", "want: number"),
    ("x read 3 io", "not a number"),
    ("# nothing", "no calls"),
])
def test_a_table_that_is_not_sound_is_refused(tmp_path, line, complaint):
    (tmp_path / "calls.tbl").write_text(line + "\n")
    result = execute([ROOT / "tools/gen-calls", "cases", tmp_path / "calls.tbl"])
    assert result.status != 0 and complaint in result.stderr


# libc.a

def test_libc_has_no_system_call_instruction():
    with subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", LIB / "libc.a"], stdout=subprocess.PIPE,
                          text=True) as dump:
        instructions = [line.split("\t")[1].split() for line in dump.stdout if line.count("\t") == 1]
    assert len(instructions) > 50000
    entries = {" ".join(i) for i in instructions if i and i[0] in ("syscall", "sysenter", "int")}
    assert entries == {"int $0xf4"}  # a fault on purpose, by which a damaged program stops (musl/include/atomic_arch.h)


def test_all_of_libc_calls_by_name():
    users = {member for member, kind, name in symbols(LIB / "libc.a") if name == "pith_syscall_dyn"}
    assert users == {"syscall.o"}


def test_libc_needs_nothing_but_calls():
    """Whatever libc.a leaves undefined is a system call, libgcc's, or one of a few known symbols."""
    found = symbols(LIB / "libc.a")
    defined = {name for _, kind, name in found if kind != "U"}
    calls = {"pith_sys_" + c.name for c in table()} | {"pith_sys_popen", "pith_sys_posix_spawn", "pith_sys_system"}
    missing = {name for _, kind, name in found if kind == "U"} - defined - calls
    assert missing == {"pith_syscall_dyn", "pith_plat_crash", "pith_cancel_interrupt",
                       "pith_inet_parts", "pith_netlink_parts", "pith_netlink_all_parts",
                       "pith_packet_parts", "pith_clock_monotonic", "pith_clock_wall",
                       "pith_zerocopy_parts", "pith_async_parts", "pith_lease_parts", "pith_pty_nodes", "pith_async_ioctl", "pith_fd_is_terminal", "pith_thread_hold", "pith_thread_release",
                       "pith_creds_spread",
                       "pith_thread_boot_stack", "pith_thread_exit_unmap", "pith_thread_set_pointer", "pith_thread_stack_default",
                       "__ehdr_start", "_GLOBAL_OFFSET_TABLE_",
                       "__mulsc3", "__muldc3", "__mulxc3"}


def test_no_name_is_defined_twice():
    """The linker takes the first that it meets, without a word, and so perhaps the wrong one."""
    names = collections.Counter(name for _, kind, name in symbols(LIB / "libpith.a") if kind in "TDBRVW")
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("archive", ["libc.a", "libpith.a", "libpith-missing.a"])
def test_no_path_of_the_build_machine(archive):
    assert str(ROOT).encode() not in (LIB / archive).read_bytes()


# How programs are linked

def test_hello_takes_what_it_needs(cc):
    assert services(cc('#include <stdio.h>\nint main(void) { puts("hello"); return 0; }')) == {
        "exit_group", "set_tid_address", "writev"}


@pytest.mark.parametrize("flag", ["-O0", "-O2", "-Os"])
def test_a_constant_number_links_by_name(cc, run, flag):
    image = cc("""
        #include <errno.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main(void)
        {
            if (syscall(SYS_getppid) != getppid())
                return 1;
            if (syscall(SYS_write, -1, "x", 1) != -1 || errno != EBADF)
                return 2;
            /* An argument with a comma in it; negative, short and unsigned ones. */
            if (syscall(SYS_pipe2, (int[]){0, 0}, 0) != 0 || syscall(SYS_lseek, (short)-1, 1u, SEEK_SET) != -1 || errno != EBADF)
                return 4;
            return syscall(500) == -1 && errno == ENOSYS ? 0 : 3;
        }""", flag)
    assert services(image) == {"exit_group", "getppid", "lseek", "pipe2", "set_tid_address", "write"}
    assert run(image).status == 0


def test_a_number_known_at_run_time(cc, run):
    """Finds what else is part of the image, and says once for each number what is not."""
    image = cc("""
        #include <errno.h>
        #include <stdlib.h>
        #include <unistd.h>
        int main(int argc, char **argv)
        {
            if (syscall(atoi(argv[1])) != getppid())
                return 1;
            for (int i = 0; i < 3; i++) {
                if (syscall(atoi(argv[2]), 0) != -1 || errno != ENOSYS)
                    return 2;
            }
            return 0;
        }""")
    result = run(image, "110", "318")
    assert (result.status, result.stdout) == (0, "")
    assert len(re.findall(r"syscall\(318, ...\) failed", result.stderr)) == 1
    for number in ("-1", "9999999", "13", "335"):
        assert f"syscall({number}, ...) failed" in run(image, "110", number).stderr


@pytest.mark.parametrize("what, call", [
    ("fork()", "fork"),
    ("vfork()", "vfork"),
    ('execl("/bin/sh", "sh", (char *)0)', "execve"),
    ('system("true")', "system"),
    ("ptrace(0, 0, 0, 0)", "ptrace"),
])
def test_what_is_missing_is_named(cc, what, call):
    result = cc("""
        #include <pthread.h>
        #include <stdlib.h>
        #include <sys/ptrace.h>
        #include <unistd.h>
        void *thread(void *p) { return p; }
        int main(void) { %s; return 0; }""" % what, ok=False)
    assert re.search(rf"\b{call}\b", result.stderr)


def test_allow_missing_answers_enosys_and_says_so_once(cc, run):
    image = cc("""
        #include <errno.h>
        #include <sys/ptrace.h>
        int main(void)
        {
            for (int i = 0; i < 3; i++) {
                if (ptrace(PTRACE_TRACEME, 0, 0, 0) != -1 || errno != ENOSYS)
                    return 1;
            }
            return 0;
        }""", "--allow-missing")
    result = run(image)
    assert result.status == 0
    assert result.stderr.count("ptrace does not exist here") == 1


def test_weak_symbols_that_nothing_defines(cc, run):
    image = cc("""
        #include <stdlib.h>
        __attribute__((weak)) extern void function(void);
        __attribute__((weak)) extern int variable;
        int main(void) { return function || &variable || !malloc(1000000); }""")
    assert run(image).status == 0


# Start, thread-local storage, stack protector

def test_start(cc, run):
    """Constructors and destructors in order, arguments, environment, program names, atexit."""
    image = cc("""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        __attribute__((constructor(101))) static void a(int argc) { puts("first"); }
        __attribute__((constructor(102))) static void b(void) { puts("second"); }
        __attribute__((destructor)) static void c(void) { puts("last"); }
        static void d(void) { puts("atexit"); }
        int main(int argc, char **argv, char **envp)
        {
            atexit(d);
            printf("%d %s %s %s\\n", argc, argv[1], getenv("KEY"), argv[argc] ? "?" : "end");
            printf("%d\\n", program_invocation_short_name > program_invocation_name);
            return 7;
        }""")
    result = run(image, "arg", env={"KEY": "value"})
    assert (result.status, result.stdout) == (7, "first\nsecond\n2 arg value end\n1\natexit\nlast\n")


@pytest.mark.parametrize("size, align", [(1, 1), (24, 8), (100, 64), (5000, 32), (300000, 4096)])
def test_thread_local_storage(cc, run, size, align):
    image = cc("""
        #include <stdint.h>
        #include <stdio.h>
        #include <string.h>
        static _Thread_local _Alignas(ALIGN) char data[SIZE] = {1};
        static _Thread_local char zero[SIZE];
        static _Thread_local int number = 42;
        int main(void)
        {
            int bad = (uintptr_t)data % ALIGN != 0 || data[0] != 1 || number != 42;
            for (int i = 0; i < SIZE; i++)
                bad |= zero[i] != 0 || (i && data[i] != 0);
            memset(data, 2, SIZE);
            memset(zero, 3, SIZE);
            return bad || number != 42;
        }""", f"-DSIZE={size}", f"-DALIGN={align}")
    assert "mmap" not in services(image)
    assert run(image).status == 0


def test_a_smashed_stack_is_reported(cc, run):
    image = cc("""
        #include <string.h>
        __attribute__((noinline)) void smash(volatile char *p, int n)
        {
            for (int i = 0; i < n; i++)
                p[i] = 'x';
        }
        __attribute__((noinline)) int victim(int n)
        {
            char text[16];
            smash(text, n);
            return text[0];
        }
        int main(int argc, char **argv) { return victim(argc > 1 ? 64 : 8) != 'x'; }
        """, "-O1", "-fstack-protector-all")
    assert run(image).status == 0
    result = run(image, "now")
    assert result.status == 128 + 6
    assert "stack smashing detected" in result.stderr


# Files of ours in musl's place

# Where musl's tables differ from Python's.
OTHER_TABLE = {"SHIFT_JIS": {b"\x81\x5f": "\\"}, "EUC-KR": {}, "GB18030": {}}


@pytest.mark.parametrize("encoding, python", [("SHIFT_JIS", "shift_jis"), ("EUC-KR", "cp949"),
                                              ("GB18030", "gb18030")])
@pytest.mark.not_on_qemu("a serial line is too slow for it")
def test_iconv_decodes_as_python_does(cc, run, encoding, python):
    result = run(cc(PROGRAMS / "iconv.c", "-O2"), encoding, timeout=60)
    assert result.status == 0, result.stdout[-100:]
    pairs = [[bytes.fromhex(f) for f in line.split()] for line in result.stdout.splitlines()]
    got = {code: text.decode() for code, text in pairs}

    def expected(code):
        try:
            text = code.decode(python)
        except UnicodeDecodeError:
            return None
        return OTHER_TABLE[encoding].get(code, text)

    assert {c: t for c, t in got.items() if expected(c) != t} == {}
    short = [bytes([a]) for a in range(256)]
    short += [bytes([a, b]) for a in range(256) for b in range(256) if bytes([a]) not in got]
    assert [c for c in short if expected(c) is not None and c not in got] == []
    assert encoding != "GB18030" or sum(len(c) == 4 for c in got) > 100000


def test_users_without_a_name_service_daemon(cc, run):
    """getpwuid asks no other process: no sockets in the image; a user that is not there is no error."""
    image = cc("""
        #include <errno.h>
        #include <pwd.h>
        #include <stdio.h>
        int main(void)
        {
            errno = 0;
            struct passwd *p = getpwuid(12345);
            return p ? 1 : errno == 0 || errno == ENOENT ? 0 : 2;
        }""")
    assert not {c for c in services(image) if "socket" in c or c in ("connect", "sendmsg")}
    assert run(image).status == 0


def test_repairs(cc, run):
    result = run(cc(PROGRAMS / "repairs.c"))
    assert (result.status, result.stdout) == (0, "done\n")


@pytest.mark.not_on_qemu("a serial line is too slow for it")
def test_addresses_as_numbers_as_on_linux(cc, native, run, linux):
    """Our lookup_name.c, and musl's own in Linux's program."""
    expected = linux(native(PROGRAMS / "addresses.c"))
    got = run(cc(PROGRAMS / "addresses.c"))
    assert (got.status, expected.status) == (0, 0)
    assert got.stdout.splitlines() == expected.stdout.splitlines() and len(got.stdout) > 500000


def test_names_of_hosts_without_a_server(cc, run):
    """/etc/hosts and /etc/services, both ways, and localhost."""
    result = run(cc(PROGRAMS / "hosts.c"))
    assert (result.status, result.stdout) == (0, "done\n")


def test_names_of_hosts_from_a_server(cc, run):
    """The resolver and the library OS's own UDP, TCP and ICMP, with a server in the same program."""
    result = run(cc(PROGRAMS / "resolver.c"))
    assert (result.status, result.stdout) == (0, "done\n")


def test_a_thread_whose_timer_is_refused_ends(cc, run):
    """timer_create with SIGEV_THREAD starts its thread first."""
    image = cc("""
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <signal.h>
        #include <time.h>
        #include <unistd.h>
        static void notify(union sigval v) { }
        int main(void)
        {
            struct sigevent e = {.sigev_notify = SIGEV_THREAD};
            struct dirent *d;
            timer_t t;
            int n = 0;
            e.sigev_notify_function = notify;
            if (timer_create(12345, &e, &t) != -1 || (errno != EINVAL && errno != ENOSYS))
                return 1;
            usleep(20000);
            DIR *dir = opendir("/proc/self/task");
            while ((d = readdir(dir)))
                n += d->d_name[0] != '.';
            return n == 1 ? 0 : 2;
        }""", "-O1", "--allow-missing")
    assert run(image).status == 0


def test_cancelling_oneself(cc, run):
    """pthread_cancel and its cleanup handlers, at the next cancellation point, and at once when asynchronous."""
    image = cc("""
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void cleanup(void *p) { puts(p); fflush(stdout); }
        int main(int argc, char **argv)
        {
            int old;
            pthread_cleanup_push(cleanup, "cleanup");
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
            pthread_cancel(pthread_self());
            if (write(1, "disabled\\n", 9) != 9)
                return 1;
            if (argc > 1)
                pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
            pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
            write(1, "not reached\\n", 12);
            pthread_cleanup_pop(0);
            return 2;
        }""")
    assert run(image).stdout == "disabled\ncleanup\n"
    assert run(image, "async").stdout == "disabled\ncleanup\n"


def test_semaphores_under_real_threads(tmp_path):
    """Our sem_*.c on Linux's threads, in a program of Debian's musl; the sources must have been built here."""
    config = OUT.parent / "musl" / "libc" / "config.mak"
    if not config.exists():
        pytest.skip(f"{config} is not there: the library was not built here")
    src = re.search(r"^srcdir = (.*)$", config.read_text(), re.M)[1]
    objects = []
    for name in ("sem_post", "sem_timedwait", "sem_trywait", "sem_getvalue"):
        objects.append(tmp_path / f"{name}.o")
        folders = [f"{src}/arch/x86_64", f"{src}/arch/generic", config.parent / "obj/src/internal",
                   f"{src}/src/include", f"{src}/src/internal", config.parent / "obj/include", f"{src}/include"]
        result = execute(["gcc", "-std=c99", "-ffreestanding", "-nostdinc", "-Os", "-D_XOPEN_SOURCE=700", "-c",
                          *(f"-I{f}" for f in folders), "-o", objects[-1],
                          ROOT / f"musl/src/thread/{name}.c"])
        assert result.status == 0, result.stderr
    program = tmp_path / "semaphores"
    result = execute(["musl-gcc", "-static", "-O2", "-o", program, PROGRAMS / "semaphores.c", *objects])
    assert result.status == 0, result.stderr
    for _ in range(5):
        result = execute([program], timeout=60)
        assert (result.status, result.stdout) == (0, "ok\n")


# The names of the library OS

def test_names_are_prefixed():
    """What a program may call as it likes is not taken: all that is global starts with pith_, or with _ or is libc's."""
    libc = {name for _, kind, name in symbols(LIB / "libc.a", "--defined-only") if kind.isupper()}
    for archive in ("libpith.a", "libpith-missing.a", "crt1.o"):
        names = {name for _, kind, name in symbols(LIB / archive) if kind.isupper() or kind in "wv"}
        assert len(names) > 1 or archive == "crt1.o"
        assert [n for n in names - libc - {"main"} if not n.startswith(("pith_", "_"))] == [], archive


def test_a_program_may_have_any_name_of_the_library_os(cc, run):
    """All of its functions and variables once more, by their names in its sources, and none gets called."""
    libc = {name for _, kind, name in symbols(LIB / "libc.a", "--defined-only")}
    own = {name[len("pith_"):] for _, kind, name in symbols(LIB / "libpith.a", "--defined-only")
           if kind.isupper() and name.startswith("pith_") and not name.startswith("pith_sys_")} - libc
    assert {"msg_free", "pipe_read", "timer_set", "plat_start"} <= own and len(own) > 300
    taken = "".join(f"void {name}(void) {{ __builtin_trap(); }}\n" for name in sorted(own))
    image = cc([taken, PROGRAMS / "many_calls.c"])
    result = run(image)
    assert (result.status, result.stdout) == (0, "ok\n"), result.stderr
