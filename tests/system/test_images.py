# SPDX-License-Identifier: MIT
"""What holds for images as a whole: size, smallest memory, reproducible builds, running by name, exit statuses."""
import os
import subprocess

import pytest

from frame import PITH_CC, execute

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
PRINTF = '#include <stdio.h>\nint main(int argc, char **argv) { printf("%d %s %f\\n", argc, argv[0], 1.5); return 0; }\n'


@pytest.mark.parametrize("source, flags, budget", [
    ("int main(void) { return 0; }\n", ["--target=hosted"], 12 * 1024),
    (HELLO, ["--target=hosted"], 24 * 1024),
    (HELLO, [], 48 * 1024),
    (PRINTF, ["--target=hosted"], 36 * 1024),
], ids=["nothing", "puts", "puts, universal", "printf"])
def test_stripped_size(source, flags, budget, cc):
    assert cc(source, "-O2", "-s", *flags).stat().st_size <= budget


@pytest.mark.not_on_qemu("such an image is for processes")
def test_strip_makes_the_small_image(cc, run):
    image = cc(HELLO, "-O2", "-g", "--target=hosted")
    subprocess.run(["strip", image], check=True)
    assert image.stat().st_size <= 24 * 1024
    assert run(image).stdout == "hello\n"


def test_hello_in_one_mebibyte(cc, run):
    result = run(cc(HELLO), options=["-m", "1M"])
    assert (result.stdout, result.stderr, result.status) == ("hello\n", "", 0)


def test_same_bytes_in_another_folder(cc, tmp_path):
    """Same sources, different folders and output names: the same bytes, with debug information too."""
    images = []
    for name in ("one", "quite/another"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "hello.c").write_text(PRINTF)
        built = execute([PITH_CC, "-O2", "-g", "-ffile-prefix-map=" + str(folder) + "=.", "hello.c",
                         "-o", name.replace("/", "-")], cwd=folder)
        assert built.status == 0, built.stderr
        images.append((folder / name.replace("/", "-")).read_bytes())
    assert images[0] == images[1]


def test_same_bytes_with_files(cc, pith, tmp_path):
    """Packing copies of one folder, made in different orders and at different times, gives the same image."""
    image = cc(HELLO)
    packed = []
    for variant, names in (("a", ["x", "y", "sub/z"]), ("b", ["sub/z", "y", "x"])):
        root = tmp_path / variant
        (root / "sub").mkdir(parents=True)
        for name in names:
            (root / name).write_text(f"contents of {name}\n" * 500)
            os.utime(root / name, (1000000000, 1000000000))
        for folder in (root / "sub", root):
            os.utime(folder, (1000000000, 1000000000))
        out = tmp_path / f"packed-{variant}"
        result = pith("pack", image, "--root", root, "-o", out)
        assert result.status == 0, result.stderr
        packed.append(out.read_bytes())
    assert packed[0] == packed[1]


def test_by_name(cc):
    """An image is an ordinary executable file."""
    image = cc('#include <stdio.h>\n#include <stdlib.h>\n'
               'int main(int c, char **v) { printf("%s %s\\n", v[1], getenv("WHO")); return c; }\n')
    result = execute([image, "argument"], env={"WHO": "environment"})
    assert (result.stdout, result.status) == ("argument environment\n", 2), result.stderr


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_exit_status(status, cc, run):
    assert run(cc(f"int main(void) {{ return {status}; }}\n")).status == status


def test_output_to_a_file_and_to_a_full_device(cc, tmp_path):
    image = cc("#include <stdio.h>\n"
               'int main(void) { for (int i = 0; i < 20000; i++) printf("line %d\\n", i);'
               " return fflush(stdout) ? 3 : 0; }\n")
    out = tmp_path / "out"
    with out.open("wb") as file:
        assert subprocess.run([image], stdout=file, check=False).returncode == 0
    assert out.read_text() == "".join(f"line {i}\n" for i in range(20000))
    with open("/dev/full", "wb") as full:
        assert subprocess.run([image], stdout=full, check=False).returncode == 3


@pytest.mark.not_on_qemu("a serial line is too slow for it")
def test_large_input_and_output(cc, run):
    """Five megabytes through standard input and output, byte for byte."""
    image = cc("#include <unistd.h>\n"
               "int main(void) { static char b[7777]; long n; while ((n = read(0, b, sizeof(b))) > 0)"
               " for (long at = 0; at < n;) at += write(1, b + at, n - at); return n < 0; }\n")
    data = bytes(range(256)) * 20000
    result = run(image, stdin=data)
    assert (result.raw == data, result.status) == (True, 0), result.stderr


@pytest.mark.not_on_qemu("QEMU's command lines have 4 KiB")
def test_many_arguments(cc, run):
    image = cc("#include <stdio.h>\n#include <string.h>\n"
               "int main(int c, char **v) { unsigned long n = 0; for (int i = 1; i < c; i++) n += strlen(v[i]);"
               ' printf("%d %lu %s\\n", c, n, v[c - 1]); return 0; }\n')
    arguments = [f"argument-{i}" for i in range(5000)] + ["x" * 50000, "last"]
    expected = f"{len(arguments) + 1} {sum(map(len, arguments))} last\n"
    assert run(image, *arguments).stdout == expected
