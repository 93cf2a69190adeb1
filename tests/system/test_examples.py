# SPDX-License-Identifier: MIT
"""Every program of examples/ builds, runs, and prints what stands in NAME.out."""
import pytest

from frame import ROOT

EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("source", sorted(EXAMPLES.glob("*.c")), ids=lambda path: path.stem)
def test_example(source, cc, pith, run):
    image = cc(source, "-O2", "-Wall", "-Wextra", "-Werror", name=source.stem)
    root = source.with_suffix(".root")
    if root.is_dir():
        packed = pith("pack", image, "--root", root)
        assert packed.status == 0, packed.stderr
    result = run(image)
    assert (result.stdout, result.status) == (source.with_suffix(".out").read_text(), 0), result.stderr
