# SPDX-License-Identifier: MIT
"""The tests of the ports have the fixtures of the system tests (tests/system/frame.py), and
    ported   ported(port, program) the image that "make -C ports PORT" built
    built    built(port, program)  the same program built for Linux ("make -C ports native")
    source   source(port)          the folder of its source package
"""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "system"))

import pytest  # noqa: E402
from frame import *  # noqa: E402, F403
from frame import ROOT  # noqa: E402

PORTS = pathlib.Path(os.environ.get("PITH_PORTS", ROOT / "build" / "ports"))


def program(port, variant, name):
    path = PORTS / port / variant / name
    if (path.parent / "left-out").exists():
        pytest.skip(f"the source of {port} could not be fetched")
    assert path.exists(), f"{path} was not built: make -C ports all native"
    return path


@pytest.fixture
def served():
    """served(server, stream, words): what a server, started with a pipe as (stream), says until it is ended by SIGTERM, once it
    has said (words)."""
    def serve(server, stream, words):
        said = ""
        for line in stream:
            said += line
            if words in line:
                break
        server.send_signal(signal.SIGTERM)
        rest = server.communicate(timeout=20)
        return said + "".join(part for part in rest if part)
    return serve


@pytest.fixture(scope="session")
def ported():
    return lambda port, name: program(port, "image", name)


@pytest.fixture(scope="session")
def source():
    def folder(port):
        pin = dict(line.split()[:2] for line in (ROOT / "ports" / port / "source.pin").read_text().splitlines()
                   if line.startswith(("package", "version")))
        return ROOT / ".sources" / f"{pin['package']}-{pin['version'].split(':')[-1]}"
    return folder


@pytest.fixture(scope="session")
def built():
    return lambda port, name: program(port, "native", name)
