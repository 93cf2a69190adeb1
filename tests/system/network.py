# SPDX-License-Identifier: MIT
"""What tests with a network share: a TAP device in a namespace of its own, and machines that run beside the test."""
import os
import shutil
import subprocess

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


class Machine:
    """A machine that runs beside the test, once it has printed its first line."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline()

    def end(self):
        try:
            out, err = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, self.first + out, err
