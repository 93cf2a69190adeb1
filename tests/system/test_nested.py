# SPDX-License-Identifier: MIT
"""Images under the KVM of a processor that virtualises: emulated SVM, with nested paging and with shadow paging
(nested.py). The tests of other files that are imported here run in that machine too."""
import pathlib
import re

import pytest

import nested as machine
import test_calls
from test_crash import test_registers, test_report  # noqa: F401
from test_disk import disk, test_hostile_queue, test_random_transfers  # noqa: F401
from test_faults import test_fault, test_no_fault  # noqa: F401
from test_hypercalls import test_any_call_is_answered, test_ends_by_call  # noqa: F401
from test_kvm import (FAULTS_PROGRAM, SPIN_UNTIL, program, test_code_made_at_run_time_only_where_allowed,  # noqa: F401
                      test_faults_reach_the_program, test_flags_change_nothing_for_the_host, test_no_instruction_leads_out,
                      test_protections_follow_every_change, test_random_protections, test_registers_of_a_crash_are_exact,
                      test_vectors_are_kept_across_calls, test_walls)
from test_memory import test_code_is_allowed, test_code_is_refused  # noqa: F401
from test_monitor import test_timeout_that_is_not_reached  # noqa: F401
from test_sandbox import test_constants_are_not_in_the_text  # noqa: F401

PITH = "/out/bin/pith"
# Writes EFER: SCE, LME, LMA, NXE, and SVME where the second byte is 1d.
SET_EFER = r"printf '\001\x{}\0\0\0\0\0\0' | dd of=/dev/cpu/0/msr bs=8 seek=$((0xc0000080 / 8)) conv=notrunc 2>/dev/null"

pytestmark = pytest.mark.skipif(bool(machine.missing()), reason=machine.missing())


@pytest.fixture(scope="module")
def nested():
    """One for all tests here. Nothing of them may make the kernel there complain."""
    with machine.Nested() as started:
        yield started
        complaints = started.sh("dmesg | grep -A9 -E 'WARNING|BUG|kvm.*(mismatch|error)'").stdout
        assert not complaints


@pytest.fixture(scope="module", params=["", "npt=0"], ids=["npt", "shadow"])
def kvm(nested, request):
    nested.load_kvm(request.param)
    return nested


@pytest.fixture
def run(kvm):
    """As frame.py's. Disks are copied there, and back afterwards."""

    def start(image, *args, stdin=b"", timeout=60, options=(), env=None):
        disks = {path for option in options if "=/" in str(option) for path in [str(option).split("=", 1)[1].split("=")[-1].split(":")[0]]}
        for path in disks:
            kvm.put(f"/root/{pathlib.Path(path).name}", pathlib.Path(path).read_bytes(), 0o600)
        moved = [re.sub(r"=/.*/", "=/root/", str(option)) for option in options]
        environment = [o for k, v in (env or {}).items() for o in ("-e", f"{k}={v}")]
        got = kvm.run(PITH, "run", "--on", "kvm", *moved, *environment, kvm.put_image(image), *args, stdin=stdin, timeout=timeout)
        for path in disks:
            pathlib.Path(path).write_bytes(kvm.run("cat", f"/root/{pathlib.Path(path).name}").raw)
        return got

    return start


@pytest.mark.parametrize("name", ["clocks", "io", "libc", "memory", "memory_random", "pipes", "signals", "times"])
def test_calls_as_on_linux(name, cc, native, run, linux):
    test_calls.test_same_as_linux(test_calls.CALLS / f"{name}.c", cc, native, run, linux, "kvm")


def test_auto_takes_it_and_says_so(kvm, cc):
    assert kvm.run(PITH, "run", "--show-plan").stdout == "kvm      chosen: hardware KVM\nprocess  not chosen: kvm is\n"
    image = kvm.put_image(cc(program("puts(AREA[0] ? \"kvm\" : \"\");")))
    assert kvm.run(PITH, "run", image).stdout == "kvm\n"  # as a process it would fault


def test_software_kvm_is_for_those_who_ask_and_has_no_port(kvm, cc):
    """As if this KVM were software: calls and exceptions then go by the store."""
    disguise = "mount -t tmpfs none /sys/module && mkdir /sys/module/kvm_pvm && exec "
    image = kvm.put_image(cc(FAULTS_PROGRAM))

    def start(arguments):
        return kvm.run("unshare", "-m", "sh", "-c", f"{disguise} {PITH} run {arguments}")

    assert "not chosen: no hardware support" in start("--show-plan").stdout
    assert start("--on kvm --show-plan").stdout.startswith("kvm      chosen: software KVM")
    got = start(f"--on kvm {image}")
    assert (got.status, got.stdout, got.stderr) == (0, "", "")


