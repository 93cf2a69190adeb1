# SPDX-License-Identifier: MIT
"""TCP and UDP of images against Linux's: over a TAP device in a namespace of the test."""
import hashlib
import random
import subprocess

import pytest

from frame import PITH
from network import Machine, Server, namespace, way_options  # noqa: F401

WAYS = ["process", "qemu"]

SERVER = r"""
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buf[65536];

static int bound(int type)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
    int s = socket(AF_INET6, type, 0), on = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (s < 0 || bind(s, (struct sockaddr *)&addr, sizeof(addr))) {
        perror("bind");
        exit(1);
    }
    return s;
}

/* Echoes datagrams and connections; a datagram "end" ends it. */
int main(void)
{
    int udp = bound(SOCK_DGRAM), tcp = bound(SOCK_STREAM);
    if (listen(tcp, 16)) {
        perror("listen");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd fds[2] = {{udp, POLLIN, 0}, {tcp, POLLIN, 0}};
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        if (poll(fds, 2, -1) < 0)
            return 1;
        if (fds[0].revents) {
            ssize_t n = recvfrom(udp, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
            if (n == 3 && !memcmp(buf, "end", 3))
                return 0;
            sendto(udp, buf, n, 0, (struct sockaddr *)&from, len);
        }
        if (fds[1].revents) {
            int c = accept(tcp, NULL, NULL);
            ssize_t n;
            while ((n = read(c, buf, sizeof(buf))) > 0)
                for (ssize_t at = 0, m; at < n; at += m)
                    if ((m = write(c, buf + at, n - at)) < 0)
                        break;
            close(c);
        }
    }
}
"""

CLIENT = r"""
import hashlib, random, socket, sys, threading
def echo(host, size):
    s = socket.create_connection((host, 7), timeout=20)
    data = random.Random(size).randbytes(size)
    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    t = threading.Thread(target=send)
    t.start()
    got = hashlib.sha256()
    n = 0
    while True:
        part = s.recv(65536)
        if not part:
            break
        got.update(part)
        n += len(part)
    t.join()
    assert n == size and got.digest() == hashlib.sha256(data).digest(), (host, size, n)
def datagram(host, size):
    u = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    u.settimeout(5)
    data = random.Random(size).randbytes(size)
    u.sendto(data, (host, 7))
    assert u.recv(70000) == data, (host, size)
for host in sys.argv[2:]:
    for size in (0, 1, 1448, 1449, 100000, int(sys.argv[1])):
        echo(host, size)
    for size in (0, 1, 1472, 1473, 9000, 65507):
        datagram(host, size)
for _ in range(200):
    echo(sys.argv[2], 10)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", (sys.argv[2], 7))
print("all right")
"""


def inside(namespace, *argv, timeout=90):
    return subprocess.run(["ip", "netns", "exec", namespace, *[str(a) for a in argv]], capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize("way", WAYS)
def test_echo(way, cc, namespace):  # noqa: F811
    """Bytes and datagrams of all sizes come back as they were, by both versions of IP, again and again."""
    inside(namespace, "ip", "-6", "addr", "add", "fd00:9::1/64", "dev", namespace, "nodad")
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 90, *way_options(way), "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", "--ip", "fd00:9::2/64", cc(SERVER, "-O2"))
    try:
        assert machine.first == "ready\n", machine.end()
        ping = inside(namespace, "ping", "-c", "2", "-i", "0.2", "-W", "5", "10.9.0.2")
        assert ping.returncode == 0, ping.stdout
        size = 20_000_000 if way == "process" else 1_000_000
        client = inside(namespace, "python3", "-c", CLIENT, size, "10.9.0.2", "fd00:9::2")
        assert client.stdout == "all right\n", client.stderr
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, ""), out


def test_client_and_the_end_of_the_program(cc, namespace, tmp_path):  # noqa: F811
    """An image as a client; what it wrote before it ended arrives, and then the end of the connection."""
    image = cc(r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static char text[2000000];
int main(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(7001)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "10.9.0.1", &addr.sin_addr);
    if (connect(s, (struct sockaddr *)&addr, sizeof(addr)))
        return perror("connect"), 1;
    memset(text, 'x', sizeof(text));
    return write(s, text, sizeof(text)) != sizeof(text);
}
""", "-O2")
    server = subprocess.Popen(["ip", "netns", "exec", namespace, "python3", "-c", """
