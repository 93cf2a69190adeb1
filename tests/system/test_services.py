# SPDX-License-Identifier: MIT
"""Services of the library OS: each object belongs to one, and a program has no byte of those that it does not use."""
import fnmatch
import json
import subprocess

import pytest

from frame import PITH, PITH_CC, ROOT, execute

LIB = PITH.parent.parent / "lib/pith/lib"


def table():
    """The services: name -> patterns of members, by archive."""
    services = {}
    for line in (ROOT / "libos/services.tbl").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            name = line.split(":")[0]
            services[name] = []
            continue
        for word in line.split():
            library, rest = "libpith", word
            if word.startswith(("libc/", "missing/")):
                library, rest = word.split("/", 1)
            library = {"missing": "libpith-missing"}.get(library, library)
            services[name].append((library, rest.replace("/", "-") + ".o"))
    return services


SERVICES = table()


def members(library):
    done = subprocess.run(["ar", "t", LIB / f"{library}.a"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def services_of(library, member):
    return [name for name, patterns in SERVICES.items()
            for lib, pattern in patterns if lib == library and fnmatch.fnmatchcase(member, pattern)]


@pytest.mark.parametrize("library", ["libpith", "libpith-missing"])
def test_each_object_belongs_to_one_service(library):
    wrong = {m: s for m in members(library) if len(s := services_of(library, m)) != 1}
    assert wrong == {}


def test_each_object_of_the_table_is_there():
    there = {library: members(library) for library in ("libpith", "libpith-missing", "libc")}
    gone = [pattern for patterns in SERVICES.values() for library, pattern in patterns
            if not fnmatch.filter(there[library], pattern) and pattern != "plat-hosted-crt1.o"]
    assert gone == []


def symbols(path):
    """Global symbols that are defined in a file or an archive: name -> object."""
    done = subprocess.run(["nm", "-A", "--defined-only", "-g", path], capture_output=True, text=True, check=True)
    rows = (line.rsplit(":", 1) for line in done.stdout.splitlines())
    return {row[1].split()[-1]: row[0].rsplit(":", 1)[-1] for row in rows}


def symbols_of(image):
    """All symbols that are defined in it, hidden ones too."""
    done = subprocess.run(["nm", "--defined-only", image], capture_output=True, text=True, check=True)
    return {row.split()[-1] for row in done.stdout.splitlines()}


@pytest.fixture(scope="module")
def owners():
    """Global symbols of the library OS: name -> service."""
    return {name: services_of("libpith", member)[0] for name, member in symbols(LIB / "libpith.a").items()}


START = {"core", "random"}
CLOCK = START | {"time"}
CONSOLE = CLOCK | {"console", "descriptors", "virtio"}
TREE = CONSOLE | {"block", "devfs", "files", "heap", "memory", "policy", "procfs", "ramfs", "romfs"}
SIGNALS = CLOCK | {"heap", "memory", "signals", "threads"}
INET = TREE | {"signals", "sockets", "threads", "unix", "inet", "tcp", "udp", "ip", "ipv4", "ipv6", "network", "dhcp", "timers"}

# What a program does, the service that it is about, and what it may have.
PROGRAMS = {
    "nothing": ("return 0;", "core", START),
    "write": ("#include <stdio.h>|return puts(\"x\");", "console", CONSOLE),
    "printf": ("#include <stdio.h>|return printf(\"%f\", 1.0);", "descriptors", CONSOLE),
    "malloc": ("#include <stdlib.h>|return malloc(1) == 0;", "memory", START | {"memory"}),
    "mmap": ("#include <sys/mman.h>|return mmap(0, 1, 1, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == 0;", "memory",
             START | {"memory"}),
    "open": ("#include <fcntl.h>|return open(\"/x\", 0);", "files", TREE),
    "pipe": ("#include <unistd.h>|int p[2]; return pipe(p);", "pipes", CONSOLE | {"files", "heap", "pipes"}),
    "thread": ("#include <pthread.h>|pthread_t t; return pthread_create(&t, 0, (void *(*)(void *))main, 0);", "threads",
               SIGNALS | {"timers"}),
    "signal": ("#include <signal.h>|return raise(SIGINT);", "signals", SIGNALS),
    "sleep": ("#include <time.h>|struct timespec t = {0}; return nanosleep(&t, 0);", "time", CLOCK),
    "timer": ("#include <signal.h>\n#include <time.h>|timer_t t; return timer_create(1, 0, &t);", "timers",
              SIGNALS | {"timers"}),
    "poll": ("#include <poll.h>|struct pollfd p = {0}; return poll(&p, 1, 0);", "events", CONSOLE | {"events", "heap"}),
    "epoll": ("#include <sys/epoll.h>|return epoll_create1(0);", "events", CONSOLE | {"events", "files", "heap"}),
    "semget": ("#include <sys/sem.h>|return semget(IPC_PRIVATE, 1, 0600);", "ipc", CLOCK | {"heap", "ipc"}),
    "aio": ("#include <sys/syscall.h>\n#include <unistd.h>|long c = 0; return syscall(SYS_io_setup, 1, &c);", "aio",
            CONSOLE | {"aio", "heap", "memory"}),
    "getrandom": ("#include <sys/random.h>|char c; return getrandom(&c, 1, 0);", "random", START),
    "getuid": ("#include <unistd.h>|return getuid();", "system", START | {"system"}),
    "socketpair": ("#include <sys/socket.h>|int s[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, s);", "unix",
                   TREE | {"sockets", "unix"}),
    "socket": ("#include <sys/socket.h>|return socket(AF_INET, SOCK_STREAM, 0);", "tcp", INET),
    "options of any socket": ("#include <sys/socket.h>|int s = socket(AF_UNIX, SOCK_STREAM, 0); return setsockopt(s, s, s, &s, 4);", "zerocopy",
                              TREE | {"sockets", "unix", "zerocopy"}),
    "getaddrinfo": ("#include <netdb.h>|struct addrinfo *a; return getaddrinfo(\"x\", 0, 0, &a);", "dns",
                    INET | {"dns", "events"}),
    "netlink": ("#include <sys/socket.h>|return socket(AF_NETLINK, SOCK_RAW, 0);", "netlink", INET | {"netlink"}),
    "frames": ("#include <sys/socket.h>|return socket(AF_PACKET, SOCK_RAW, 0);", "frames", INET | {"frames"}),
    "packets": ("#include <pith/net.h>|return pith_net_open(0, 0, 0);", "packets",
                   CLOCK | {"heap", "ip", "network", "packets", "signals", "threads", "timers", "virtio"}),
    "syscall": ("#include <unistd.h>|return syscall(main != 0);", "numbers", START | {"numbers"}),
    "pseudo-terminal": ("#include <stdlib.h>|return posix_openpt(2);", "terminals", TREE | {"terminals"}),
    "disk": ("#include <fcntl.h>|return open(\"/dev/vda\", 0);", "block", TREE),
}


def source(text):
    includes, _, body = text.partition("|") if text.startswith("#") else ("", "", text)
    return f"{includes}\nint main(void) {{ {body} }}\n"


def inspect(image):
    done = execute([PITH, "inspect", "--json", image])
    assert (done.stderr, done.status) == ("", 0)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_have_what_they_use_alone(name, cc, owners):
    text, about, allowed = PROGRAMS[name]
    image = cc(source(text), "-O2", "--target=hosted", "-Wno-nonnull")
    told = {s["name"] for s in inspect(image)["services"]} - {"program", "libc", "compiler"}
    assert about in told
    assert told - allowed == set()
    # The same by the symbols that are in the image, whatever it says of itself.
    by_symbol = {owners[symbol] for symbol in symbols(image) if symbol in owners}
    assert by_symbol - allowed == set()
    assert by_symbol <= told


# Parts that only some programs can reach, and what reaches them: of the console and of FILEs, beside what prints a line;
# of files, beside what opens one.
LINE = "puts(\"x\");"
FILE = "if (!fopen(\"x\", \"a+e\")) return 1;"
PARTS = {
    "pith_console_readv": (LINE, "char c; return read(0, &c, 1);"),
    "pith_console_poll": (LINE, "struct pollfd p = {0}; return poll(&p, 1, 0);"),
    "pith_console_ioctl": (LINE, "return isatty(1);"),
    "__stdio_seek": (LINE, "return fseek(stdout, 0, SEEK_CUR);"),
    "__stdio_close": (LINE, "return fclose(stdout);"),
    "__lockfile": (LINE, "return ftrylockfile(stdout);"),
    "__ofl_lock": (LINE, "return fopen(\"x\", \"r\") == 0;"),
    "pith_sys_ioctl": (FILE, "return isatty(1);"),
    "pith_sys_fcntl": (FILE, "return fdopen(1, \"a\") == 0;"),
    "pith_fifo_open": (FILE, "return mkfifo(\"f\", 0600);"),
}


@pytest.mark.parametrize("part", PARTS)
def test_parts_are_there_where_they_are_used(part, cc):
    head = "#include <poll.h>\n#include <stdio.h>\n#include <sys/stat.h>\n#include <unistd.h>\n|"
    base, use = PARTS[part]
    assert part not in symbols_of(cc(source(f"{head}{base} return fflush(0);"), "--target=hosted"))
    assert part in symbols_of(cc(source(f"{head}{base} {use}"), "--target=hosted"))


def test_every_service_is_used_and_left_out():
    used = {about for _, about, _ in PROGRAMS.values()}.union(*(allowed for _, _, allowed in PROGRAMS.values()))
    # Tested in test_inspect.py: what --target and --allow-missing bring.
    assert used == set(SERVICES) - {"bare", "missing"}
    assert all(any(name not in allowed for _, _, allowed in PROGRAMS.values()) for name in set(SERVICES) - START)


@pytest.mark.parametrize("path, there", [("/proc/self/maps", False), ("/proc/%d/smaps", True), ("fdinfo", True)])
def test_rare_files_of_proc_come_with_their_names(path, there, cc):
    image = cc(source(f"#include <fcntl.h>|return open(\"{path}\", 0);"), "-O2", "--target=hosted")
    assert ("pith_proc_more" in symbols(image)) == there


@pytest.mark.parametrize("path, there", [("/proc/sys/kernel/msgmax", False), ("/proc/sysvipc/msg", True)])
def test_objects_of_system_v_are_listed_where_they_are_named(path, there, cc):
    image = cc(source(f"#include <fcntl.h>|return open(\"{path}\", 0);"), "-O2", "--target=hosted")
    assert ("pith_proc_sysvipc" in symbols(image)) == there


@pytest.mark.parametrize("body, there", [("return open(\"/dev/tty\", 0);", False), ("return open(\"/dev/ptmx\", 2);", True),
                                         ("return open(\"/dev/pts/0\", 2);", True),
                                         ("return openpty(0, 0, 0, 0, 0);", True), ("return isatty(0);", False)])
def test_pseudo_terminals_come_with_their_names(body, there, cc):
    head = "#include <fcntl.h>\n#include <pty.h>\n#include <stdlib.h>\n#include <unistd.h>|"
    image = cc(source(head + body), "-O2", "--target=hosted", "-w")
    assert any(symbol.startswith("pith_pty") for symbol in symbols(image)) == there


@pytest.mark.parametrize("call, there", [("fcntl(0, F_GETLEASE)", False), ("fcntl(0, F_SETOWN, 1)", False),
                                         ("fcntl(0, F_SETLEASE, 1)", True), ("fcntl(0, (int)(long)main, 0)", True)])
def test_leases_of_files_come_with_their_command(call, there, cc):
    image = cc(source(f"#include <fcntl.h>|return {call};"), "-O2", "--target=hosted", "-w")
    assert any(symbol.startswith("pith_lease") for symbol in symbols(image)) == there


@pytest.mark.parametrize("call, there", [("fcntl(0, F_SETFL, O_NONBLOCK)", False), ("fcntl(0, F_SETOWN, 1)", True),
                                         ("fcntl(0, (int)(long)main, 0)", True), ("ioctl(0, FIONREAD, 0)", False),
                                         ("ioctl(0, FIOASYNC, 0)", True)])
def test_signals_of_files_come_with_their_commands(call, there, cc):
    image = cc(source(f"#include <fcntl.h>\n#include <sys/ioctl.h>|return {call};"), "-O2", "--target=hosted", "-w")
    assert any(symbol.startswith("pith_async") for symbol in symbols(image)) == there


@pytest.mark.parametrize("option, there", [("SOL_SOCKET, SO_REUSEADDR", False), ("6, (int)(long)main", False),
                                           ("SOL_SOCKET, SO_ZEROCOPY", True), ("SOL_SOCKET, (int)(long)main", True)])
def test_sending_without_a_copy_comes_with_its_option(option, there, cc):
    body = f"int s = socket(AF_INET, SOCK_STREAM, 0); return setsockopt(s, {option}, &s, 4);"
    image = cc(source("#include <sys/socket.h>|" + body), "-O2", "--target=hosted", "-w")
    assert any(symbol.startswith("pith_inet_zerocopy") for symbol in symbols(image)) == there
