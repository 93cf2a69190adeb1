# SPDX-License-Identifier: MIT
"""Policies of images (docs/policy.md): given when linking, packing and running; enforced by the library OS, and by the monitor
against programs that go around it."""
import re
import shutil
import socket
import struct
import subprocess

import pytest

from frame import PITH, execute
from network import Machine, namespace, way_options  # noqa: F401

EXIT = "int main(void) { return 3; }\n"

TEXT = """# what a server may do
listen tcp any 80            # and no more
listen tcp 10.0.0.0/8 8000-8080
connect udp 10.0.0.1 53
connect tcp fe80::/10 any
connect icmp any
lookup Example.org *.example.net
write /tmp /var/log
memory 64M
devices net console
"""

PRINTED = """listen tcp any 80
listen tcp 10.0.0.0/8 8000-8080
connect udp 10.0.0.1 53
connect tcp fe80::/10 any
connect icmp any
lookup example.org
lookup *.example.net
write /tmp
write /var/log
memory 65536K
devices net console
"""


@pytest.fixture
def policy(tmp_path):
    def write(text, name="policy"):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


def show(image, *options):
    done = execute([PITH, "run", *options, "--show-policy", image])
    assert done.status == 0, done.stderr
    return done.stdout


def test_linked(cc, policy):
    image = cc(EXIT, "--policy", policy(TEXT))
    assert show(image) == PRINTED
    subprocess.run(["strip", image], check=True)
    assert show(image) == PRINTED
    assert show(image, "--policy", policy(PRINTED, "same")) == PRINTED


def test_packed(cc, policy, pith, tmp_path):
    plain, packed, again = cc(EXIT, "-s"), tmp_path / "packed", tmp_path / "again"
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("text")
    assert pith("pack", "--policy", policy(TEXT), plain, "-o", packed).status == 0
    assert show(packed) == PRINTED
    assert pith("run", "--on", "process", packed).status == 3
    assert pith("pack", "--root", root, packed, "-o", again).status == 0
    assert show(again) == PRINTED
    assert " /file" in pith("pack", "--list", again).stdout
    # Another policy takes its place, and the root stays.
    assert pith("pack", f"--policy={policy('write any', 'other')}", again).status == 0
    assert "write any\n" in show(again) and "listen none\n" in show(again)
    assert " /file" in pith("pack", "--list", again).stdout
    assert pith("run", "--on", "process", again).status == 3


def test_packed_over_a_linked_one(cc, policy, pith):
    image = cc(EXIT, f"--policy={policy('memory 1M')}")
    assert pith("pack", "--policy", policy(TEXT), image).status == 0
    assert show(image) == PRINTED
    assert pith("run", "--on", "process", image).status == 3


def test_without_a_policy(cc):
    derived = show(cc(EXIT))
    assert derived.startswith("#") and "listen none\n" in derived and "write any\n" in derived and "devices disk console\n" in derived
    derived = show(cc("#include <sys/socket.h>\nint main(int c, char **v) { return socket(c, c, c) < 0; }\n"))
    assert "connect any\n" in derived and "devices net disk console\n" in derived


WRONG = [
    ("listen tcp any 80\n  listen tcp any x80\n", "2:18: expected a port of 1 to 65535, a range like 8000-8080, or any, not x80"),
    ("hear tcp\n", "1:1: expected listen, connect, lookup, write, memory or devices, not hear"),
    ("connect\n", "1:8: expected tcp, udp, icmp, none or any"),
    ("connect tcp 10.0.0.1/8 any\n", "1:13: expected an address without bits behind its length, not 10.0.0.1/8"),
    ("connect tcp 10.0.0.0/33 any\n", "1:22: expected a length of 0 to 32"),
    ("connect tcp ::1/129 any\n", "1:17: expected a length of 0 to 128"),
    ("connect tcp 10.0.0 any\n", "1:13: expected an address"),
    ("connect tcp any 9-8\n", "1:17: expected a port"),
    ("connect tcp any 1 2\n", "1:19: expected the end of the line, not 2"),
    ("connect any\nconnect tcp any 1\n", "2:9: none and any are all that may be said of a kind, and line 1"),
    ("lookup a..b\n", "1:8: expected a name"),
    ("write tmp\n", "1:7: expected a path"),
    ("write /tmp/../etc\n", "1:7: expected a path"),
    ("memory 12X\n", "1:8: expected a size"),
    ("memory 1M\nmemory 1M\n", "2:1: line 1 has said memory already"),
    ("devices net tape\n", "1:13: expected net, disk or console"),
    ("connect tcp any 80\n" * 100, "73:1: the policy is too long"),
]


