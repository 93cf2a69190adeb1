# SPDX-License-Identifier: MIT
"""Many connections: idle ones at once, and one after another, in a machine with 64 MiB."""
import subprocess

import pytest

from frame import PITH
from network import Machine, ip, namespace, way_options  # noqa: F401

SERVER = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static long free_kib(void)
{
    struct sysinfo i;
    sysinfo(&i);
    return (long)(i.freeram * i.mem_unit / 1024);
}

/* Sends back what comes. To "m" it answers how much memory is free, to "c" it closes, at "q" it ends. */
int main(void)
{
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, e = epoll_create1(0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7)};
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(s, (void *)&a, sizeof(a)) || listen(s, 1024))
        return perror("listen"), 1;
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = s}, got[64];
    epoll_ctl(e, EPOLL_CTL_ADD, s, &ev);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(e, got, 64, -1);
        for (int i = 0; i < n; i++) {
            int c = got[i].data.fd;
            if (c == s) {
                while ((c = accept4(s, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    ev = (struct epoll_event){.events = EPOLLIN, .data.fd = c};
                    if (epoll_ctl(e, EPOLL_CTL_ADD, c, &ev))
                        return perror("epoll_ctl"), 1;
                }
                if (errno != EAGAIN)
                    perror("accept");
                continue;
            }
            char b[64];
            ssize_t len = read(c, b, sizeof(b));
            if (len <= 0 || b[0] == 'c') {
                close(c);
            } else if (b[0] == 'q') {
                return 0;
            } else {
                if (b[0] == 'm')
                    len = sprintf(b, "%ld\n", free_kib());
                if (write(c, b, (size_t)len) != len)
                    return perror("write"), 1;
            }
        }
    }
}
"""

# Idle connections that all live; then as many thousands of others as it is told, the first half of them closed by itself, the others by the
# server. Prints the machine's free memory in between. Each ten thousand have another address: Linux looks long for ports when most
# wait for their time to end.
CLIENT = r"""
import resource, socket, sys
IP_BIND_ADDRESS_NO_PORT = 24
idle, thousands = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (idle + 100,) * 2)

def connect(host=1):
    c = socket.socket()
    c.settimeout(30)
    c.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    c.bind((f"10.9.0.{host}", 0))
    c.connect(("10.9.0.2", 7))
    return c

control = connect()
def free():
    control.send(b"m")
    print(int(control.recv(100)), flush=True)

free()
all = [connect() for i in range(idle)]
free()
for i, c in enumerate(all):
    c.send(b"x%d" % i)
for i, c in enumerate(all):
    assert c.recv(100) == b"x%d" % i
for c in all:
    c.close()
for i in range(thousands):
    here = i < thousands // 2
    for j in range(10):
        some = [connect(101 + i // 10) for k in range(100)]
        for c in some:
            c.send(b"hello" if here else b"c")
        for c in some:
            assert c.recv(10) == (b"hello" if here else b"")
            c.close()
    if i + 1 in (thousands // 5, thousands // 2, thousands):
        free()
control.send(b"q")
"""


@pytest.mark.parametrize("way, idle, thousands", [("process", 10000, 100), ("qemu", 1000, 5)])
def test_many_connections(way, idle, thousands, cc, namespace):  # noqa: F811
    options = way_options(way)
    image = cc(SERVER, "-O2", "-Wall")
    inside = ["ip", "netns", "exec", namespace]
    for host in range(101, 101 + -(-thousands // 10)):
        ip("-n", namespace, "addr", "add", f"10.9.0.{host}/24", "dev", namespace)
    machine = Machine(*inside, PITH, "run", "-m", "64M", "--timeout", 200, *options, "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image)
    try:
        assert machine.first == "ready\n", machine.end()
        client = subprocess.run([*inside, "python3", "-c", CLIENT, str(idle), str(thousands)], capture_output=True, text=True,
                                timeout=200, check=False)
        assert client.returncode == 0, client.stderr
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, ""), out
    start, held, early, here, there = (int(kib) for kib in client.stdout.split())
    assert start - held < 2.5 * idle, client.stdout
    assert abs(early - here) < 1024, client.stdout
    # These wait for the time of their last packets to end (TIME-WAIT), in little memory.
    assert here - there < 1024 + 200 * thousands // 2, client.stdout
