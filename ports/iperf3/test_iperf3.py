# SPDX-License-Identifier: MIT
"""iperf3 as an image, over a TAP device in a namespace of the test: against the host's iperf3, as server and as client."""
import json
import subprocess

import pytest

from frame import PITH
from network import Server, namespace, way_options  # noqa: F401

ADDRESSES = ["--ip", "10.9.0.2/24", "--ip", "fd00:9::2/64"]
TESTS = {
    "in": [],
    "out": ["-R"],
    "both ways": ["--bidir"],
    "four connections by IPv6": ["-6", "-P", "4"],
    "small blocks": ["-l", "200", "-N"],
    "without a copy": ["-Z"],
    "datagrams": ["-u", "-b", "20M"],
    "datagrams out": ["-u", "-b", "20M", "-R"],
}


def machine(way, image, tap, *words):
    return [PITH, "run", "-m", "256M", *way_options(way), "--net", f"tap:{tap}", *ADDRESSES, image, *words]


def received(report):
    """The bytes that the receiving side says have come."""
    end = json.loads(report)["end"]
    return end.get("sum", end.get("sum_received"))["bytes"]


def wait_for(server):
    """Until it takes the next test."""
    line = b"-"
    while line and b"Server listening" not in line:
        line = server.process.stdout.readline()
    assert line, server.end()


@pytest.fixture
def inside(namespace):  # noqa: F811
    subprocess.run(["ip", "-n", namespace, "-6", "addr", "add", "fd00:9::1/64", "dev", namespace, "nodad"], check=True)
    return ["ip", "netns", "exec", namespace]


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_server(way, ported, namespace, inside):  # noqa: F811
    server = Server(*machine(way, ported("iperf3", "iperf3"), namespace, "-s", "--forceflush"), prefix=inside)
    try:
        for name, words in TESTS.items():
            wait_for(server)
            done = server.run("iperf3", "-J", "-t", "1", "-c", "fd00:9::2" if "-6" in words else "10.9.0.2", *words)
            assert done.returncode == 0, name + done.stdout.decode()
            assert received(done.stdout) > 100_000, name + done.stdout.decode()
    finally:
        server.end()


def test_client(ported, namespace, inside):  # noqa: F811
    server = Server("iperf3", "-s", "--forceflush", prefix=inside)
    try:
        for words in ([], ["-R"], ["-u", "-b", "20M"]):
            wait_for(server)
            done = server.run(*machine("process", ported("iperf3", "iperf3"), namespace, "-c", "10.9.0.1", "-J", "-t", "1", *words))
            assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
            assert received(done.stdout) > 100_000, done.stdout.decode()
    finally:
        server.end()
