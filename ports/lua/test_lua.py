# SPDX-License-Identifier: MIT
"""Lua as an image: every script of scripts/, packed into the image, prints what the same Lua prints on Linux."""
import pathlib
import re

import pytest

from frame import PITH, execute

SCRIPTS = pathlib.Path(__file__).parent / "scripts"
INPUT = "42 rest of the line\nwhole line\nabcdef\n"


@pytest.fixture(scope="session")
def lua(ported, tmp_path_factory):
    image = tmp_path_factory.mktemp("lua") / "lua"
    packed = execute([PITH, "pack", ported("lua", "lua"), "--root", SCRIPTS, "-o", image])
    assert packed.status == 0, packed.stderr
    return image


def comparable(result):
    """Addresses in what tostring gives for functions and tables differ from run to run."""
    return re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", result.stdout), result.status


@pytest.mark.parametrize("script", sorted(p.stem for p in SCRIPTS.glob("*.lua")))
def test_same_as_linux(script, lua, built, run, linux):
    native = built("lua", "lua")
    args, env = ["one", "two"], {"GIVEN": "environment"}
    expected = linux(native, f"{script}.lua", *args, stdin=INPUT, env=env, timeout=60, files=SCRIPTS)
    assert expected.status == (37 if script == "files" else 0), expected.stderr
    got = run(lua, f"{script}.lua", *args, stdin=INPUT, env=env, timeout=60)
    assert comparable(got) == comparable(expected), got.stderr


def test_interactive_pieces(lua, run):
    assert run(lua, "-e", "print(1 + 1)", "-e", "print(_VERSION)").stdout == "2\nLua 5.4\n"
    assert run(lua, "-", stdin="print('from standard input')").stdout == "from standard input\n"
    failed = run(lua, "-e", "error('on purpose')")
    assert (failed.status, "on purpose" in failed.stderr) == (1, True)
    assert "Lua 5.4" in run(lua, "-v").stdout


def test_programs_cannot_be_started(lua, run):
    """What an image cannot do fails with an error that the script sees."""
    result = run(lua, "-e", "print(os.execute('true')); print(pcall(io.popen, 'true'))")
    assert result.stdout.count("Function not implemented") == 2, result.stdout + result.stderr
    assert "system does not exist" in result.stderr and "popen does not exist" in result.stderr


def test_memory_limit(lua, run):
    """A script that wants more memory than the machine has gets Lua's own error."""
    result = run(lua, "-e", "local t = {} print(pcall(function() for i = 1, 1e9 do t[i] = ('x'):rep(100000) .. i end end))"
                 " t = nil collectgarbage() print('goes on')", options=["-m", "24M"])
    assert result.stdout == "false\tnot enough memory\ngoes on\n", result.stderr


def test_states_in_threads(ported, run):
    result = run(ported("lua", "states"))
    assert (result.status, result.stdout) == (0, "16 states ok\n"), result.stdout + result.stderr
