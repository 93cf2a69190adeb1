# SPDX-License-Identifier: MIT
"""A machine with hardware KVM, on hosts that have none: Linux in QEMU, whose TCG emulates AMD's SVM with nested
paging. Its KVM is kvm_amd, the one of the hardware; with npt=0 it shadows the guest's page tables instead.

Linux boots once per Nested object and then does what it is asked (nested/init.c). Debian's kernel is unpacked by
tools/fetch-kernel (make check-system does), nothing is installed on the host.
"""
import os
import pathlib
import select
import shutil
import subprocess
import tempfile

import pytest

from frame import OUT, ROOT, Result

KERNEL = pathlib.Path(os.environ.get("PITH_TEST_KERNEL", ROOT / "build" / "test" / "kernel"))
INIT = ROOT / "tests" / "system" / "nested" / "init.c"
BUSYBOX = pathlib.Path("/bin/busybox")
# In the order of loading.
BOOT_MODULES = ["virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_modern_dev", "virtio/virtio_pci_legacy_dev",
                "virtio/virtio_pci", "char/virtio_console"]
MORE_MODULES = ["virt/lib/irqbypass", "arch/x86/kvm/kvm", "arch/x86/kvm/kvm-amd", "arch/x86/kernel/msr", "net/tun"]


def missing():
    """Why there can be no nested machine here, or ""."""
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    if not any(KERNEL.glob("boot/vmlinuz-*")):
        return f"no kernel for the nested machine: run tools/fetch-kernel {KERNEL}"
    if not BUSYBOX.exists():
        return "busybox-static is not installed"
    return ""


def cpio(entries):
    """An archive of (path, mode, bytes) as the kernel unpacks it (initramfs buffer format, "newc")."""
    out = bytearray()
    for number, (path, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += bytes(-len(out) % 4)
        out += data + bytes(-len(data) % 4)
    return bytes(out)


def initramfs(folder):
    init = folder / "init"
    subprocess.run(["musl-gcc", "-static", "-O1", "-idirafter", "/usr/include", "-idirafter",
                    "/usr/include/x86_64-linux-gnu", "-o", init, INIT], check=True)
    modules = next(KERNEL.glob("lib/modules/*")) / "kernel"
    folders = ["bin", "dev", "etc", "lib", "out", "out/bin", "out/libexec", "out/libexec/pith", "proc", "root", "sys", "tmp"]
    files = [("init", 0o755, init), ("bin/busybox", 0o755, BUSYBOX),
             ("out/libexec/pith/pith-monitor", 0o755, OUT / "libexec/pith/pith-monitor")]
    for module in BOOT_MODULES + MORE_MODULES:
        path = modules / ("" if module.split("/")[0] in ("virt", "arch") else "drivers") / f"{module}.ko"
        files.append((f"lib/{path.name}", 0o644, path))
    applets = ["cat", "chmod", "chown", "dd", "dmesg", "grep", "insmod", "ip", "kill", "ls", "mount", "nc", "rmmod",
               "printf", "sh", "sha256sum", "sleep", "su", "timeout", "tunctl", "umount", "unshare"]
    return cpio([*((name, 0o040755, b"") for name in folders),
                 *((name, 0o100000 | mode, pathlib.Path(path).read_bytes()) for name, mode, path in files),
                 *((f"bin/{name}", 0o120777, b"busybox") for name in applets),
                 ("out/bin/pith", 0o120777, b"../libexec/pith/pith-monitor"),
                 ("etc/passwd", 0o100644, b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n"),
                 ("modules", 0o100644, "".join(f"/lib/{name.split('/')[-1]}.ko\n" for name in BOOT_MODULES).encode())])


class Nested:
    """A running nested machine. Use as a context manager."""

    def __init__(self, *qemu, memory="1G"):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        (self.folder / "initramfs").write_bytes(initramfs(self.folder))
        self.log = self.folder / "log"
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max,la57=off", "-m", memory, "-nodefaults", "-no-user-config",
             "-display", "none", "-no-reboot", "-serial", f"file:{self.log}",
             "-kernel", next(KERNEL.glob("boot/vmlinuz-*")), "-initrd", self.folder / "initramfs",
             "-append", "console=ttyS0 quiet mitigations=off panic=-1 nokaslr",
             "-chardev", "stdio,id=port,signal=off", "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=port,nr=1",
             *qemu],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.put_files = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def receive(self, wanted, seconds):
        """Bytes from the machine: (wanted) of them, or a line if that is None."""
        got = b""
        while len(got) < wanted if wanted is not None else not got.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                pytest.fail(f"the nested machine does not answer\n{self.log.read_text(errors='replace')[-3000:]}")
            some = os.read(self.process.stdout.fileno(), 1 if wanted is None else wanted - len(got))
            if not some:
                pytest.fail(f"the nested machine ended\n{self.log.read_text(errors='replace')[-3000:]}")
            got += some
        return got

    def put(self, path, data, mode=0o755):
        self.process.stdin.write(f"put {mode:o} {len(data)} {path}\n".encode() + data)

    def run(self, *argv, stdin=b"", timeout=60):
        """Runs a program of the machine to its end and returns its Result."""
        strings = b"".join(str(a).encode() + b"\0" for a in argv)
        self.process.stdin.write(f"run {timeout} {len(stdin)} {len(strings)}\n".encode() + strings + stdin)
        self.process.stdin.flush()
        code, out, err = map(int, self.receive(None, timeout + 120).split())
        out, err = self.receive(out, 60), self.receive(err, 60)
        if code == -1000:
            pytest.fail(f"{argv} still ran in the nested machine after {timeout} s\n{out.decode(errors='replace')}"
                        f"\n--- stderr\n{err.decode(errors='replace')}")
        return Result(code if code >= 0 else 128 - code, -code if code < 0 else None, out, err)

    def sh(self, script, **more):
        return self.run("sh", "-c", script, **more)

    def put_image(self, path):
        """Takes a program of the host there, once; returns its path in the machine."""
        there = f"/root/{path.stat().st_ino}-{path.stat().st_mtime_ns}-{path.name}"
        if there not in self.put_files:
            self.put(there, path.read_bytes())
            self.put_files.add(there)
        return there

    def load_kvm(self, options=""):
        """Loads KVM afresh, with options of kvm_amd."""
        script = "rmmod kvm_amd 2>/dev/null; insmod /lib/irqbypass.ko 2>/dev/null; insmod /lib/kvm.ko 2>/dev/null; "
        got = self.sh(script + f"insmod /lib/kvm-amd.ko {options} && ls /dev/kvm")
        assert got.status == 0, (got.stderr, self.log.read_text(errors="replace")[-3000:])
