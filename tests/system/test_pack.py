# SPDX-License-Identifier: MIT
"""pith pack: files in images, replacing them, listing them, and everything that can go wrong."""
import os
import resource
import signal
import stat
import subprocess
import time

import pytest

from frame import PITH, execute

CAT = r"""
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void show(const char *path)
{
    char text[200] = "";
    struct stat st;
    if (lstat(path, &st) != 0) {
        printf("%s: not there\n", path);
        return;
    }
    if (S_ISLNK(st.st_mode))
        readlink(path, text, sizeof(text) - 1);
    FILE *f = S_ISREG(st.st_mode) ? fopen(path, "r") : NULL;
    if (f && fgets(text, sizeof(text), f))
        text[strcspn(text, "\n")] = 0;
    if (f)
        fclose(f);
    printf("%s %o %ld %ld %s\n", path, (unsigned)st.st_mode, (long)st.st_nlink,
           S_ISDIR(st.st_mode) ? 0L : (long)st.st_size, text);
}
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        show(argv[i]);
    return 0;
}
"""


@pytest.fixture
def image(cc):
    return cc(CAT, name="cat")


@pytest.fixture
def root(tmp_path):
    """A folder with one of everything that an image can hold."""
    r = tmp_path / "root"
    (r / "etc" / "deep").mkdir(parents=True)
    (r / "etc" / "motd").write_text("welcome\n")
    (r / "etc" / "deep" / "empty").write_text("")
    (r / "big").write_bytes(b"big file\n" * 20000)
    os.link(r / "etc" / "motd", r / "motd2")
    (r / "link").symlink_to("etc/motd")
    (r / "tool").write_text("#!\n")
    os.chmod(r / "tool", 0o755)
    return r


def pack(*args, **more):
    return execute([PITH, "pack", *args], **more)


def folder_of(path):
    return sorted(os.listdir(path.parent))


def test_program_sees_the_files(image, root, run):
    done = pack(image, "--root", root)
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    paths = ["/etc/motd", "/motd2", "/etc/deep/empty", "/big", "/link", "/tool", "/etc/deep", "/none"]
    result = run(image, *paths)
    assert result.stdout.splitlines() == [
        "/etc/motd 100644 2 8 welcome",
        "/motd2 100644 2 8 welcome",
        "/etc/deep/empty 100644 1 0 ",
        "/big 100644 1 180000 big file",
        "/link 120777 1 8 etc/motd",
        "/tool 100755 1 3 #!",
        "/etc/deep 40755 2 0 ",
        "/none: not there",
    ]


def test_output_elsewhere_leaves_the_image(image, root, run, tmp_path):
    before, out = image.read_bytes(), tmp_path / "packed"
    os.chmod(image, 0o750)
    assert pack(image, "--root", root, "-o", out).status == 0
    assert image.read_bytes() == before
    assert stat.S_IMODE(out.stat().st_mode) == 0o750
    assert "welcome" in run(out, "/etc/motd").stdout
    assert "not there" in run(image, "/etc/motd").stdout


def test_symbolic_links_are_followed(image, root, run, tmp_path):
    link, out = tmp_path / "link", tmp_path / "out"
    link.symlink_to(image)
    assert pack(link, "--root", root).status == 0
    assert link.is_symlink() and "welcome" in run(image, "/etc/motd").stdout
    out.write_text("old")
    (tmp_path / "out-link").symlink_to("out")
    assert pack(image, "--root", root, "-o", tmp_path / "out-link").status == 0
    assert (tmp_path / "out-link").is_symlink() and "welcome" in run(out, "/etc/motd").stdout


def test_only_a_file_is_replaced(image, root, tmp_path):
    """Not /dev/null, even for root."""
    for target in (tmp_path, tmp_path / "fifo"):
        if target != tmp_path:
            os.mkfifo(target)
        done = pack(image, "--root", root, "-o", target)
        assert done.status == 125 and "not a regular file" in done.stderr
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


def test_only_one_header_and_the_end_change(image, root):
    before = image.read_bytes()
    assert pack(image, "--root", root).status == 0
    after = image.read_bytes()
    header = int.from_bytes(before[32:40], "little")
    different = [i for i in range(len(before)) if before[i] != after[i]]
    assert header <= min(different) and max(different) - min(different) < 56
    assert max(different) < header + 56 * int.from_bytes(before[56:58], "little")
    assert len(after) % 4096 == 0


def test_replacing_a_root(image, root, run, tmp_path):
    assert pack(image, "--root", root).status == 0
    once = image.read_bytes()
    assert pack(image, "--root", root).status == 0
    assert image.read_bytes() == once, "packing again changed something"
    other = tmp_path / "other"
    other.mkdir()
    (other / "new").write_text("new\n")
    assert pack(image, "--root", other).status == 0
    assert image.stat().st_size < len(once)
    assert run(image, "/new", "/etc/motd").stdout == "/new 100644 1 4 new\n/etc/motd: not there\n"


