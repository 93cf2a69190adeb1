# SPDX-License-Identifier: MIT
"""Disks: what a program sees of them, against a model and against the host's files; limits and errors."""
import os
import pathlib
import random
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent / "disk"


@pytest.fixture
def disk(tmp_path):
    """disk(bytes, name) makes a file of that many random bytes."""
    def make(size, name="disk.img", seed=1):
        path = tmp_path / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path

    return make


@pytest.mark.parametrize("size, seed, steps", [(512, 1, 300), (1536, 2, 300), (65536, 3, 500),
                                               (1 << 20, 4, 500), ((3 << 20) + 512, 5, 500)])
def test_random_transfers(cc, run, way, disk, size, seed, steps):
    if way == "qemu" and size > 65536:
        pytest.skip("not on qemu: a serial line is too slow for the output")
    path = disk(size, seed=seed)
    before = path.read_bytes()
    done = run(cc(FOLDER / "model.c"), "/dev/vda", str(seed), str(steps), options=["--disk", f"data={path}"])
    assert done.status == 0, done.stderr
    assert done.stderr == ""
    assert path.read_bytes() == done.raw
    assert done.raw != before


def test_facts(cc, run, disk):
    one, two = disk(1 << 20, "one"), disk(8192, "two")
    before = two.read_bytes()
    done = run(cc(FOLDER / "facts.c"), "/dev/vda", "/dev/disk/by-id/virtio-logs", "/dev/vdc",
               options=["--disk", f"data={one}", f"--disk=logs={two}:ro"])
    assert done.status == 0, done.stderr
    assert done.stdout == """\
== /dev/vda
open to write: 0
open: 0
fstat: 0
block device 1, size 0, number 254:0
BLKGETSIZE64: 0
BLKGETSIZE: 0
BLKSSZGET: 0
BLKROGET: 0
BLKFLSBUF: 0
TIOCGWINSZ: -1 Not a tty
1048576 bytes, 2048 sectors, blocks of 512, read-only 0
end: 0
read at the end: 0
write at the end: -1 No space left on device
write of nothing at the end: 0
write over the end: 4
read over the end: 4
ftruncate: -1 Invalid argument
fsync: 0
fdatasync: 0
== /dev/disk/by-id/virtio-logs
open to write: -1 Read-only file system
open: 0
fstat: 0
block device 1, size 0, number 254:16
BLKGETSIZE64: 0
BLKGETSIZE: 0
BLKSSZGET: 0
BLKROGET: 0
BLKFLSBUF: 0
TIOCGWINSZ: -1 Not a tty
8192 bytes, 16 sectors, blocks of 512, read-only 1
end: 0
read at the end: 0
write at the end: -1 Bad file descriptor
write of nothing at the end: -1 Bad file descriptor
write over the end: -1 Bad file descriptor
read over the end: 4
ftruncate: -1 Invalid argument
fsync: 0
fdatasync: 0
== /dev/vdc
open to write: -1 No such file or directory
open: -1 No such file or directory
"""
    assert two.read_bytes() == before


LIST = """
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>
static void list(const char *path)
{
    DIR *d = opendir(path);
    char target[100] = "";
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_type == DT_BLK || e->d_type == DT_LNK)
            printf("%s\\n", e->d_name);
    if (d)
        closedir(d);
    if (readlink("/dev/disk/by-id/virtio-b", target, 99) > 0)
        puts(target);
}
int main(void) { list("/dev"); list("/dev/disk/by-id"); return 0; }
"""


def test_names(cc, run, disk):
    image = cc(LIST)
    plain = run(image).stdout.split()
    assert "vda" not in plain
    options = [f"--disk={name}={disk(512, name)}" for name in "abcdefgh"]
    names = run(image, options=options).stdout.split()
    assert [n for n in names if n.startswith("vd")] == [f"vd{c}" for c in "abcdefgh"]
    assert [n for n in names if n.startswith("virtio-")] == [f"virtio-{c}" for c in "abcdefgh"]
    assert "../../vdb" in names
    assert set(plain) <= set(names)


