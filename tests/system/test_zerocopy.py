# SPDX-License-Identifier: MIT
"""MSG_ZEROCOPY over a device, with Linux as the peer: every byte arrives as it was when it was sent, whatever becomes of the program's memory."""
import subprocess

import pytest

from frame import PITH
from network import Machine, namespace, way_options  # noqa: F401

WAYS = ["process", "qemu"]

PROGRAM = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <time.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE (768 << 10)

static uint32_t crc;
static unsigned given, told; /* notices that there are to be, and those that came */
static unsigned copied, in_order = 1;
static int peer;

static void check(int right, const char *what)
{
    if (!right) {
        perror(what);
        exit(1);
    }
}

static void count(const unsigned char *p, size_t n)
{
    for (; n > 0; n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
}

static void fill(unsigned char *p, size_t n)
{
    static uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        p[i] = (unsigned char)(x >> i % 8 * 8);
    }
}

static void notices(unsigned until)
{
    while (told < until) {
        char control[128];
        struct msghdr m = {.msg_control = control, .msg_controllen = sizeof(control)};
        struct pollfd p = {peer, 0, 0};
        check(poll(&p, 1, 20000) == 1, "no notice");
        if (recvmsg(peer, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            continue;
        struct sock_extended_err e;
        memcpy(&e, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(e));
        in_order &= e.ee_info == told && e.ee_data >= e.ee_info && e.ee_origin == 5;
        copied += e.ee_code == 1;
        told = e.ee_data + 1;
    }
}

static void send_all(struct iovec *v, int n)
{
    struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        count(v[i].iov_base, v[i].iov_len);
        total += v[i].iov_len;
    }
    check(sendmsg(peer, &m, MSG_ZEROCOPY) == (ssize_t)total, "sendmsg");
    given++;
}

static unsigned char *area(void)
{
    unsigned char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(p != MAP_FAILED, "mmap");
    return p;
}

/* Buffers that are used again once their notices came, at odd places. */
static void again(void)
{
    static unsigned char buf[8][70000]; /* of the image */
    for (unsigned i = 0; i < 60; i++) {
        if (i >= 8)
            notices(i - 7);
        struct iovec v = {buf[i % 8] + i % 13, 50000 + i * 331};
        fill(v.iov_base, v.iov_len);
        send_all(&v, 1);
    }
}

static void parts(void)
{
    static unsigned char buf[120][9000];
    struct iovec v[120];
    fill(buf[0], sizeof(buf));
    for (int i = 0; i < 120; i++)
        v[i] = (struct iovec){buf[i] + i % 7, i % 5 == 0 ? i : 8000 - i * 61};
    v[50].iov_len = 0;
    send_all(v, 120);
}

/* Memory that nobody has touched reads as zero. */
static void untouched(void)
{
    struct iovec v = {area(), SIZE};
    send_all(&v, 1);
}

/* Sends, and takes the memory away while all of it is to be sent. */
static void gone(int how)
{
    unsigned char *p = area(), *q = area();
    int f = -1;
    if (how == 'f') {
        check((f = memfd_create("x", 0)) >= 0 && ftruncate(f, SIZE) == 0, "memfd");
        p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    }
    fill(p, SIZE);
    struct iovec v = {p + 5, SIZE - 5};
    send_all(&v, 1);
    check(mprotect(p, SIZE, PROT_READ) == 0, "mprotect"); /* that leaves it as it is */
    if (how == 'u')
        check(munmap(p, SIZE) == 0, "munmap");
    if (how == 'c')
        check(close(peer) == 0 && munmap(p, SIZE) == 0, "close, munmap");
    if (how == 'm')
        check(munmap(p + 8192, 4096) == 0 && munmap(p + SIZE / 2, SIZE / 4) == 0, "munmap of parts");
    if (how == 'p')
        check(mprotect(p, SIZE, PROT_NONE) == 0, "mprotect");
    if (how == 'd')
        check(madvise(p, SIZE, MADV_DONTNEED) == 0, "madvise");
    if (how == 'o')
        check(mmap(p, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p, "mmap");
    if (how == 'r')
        check(mremap(p, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q && mprotect(q, SIZE, PROT_READ | PROT_WRITE) == 0, "mremap");
    if (how == 'f')
        check(ftruncate(f, 4096) == 0 && munmap(p, SIZE) == 0, "ftruncate");
    if (how == 'o')
        memset(p, 0xee, SIZE);
    memset(q, 0xee, SIZE);
    for (int i = 0; i < 20; i++) /* what was given back is in other hands now */
        memset(area(), 0xee, SIZE);
}

static int how_of(const char *what)
{
    return strncmp(what, "gone ", 5) == 0 ? what[5] : 0;
}

int main(void)
{
    static const char *const all[] = {"again",  "parts",  "untouched", "gone u", "gone m", "gone p",
                                      "gone d", "gone o", "gone r",    "gone f", "gone c"};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(80)};
    int l = socket(AF_INET, SOCK_STREAM, 0), on = 1, size = 2 << 20, u;
    check(bind(l, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(l, 4) == 0, "listen");
    puts("ready");
    fflush(stdout);
    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
        check((peer = accept(l, NULL, NULL)) >= 0, "accept");
        check(setsockopt(peer, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) == 0, "SO_ZEROCOPY");
        crc = ~0u, given = told = copied = 0;
        if (i > 0) /* the first one waits in send, too */
            setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        i == 0 ? again() : i == 1 ? parts() : i == 2 ? untouched() : gone(how_of(all[i]));
        if (how_of(all[i]) != 'c') {
            notices(given);
            close(peer);
        }
        printf("%s %08x: notices in order %u, copied %u\n", all[i], ~crc, in_order, copied > 0);
        fflush(stdout);
    }
    /* The peer gives up: what waits is given back. */
    check((peer = accept(l, NULL, NULL)) >= 0, "accept");
    setsockopt(peer, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
    setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    given = told = copied = 0;
    struct iovec v = {area(), SIZE};
    send_all(&v, 1);
    notices(1);
    printf("reset: notices in order %u, copied %u\n", in_order, copied);
    /* Datagrams, in fragments. */
    u = peer = socket(AF_INET, SOCK_DGRAM, 0);
    given = told = copied = 0;
    setsockopt(u, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
    addr.sin_addr.s_addr = inet_addr("10.9.0.1");
    check(connect(u, (struct sockaddr *)&addr, sizeof(addr)) == 0, "connect");
    for (int i = 0; i < 10; i++) {
        struct iovec w[] = {{v.iov_base, 5}, {(char *)v.iov_base + i, 5000 * i + 3000}};
        fill(v.iov_base, 60000);
        crc = ~0u;
        send_all(w, 2);
        if (i == 5)
            check(mprotect(v.iov_base, SIZE, PROT_NONE) == 0 && mprotect(v.iov_base, SIZE, PROT_READ | PROT_WRITE) == 0, "mprotect");
        notices(given);
        printf("datagram %08x\n", ~crc);
    }
    printf("datagrams: notices in order %u, copied %u\n", in_order, copied);
    /* The program ends before its peer has read anything. */
    check((peer = accept(l, NULL, NULL)) >= 0, "accept");
    setsockopt(peer, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
    setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    fill(v.iov_base, 100000);
    v.iov_len = 100000;
    crc = ~0u;
    send_all(&v, 1);
    printf("end %08x\n", ~crc);
    return 0;
}
"""

PEER = r"""
import socket, struct, subprocess, sys, time, zlib
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("10.9.0.1", 80))
def receive(i):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096 if i else 65536)
    s.settimeout(30)
    s.connect(("10.9.0.2", 80))
    time.sleep(0.2)
    crc = n = 0
    down = False
    while part := s.recv(65536):
        crc = zlib.crc32(part, crc)
        n += len(part)
        if i == 0 and n > 500000 and not down: # what is on its way is lost
            down = True
            for way in ("down", "up"):
                subprocess.run(["ip", "link", "set", sys.argv[1], way], check=True)
                time.sleep(0.3)
    print("%08x" % crc, n)
for i in range(11):
    receive(i)
s = socket.create_connection(("10.9.0.2", 80))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
time.sleep(0.5)
s.close()
u.settimeout(20)
for _ in range(10):
    data = u.recv(70000)
    print("datagram %08x" % zlib.crc32(data), len(data))
receive(11)
"""


@pytest.mark.parametrize("way", WAYS)
def test_every_byte_arrives(way, cc, namespace):  # noqa: F811
    """With losses, buffers used again after their notice, and memory that goes, changes or is no longer readable before it."""
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 120, *way_options(way), "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", cc(PROGRAM, "-O2"))
    try:
        assert machine.first == "ready\n", machine.end()
        peer = subprocess.run(["ip", "netns", "exec", namespace, "python3", "-c", PEER, namespace], capture_output=True, text=True, timeout=120)
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, ""), (out, peer.stderr)
    lines = out.splitlines()[1:]
    sent = [line.split(":")[0].split()[-1] for line in lines if not line.startswith(("reset", "datagrams"))]
    got = [line.split() for line in peer.stdout.splitlines()]
    assert sent == [line[0] if line[0] != "datagram" else line[1] for line in got], (out, peer.stdout, peer.stderr)
    assert all("in order 1" in line for line in lines if ":" in line), out
    # Nothing is said to be copied but what is taken away while it is to be sent.
    assert [line.split()[-1] for line in lines if ":" in line] == list("000" "1111111" "0" "0" "1"), out