def test_same_files_same_bytes(image, root, tmp_path):
    """Another folder, made in another order, with the same times."""
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["cp", "-a", *sorted(map(str, root.iterdir()), reverse=True), other], check=True)
    for r in (root, other):
        os.utime(r, (5, 5))
    for r, out in ((root, "a"), (other, "b")):
        assert pack(image, "--root", r, "-o", tmp_path / out).status == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_source_date_epoch(image, root, tmp_path):
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1000000000", "TZ": "America/New_York"}
    os.utime(root / "tool", (500000000, 500000000))
    assert pack(image, "--root", root, env=env).status == 0
    lines = pack(image, "--list", env=env).stdout.splitlines()
    times = {line.split(" /")[1].split(" ")[0]: line.split()[3] for line in lines}
    assert times["tool"] == "1985-11-05"
    assert set(times.values()) == {"1985-11-05", "2001-09-09"}
    env["SOURCE_DATE_EPOCH"] = "yesterday"
    done = pack(image, "--root", root, env=env)
    assert done.status == 125 and "SOURCE_DATE_EPOCH" in done.stderr


def test_list(image, root):
    assert pack(image, "--list").stdout == ""
    assert pack(image, "--root", root).status == 0
    done = pack("--list", image)
    assert done.status == 0
    names = [line.split(" ", 1)[0] + " /" + line.split(" /", 1)[1] for line in done.stdout.splitlines()]
    assert names == [
        "drwxr-xr-x /", "-rw-r--r-- /big", "drwxr-xr-x /etc", "drwxr-xr-x /etc/deep",
        "-rw-r--r-- /etc/deep/empty", "-rw-r--r-- /etc/motd", "lrwxrwxrwx /link -> etc/motd",
        "-rw-r--r-- /motd2", "-rwxr-xr-x /tool"]


def test_stripped_image(image, root, run):
    subprocess.run(["strip", image], check=True, capture_output=True)
    assert pack(image, "--root", root).status == 0
    assert "welcome" in run(image, "/etc/motd").stdout


# --- what is refused

def test_wrong_use(image, root):
    for args in ([], [image], ["--root", root], [image, "--root"], [image, "--list", "--root", root],
                 [image, image, "--root", root], ["--nonsense"], ["--list", image, "-o", "x"]):
        done = pack(*args)
        assert done.status == 2, args
        assert done.stderr.startswith("pith pack: ")
    assert "--root" in pack("--help").stdout


@pytest.mark.parametrize("content, why", [
    (b"", "not an ELF file"),
    (b"#!/bin/sh\n" + b"x" * 100, "not an ELF file"),
    (b"\x7fELF", "not an ELF file"),
    (None, "no Pith note"),
], ids=["empty", "script", "magic", "program"])
def test_not_an_image(root, tmp_path, content, why):
    file = tmp_path / "file"
    if content is None:
        content = open("/bin/true", "rb").read()
    file.write_bytes(content)
    for args in (["--root", root], ["--list"]):
        done = pack(file, *args)
        assert done.status == 126 and why in done.stderr and str(file) in done.stderr
    assert file.read_bytes() == content


def test_image_cut_short(image, root):
    data = image.read_bytes()
    for size in (63, 64, 600, 4096, 8192):
        image.write_bytes(data[:size])
        done = pack(image, "--root", root)
        assert done.status == 126 and ("cut short" in done.stderr or "not an" in done.stderr)
        assert image.read_bytes() == data[:size]


def test_packed_image_with_broken_root(image, root):
    """A hostile root is told, not believed."""
    assert pack(image, "--root", root).status == 0
    data = bytearray(image.read_bytes())
    start = data.rindex(b"pthrom01")
    for at, value in ((0, b"x"), (8, b"\xff" * 8), (16, b"\xff" * 8), (24, b"\xff" * 4), (32, b"\0" * 4), (64, b"\xff" * 8)):
        broken = bytearray(data)
        broken[start + at:start + at + len(value)] = value
        image.write_bytes(broken)
        done = pack(image, "--list")
        assert done.status == 126 and "broken root file system" in done.stderr


def test_something_behind_the_root(image, root):
    assert pack(image, "--root", root).status == 0
    with open(image, "ab") as f:
        f.write(b"appended")
    done = pack(image, "--root", root)
    assert done.status == 126 and "not at the end" in done.stderr