import hashlib, socket
l = socket.create_server(("10.9.0.1", 7001))
print("ready", flush=True)
c, _ = l.accept()
h = hashlib.sha256()
while part := c.recv(65536):
    h.update(part)
print(h.hexdigest())
"""], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 20, "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image)
        assert done.returncode == 0, done.stderr
        assert server.communicate(timeout=20)[0] == hashlib.sha256(b"x" * 2000000).hexdigest() + "\n"
    finally:
        server.kill()
        server.wait()


SENDER = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sends /data to three that connect: as it is, without waiting inside of sendfile, and after a change of one byte. */
int main(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(80)};
    int l = socket(AF_INET, SOCK_STREAM, 0), f = open("/data", O_RDWR);
    struct stat st;
    if (f < 0 || fstat(f, &st) || bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 4))
        return perror("start"), 1;
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        int c = accept4(l, NULL, NULL, i == 1 ? SOCK_NONBLOCK : 0);
        if (i == 2 && pwrite(f, "!", 1, 5000) != 1)
            return perror("pwrite"), 1;
        for (off_t at = 0; at < st.st_size;) {
            struct pollfd p = {c, POLLOUT, 0};
            if (sendfile(c, f, &at, st.st_size) < 0 && (errno != EAGAIN || poll(&p, 1, -1) < 0))
                return perror("sendfile"), 1;
        }
        close(c);
    }
    return 0;
}
"""

RECEIVER = """
import hashlib, socket, sys, time
for small in (False, True, False):
    s = socket.socket()
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(30)
    s.connect(("10.9.0.2", 80))
    time.sleep(0.2)
    h = hashlib.sha256()
    while part := s.recv(65536):
        h.update(part)
    print(h.hexdigest())
"""


@pytest.mark.parametrize("way", WAYS)
def test_sendfile_of_the_image(way, cc, namespace, tmp_path):  # noqa: F811
    """A file of the image is sent as it lies there, whatever the receiver's window; one that was changed, as it is now."""
    data = bytearray(random.Random(7).randbytes(1_000_003))
    (tmp_path / "root").mkdir()
    (tmp_path / "root/data").write_bytes(data)
    image = tmp_path / "packed"
    subprocess.run([PITH, "pack", cc(SENDER, "-O2"), "--root", tmp_path / "root", "-o", image], check=True)
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 90, *way_options(way), "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", image)
    try:
        assert machine.first == "ready\n", machine.end()
        client = inside(namespace, "python3", "-c", RECEIVER)
        changed = data[:5000] + b"!" + data[5001:]
        assert client.stdout.split() == [hashlib.sha256(d).hexdigest() for d in (data, data, changed)], client.stderr
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, ""), out


@pytest.mark.parametrize("way", WAYS)
def test_what_is_sent_does_not_wait_for_the_program(way, cc, namespace):  # noqa: F811
    """A small write leaves while the program computes, though it has one thread and handles no signals."""
    image = cc(r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = inet_addr("10.9.0.1")};
    struct timespec from, now;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&a, sizeof(a)) || write(s, "x", 1) != 1)
        return perror("connect"), 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec - from.tv_sec < 3);
    return 0;
}
""", "-O2")
    server = Server("python3", "-c", """
import socket, time
server = socket.create_server(("10.9.0.1", 7))
print("ready", flush=True)
c = server.accept()[0]
assert c.recv(10) == b"x"
began = time.monotonic()
assert c.recv(10) == b""
print(time.monotonic() - began)
""", prefix=["ip", "netns", "exec", namespace])
    try:
        assert server.process.stdout.readline() == b"ready\n"
        done = server.run(PITH, "run", "--timeout", 30, *way_options(way), "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image, timeout=60)
        assert done.returncode == 0, done.stderr
        server.process.wait(10)
    finally:
        out, err = server.end()
    assert float(out) > 1, err


def test_refused_and_unreachable(cc, namespace):  # noqa: F811
    """What the host's answers, or their lack, mean to connect."""
    image = cc(r"""
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
static void try(const char *where, int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, where, &addr.sin_addr);
    int err = connect(s, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
    printf("%s %d: %s\n", where, port, strerror(err));
}
int main(void)
{
    try("10.9.0.1", 9);
    try("10.9.0.77", 9);
    try("192.0.2.1", 9);
    return 0;
}
""", "-O2")
    done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 30, "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image)
    assert done.stdout == ("10.9.0.1 9: Connection refused\n10.9.0.77 9: Host is unreachable\n192.0.2.1 9: Network unreachable\n"), done.stderr


