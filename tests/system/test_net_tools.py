# SPDX-License-Identifier: MIT
"""Tools that administrators turn to first find the machine: ping of both versions, and traceroute."""
import shutil

import pytest

from frame import PITH
from network import Machine, namespace  # noqa: F401
from test_net import SERVER, inside


def test_ping_and_traceroute(cc, namespace):  # noqa: F811
    if not shutil.which("traceroute"):
        pytest.skip("traceroute is not installed")
    inside(namespace, "ip", "-6", "addr", "add", "fd00:9::1/64", "dev", namespace, "nodad")
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--on", "process", "--timeout", 60, "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", "--ip", "fd00:9::2/64", cc(SERVER, "-O2"))
    try:
        assert machine.first == "ready\n", machine.end()
        for version, address in (("-4", "10.9.0.2"), ("-6", "fd00:9::2")):
            done = inside(namespace, "ping", version, "-n", "-c", "3", "-i", "0.2", "-W", "5", "-s", "4000", address)
            assert "3 received" in done.stdout, done.stdout + done.stderr
            done = inside(namespace, "traceroute", version, "-n", "-q", "1", "-w", "3", "-m", "3", address)
            hops = done.stdout.splitlines()[1:]
            assert len(hops) == 1 and hops[0].split()[:2] == ["1", address], done.stdout + done.stderr
        inside(namespace, "python3", "-c", "import socket\nsocket.socket(2, socket.SOCK_DGRAM).sendto(b'end', ('10.9.0.2', 7))")
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, "")
