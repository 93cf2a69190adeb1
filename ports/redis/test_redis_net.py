# SPDX-License-Identifier: MIT
"""Redis as an image, asked by redis-cli, redis-benchmark and its own test suite over a TAP device in a namespace of the test, and
without root."""
import re
import shutil
import subprocess

import pytest

from frame import PITH
from network import Server, free_port, namespace, way_options  # noqa: F401

ARGS = ["--save", "", "--protected-mode", "no", "--enable-debug-command", "yes"]

# What of the suite is quick. It skips itself what it cannot do with a server that it has not started. Not here: what saves in the background
# or has a replica, which forks.
UNITS = ["auth", "bitfield", "bitops", "functions", "info-command", "keyspace", "lazyfree", "multi", "pause", "printver", "protocol", "pubsub",
         "querybuf", "quit", "replybufsize", "scan", "scripting", "slowlog", "tracking", "type/hash", "type/incr", "violations"]


class Redis(Server):
    def __init__(self, way, image, host, port, *options, args=(), prefix=()):
        self.host, self.port = host, str(port)
        super().__init__(PITH, "run", "-m", "256M", *way_options(way), *options, image, *ARGS, *args, prefix=prefix)

    def __enter__(self):
        self.wait(lambda: self.cli("PING").stdout == "PONG\n")
        return self

    def __exit__(self, *unused):
        self.said = self.end()[0]

    def cli(self, *words, **more):
        return self.run("redis-cli", "-h", self.host, "-p", self.port, *words, text=True, **more)


def commands(server, size):
    """What clients do, by redis-cli; a large value has (size) bytes."""
    assert server.cli("SET", "key", "value").stdout == "OK\n"
    assert server.cli("GET", "key").stdout == "value\n"
    large = "0123456789abcdef" * (size // 16)
    assert server.cli("-x", "SET", "large", input=large).stdout == "OK\n"
    assert server.cli("GET", "large").stdout == large + "\n"
    assert server.cli("EVAL", "return redis.call('STRLEN', KEYS[1]) + ARGV[1]", "1", "large", "7").stdout == f"{len(large) + 7}\n"
    piped = "".join(f"INCRBY sum {n}\r\n" for n in range(10000))
    assert "errors: 0, replies: 10000" in server.cli("--pipe", input=piped).stdout
    assert server.cli("GET", "sum").stdout == f"{sum(range(10000))}\n"
    assert re.search(r"^redis_version:7\.0\.15\b.*^total_commands_processed:100\d\d\b", server.cli("INFO").stdout, re.M | re.S)


def published(server):
    """A subscriber hears what another client publishes."""
    listener = subprocess.Popen([*server.prefix, "redis-cli", "-h", server.host, "-p", server.port, "SUBSCRIBE", "news"],
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        assert [listener.stdout.readline().strip() for _ in range(3)] == ["subscribe", "news", "1"]
        assert server.cli("PUBLISH", "news", "it is here").stdout == "1\n"
        assert [listener.stdout.readline().strip() for _ in range(3)] == ["message", "news", "it is here"]
    finally:
        listener.kill()
        listener.communicate()


def tap(way, image, name, *args):
    return Redis(way, image, "10.9.0.2", 6379, "--net", f"tap:{name}", "--ip", "10.9.0.2/24", args=args,
                 prefix=["ip", "netns", "exec", name])


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_clients(way, ported, namespace):  # noqa: F811
    with tap(way, ported("redis", "redis-server"), namespace) as server:
        commands(server, 4000000)
        published(server)
        load = server.run("redis-benchmark", "-h", server.host, "-t", "get,set", "-n", "2000", "-c", "20", "-P", "4", "-q", text=True)
        assert len(re.findall(r"[SG]ET: [\d.]+ requests per second", load.stdout)) == 2, load.stdout + load.stderr
    assert "ready to exit, bye bye" in server.said, server.said


def test_without_root(ported):
    """--net user: a port of the host leads to the server."""
    port = free_port()
    with Redis("process", ported("redis", "redis-server"), "127.0.0.1", port, "-p", f"127.0.0.1:{port}:6379") as server:
        commands(server, 4000000)
        published(server)


def test_suite(ported, source, namespace, tmp_path):  # noqa: F811
    """Units of Redis's test suite against a server that they have not started."""
    suite = source("redis")
    for name in ("tests", "runtest"):
        copy = shutil.copytree if (suite / name).is_dir() else shutil.copy
        copy(suite / name, tmp_path / name)
    with tap("process", ported("redis", "redis-server"), namespace, "--logfile", "/log") as server:  # more than a pipe takes
        for unit in UNITS:
            done = server.run("./runtest", "--host", server.host, "--port", server.port, "--tags", "-needs:repl", "--single", f"unit/{unit}",
                              text=True, timeout=60, cwd=tmp_path)
            assert done.returncode == 0 and "All tests passed without errors" in done.stdout, done.stdout[-3000:] + done.stderr
