# SPDX-License-Identifier: MIT
"""pith run --net-trace: every packet of the machine, as tcpdump reads it."""
import shutil
import struct
import subprocess

import pytest

from frame import PITH
from network import Machine, namespace, way_options  # noqa: F401
from test_net import CLIENT, SERVER, inside

WAYS = ["process", "qemu"]


def read_pcapng(path):
    """The devices of a trace, and its packets as (device, direction, bytes)."""
    data, at, devices, packets = path.read_bytes(), 0, [], []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0 and struct.unpack_from("<I", data, at + size - 4)[0] == size, "a block is cut"
        body = data[at + 8:at + size - 4]
        if kind == 1:
            name = struct.unpack_from("<HH", body, 8)
            devices.append(body[12:12 + name[1]].decode())
        elif kind == 6:
            device, _, _, length, original = struct.unpack_from("<IIIII", body)
            assert length == original
            flags = struct.unpack_from("<I", body, 20 + (length + 3 & ~3) + 4)[0]
            packets.append((device, {1: "in", 2: "out"}[flags], body[20:20 + length]))
        else:
            assert kind == 0x0A0D0D0A and at == 0
        at += size
    return devices, packets


def machine(namespace, way, image, *options):  # noqa: F811
    return Machine("ip", "netns", "exec", namespace, PITH, "run", "--timeout", 60, *way_options(way), "--net", f"tap:{namespace}",
                   "--ip", "10.9.0.2/24", *options, image)


@pytest.mark.parametrize("way", WAYS)
def test_packets_both_ways(way, cc, namespace, tmp_path):  # noqa: F811
    """tcpdump finds ping's requests and the answers; large segments stand whole."""
    if not shutil.which("tcpdump"):
        pytest.skip("tcpdump is not installed")
    trace = tmp_path / "a,b.pcapng"
    running = machine(namespace, way, cc(SERVER, "-O2"), "--net-trace", trace)
    assert running.first == "ready\n", running.end()
    assert inside(namespace, "ping", "-c", "3", "-i", "0.2", "-W", "5", "10.9.0.2").returncode == 0
    client = inside(namespace, "python3", "-c", CLIENT, 300000, "10.9.0.2")
    status, out, err = running.end()
    assert (client.stdout, status, err) == ("all right\n", 0, ""), client.stderr
    shown = subprocess.run(["tcpdump", "-n", "-r", trace, "icmp"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    for sequence in (1, 2, 3):
        for line in ("10.9.0.1 > 10.9.0.2: ICMP echo request", "10.9.0.2 > 10.9.0.1: ICMP echo reply"):
            assert sum(line in s and f"seq {sequence}," in s for s in shown.stdout.splitlines()) == 1, shown.stdout
    if way == "process":
        devices, packets = read_pcapng(trace)
        assert devices == ["eth0"]
        for direction in ("in", "out"):
            assert any(d == direction and len(p) > 10000 for _, d, p in packets), direction
        sources = {d: {p[6:12] for _, way_, p in packets if way_ == d} for d in ("in", "out")}
        assert len(sources["out"]) == 1 and not sources["in"] & sources["out"]


def test_full_disk(cc, namespace, tmp_path):  # noqa: F811
    """A trace that finds no more room ends, once and with a message; the machine does not."""
    trace = tmp_path / "trace"
    limited = ["prlimit", "--fsize=20000", PITH]
    running = Machine("ip", "netns", "exec", namespace, *limited, "run", "--on", "process", "--timeout", 60, "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", "--net-trace", trace, cc(SERVER, "-O2"))
    assert running.first == "ready\n", running.end()
    client = inside(namespace, "python3", "-c", CLIENT, 300000, "10.9.0.2")
    status, out, err = running.end()
    assert (client.stdout, status) == ("all right\n", 0), err
    assert err.count("the trace ends here") == 1 and err.count("\n") == 1, err
    assert trace.stat().st_size == 20000


def test_refusals(pith, cc, tmp_path):
    image = cc(SERVER, "-O2")
    done = pith("run", "--on", "process", "--net", "none", "--net-trace", tmp_path / "no" / "where", image)
    assert done.status == 125 and "where: No such file or directory" in done.stderr
    way_options("qemu")
    done = pith("run", "--on", "qemu", "--net", "user", "--net", "user", "--net-trace", tmp_path / "t", image)
    assert done.status == 125 and "QEMU writes a file for each network" in done.stderr