def test_no_such_files(image, root, tmp_path):
    done = pack(tmp_path / "none", "--root", root)
    assert done.status == 125 and "none" in done.stderr
    done = pack(image, "--root", tmp_path / "none")
    assert done.status == 125 and "none" in done.stderr
    done = pack(image, "--root", image)
    assert done.status == 125 and "Not a directory" in done.stderr
    done = pack(image, "--root", root, "-o", tmp_path / "no" / "where")
    assert done.status == 125 and "where" in done.stderr


def test_files_that_an_image_cannot_hold(image, root):
    before = image.read_bytes()
    os.mkfifo(root / "etc" / "pipe")
    done = pack(image, "--root", root)
    assert done.status == 125 and "etc/pipe is a named pipe" in done.stderr
    os.unlink(root / "etc" / "pipe")
    if os.geteuid() == 0:
        try:
            os.mknod(root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            return
        done = pack(image, "--root", root)
        assert done.status == 125 and "null is a device" in done.stderr
    assert image.read_bytes() == before and folder_of(image) == ["cat", "cat.c"]


def as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def test_unreadable(image, root, tmp_path):
    """By somebody who is not root: root reads everything."""
    try:
        reached = subprocess.run([PITH, "--version"], preexec_fn=as_nobody, capture_output=True).returncode == 0
    except PermissionError:
        reached = False
    folders = [p for p in (tmp_path, *tmp_path.parents) if not p.stat().st_mode & 1]
    if not reached or os.geteuid() == 0 and len(folders) > 3:
        pytest.skip("the user nobody cannot reach the installation or the test's folders")
    opened = [(p, p.stat().st_mode) for p in folders]
    try:
        for p, mode in opened:
            os.chmod(p, mode | 1)
        os.chmod(image.parent, 0o777)
        for path, mode, what in ((root / "etc" / "deep", 0, "etc/deep"), (root / "tool", 0, "tool"), (root, 0, "permission")):
            old = stat.S_IMODE(path.stat().st_mode)
            os.chmod(path, mode)
            done = subprocess.run([PITH, "pack", image, "--root", root], preexec_fn=as_nobody, capture_output=True,
                                  text=True)
            os.chmod(path, old)
            assert done.returncode == 125 and what in done.stderr, done.stderr
        assert folder_of(image) == ["cat", "cat.c"]
    finally:
        for p, mode in opened:
            os.chmod(p, stat.S_IMODE(mode))


def test_full_disk(image, root, tmp_path):
    """A limit on the size of files stands for it: the write fails in the same place."""
    before = image.read_bytes()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50000,) * 2)

    for args in ([], ["-o", tmp_path / "out"]):
        done = subprocess.run([PITH, "pack", image, "--root", root, *args], preexec_fn=limit, capture_output=True,
                              text=True)
        assert done.returncode == 125 and "cannot write the image" in done.stderr
        assert image.read_bytes() == before and folder_of(image) == ["cat", "cat.c"]
        assert not (tmp_path / "out").exists()


def test_interrupted(image, tmp_path):
    """Nothing is left behind."""
    root = tmp_path / "root"
    root.mkdir()
    with open(root / "large", "wb") as f:
        f.truncate(8 << 30)
    before = image.read_bytes()
    process = subprocess.Popen([PITH, "pack", image, "--root", root])
    deadline = time.monotonic() + 20
    while folder_of(image) == ["cat", "cat.c"] and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM
    assert folder_of(image) == ["cat", "cat.c"] and image.read_bytes() == before


# --- large roots

def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (64 << 20,) * 2)


def test_many_files(image, tmp_path, run):
    root = tmp_path / "root"
    for i in range(100):
        folder = root / f"d{i}"
        folder.mkdir(parents=True)
        for k in range(1000):
            (folder / f"file{k}").write_bytes(b"%d" % k)
    done = subprocess.run([PITH, "pack", image, "--root", root], preexec_fn=limit_memory, capture_output=True,
                          text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert run(image, "/d99/file999", "/d0/file0", "/d50/file1000").stdout == \
        "/d99/file999 100644 1 3 999\n/d0/file0 100644 1 1 0\n/d50/file1000: not there\n"


def test_large_file(image, tmp_path):
    """Larger than the memory that pith may use; sparse, so that the test does not need the room twice."""
    root = tmp_path / "root"
    root.mkdir()
    with open(root / "large", "wb") as f:
        f.truncate(300 << 20)
        f.seek(-4, os.SEEK_END)
        f.write(b"last")
    done = subprocess.run([PITH, "pack", image, "--root", root], preexec_fn=limit_memory, capture_output=True,
                          text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert " 314572800 " in pack(image, "--list").stdout
    with open(image, "rb") as f:
        f.seek(-4, os.SEEK_END)
        assert f.read() == b"last"
    os.unlink(image)
