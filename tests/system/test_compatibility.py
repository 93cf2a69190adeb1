# SPDX-License-Identifier: MIT
"""docs/compatibility.md, which is made from the code, and the notes that it is made from."""
import re

import pytest

from frame import ROOT, execute

TABLE = ROOT / "libos/posix/calls.tbl"
NOTES = ROOT / "libos/posix/calls.notes"


def generate(kind, table=TABLE, notes=NOTES):
    return execute([ROOT / "tools/gen-compatibility", kind, table, notes])


def calls():
    """Whether Pith has each call."""
    rows = [line.split() for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {row[1]: row[3] != "-" for row in rows}


def notes():
    rows = [line.split(None, 2) for line in NOTES.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [(status, name) for status, names, _ in rows for name in names.split(",")]


def test_the_page_is_what_the_code_says():
    assert (ROOT / "docs/compatibility.md").read_text() == generate("document").stdout, "run make compatibility"


def test_every_call_has_a_line():
    rows = re.findall(r"^\| \d+ \| `(\w+)` \| (\w+) \| (.*?) ?\|$", generate("document").stdout, re.M)
    assert [name for name, _, _ in rows] == list(calls())
    for name, status, note in rows:
        assert (status == "absent") != calls()[name]
        assert (status == "full") == (note == ""), name


def test_every_note_is_about_something():
    """A call that has come to be needs no note on why it is absent, nor does one that has gone need to be partial."""
    have = calls()
    stale = [name for status, name in notes() if have.get(name, False) != (status == "partial")]
    assert not stale, "remove these from libos/posix/calls.notes"


@pytest.mark.parametrize("line, complaint", [
    ("partial read", "want:"),
    ("full read it is", "want:"),
    ("partial write,write twice", "twice"),
    ("partial nothing never heard of", "no system call"),
    ("partial read a | b", "characters"),
    ('absent fork a "quote"', "characters"),
    ("absent Fork upper case", "not a name"),
])
def test_notes_that_are_not_sound_are_refused(tmp_path, line, complaint):
    (tmp_path / "notes").write_text(line + "\n")
    result = generate("document", notes=tmp_path / "notes")
    assert result.status != 0 and complaint in result.stderr