@pytest.mark.parametrize("text, message", WRONG, ids=range(len(WRONG)))
def test_wrong_texts(cc, policy, pith, text, message):
    path = policy(text)
    image = cc(EXIT)
    for command, status in ((("pack", "--policy", path, image), 2), (("run", "--policy", path, image), 125),
                            (("cc", "--policy", path, "-c", "none.c"), 1)):
        done = pith(*command)
        assert done.status == status and f"{path}:{message}" in done.stderr, done.stderr


def test_no_such_file(cc, pith, tmp_path):
    done = pith("run", "--policy", tmp_path / "none", cc(EXIT))
    assert done.status == 125 and "none: No such file" in done.stderr


def test_broken_policy(cc, policy, pith):
    image = cc(EXIT, "--policy", policy(TEXT))
    data = bytearray(image.read_bytes())
    data[data.index(b"PPol") + 4] = 9
    image.write_bytes(data)
    done = pith("run", "--on", "process", image)
    assert done.status == 126 and "policy" in done.stderr and "not sound" in done.stderr
    assert pith("run", "--show-policy", image).status == 126


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_memory_and_devices(cc, policy, pith, way, tmp_path):
    options = way_options(way)
    image = cc(EXIT, "--policy", policy("memory 64M\nconnect none\nlisten none\ndevices console\n"))
    assert pith("run", *options, image).status == 3
    assert pith("run", *options, "-m", "64M", image).status == 3
    done = pith("run", *options, "-m", "65M", image)
    assert done.status == 126 and "line 1" in done.stderr
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4096))
    done = pith("run", *options, "--disk", f"d={disk}", image)
    assert done.status == 126 and "--disk" in done.stderr and "line 4" in done.stderr


def test_network_is_not_opened(cc, policy, pith):
    """A policy without networks, of an image that has them: the device is not even looked for."""
    image = cc("#include <sys/socket.h>\nint main(int c, char **v) { return socket(c, c, c) < 0; }\n", "--policy", policy("write any\nlisten none\n"))
    done = pith("run", "--on", "process", "--net", "tap:nosuchdevice", image)
    assert done.status == 126 and "--net" in done.stderr and "line 2" in done.stderr


def test_console(cc, policy, pith):
    image = cc('#include <stdio.h>\nint main(void) { puts("text"); return getchar() == EOF ? 4 : 5; }\n', "--policy", policy("devices disk\n"))
    done = execute([PITH, "run", "--on", "process", image], stdin=b"x")
    assert (done.status, done.stdout) == (4, "")


