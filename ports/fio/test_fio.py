# SPDX-License-Identifier: MIT
"""fio as an image: threads that write and read files in every way that it has, each block checked by its sum, and processors,
as long as a second each, on every way to run."""
import json

import pytest

COMMON = ["--thread", "--time_based", "--runtime=1", "--group_reporting", "--output-format=json"]
FILES = ["--rw=randrw", "--size=4M", "--bs=4k", "--numjobs=4", "--iodepth=8", "--directory=/tmp", "--verify=crc32c"]
LOADS = {
    "sync": FILES, "psync": FILES, "vsync": FILES, "pvsync": FILES, "pvsync2": FILES, "splice": FILES,
    "mmap": FILES, "libaio": FILES, "posixaio": FILES,
    "falloc": ["--rw=randwrite", "--size=4M", "--bs=64k", "--numjobs=4", "--directory=/tmp"],
    "cpuio": ["--cpuload=100", "--numjobs=8"],
}


@pytest.mark.parametrize("engine", LOADS)
def test_load(engine, ported, run):
    got = run(ported("fio", "fio"), f"--name={engine}", f"--ioengine={engine}", *COMMON, *LOADS[engine], timeout=90, options=["-m", "512M"])
    assert got.status == 0, got.stdout + got.stderr
    job = json.loads(got.stdout[got.stdout.index("{"):])["jobs"][0]
    assert job["error"] == 0, got.stdout
    if engine != "cpuio":
        assert job["write"]["total_ios"] > 100, got.stdout
