# SPDX-License-Identifier: MIT
"""Network devices from end to end: a program with raw packets (pith/net.h) answers pings and sends datagrams back, over a
TAP device in a namespace of its own, and the network that needs no root."""
import shutil
import socket
import subprocess
import time

import pytest

from frame import PITH, ROOT, execute
from network import Machine, ip, free_port, namespace, way_options  # noqa: F401

WAYS = ["process", "qemu", "qemu:q35"]


@pytest.mark.parametrize("way", WAYS)
def test_raw_packets_over_tap(way, cc, namespace):
    options = way_options(way)
    image = cc(ROOT / "examples" / "kv-udp.c", "-O2", "-Wall", "-Wextra", "-Werror", name="kv-udp")
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 60, *options, "--net", f"tap:{namespace}", image,
                      "10.9.0.2")
    try:
        assert machine.first.startswith("net0: "), machine.end()
        client = subprocess.run(["ip", "netns", "exec", namespace, "python3", "-c", CLIENT], capture_output=True, text=True, timeout=60)
    finally:
        status, out, err = machine.end()
    assert (client.returncode, client.stdout) == (0, "stored\nvalue 1\nnone\nlarge 1200\nbye\n"), client.stderr
    assert (status, err) == (0, ""), out
    assert int(out.split()[-2]) >= 6 and out.endswith(" requests\n")


CLIENT = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("10.9.0.2", 7000))
def ask(text):
    for attempt in range(10):
        s.send(text)
        try:
            return s.recv(2000)
        except (TimeoutError, ConnectionRefusedError):
            pass
    raise SystemExit("no answer to " + repr(text[:20]))
print(ask(b"set one value 1").decode())
print(ask(b"get one").decode())
print(ask(b"get two").decode())
ask(b"set big " + b"x" * 1200)
print("large", len(ask(b"get big")))
print(ask(b"quit").decode())
"""


def test_no_such_device(pith, cc):
    image = cc(ROOT / "examples" / "kv-udp.c", name="kv-udp")
    done = pith("run", "--on", "process", "--net", "tap:nosuchdevice", image)
    assert done.status == 125 and "nosuchdevice" in done.stderr and "pith net up" in done.stderr
    done = pith("run", "--on", "process", image, "10.9.0.2")
    assert done.status == 1 and "no network" in done.stderr


def test_unused_devices_are_not_opened(pith, cc):
    """A program without network runs although the device is not there."""
    image = cc("int main(void) { return 5; }\n")
    assert pith("run", "--on", "process", "--net", "tap:nosuchdevice", image).status == 5


@pytest.mark.parametrize("way", WAYS)
def test_network_without_root(way, cc):
    """A connection to a port of the host reaches the program, and back."""
    options = way_options(way)
    if way == "process" and not shutil.which("passt"):
        pytest.skip("passt is not installed")
    image = cc(SERVER, "-O2", name="server")
    port = free_port()
    machine = Machine(PITH, "run", "--timeout", 60, *options, "-p", f"127.0.0.1:{port}:80", image)
    got = b""
    for attempt in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
            try:
                s.sendall(b"hello")
                while part := s.recv(65536):
                    got += part
            except OSError:
                pass
        if got:
            break
        time.sleep(0.5)
    status, out, err = machine.end()
    assert got == b"hello" * 20000
    assert (status, out, err) == (0, "listening\n", "")


def test_ipv6_without_root(cc):
    """The machine has an address of the prefix that passt advertises; ports of the host's IPv6 addresses reach it, and it reaches the host's."""
    if not shutil.which("passt"):
        pytest.skip("passt is not installed")
    if not any(line.split()[0] == "0" * 32 and line.split()[-1] != "lo" for line in open("/proc/net/ipv6_route")):
        pytest.skip("the host has no default route of IPv6, so passt has none")
    image = cc(SIX, "-O2", name="six")
    with socket.socket(socket.AF_INET6) as s:
        s.bind(("::1", 0))
        port = s.getsockname()[1]
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        listener.listen(1)
        listener.settimeout(20)
        machine = Machine(PITH, "run", "--on", "process", "--timeout", 60, "-p", f"[::1]:{port}:80", image, listener.getsockname()[1])
        with listener.accept()[0] as s:
            s.settimeout(20)
            assert s.recv(100) == b"from the machine"
    assert machine.first == "ready\n"
    done = subprocess.run(["curl", "-6", "-s", "-g", "-m", "20", f"http://[::1]:{port}/"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "hello"), done
    with pytest.raises(OSError):  # of IPv6 only, as was asked
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    status, out, err = machine.end()
    assert (status, err) == (0, ""), (out, err)


SIX = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(80)}, host = a;
    int s = socket(AF_INET6, SOCK_STREAM, 0), on = 1, out = -1;
    char buf[1000];
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (argc < 2 || bind(s, (void *)&a, sizeof(a)) || listen(s, 5))
        return 1;
    host.sin6_port = htons(atoi(argv[1]));
    inet_pton(AF_INET6, "fec0::2", &host.sin6_addr);
    for (int i = 0; i < 100; i++) { /* until a router has told us of the network */
        out = socket(AF_INET6, SOCK_STREAM, 0);
        if (connect(out, (void *)&host, sizeof(host)) == 0)
            break;
        close(out);
        out = -1;
        usleep(100000);
    }
    if (write(out, "from the machine", 16) != 16)
        return 2;
    puts("ready");
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    if (read(c, buf, sizeof(buf)) < 4 || write(c, answer, sizeof(answer) - 1) < 0)
        return 3;
    shutdown(c, SHUT_WR);
    return read(c, buf, 1) == 0 ? 0 : 4;
}
"""