COPY = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int in = open(argv[1], O_RDONLY), out = open(argv[2], O_WRONLY | O_SYNC);
    size_t block = strtoul(argv[3], NULL, 10);
    char *buf = malloc(block);
    for (ssize_t n; (n = read(in, buf, block)) != 0;)
        if (n < 0 || write(out, buf, (size_t)n) != n) {
            perror(argv[2]);
            return 1;
        }
    return argc < 4;
}
"""


@pytest.mark.parametrize("block", [512, 1000, 4096, 1 << 20, 48 << 20])
def test_copy(cc, run, disk, block):
    size = 256 << 10 if block < 4096 else (20 << 20) + 512
    one, two = disk(size, "one"), disk(size, "two", seed=2)
    done = run(cc(COPY), "/dev/vdb", "/dev/vda", str(block), timeout=90,
               options=["--disk", f"to={one}", f"--disk=from={two}:ro"])
    assert done.status == 0, done.stderr
    assert one.read_bytes() == two.read_bytes()


# --- what cannot be had

HELLO = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"


@pytest.mark.parametrize("make, message", [
    (lambda p: None, "No such file"),
    (lambda p: p.mkdir(), "a directory"),
    (lambda p: p.write_bytes(b""), "is empty"),
    (lambda p: p.write_bytes(b"x" * 1000), "not a multiple of 512"),
    (lambda p: os.mkfifo(p), "must be a regular file"),
    (lambda p: p.symlink_to("/dev/zero"), "must be a regular file"),
], ids=["missing", "folder", "empty", "odd", "fifo", "character-device"])
def test_refused(cc, run, tmp_path, make, message):
    make(tmp_path / "disk")
    done = run(cc(HELLO), options=["--disk", f"data={tmp_path}/disk"])
    assert (done.status, done.stdout) == (125, "")
    assert message in done.stderr and "disk data" in done.stderr
    assert done.stderr.count("\n") == 1


WAIT = """
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
    char c;
    write(1, "x", 1);
    return read(0, &c, 1) != 0 || open("/dev/vda", O_RDONLY) < 0;
}
"""


@pytest.mark.not_on_qemu("the words are QEMU's: test_bare.py")
def test_locked(cc, run, spawn, disk):
    path, image = disk(4096), cc(WAIT)

    def hold(suffix):
        holder = spawn(image, options=[f"--disk=data={path}{suffix}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.read(1) == b"x"
        return holder

    writer = hold("")
    for suffix in ("", ":ro"):
        done = run(image, options=[f"--disk=data={path}{suffix}"])
        assert done.status == 125 and "in use" in done.stderr
    writer.stdin.close()
    assert writer.wait(10) == 0
    reader = hold(":ro")
    assert run(image, options=[f"--disk=data={path}:ro"]).status == 0
    assert run(image, options=[f"--disk=data={path}"]).status == 125
    reader.stdin.close()
    assert reader.wait(10) == 0
    assert run(image, options=[f"--disk=data={path}"]).status == 0


TRUNCATED = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    static char buf[8192];
    int fd = open("/dev/vda", O_RDWR);
    printf("%zd\n", pread(fd, buf, 8192, 0));
    fflush(stdout);
    read(0, buf, 1);
    printf("%zd", pread(fd, buf, 8192, 4096));
    printf(" %s\n%zd\n", strerror(errno), pread(fd, buf, 4096, 0));
    return 0;
}
"""


@pytest.mark.not_on_qemu("QEMU reads zeros where the file has ended")
def test_cut_short_while_in_use(cc, spawn, disk):
    path = disk(65536)
    guest = spawn(cc(TRUNCATED), options=[f"--disk=data={path}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert guest.stdout.readline() == b"8192\n"
    os.truncate(path, 8192)
    guest.stdin.write(b"x")
    guest.stdin.close()
    assert guest.stdout.read() == b"-1 I/O error\n4096\n"
    assert guest.wait(10) == 0


@pytest.mark.not_on_qemu("QEMU waits until there is room")
def test_full_host(cc, run, tmp_path):
    """A sparse file on a small RAM file system."""
    folder = tmp_path / "small"
    folder.mkdir()
    program = """
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    static char buf[1 << 20];
    int fd = open("/dev/vda", O_RDWR);
    memset(buf, 'x', sizeof(buf));
    ssize_t n = 0;
    for (int i = 0; i < 8 && n >= 0; i++)
        n = write(fd, buf, sizeof(buf));
    printf("%s\\n", n < 0 ? strerror(errno) : "all");
    return 0;
}
"""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False,
                      capture_output=True).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        with open(folder / "disk", "wb") as f:
            f.truncate(8 << 20)
        done = run(cc(program), options=[f"--disk=data={folder}/disk"])
    finally:
        subprocess.run(["umount", folder], check=True)
    assert done.stdout == "No space left on device\n", done.stderr


@pytest.mark.parametrize("case, message", enumerate([
    "a chain is longer than its queue", "more buffers are available", "outside guest memory", "has no header",
    "no room for its status", "has no header", "cannot be written", "inside a table", "index is too large"]))
@pytest.mark.not_on_qemu("the device is QEMU's")
def test_hostile_queue(cc, run, disk, case, message):
    """The device stops with one message; the guest, and its other disk, go on."""
    one, two = disk(4096, "one"), disk(4096, "two")
    before = one.read_bytes()
    done = run(cc(FOLDER / "hostile.c"), str(case), options=[f"--disk=one={one}", f"--disk=two={two}"])
    assert done.stdout == "read: -1 I/O error\nwrite: -1 I/O error\nother: 512\n", done.stderr
    assert done.status == 0
    assert message in done.stderr and done.stderr.startswith("pith: disk one: ")
    assert done.stderr.count("\n") == 1
    assert one.read_bytes() == before


def test_sandbox_of_disks(pith, disk):
    done = pith("run", "--disk", f"data={disk(512)}", "--show-sandbox")
    names = [line.split(":")[0] for line in done.stdout.splitlines() if ": " in line and line[0].isalpha()]
    # One more where programs may not set their thread pointer: docs/sandbox.md.
    assert len(names) == 13 + ("arch_prctl" in names)
    assert "fdatasync" in names
