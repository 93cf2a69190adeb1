# SPDX-License-Identifier: MIT
"""The frame of the system tests: real images, built by pith-cc and run by pith.

Fixtures
  cc      cc(source, *flags, name=, ok=True)      compiles C to an image, returns its path
  native  native(source, *flags, name=, compiler=) the same to a Linux program
  run     run(image, *args, stdin=, timeout=, options=, env=, cwd=)  runs an image, returns a Result;
          parametrised over the ways to run that this machine offers
  spawn   spawn(image, ...) starts an image and returns its Popen; killed after the test if it still runs
  linux   linux(program, *args, stdin=, timeout=, env=, files=)  runs a Linux program in a fresh folder
          on tmpfs, which holds a copy of the folder (files)
  pith    pith(*args, ...) runs the pith command itself

What cannot hold for machines of QEMU is marked @pytest.mark.not_on_qemu(reason), and skipped there with that reason.

A source is C text or the path of a file; several can be given as a list. The installation under test is
build/out, or what PITH_OUT names. After the last test nothing may be left: no process that descends from this
session, no temporary file.
"""
import dataclasses
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(os.environ.get("PITH_OUT", ROOT / "build" / "out")).resolve()
PITH = OUT / "bin" / "pith"
PITH_CC = OUT / "bin" / "pith-cc"
MARK = "PITH_TEST_SESSION"


@dataclasses.dataclass
class Result:
    """How a program ended. (status) is what a shell would see; (signal) is None unless one killed it."""

    status: int
    signal: object
    raw: bytes
    raw_err: bytes

    @property
    def stdout(self):
        return self.raw.decode(errors="surrogateescape")

    @property
    def stderr(self):
        return self.raw_err.decode(errors="surrogateescape")


