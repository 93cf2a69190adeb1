# SPDX-License-Identifier: MIT
"""SQLite as an image, compared with the same SQLite on Linux (and by way of files with the host's)."""
import difflib
import pathlib
import sqlite3

import pytest

from frame import PITH, execute

HERE = pathlib.Path(__file__).parent

CITIES = [("Paris", "FR", 2102650), ("Lyon", "FR", 522250), ("Berlin", "DE", 3755251), ("Köln", "DE", 1084831),
          ("Tokyo", "JP", 14094034), ("Osaka", "JP", 2753862), ("Oslo", "NO", 709037), ('Quote "d", town', "XX", 7)]


@pytest.fixture
def pack(ported, tmp_path):
    """pack(program, folder) is that program of the port with (folder) as its root."""

    def packed(program, folder):
        image = tmp_path / program
        result = execute([PITH, "pack", ported("sqlite", program), "--root", folder, "-o", image])
        assert result.status == 0, result.stderr
        return image

    return packed


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_session_same_as_linux(pack, root, built, run, linux):
    lines = ["id,name,country,people"]
    for i in range(40):
        name, country, people = CITIES[i % len(CITIES)]
        name = name.replace('"', '""')
        lines.append(f'{i + 1},"{name} {i // len(CITIES)}",{country},{people + i}')
    (root / "cities.csv").write_text("\n".join(lines) + "\n")
    session = (HERE / "session.sql").read_text()

    expected = linux(built("sqlite", "sqlite3"), "session.db", stdin=session, files=root)
    assert expected.stdout.count("ok") >= 2 and len(expected.stdout.splitlines()) > 150, expected.stdout
    got = run(pack("sqlite3", root), "session.db", stdin=session, timeout=60)

    def everything(result):
        return (result.stdout + "\n-- standard error\n" + result.stderr.replace("-- warning: cannot find home "
                "directory; cannot read ~/.sqliterc\n", "") + f"\nstatus {result.status}").splitlines()

    difference = "\n".join(difflib.unified_diff(everything(expected), everything(got), "Linux", "Pith",
                                                lineterm="", n=1))
    assert not difference, difference


def test_reads_a_database_of_the_host(pack, root, run):
    with sqlite3.connect(root / "host.db") as db:
        db.execute("CREATE TABLE n(i INTEGER PRIMARY KEY, t TEXT)")
        db.executemany("INSERT INTO n VALUES (?, ?)", [(i, f"row {i}" * (i % 50)) for i in range(5000)])
        expected = db.execute("SELECT count(*), sum(length(t)), sum(i) FROM n").fetchone()
    db.close()
    image = pack("sqlite3", root)
    got = run(image, "host.db", "PRAGMA integrity_check; SELECT count(*), sum(length(t)), sum(i) FROM n")
    assert got.stdout == "ok\n" + "|".join(map(str, expected)) + "\n", got.stderr
    changed = run(image, "host.db", "DELETE FROM n WHERE i >= 10; SELECT count(*) FROM n")
    assert changed.stdout == "10\n", changed.stderr
    assert run(image, "host.db", "SELECT count(*) FROM n").stdout == "5000\n", "changes end with the machine"


def test_rolls_back_the_journal_of_a_crash(pack, root, run, tmp_path):
    """A database and the journal of a transaction that never ended: what SQLite finds after a crash."""
    db = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    db.execute("CREATE TABLE n(i INTEGER PRIMARY KEY, v BLOB)")
    db.execute("WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 3000)"
               " INSERT INTO n SELECT x, zeroblob(500) FROM c")
    db.execute("PRAGMA cache_size=5")
    db.execute("BEGIN")
    db.execute("UPDATE n SET v = zeroblob(499)")
    for name in ("live.db", "live.db-journal"):
        (root / name).write_bytes((tmp_path / name).read_bytes())
    db.execute("ROLLBACK")
    db.close()
    assert (root / "live.db-journal").stat().st_size > 4096, "the transaction has not reached the file"
    got = run(pack("sqlite3", root), "live.db", "SELECT count(*), min(length(v)), max(length(v)) FROM n;"
              " PRAGMA integrity_check")
    assert got.stdout == "3000|500|500\nok\n", got.stderr


def test_full_disk(pack, root, run):
    """When the memory for files is used up, the transaction fails and the database stays whole."""
    (root / "x").write_text("")
    got = run(pack("sqlite3", root), "t.db", stdin="""
CREATE TABLE n(v BLOB);
INSERT INTO n VALUES (zeroblob(100000));
WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 100000) INSERT INTO n SELECT zeroblob(100000) FROM c;
SELECT count(*) FROM n;
PRAGMA integrity_check;
""", options=["-m", "32M"], timeout=60)
    assert got.stdout == "1\nok\n", got.stderr
    assert "full" in got.stderr or "disk I/O" in got.stderr or "memory" in got.stderr, got.stderr


def test_speedtest_runs(ported, run):
    got = run(ported("sqlite", "speedtest1"), "--size", "2", "--verify", "/t.db", timeout=120)
    assert got.status == 0 and "TOTAL" in got.stdout, got.stdout + got.stderr


THREADS = ["walthread1", "walthread2", "walthread3", "walthread4", "walthread5", "cgt_pager_1", "dynamic_triggers",
           "checkpoint_starvation_1", "checkpoint_starvation_2", "create_drop_index_1", "lookaside1", "vacuum1",
           "stress1", "stress2", "shared1"]


def test_threads(way, ported, run):
    """threadtest3: several connections of threads to one database, each test for 0.2 s; fewer on QEMU."""
    tests = ["walthread1", "walthread4", "vacuum1", "stress2"] if way == "qemu" else THREADS
    got = run(ported("sqlite", "threads"), "200", *tests, options=["-m", "1G"], timeout=120)
    assert got.status == 0 and got.stdout.endswith(f"\n0 errors in {len(tests)} tests\n"), got.stdout + got.stderr


@pytest.mark.parametrize("mode", [[], ["-wal"], ["-multithread"], ["-serialized"]])
def test_threads_with_a_shared_cache(mode, way, ported, run):
    """Now and then, on Linux too (3 of 48 runs), a thread of the program meets the lock that another has on the schema, and gives up."""
    image = ported("sqlite", "threadtest4")
    for _ in range(5):
        got = run(image, *mode, "2" if way == "qemu" else "4", timeout=60)
        if "SQL error (6,262): database schema is locked" not in got.stderr:
            break
    assert got.status == 0 and "Total 0 errors in" in got.stdout, got.stdout + got.stderr


def test_threads_with_a_database_in_memory(ported, run):
    got = run(ported("sqlite", "threadtest5"), timeout=60)
    assert got.status == 0 and got.stdout.endswith("OK\n"), got.stdout + got.stderr