def test_servers_of_names(cc, namespace, tmp_path):  # noqa: F811
    """Settings' server of names is asked, by way of /etc/resolv.conf; an image's own file has precedence."""
    image = cc(r"""
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(void)
{
    FILE *conf = fopen("/etc/resolv.conf", "r");
    char line[200];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    while (conf && fgets(line, sizeof(line), conf))
        fputs(line, stdout);
    int err = getaddrinfo("server.example", NULL, &hints, &found);
    puts(err ? gai_strerror(err) : inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    return 0;
}
""", "-O2")
    server = subprocess.Popen(["ip", "netns", "exec", namespace, "python3", "-c", """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.0.1", 53))
print("ready", flush=True)
while True:
    q, peer = s.recvfrom(512)
    end = q.index(0, 12) + 5
    s.sendto(q[:2] + bytes.fromhex("81800001000100000000") + q[12:end] + bytes.fromhex("c00c000100010000003c0004c0000207"), peer)
"""], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        run = [PITH, "run", "--on", "process", "--timeout", 20, "--net", f"tap:{namespace}", "--ip"]
        done = inside(namespace, *run, "10.9.0.2/24,10.9.0.1,10.9.0.1", image)
        assert done.stdout == "nameserver 10.9.0.1\n192.0.2.7\n", done.stderr
        (tmp_path / "root/etc").mkdir(parents=True)
        (tmp_path / "root/etc/resolv.conf").write_text("nameserver 10.9.0.1\noptions timeout:1\n")
        own = tmp_path / "own"
        subprocess.run([PITH, "pack", image, "--root", tmp_path / "root", "-o", own], check=True)
        done = inside(namespace, *run, "10.9.0.2/24,10.9.0.1,192.0.2.99", own)
        assert done.stdout == "nameserver 10.9.0.1\noptions timeout:1\n192.0.2.7\n", done.stderr
    finally:
        server.kill()
        server.wait()


ROUTES = r"""
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct nlmsghdr h;
    struct rtmsg m;
    char attributes[64];
} q;
static char answer[4096];

static void begin(int type, int flags, int bits)
{
    memset(&q, 0, sizeof(q));
    q.h = (struct nlmsghdr){NLMSG_LENGTH(sizeof(q.m)), type, NLM_F_REQUEST | flags, 1, 0};
    q.m = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = bits, .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST};
}

static void address(int type, const char *text)
{
    struct rtattr *a = (struct rtattr *)((char *)&q + q.h.nlmsg_len);
    *a = (struct rtattr){RTA_LENGTH(4), type};
    inet_pton(AF_INET, text, RTA_DATA(a));
    q.h.nlmsg_len += RTA_LENGTH(4);
}

static struct nlmsghdr *ask(int nl)
{
    send(nl, &q, q.h.nlmsg_len, 0);
    recv(nl, answer, sizeof(answer), 0);
    return (struct nlmsghdr *)answer;
}

static void route(int nl, int flags, const char *gateway)
{
    begin(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | flags, 0);
    address(RTA_GATEWAY, gateway);
    const struct nlmsgerr *e = NLMSG_DATA(ask(nl));
    printf("%s ", strerror(-e->error));
    begin(RTM_GETROUTE, 0, 32);
    address(RTA_DST, "192.0.2.1");
    struct nlmsghdr *h = ask(nl);
    int left = RTM_PAYLOAD(h);
    for (struct rtattr *a = RTM_RTA(NLMSG_DATA(h)); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == RTA_GATEWAY) {
            char text[16];
            puts(inet_ntop(AF_INET, RTA_DATA(a), text, sizeof(text)));
        }
}

int main(void)
{
    int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    route(nl, NLM_F_EXCL, "10.9.0.1");
    route(nl, NLM_F_EXCL, "10.9.0.3");
    route(nl, NLM_F_REPLACE, "10.9.0.3");
    route(nl, 0, "10.9.0.3");
    return 0;
}
"""


def test_routes_in_each_others_place(cc, namespace):  # noqa: F811
    """A second route of the same metric is refused, or takes the place of the first, as is asked."""
    done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 30, "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", cc(ROUTES))
    assert done.stdout.splitlines() == ["No error information 10.9.0.1", "File exists 10.9.0.1", "No error information 10.9.0.3",
                                        "File exists 10.9.0.3"], done.stdout + done.stderr
