# SPDX-License-Identifier: MIT
"""A real image on a network with Linux: addresses by settings and by DHCP, echo, fragments. The image starts the network by the
name that sockets use for it and does nothing else. Each test has a network namespace of its own, with a TAP device."""

import subprocess

import pytest

from frame import PITH, execute

IMAGE = r"""
    #include <poll.h>
    #include <stdio.h>
    struct netdev;
    int pith_ip_start(void), pith_netdev_get(unsigned n, struct netdev **dev);
    void pith_dhcp_start(void *iface);
    void *volatile linked[] = {(void *)pith_netdev_get, (void *)pith_dhcp_start};
    int main(void)
    {
        printf("%d\n", pith_ip_start());
        fflush(stdout);
        for (;;)
            poll(0, 0, 1000);
    }"""

DEVICE = """
    ip link set lo up && ip tuntap add dev tap0 mode tap && ip link set tap0 up &&
    ip addr add 10.0.0.2/24 dev tap0 && ip addr add 2001:db8::2/64 dev tap0 nodad || exit 77
"""


@pytest.fixture(autouse=True)
def needs_namespaces():
    done = subprocess.run(["unshare", "-rn", "sh", "-c", DEVICE], capture_output=True)
    if done.returncode:
        pytest.skip("no network namespace with a TAP device: " + done.stderr.decode().strip())


def in_namespace(script, cwd):
    return execute(["unshare", "-rn", "--kill-child", "sh", "-c", DEVICE + script], timeout=60, cwd=cwd)


@pytest.mark.not_on_qemu("this is about the stack, which is the same")
def test_answers_linux(cc, way, tmp_path):
    done = in_namespace(f"""
        {PITH} run --on {way} --net tap:tap0 --ip 10.0.0.1/24,10.0.0.2 --ip 2001:db8::1/64 {cc(IMAGE)} >out & image=$!
        for i in 1 2 3 4 5 6 7 8 9 10; do ping -n -c 1 -W 1 10.0.0.1 >/dev/null && break; done
        for to in "10.0.0.1" "-s 9000 10.0.0.1" "-s 65507 10.0.0.1" "2001:db8::1" "-s 9000 2001:db8::1" "-i 0.01 -c 100 10.0.0.1"; do
            ping -n -q -c 2 -i 0.2 -W 5 $to >>log || echo "no answer: $to"
        done
        ping -n -q -c 1 -W 1 10.0.0.3 >/dev/null && echo "somebody else answers"
        kill $image; wait $image 2>/dev/null; cat out""", tmp_path)
    assert done.stdout == "0\n", done.stdout + done.stderr


@pytest.mark.not_on_qemu("this is about the stack, which is the same")
def test_takes_a_lease(cc, way, tmp_path):
    if subprocess.run("busybox --list | grep -qx udhcpd", shell=True).returncode:
        pytest.skip("busybox has no DHCP server here")
    (tmp_path / "leases").touch()
    (tmp_path / "conf").write_text("start 10.0.0.50\nend 10.0.0.50\nmax_leases 1\ninterface tap0\nlease_file leases\npidfile pid\n"
                                   "option subnet 255.255.255.0\noption router 10.0.0.2\noption lease 600\n")
    done = in_namespace(f"""
        busybox udhcpd -f conf 2>server & server=$!
        {PITH} run --on {way} --net tap:tap0 {cc(IMAGE)} >out & image=$!
        for i in 1 2 3 4 5 6 7 8 9 10; do ping -n -q -c 1 -W 1 10.0.0.50 >/dev/null && echo leased && break; done
        kill $image $server; wait 2>/dev/null; cat out""", tmp_path)
    assert done.stdout == "leased\n0\n", done.stdout + done.stderr + (tmp_path / "server").read_text()