@pytest.mark.parametrize("before, script, after, why", [
    ("chmod 600 /dev/kvm", "su -s /bin/sh nobody -c '{}'", "", "no permission for /dev/kvm"),
    (":", "ulimit -n 4; {}", "", "too many open files"),
    # EFER.SVME is set: so does another hypervisor that uses the processor.
    (f"insmod /lib/msr.ko; {SET_EFER.format('1d')}", "{}", SET_EFER.format("0d"), "KVM is busy"),
    ("rmmod kvm_amd", "{}", "insmod /lib/kvm-amd.ko", "there is no /dev/kvm"),
], ids=["permission", "descriptors", "busy", "absent"])
def test_why_it_cannot_be_had(before, script, after, why, kvm, cc):
    image = kvm.put_image(cc(program('puts("ran");')))

    def start(arguments):
        return kvm.sh(f"({before}) >/dev/null 2>&1; " + script.format(f"{PITH} run {arguments}") + f"; status=$?; {after or ':'}; exit $status")

    got = start(f"--on kvm {image}")
    assert (got.status, got.stdout) == (125, "") and why in got.stderr, got.stderr
    got = start(image)
    assert (got.status, got.stdout, got.stderr) == (0, "ran\n", "")
    assert re.match(f"kvm      not chosen: .*{why}", start("--show-plan").stdout)


def test_more_memory_than_a_machine_can_have(kvm, cc):
    image = kvm.put_image(cc(program('puts("ran");')))
    got = kvm.run(PITH, "run", "--on", "kvm", "-m", "1024G", image)
    assert (got.status, got.stdout) == (125, "") and "cannot address that much memory" in got.stderr
    got = kvm.run(PITH, "run", "-m", "1024G", image)
    assert (got.status, got.stdout) == (0, "ran\n") and "it runs as a process" in got.stderr
    got = kvm.run(PITH, "run", "--on", "kvm", "-m", "6G", image)
    assert (got.status, got.stdout, got.stderr) == (0, "ran\n", "")


def test_spinning_ends_by_time_and_by_signal(cc, run, kvm):
    image = cc(program('puts("up"); fflush(stdout); for (volatile int i = 0;; i++);'))
    got = run(image, options=["--timeout", "0.3"])
    assert (got.status, got.stdout) == (124, "up\n")
    for source, status in ((image, 143), (cc(SPIN_UNTIL), 42)):
        got = kvm.sh(f"rm -f /root/up; {PITH} run --on kvm {kvm.put_image(source)} >/root/up & pid=$!; until [ -s /root/up ]; do sleep 0.1; done; "
                     "kill -TERM $pid; wait $pid; status=$?; cat /root/up; echo $status")
        assert got.stdout == f"up\n{status}\n"


SERVER = r"""
#include <poll.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Gives back what comes to TCP ports 7 and 8, one connection after the other. */
static char block[65536];

int main(void)
{
    struct pollfd f[2];
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7 + i)};
        f[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
        if (bind(f[i].fd, (void *)&a, sizeof(a)) || listen(f[i].fd, 5))
            perror("listen");
    }
    puts("ready");
    fflush(stdout);
    while (poll(f, 2, -1) > 0)
        for (int i = 0; i < 2; i++) {
            if (!f[i].revents)
                continue;
            int c = accept(f[i].fd, NULL, NULL);
            for (ssize_t n; (n = read(c, block, sizeof(block))) > 0;)
                for (ssize_t done = 0, w; done < n && (w = write(c, block + done, (size_t)(n - done))) > 0; done += w)
                    ;
            close(c);
        }
}
"""

# Whole files go there and back; what ends a connection by itself is the client's closing its side.
CLIENT = """
rm -f /root/said
pith run --on kvm --net tap:t0 --ip 10.9.0.2/24 {image} >/root/said 2>&1 & server=$!
until grep -qs ready /root/said || ! kill -0 $server; do sleep 0.1; done
dd if=/dev/urandom of=/root/random bs=1024 count=1500 2>/dev/null
for port in 7 8; do nc -w 5 10.9.0.2 $port </root/random | sha256sum; done
sha256sum </root/random
kill $server; wait $server; cat /root/said
"""


@pytest.mark.parametrize("policy_text", ["", "listen tcp any 7\n"], ids=["open", "policy"])
def test_network(policy_text, cc, kvm, tmp_path):
    """Bytes there and back over a TAP device, and a policy that is enforced at the packets, too."""
    (tmp_path / "policy").write_text(policy_text)
    image = kvm.put_image(cc(SERVER, "-O2", *(["--policy", tmp_path / "policy"] if policy_text else [])))
    setup = kvm.sh("ls /sys/class/net/t0 >/dev/null 2>&1 || { insmod /lib/tun.ko && mkdir -p /dev/net && { [ -c /dev/net/tun ] || "
                   "mknod /dev/net/tun c 10 200; } && tunctl -t t0 && ip addr add 10.9.0.1/24 dev t0 && ip link set t0 up; }")
    assert setup.status == 0, setup.stderr
    got = kvm.sh("PATH=/out/bin:$PATH\n" + CLIENT.format(image=image), timeout=120)
    first, second, sent, *said = got.stdout.splitlines()
    assert first == sent, got
    assert (second == sent) == (not policy_text), got