FILES = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define T(call) printf("%s: %s\n", #call, (call) < 0 ? strerror(errno) : "ok")

int main(void)
{
    T(open("/tmp/a", O_WRONLY | O_CREAT, 0600));
    T(open("/tmpx", O_WRONLY | O_CREAT, 0600));
    T(open("/tmpx", O_WRONLY | O_CREAT, 0600));
    T(open("/dev/null", O_RDWR));
    T(mkdir("/tmp/d", 0700));
    T(mkdir("/d", 0700));
    T(rename("/tmp/a", "/a"));
    T(rename("/tmp/a", "/tmp/d/a"));
    T(symlink("/etc", "/tmp/l"));
    T(open("/tmp/l/x", O_CREAT | O_WRONLY, 0600));
    T(truncate("/tmp/d/a", 5));
    T(link("/tmp/d/a", "/etc/a"));
    T(unlink("/tmp/d/a"));
    T(rmdir("/etc"));
    T(chdir("/tmp/d"));
    T(open("../k", O_CREAT | O_WRONLY, 0600));
    T(open("../../k", O_CREAT | O_WRONLY, 0600));
    T(open("/", O_TMPFILE | O_RDWR, 0600));
    return 0;
}
"""


def test_files(cc, policy, run):
    done = run(cc(FILES, "--policy", policy("write /tmp\n")))
    assert done.status == 0
    assert [line.endswith(": ok") for line in done.stdout.splitlines()] == [
        True, False, False, True, True, False, False, True, True, False, True, False, True, False, True, True, False, False], done.stdout
    assert done.stdout.count("Permission denied") == 9
    told = [line for line in done.stderr.splitlines() if "does not permit changing" in line]
    assert len(told) == len(set(told)) == 8, done.stderr


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_narrowing(cc, policy, pith, way):
    options = way_options(way)
    image = cc(FILES, "--policy", policy("write /tmp\nmemory 64M\n"))
    narrow = policy("write /tmp/d\nwrite /etc\nmemory 1G\n", "narrow")
    done = pith("run", *options, "--policy", narrow, image)
    assert done.status == 0 and "/tmp/a\", O_WRONLY | O_CREAT, 0600): Permission denied" in done.stdout
    assert "mkdir(\"/tmp/d\", 0700): ok" in done.stdout and "/etc" in done.stderr
    for line, text in ((2, "write /etc"), (3, "memory")):
        assert f"{narrow}:{line}: {text}: the image's policy permits less" in done.stderr
    assert f"{narrow}:1" not in done.stderr
    assert ("no monitor enforces" in done.stderr) == (way == "qemu")
    assert pith("run", *options, "-m", "65M", "--policy", narrow, image).status == 126
    # An image without a policy has nothing to be wider than.
    done = pith("run", *options, "--policy", narrow, cc(FILES))
    assert "permits less" not in done.stderr and "mkdir(\"/d\", 0700): Permission denied" in done.stdout


def test_policy_among_arguments(cc, pith):
    image = cc("#include <stdio.h>\nint main(int c, char **v) { puts(v[1]); return c; }\n")
    done = pith("run", "--on", "process", image, "--policy", "x")
    assert (done.status, done.stdout) == (3, "--policy\n")


SOCKETS = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in to(const char *ip, int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(ip)};
}

static int do_connect(const char *ip, int port, int type)
{
    struct sockaddr_in a = to(ip, port);
    return connect(socket(AF_INET, type, 0), (void *)&a, sizeof(a));
}

static int do_send(const char *ip, int port)
{
    struct sockaddr_in a = to(ip, port);
    return sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&a, sizeof(a));
}

static int do_bind(int port, int type)
{
    struct sockaddr_in a = to("0.0.0.0", port);
    int s = socket(AF_INET, type, 0);
    return bind(s, (void *)&a, sizeof(a)) < 0 ? -1 : s;
}

#define T(call) printf("%s: %s\n", #call, (call) < 0 ? strerror(errno) : "ok")

int main(void)
{
    T(do_connect("10.9.0.1", 7000, SOCK_STREAM));
    T(do_connect("10.9.0.1", 7001, SOCK_STREAM));
    T(do_connect("10.9.0.1", 7001, SOCK_STREAM));
    T(do_connect("10.9.0.1", 7000, SOCK_DGRAM));
    T(do_send("10.9.0.1", 7002));
    T(do_send("10.9.0.1", 7003));
    T(do_bind(9, SOCK_STREAM));
    T(do_bind(0, SOCK_DGRAM));
    T(do_connect("127.0.0.1", 99, SOCK_DGRAM));
    T(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
    int s = do_bind(8, SOCK_STREAM);
    T(listen(s, 5));
    fflush(stdout);
    struct addrinfo *found;
    printf("a.example.org: %d\n", getaddrinfo("a.example.org", NULL, NULL, &found) == EAI_NONAME);
    printf("example.net: %d\n", getaddrinfo("example.net", NULL, NULL, &found) == 0);
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    return write(c, "welcome", 7) == 7 ? 0 : 1;
}
"""

SOCKETS_POLICY = """listen tcp any 8
connect tcp 10.9.0.0/24 7000
connect udp 10.9.0.1 7002
lookup *.example.org
"""

# Listens where the program may connect to, is a name server that knows no names, and comes to the program in the end.
HOST = r"""
import socket, sys, threading, time
names = []
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.bind(("10.9.0.1", 53))
def serve():
    while True:
        q, who = dns.recvfrom(1000)
        names.append(bytes(q[12:12 + q[12:].index(0)]))
        dns.sendto(q[:2] + b"\x81\x83" + q[4:6] + bytes(6) + q[12:], who)
threading.Thread(target=serve, daemon=True).start()
s = socket.create_server(("10.9.0.1", 7000))
print("ready", flush=True)
for attempt in range(60):
    try:
        print(socket.create_connection(("10.9.0.2", 8), timeout=5).recv(10).decode())
        break
    except OSError:
        time.sleep(0.3)
print(sorted(set(names)))
"""


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_sockets(way, cc, policy, namespace):
    options = way_options(way)
    image = cc(SOCKETS, "--policy", policy(SOCKETS_POLICY))
    host = Machine("ip", "netns", "exec", namespace, "python3", "-c", HOST)
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 60, *options, "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24,10.9.0.1,10.9.0.1", image)
    status, out, err = machine.end()
    assert host.end()[:2] == (0, "ready\nwelcome\n[b'\\x01a\\x07example\\x03org']\n"), (out, err)
    assert status == 0
    assert [line.rpartition(": ")[2] for line in out.splitlines()] == [
        "ok", *["Permission denied"] * 3, "ok", "Permission denied", "Permission denied", "ok", "ok", "Permission denied", "ok", "1", "0"]
    told = [line for line in err.splitlines() if "does not permit" in line]
    assert len(told) == len(set(told)) == 6, err