SERVER = r"""
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s, (void *)&a, sizeof(a)) || listen(s, 5))
        return 1;
    puts("listening");
    fflush(stdout);
    int c = accept(s, NULL, NULL);
    char buf[5], rest;
    if (read(c, buf, 5) != 5)
        return 2;
    for (int i = 0; i < 20000; i++)
        if (write(c, buf, 5) != 5)
            return 3;
    shutdown(c, SHUT_WR);
    return read(c, &rest, 1) == 0 ? 0 : 4;
}
"""


@pytest.mark.parametrize("ports", ["80", "80:", "x:80", "1:2:3:4", "0:1", "1:65536", "1:2/sctp", "a.b:1:2", "[::1]", "[]:1:2", "[::1]1:2", "[::1:1:2", "[x]:1:2"])
@pytest.mark.parametrize("way", ["process", "qemu"])
def test_wrong_ports(way, ports, pith):
    done = pith("run", "--on", way, "-p", ports, "image")
    why = "IPv4 addresses only" if way == "qemu" and ports[0] == "[" else "-p 8080:80"
    assert done.status == 125 and why in done.stderr


def test_net_command_refuses(pith):
    for args in ([], ["up"], ["down"], ["up", "a", "b", "c"], ["sideways", "a"], ["up", "../a"], ["up", "lo"], ["up", "a" * 16],
                 ["up", "a", "10.0.0.1"], ["down", "-x"]):
        done = pith("net", *args)
        assert done.status == 2 and done.stdout == "" and done.stderr.startswith("pith net:"), args


def test_forwarding(cc, namespace):
    """Two sides of one machine reach each other through it, with whatever is left to devices of their packets."""
    image = cc(ROOT / "examples" / "forward.c", "-O2", name="forward")
    inner, other = f"{namespace}i", f"{namespace}b"[:15]
    assert ip("netns", "add", inner).returncode == 0
    try:
        assert ip("-n", namespace, "tuntap", "add", "dev", other, "mode", "tap", "vnet_hdr").returncode == 0
        machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--on", "process", "--net", f"tap:{namespace}",
                          "--net", f"tap:{other}", "--timeout", 8, image, "on")
        assert machine.first == "forwarding\n", machine.end()
        # The device keeps its machine when it moves.
        assert ip("-n", namespace, "link", "set", "dev", other, "netns", inner).returncode == 0
        assert ip("-n", inner, "addr", "add", "10.9.0.3/24", "dev", other).returncode == 0
        assert ip("-n", inner, "link", "set", "dev", other, "up").returncode == 0
        done = execute(["ip", "netns", "exec", namespace, "ping", "-c", "3", "-i", "0.2", "-W", "2", "10.9.0.3"])
        assert done.status == 0, done.stdout
        assert machine.end()[0] == 124
    finally:
        ip("netns", "delete", inner)