def execute(argv, stdin=b"", timeout=30, env=None, cwd=None):
    """Runs (argv) to its end and returns its Result. On time-out kills it, by its id, and fails."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    given = {"stdin": subprocess.PIPE} if isinstance(stdin, bytes) else {"stdin": stdin}
    with subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env, cwd=cwd, **given) as process:
        try:
            out, err = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"{argv} still ran after {timeout} s\n--- stdout\n{out.decode(errors='replace')}"
                        f"\n--- stderr\n{err.decode(errors='replace')}")
    code = process.returncode
    return Result(code if code >= 0 else 128 - code, -code if code < 0 else None, out, err)


def missing(way):
    """Why this machine does not offer a way to run images; empty if it does."""
    if way == "qemu":
        return "" if shutil.which("qemu-system-x86_64") else "qemu-system-x86_64 is not installed"
    plan = subprocess.run([PITH, "run", "--on", way, "--show-plan"], capture_output=True, text=True,
                          check=False) if PITH.exists() else None
    return (plan.stdout.splitlines() or [plan.stderr.strip()])[0] if plan and plan.returncode else ""


# For tests of what is told of objects and functions one by one: link-time optimisation makes others of them.
not_with_lto = pytest.mark.skipif("--lto" in os.environ.get("PITH_TEST_FLAGS", ""), reason="link-time optimisation makes other objects")


def ways():
    """The ways to run an image. One that this machine does not offer is skipped, and says why."""
    reasons = {way: missing(way) for way in ("process", "kvm", "qemu")}
    return [pytest.param(way, marks=pytest.mark.skipif(bool(reason), reason=reason))
            for way, reason in reasons.items()]


def tmpfs():
    """A folder on a RAM file system of Linux, what a program in an image is compared with."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def pytest_configure(config):
    config.addinivalue_line("markers", "not_on_qemu(reason): cannot hold for a machine of QEMU")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(tmp_path_factory):
    """Marks every descendant of this session and looks for survivors and temporary files at the end."""
    if not PITH_CC.exists():
        pytest.exit(f"{PITH_CC} is not there: run make first", 2)
    mark = uuid.uuid4().hex
    scratch = tmp_path_factory.mktemp("TMPDIR")
    os.environ[MARK] = mark
    os.environ["TMPDIR"] = str(scratch)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)  # nohup and background jobs ignore them; images inherit that
    tempfile.tempdir = None
    yield
    del os.environ[MARK]
    del os.environ["TMPDIR"]
    survivors = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                survivors[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue  # ended meanwhile, or not ours to read
    for pid in survivors:
        os.kill(pid, signal.SIGKILL)
    assert not survivors, "processes left behind"
    assert not os.listdir(scratch), "temporary files left behind"


def sources(source, folder, stem):
    """The files to compile: (source) as given, C text written to a file below (folder)."""
    if isinstance(source, (list, tuple)):
        return [path for i, s in enumerate(source) for path in sources(s, folder, f"{stem}-{i}")]
    if isinstance(source, pathlib.Path) or "\n" not in source and ";" not in source:
        return [pathlib.Path(source)]
    path = folder / f"{stem}.c"
    path.write_text(source)
    return [path]


class Compiler:
    def __init__(self, command, folder, late=()):
        self.command, self.folder, self.late, self.count = command, folder, late, 0

    def __call__(self, source, *flags, name=None, ok=True, command=None):
        """Compiles and returns the program's path. With ok=False returns the Result of the compiler instead,
        which must have failed."""
        self.count += 1
        name = name or f"prog{self.count}"
        self.folder.mkdir(exist_ok=True)
        program = self.folder / name
        files = sources(source, self.folder, name)
        done = execute([*(command or self.command), *(flags or ["-O1"]), "-o", program, *files, *self.late],
                       timeout=120, cwd=self.folder)
        if not ok:
            assert done.status != 0, "was expected not to compile"
            return done
        assert done.status == 0, f"compiling {name} failed with status {done.status}:\n{done.stderr}"
        return program


@pytest.fixture
def cc(tmp_path):
    return Compiler([PITH_CC, *os.environ.get("PITH_TEST_FLAGS", "").split()], tmp_path / "image")


@pytest.fixture
def native(tmp_path):
    """Debian's musl by default: the libc that images have."""
    return Compiler(["musl-gcc", "-static", "-idirafter", "/usr/include",
                     "-idirafter", "/usr/include/x86_64-linux-gnu"], tmp_path / "native")


@pytest.fixture(params=ways())
def way(request):
    not_on = request.node.get_closest_marker(f"not_on_{request.param}")
    if not_on:
        pytest.skip(f"not on {request.param}: {not_on.args[0]}")
    return request.param


@pytest.fixture
def run(way, tmp_path):
    """Each run stands in an empty folder, which must be empty afterwards: a guest cannot touch the host's files."""

    def start(image, *args, stdin=b"", timeout=30, options=(), env=None, cwd=None):
        empty = cwd or tempfile.mkdtemp(dir=tmp_path)
        environment = [o for k, v in (env or {}).items() for o in ("-e", f"{k}={v}")]
        result = execute([PITH, "run", "--on", way, *options, *environment, image, *args],
                         stdin, timeout, cwd=empty)
        if not cwd:
            assert os.listdir(empty) == [], "the guest left files on the host"
            os.rmdir(empty)
        return result

    return start


@pytest.fixture
def spawn(way, tmp_path):
    started = []

    def start(image, *args, options=(), **popen):
        # Without buffers, in which communicate() would not look for what came with a line read before.
        process = subprocess.Popen([str(a) for a in (PITH, "run", "--on", way, *options, image, *args)],
                                   **{"cwd": tmp_path, "stdin": subprocess.DEVNULL, "bufsize": 0, **popen})
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


@pytest.fixture
def pith():
    return lambda *args, **more: execute([PITH, *args], **more)


@functools.cache
def own_network():
    """What starts a program as root with a loopback of its own, where the host permits: ports that an earlier run has used are
    busy for a minute. All addresses have a route, as on a host with a network."""
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    ip = shutil.which("ip")
    start = [shutil.which("unshare"), *root, "--net", "/bin/sh", "-c",
             f"{ip} link set lo up && {ip} route add default dev lo && exec {shutil.which('env')} -u PWD \"$@\"", "sh"]
    if None not in start and subprocess.run([*start, "true"], capture_output=True).returncode == 0:
        return start
    return ["unshare", *root] if root else []


@pytest.fixture
def linux():
    """Runs as root, as a program in an image does: in a user namespace where the tests do not."""
    if not tmpfs():
        pytest.skip("no RAM file system at /dev/shm to compare with")

    def start(program, *args, stdin=b"", timeout=30, env=None, files=None):
        folder = tempfile.mkdtemp(dir=tmpfs())
        os.chmod(folder, 0o755)
        if files:
            shutil.copytree(files, folder, dirs_exist_ok=True)
        try:
            return execute([*own_network(), program, *args], stdin, timeout, env=env or {}, cwd=folder)
        finally:
            shutil.rmtree(folder)

    return start