FRAMES = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static unsigned char p[60];

/* A packet to 10.9.0.1 of the protocol and port, with (flags) of TCP. */
static void make(int protocol, int from, int to, int flags)
{
    memset(p, 0, sizeof(p));
    memcpy(p, "\x45\0\0\x3c\0\1\0\0\x40", 9);
    p[9] = protocol;
    memcpy(p + 12, "\x0a\x09\0\2\x0a\x09\0\1", 8);
    p[20] = from >> 8, p[21] = from, p[22] = to >> 8, p[23] = to;
    p[25] = protocol == 17 ? 40 : 0;
    p[33] = flags;
}

static int frame(int type, int protocol, int from, int to, int flags)
{
    struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_halen = 6,
                            .sll_ifindex = if_nametoindex("eth0")};
    make(protocol, from, to, flags);
    return sendto(socket(AF_PACKET, SOCK_DGRAM, 0), p, sizeof(p), 0, (void *)&a, sizeof(a));
}

static int raw(int protocol, int from, int to, int flags)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.9.0.1")};
    make(protocol, from, to, flags);
    return sendto(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), p, sizeof(p), 0, (void *)&a, sizeof(a));
}

#define T(call) printf("%s: %s\n", #call, (call) < 0 ? strerror(errno) : "ok")

int main(void)
{
    T(frame(0x806, 0, 0, 0, 0));
    T(frame(0x800, 17, 5, 7002, 0));
    T(frame(0x800, 17, 5, 7003, 0));
    T(frame(0x800, 6, 5, 7000, 2));
    T(frame(0x800, 6, 8, 7001, 2));  /* begins a connection */
    T(frame(0x800, 6, 8, 7001, 18)); /* answers one */
    T(frame(0x800, 132, 5, 7002, 0));
    T(frame(0x8100, 17, 5, 7002, 0));
    T(raw(17, 5, 7002, 0));
    T(raw(17, 5, 7003, 0));
    return 0;
}
"""


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_frames(way, cc, policy, namespace):
    """What a program makes itself is judged when it is sent, too."""
    image = cc(FRAMES, "--policy", policy(SOCKETS_POLICY))
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 60, *way_options(way), "--net",
                      f"tap:{namespace}", "--ip", "10.9.0.2/24,10.9.0.1", image)
    status, out, err = machine.end()
    assert status == 0, err
    denied = "Permission denied"
    assert [line.rpartition(": ")[2] for line in out.splitlines()] == [
        "ok", "ok", denied, "ok", denied, "ok", denied, denied, "ok", denied], out
    assert "the policy does not permit sending to udp 10.9.0.1 port 7003: EACCES" in err


@pytest.mark.parametrize("way", ["process"])
def test_network_without_root(way, cc, policy):
    """Through passt's stream: a port that may be listened on is reached, another is not."""
    if not shutil.which("passt"):
        pytest.skip("passt is not installed")
    image = cc(STREAM, "-O2", "--policy", policy("listen tcp any 8\n"))
    with socket.socket() as a, socket.socket() as b:
        a.bind(("127.0.0.1", 0))
        b.bind(("127.0.0.1", 0))
        good, bad = a.getsockname()[1], b.getsockname()[1]
    machine = Machine(PITH, "run", "--on", way, "--timeout", 60, "-p", f"127.0.0.1:{good}:8", "-p", f"127.0.0.1:{bad}:9", image)
    assert machine.first == "ready\n"
    with socket.create_connection(("127.0.0.1", bad), timeout=10) as s:
        s.settimeout(1.5)
        try:
            assert s.recv(1) == b""
        except OSError:
            pass
    got = b""
    with socket.create_connection(("127.0.0.1", good), timeout=10) as s:
        s.send(b"x")  # passt answers the program only then
        while part := s.recv(65536):
            got += part
    status, out, err = machine.end()
    assert got == bytes(3000000) and (status, out) == (0, "ready\n")
    assert re.fullmatch(r"pith: net0: the policy does not permit: tcp from 10\.0\.2\.2 port 9\n", err), err


