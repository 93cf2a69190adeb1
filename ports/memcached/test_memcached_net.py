# SPDX-License-Identifier: MIT
"""memcached as an image, asked over a TAP device in a namespace of the test, by clients that speak its text protocol and by those of
its own tests that take any server."""
import os
import shutil

import pytest

from frame import PITH, execute
from network import Server, namespace, way_options  # noqa: F401

# What of memcached's tests asks a server that runs already, and changes nothing of how it was started.
SUITE = ["bogus-commands", "cas", "flags", "incrdecr", "issue_108", "issue_152", "issue_163", "issue_68",
         "metaget", "multiversioning", "noreply", "quit", "touch"]

CLIENT = r"""
import random, socket, sys, time
host = sys.argv[1]
class Client:
    def __init__(self):
        self.socket = socket.create_connection((host, 11211), timeout=20)
        self.file = self.socket.makefile("rwb")
    def say(self, text, data=b""):
        self.file.write(text.encode() + b"\r\n" + data)
        self.file.flush()
        return self.file.readline().decode().rstrip()
    def set(self, key, data):
        return self.say(f"set {key} 5 0 {len(data)}", data + b"\r\n")
    def get(self, key, command="get"):
        head = self.say(f"{command} {key}").split()
        if head == ["END"]:
            return None
        assert head[:3] == ["VALUE", key, "5"], head
        data = self.file.read(int(head[3]) + 2)[:-2]
        assert self.file.readline() == b"END\r\n"
        return (data, head[4]) if command == "gets" else data
for _ in range(200):
    try:
        c = Client()
        break
    except OSError:
        time.sleep(0.1)
assert c.say("version").startswith("VERSION 1.6.18")
assert c.get("key") is None and c.set("key", b"value") == "STORED" and c.get("key") == b"value"
assert c.set("number", b"41") == "STORED" and c.say("incr number 1") == "42" and c.say("decr number 2") == "40"
data, unique = c.get("key", "gets")
assert c.say(f"cas key 5 0 3 {unique}", b"new\r\n") == "STORED" and c.say(f"cas key 5 0 3 {unique}", b"old\r\n") == "EXISTS"
assert c.get("key") == b"new" and c.say("delete key") == "DELETED" and c.say("delete key") == "NOT_FOUND"
large = random.Random(1).randbytes(1000000)
assert c.set("large", large) == "STORED" and c.get("large") == large
assert c.set("larger", bytes(2000000)) == "SERVER_ERROR object too large for cache"
many = [Client() for _ in range(300)]
for n, m in enumerate(many):
    assert m.set(f"key{n}", b"%d" % n) == "STORED"
for n, m in enumerate(reversed(many)):
    assert m.get(f"key{n}") == b"%d" % n
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(5)
u.sendto(b"\x12\x34\0\0\0\1\0\0get key7\r\n", (host, 11211))
assert u.recv(2000) == b"\x12\x34\0\0\0\1\0\0VALUE key7 5 1\r\n7\r\nEND\r\n"
print("all right")
"""


@pytest.fixture(scope="module")
def image(ported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("memcached")
    (folder / "root/etc").mkdir(parents=True)
    (folder / "root/etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    done = execute([PITH, "pack", ported("memcached", "memcached"), "--root", folder / "root", "-o", folder / "memcached"])
    assert done.status == 0, done.stderr
    return folder / "memcached"


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_clients(way, image, source, namespace, tmp_path):  # noqa: F811
    """Values, counters, large values, many connections and UDP; then memcached's own tests, as a process."""
    server = Server(PITH, "run", "-m", "256M", *way_options(way), "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image, "-u", "root",
                    "-U", "11211", "-c", "1024", prefix=["ip", "netns", "exec", namespace])
    try:
        client = server.run("python3", "-c", CLIENT, "10.9.0.2", text=True, timeout=60)
        assert client.stdout == "all right\n", client.stderr
        shutil.copytree(source("memcached") / "t", tmp_path / "t")
        # They ask for a program first, and then another server.
        (tmp_path / "memcached-debug").write_text("#!/bin/sh\n")
        (tmp_path / "memcached-debug").chmod(0o755)
        for name in SUITE if way == "process" else []:
            done = server.run("perl", "-I", "t/lib", f"t/{name}.t", cwd=tmp_path, text=True, timeout=60,
                              env={**os.environ, "T_MEMD_USE_DAEMON": "10.9.0.2:11211"})
            assert done.returncode == 0 and "ok 1" in done.stdout, f"{name}\n{done.stdout}{done.stderr}"
    finally:
        server.end()
