# SPDX-License-Identifier: MIT
"""What tests with a network share: a TAP device in a namespace of its own, and machines that run beside the test."""
import os
import shutil
import socket
import subprocess
import time

import pytest

from frame import PITH, execute


def ip(*args):
    return subprocess.run(["ip", *args], capture_output=True, text=True)


@pytest.fixture
def namespace():
    """A TAP device and a namespace, both of that name, made by pith net."""
    if os.geteuid() != 0 or not shutil.which("ip") or not os.path.exists("/dev/net/tun"):
        pytest.skip("network namespaces and TAP devices need root, ip and /dev/net/tun")
    name = f"pt{os.getpid()}"
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        pytest.skip("this host makes no network namespaces")
    done = execute([PITH, "net", "up", name, "10.9.0.1/24"])
    assert done.status == 0, done.stderr
    yield name
    done = execute([PITH, "net", "down", name])
    assert done.status == 0, done.stderr
    assert name not in ip("netns", "list").stdout


def way_options(way):
    if way.startswith("qemu") and not shutil.which("qemu-system-x86_64"):
        pytest.skip("QEMU is not installed")
    return ["--on", way]


def popen(*command):
    # Without a buffer, in which communicate() would not look for what came with a line read before.
    return subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)


class Machine:
    """A machine that runs beside the test, once it has printed its first line."""

    def __init__(self, *command):
        self.process = popen(*command)
        self.first = self.process.stdout.readline().decode()

    def end(self):
        try:
            out, err = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, self.first + out.decode(), err.decode()


class Server:
    """A server that runs until end(), and clients beside it; (prefix) starts both where the clients reach it."""

    def __init__(self, *command, prefix=()):
        self.prefix = [str(p) for p in prefix]
        self.process = popen(*self.prefix, *command)

    def run(self, *argv, timeout=30, **more):
        return subprocess.run([*self.prefix, *[str(a) for a in argv]], capture_output=True, timeout=timeout, check=False, **more)

    def wait(self, answers):
        """Until answers() is true."""
        for _ in range(200):
            if self.process.poll() is None and answers():
                return
            time.sleep(0.1)
        raise AssertionError("no answer: " + "".join(self.end()))

    def end(self):
        """Returns what it has said on both of its streams."""
        self.process.terminate()
        try:
            return [text.decode() for text in self.process.communicate(timeout=20)]
        finally:
            self.process.kill()


def free_port():
    """A port of the host's loopback that nobody has."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