STREAM = r"""
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
static char zeros[100000];
int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (void *)&a, sizeof(a)) || listen(s, 5))
        return 1;
    puts("ready");
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    for (int i = 0; i < 30; i++)
        for (size_t n = 0; n < sizeof(zeros);)
            n += write(c, zeros, sizeof(zeros) - n);
    shutdown(c, SHUT_WR);
    return read(c, zeros, 1) != 1;
}
"""

# Sends the frames that its arguments are, around the library OS; with "!" in front around the monitor too, by system calls. Then
# prints the frames that come.
HOSTILE = r"""
#include <pith/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

static unsigned char bytes[70000];

static size_t read_hex(const char *hex)
{
    size_t n = 0;
    for (unsigned b; sscanf(hex, "%2x", &b) == 1; hex += 2)
        bytes[n++] = b;
    return n;
}

static void send_by_call(size_t n)
{
    static char header[12];
    struct iovec iov[2] = {{header, sizeof(header)}, {bytes, n}};
    long result;
    register long r10 __asm__("r10") = -1, r8 __asm__("r8") = -1, r9 __asm__("r9") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(328), "D"(3), "S"(iov), "d"(2), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    if (result != (long)n + 12)
        printf("call: %ld\n", result);
}

int main(int argc, char **argv)
{
    if (pith_net_open(0, NULL, NULL) != 0)
        return 1;
    for (int i = 1; i < argc; i++) {
        bool call = argv[i][0] == '!';
        size_t n = read_hex(argv[i] + call);
        if (call) {
            send_by_call(n);
            continue;
        }
        struct pith_packet *p = pith_packet_alloc(n), *list;
        memcpy(p->data, bytes, n);
        pith_packet_made(p);
        pith_net_send(0, p);
        pith_net_receive(0, &list, 0, 0);
    }
    struct pith_packet *list;
    puts("ready");
    fflush(stdout);
    for (time_t end = time(NULL) + 4; time(NULL) < end;) {
        if (pith_net_receive(0, &list, 64, 300) <= 0)
            continue;
        for (struct pith_packet *p = list; p; p = p->next) {
            for (unsigned i = 0; i < p->len; i++)
                printf("%02x", p->data[i]);
            puts("");
        }
        pith_packet_free(list);
    }
    return 0;
}
"""

# Prints the frames of the machine's that reach the TAP device; sends those that are its arguments once told to.
WIRE = r"""
import select, socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
print("ready", flush=True)
end = time.time() + 5
sent = False
while time.time() < end:
    if select.select([s], [], [], 0.2)[0]:
        data, where = s.recvfrom(70000)
        if where[2] != socket.PACKET_OUTGOING:
            print(data.hex(), flush=True)
    if not sent and end - time.time() < 2.5:
        sent = True
        for frame in sys.argv[2:]:
            s.send(bytes.fromhex(frame))
"""

OWN, PEER = "10.9.0.2", "10.9.0.1"


def ip4(protocol, payload, source=OWN, to=PEER, more=0, options=b""):
    header = struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), 1, more, 64, protocol, 0)
    return bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]) + header + socket.inet_aton(source) + socket.inet_aton(to) + options + payload


