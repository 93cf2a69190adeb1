# SPDX-License-Identifier: MIT
"""The conformance tests of the Open POSIX Test Suite, each as a process of its own.

Every outcome is compared with the file "expected": one that is not PASS must be there, and what is there must be so. The
port has the first test of each assertion but the slow ones; PITH_POSIX=all (make check-posix) runs all.
"""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess

import pytest

from conftest import PORTS
from frame import PITH

HERE = pathlib.Path(__file__).parent
WHOLE = os.environ.get("PITH_POSIX") == "all"
TESTS = PORTS / "posixtestsuite" / ("all" if WHOLE else "image") / "tests"

# A hung test costs this once; in the whole run most sleep, some for minutes.
LIMIT = 300 if WHOLE else 120
AT_ONCE = 16 if WHOLE else 4

# The suite's (include/posixtest.h), and start.c's.
STATUS = {0: "PASS", 1: "FAIL", 2: "UNRESOLVED", 4: "UNSUPPORTED", 5: "UNTESTED", 98: "ABSENT", 99: "PROCESS"}
BUILT = {"compiled": "PASS", "refused": "REFUSED", "unlinked": "UNLINKED"}


def expectations():
    """The outcomes that each test of the file may have. Its lines are OUTCOME[|OUTCOME...] and a reason, and indented
    below it the tests, of interfaces/ where they do not say."""
    known, outcomes = {}, None
    for line in (HERE / "expected").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if not line[0].isspace():
            outcomes, reason = line.split(maxsplit=1)
            assert reason
            continue
        for name in line.split():
            name = name if name.startswith(("definitions/", "behavior/")) else "interfaces/" + name
            assert name not in known, f"{name} is there twice"
            known[name] = outcomes.split("|")
    return known


def scripts(folder):
    """Tests that are another one with an argument: what each runs. Those with an own program have no number in its name."""
    found = {}
    for path in sorted(folder.glob("conformance/interfaces/*/[0-9]*.sh")):
        commands = re.findall(r"^conformance/\S+/(\S+)\.test *(.*)$", path.read_text(), re.M)
        if commands and "-buildonly" in commands[-1][0]:
            found[f"interfaces/{path.parent.name}/{path.name}"] = [
                f"interfaces/{path.parent.name}/{commands[-1][0]}", *commands[-1][1].split()]
    return found


def outcome(image, arguments, folder):
    """Of one test, and what it said."""
    process = subprocess.Popen([PITH, "run", TESTS / image, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        said, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        return "HANG", process.communicate()[0]
    status = process.returncode
    number = -status if status < 0 else status - 128 if status > 128 else 0
    if number:
        try:
            return signal.Signals(number).name, said
        except ValueError:
            pass
    return STATUS.get(status, f"status {status}"), said


def test_conformance(source, tmp_path):
    listed = TESTS / "list"
    if not listed.exists():
        pytest.fail(f"{listed} was not built: make -C ports {'whole' if WHOLE else 'posixtestsuite'}")
    listed = {name: (became, image) for name, became, image in map(str.split, listed.read_text().splitlines())}
    runs = {name: (image, [name]) for name, (became, image) in listed.items()
            if became == "built" and "-buildonly" not in name}
    for name, (test, *arguments) in scripts(source("posixtestsuite")).items():
        if test in listed:
            runs[name] = (listed[test][1], [test, *arguments])
    expected = expectations()
    assert not WHOLE or not [n for n in expected if n not in listed and n not in runs]

    found = {name: (BUILT[became], "") for name, (became, _) in listed.items() if became != "built"}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = {name: pool.submit(outcome, *command, tmp_path) for name, command in runs.items()}
        found.update({name: job.result() for name, job in waiting.items()})
    assert len(found) > (1900 if WHOLE else 700)
    wrong = [f"{name}: {became}, not {' or '.join(expected.get(name, ['PASS']))}\n{said[-400:]}"
             for name, (became, said) in sorted(found.items()) if became not in expected.get(name, ["PASS"])]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(found)} outcomes", *wrong])
