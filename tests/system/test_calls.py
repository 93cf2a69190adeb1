# SPDX-License-Identifier: MIT
"""The programs of calls/: each prints the results of many calls of one family, and must print the same, and end
with the same status, as an image as it does on Linux.

A program may say in its first comment, one a line:
    args: ...     its arguments            stdin: ...   its standard input (Python escapes)
    env: K=V ...  its environment          flags: ...   of the compiler
    not on qemu: ...  why it cannot hold for a machine of QEMU
Lines of output that start with "differs:" are not compared.
"""
import difflib
import pathlib
import re

import pytest

CALLS = pathlib.Path(__file__).parent / "calls"


def directives(path):
    head = path.read_text().split("*/", 1)[0]
    found = dict(re.findall(r"^ \* (args|stdin|env|flags|not on qemu): (.*)$", head, re.M))
    return {
        "args": found.get("args", "").split(),
        "stdin": found.get("stdin", "").encode().decode("unicode_escape").encode("latin-1"),
        "env": dict(pair.split("=", 1) for pair in found.get("env", "").split()),
        "flags": found.get("flags", "").split(),
        "not on qemu": found.get("not on qemu"),
    }


def compared(result):
    """What is compared, as lines: the output and the status."""
    lines = [line for line in result.stdout.splitlines() if not line.startswith("differs:")]
    return lines + [f"status {result.status}"]


@pytest.mark.parametrize("program", sorted(CALLS.glob("*.c")), ids=lambda path: path.stem)
def test_same_as_linux(program, cc, native, run, linux, way):
    say = directives(program)
    if way == "qemu" and say["not on qemu"]:
        pytest.skip(say["not on qemu"])
    flags = ["-O1", "-g", f"-I{CALLS}", *say["flags"]]
    expected = linux(native(program, *flags), *say["args"], stdin=say["stdin"], env=say["env"])
    assert len(compared(expected)) > 3, f"hardly any output on Linux:\n{expected.stdout}{expected.stderr}"
    got = run(cc(program, *flags), *say["args"], stdin=say["stdin"], env=say["env"])
    difference = "\n".join(difflib.unified_diff(compared(expected), compared(got), "Linux", "Pith",
                                                lineterm="", n=1))
    assert not difference, f"differs from Linux:\n{difference}\n{got.stderr}"