def tcp(port, to_port, flags, payload=b"", **more):
    return ip4(6, struct.pack(">HHIIBBHHH", port, to_port, 1, 1, 0x50, flags, 1000, 0, 0) + payload, **more)


def udp(port, to_port, payload=b"data", **more):
    return ip4(17, struct.pack(">HHHH", port, to_port, 8 + len(payload), 0) + payload, **more)


def query(name):
    return struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"


SYN, SYN_ACK, ACK = 2, 18, 16

PASS_OUT = [tcp(1000, 7000, SYN), tcp(8, 5000, SYN_ACK), tcp(8, 5000, ACK), tcp(1000, 7000, ACK), udp(1000, 7002), udp(500, 53, query("x.example.org"))]
DROP_OUT = [tcp(1000, 7001, SYN), tcp(8, 5000, SYN), tcp(1000, 7000, SYN_ACK), tcp(1000, 7001, ACK), tcp(1000, 7000, SYN, to="10.9.1.1"),
            udp(1000, 7000), udp(500, 53, query("example.net")), udp(500, 53, b"tunnel"), udp(500, 53, query("x.example.org"), to="10.9.0.9"),
            udp(68, 67), ip4(1, b"\x08\0\0\0\0\0\0\0"), ip4(1, b"\0\0\0\0\0\0\0\0"), ip4(47, bytes(20)),
            tcp(1000, 7000, SYN, more=0x2000), tcp(1000, 7000, SYN, more=1), tcp(1000, 7000, SYN, options=b"\x83\x07\x04\x01\x02\x03\x04\0"),
            tcp(1000, 7000, SYN)[:40], bytes(12) + b"\x88\xcc" + bytes(40), bytes(12) + b"\x81\x00\0\1\x08\0" + tcp(1000, 7000, SYN)[14:],
            bytes(12) + b"\x86\xdd" + b"\x60\0\0\0\0\x08\x2c\x40" + bytes(32) + bytes(8)]
PASS_IN = [tcp(5000, 8, SYN, source=PEER, to=OWN), tcp(7000, 1000, SYN_ACK, source=PEER, to=OWN), udp(7002, 1000, source=PEER, to=OWN),
           ip4(1, b"\x03\x03\0\0\0\0\0\0" + bytes(28), source=PEER, to=OWN), udp(53, 500, source=PEER, to=OWN)]
DROP_IN = [tcp(5000, 9, SYN, source=PEER, to=OWN), tcp(7000, 1000, SYN, source=PEER, to=OWN), tcp(7001, 1000, SYN_ACK, source=PEER, to=OWN),
           udp(7000, 1000, source=PEER, to=OWN), ip4(1, b"\x08\0\0\0\0\0\0\0", source=PEER, to=OWN), tcp(5000, 8, SYN, source=PEER, to=OWN, more=0x2000)]


@pytest.mark.parametrize("bypass", ["library OS", "monitor"])
def test_hostile_program(bypass, cc, policy, namespace):
    """A program that makes its packets itself, and even system calls: only what the policy permits arrives, either way."""
    image = cc(HOSTILE, "-O2", "--policy", policy(SOCKETS_POLICY))
    mark = "!" if bypass == "monitor" else ""
    wire = Machine("ip", "netns", "exec", namespace, "python3", "-c", WIRE, namespace, *[f.hex() for f in DROP_IN + PASS_IN])
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 30, "--on", "process", "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24,10.9.0.1,10.9.0.1", image, *[mark + f.hex() for f in DROP_OUT + PASS_OUT])
    status, out, err = machine.end()
    arrived = wire.end()[1].split()[1:]
    assert status == 0, err
    assert [f for f in arrived if f[24:28] == "0800"] == [f.hex() for f in PASS_OUT], err
    assert not [f for f in arrived if f in [d.hex() for d in DROP_OUT]]
    got = [f for f in out.split()[1:] if f[24:28] == "0800"]
    assert [f for f in got if f in [p.hex() for p in PASS_IN]] == [f.hex() for f in PASS_IN], err
    assert not [f for f in got if f in [d.hex() for d in DROP_IN]]
    told = [line for line in err.splitlines() if "the policy does not permit" in line]
    assert len(told) == len(set(told)) and len(told) <= 16, err
    assert any("tcp to 10.9.0.1 port 7001" in line for line in told) and "what else is dropped is not told" in told[-1]
