# SPDX-License-Identifier: MIT
"""memcached as an image: those of its unit tests that start no other process, libevent's, and the server."""
import subprocess

import pytest

from frame import PITH, execute

# They start the server as another process.
STARTERS = ["issue_44", "issue_101"]

# What of libevent's tests needs no other processes, and can follow each other in one. A list is skipped by a colon.
EVENTS = {
    "main": ["main/..", ":main/fork"],
    "threads": ["thread/..", ":thread/forking"],
    "signals": ["signal/..", "et/.."],
    "data": ["evbuffer/..", "evtag/..", "finalize/..", "heap/.."],
    "util": ["util/..", ":util/log"],
    "net": ["dns/..", ":dns/bufferevent_connect_hostname_emfile", ":dns/initialize_nameservers",
            ":dns/getaddrinfo_cancel_stress", "rpc/.."],
}

# Those leave something behind (a used-up table of descriptors, callbacks for locks) that the next would stumble over.
ALONE = ("bufferevent/", "dns/bufferevent_connect_hostname_emfile", "http/", "listener/")

# Wait for time-outs: 5 to 13 seconds each.
SLOW = ("http/cancel", "http/write_during_read")


def test_units(ported, run):
    unit = ported("memcached", "unit")
    every = run(unit).stdout.split()
    names = [n for n in every[:every.index("start_server")] if n not in STARTERS]
    assert len(names) == 16, every
    result = run(unit, *names)
    assert (result.status, result.stdout) == (0, "".join(f"ok {n}\n" for n in names)), result.stderr


def test_sizes(ported, run):
    result = run(ported("memcached", "sizes"))
    assert (result.status, "Connection\t" in result.stdout) == (0, True), result.stdout + result.stderr


@pytest.mark.parametrize("group", EVENTS)
def test_libevent(group, way, ported, run):
    tests = list(EVENTS[group])
    if group == "main" and way == "qemu":
        tests.append(":main/event_pending")  # takes the monotonic clock to be past 5 s
    result = run(ported("memcached", "regress"), "--no-fork", "--terse", *tests, timeout=120)
    assert result.status == 0, result.stdout + result.stderr
    assert result.stdout.count(".") > 2 and "FAIL" not in result.stdout, result.stdout


@pytest.mark.not_on_qemu("takes a minute there to start as many machines")
def test_libevent_alone(ported, run):
    """A machine for each test."""
    regress = ported("memcached", "regress")
    names = [n for n in run(regress, "--list-tests").stdout.split() if n.startswith(ALONE) and not n.startswith(SLOW)]
    assert len(names) > 70, names
    for name in names:
        result = run(regress, "--no-fork", "--terse", name)
        assert result.status == 0, name + result.stdout + result.stderr


def test_server(ported, spawn, served, tmp_path):
    """Starts its threads, waits for clients at a Unix socket, and ends for SIGTERM."""
    (tmp_path / "root" / "etc").mkdir(parents=True)
    (tmp_path / "root" / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    image = tmp_path / "memcached"
    packed = execute([PITH, "pack", ported("memcached", "memcached"), "--root", tmp_path / "root", "-o", image])
    assert packed.status == 0, packed.stderr
    server = spawn(image, "-u", "root", "-s", "/socket", "-vv", stderr=subprocess.PIPE, text=True)
    said = served(server, server.stderr, "server listening")
    assert server.returncode == 0 and "server listening" in said, said
