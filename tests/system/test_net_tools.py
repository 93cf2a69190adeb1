# SPDX-License-Identifier: MIT
"""Tools that administrators turn to first find the machine: ping of both versions, and traceroute."""
import shutil

import pytest

from frame import PITH
from network import Machine, namespace  # noqa: F401
from test_net import SERVER, inside


def test_ping_and_traceroute(cc, namespace):  # noqa: F811
    if not shutil.which("traceroute"):
        pytest.skip("traceroute is not installed")
    inside(namespace, "ip", "-6", "addr", "add", "fd00:9::1/64", "dev", namespace, "nodad")
    machine = Machine("ip", "netns", "exec", namespace, PITH, "run", "--on", "process", "--timeout", 60, "--net", f"tap:{namespace}",
                      "--ip", "10.9.0.2/24", "--ip", "fd00:9::2/64", cc(SERVER, "-O2"))
    try:
        assert machine.first == "ready\n", machine.end()
        for version, address in (("-4", "10.9.0.2"), ("-6", "fd00:9::2")):
            done = inside(namespace, "ping", version, "-n", "-c", "3", "-i", "0.2", "-W", "5", "-s", "4000", address)
            assert "3 received" in done.stdout, done.stdout + done.stderr
            done = inside(namespace, "traceroute", version, "-n", "-q", "1", "-w", "3", "-m", "3", address)
            hops = done.stdout.splitlines()[1:]
            assert len(hops) == 1 and hops[0].split()[:2] == ["1", address], done.stdout + done.stderr
        inside(namespace, "python3", "-c", "import socket\nsocket.socket(2, socket.SOCK_DGRAM).sendto(b'end', ('10.9.0.2', 7))")
    finally:
        status, out, err = machine.end()
    assert (status, err) == (0, "")


# What arping and DHCP clients do: asks whose address it is, and watches a datagram leave.
FRAMES = r"""
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char frame[2000];
static struct sockaddr_ll from;

/* The next frame of (s), up to a second. */
static int next(int s)
{
    struct pollfd p = {s, POLLIN, 0};
    socklen_t len = sizeof(from);

    return poll(&p, 1, 1000) == 1 ? recvfrom(s, frame, sizeof(frame), 0, (struct sockaddr *)&from, &len) : -1;
}

int main(void)
{
    struct sockaddr_ll to = {AF_PACKET, htons(ETH_P_ARP), if_nametoindex("eth0"), .sll_halen = 6};
    struct ether_arp ask = {{htons(1), htons(ETH_P_IP), 6, 4, htons(ARPOP_REQUEST)}}, answer;
    struct sockaddr_in peer = {AF_INET, htons(9), {inet_addr("10.9.0.1")}};
    struct ifreq r = {.ifr_name = "eth0"};
    int s = socket(AF_PACKET, SOCK_DGRAM, 0), all = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), tries = 10, n;

    if (bind(s, (struct sockaddr *)&to, sizeof(to)) || ioctl(s, SIOCGIFHWADDR, &r) || to.sll_ifindex == 0)
        return perror("eth0"), 1;
    memset(to.sll_addr, 255, 6);
    memcpy(ask.arp_sha, r.ifr_hwaddr.sa_data, 6);
    memcpy(ask.arp_spa, &(in_addr_t){inet_addr("10.9.0.2")}, 4);
    memcpy(ask.arp_tpa, &peer.sin_addr, 4);
    do {
        if (sendto(s, &ask, sizeof(ask), 0, (struct sockaddr *)&to, sizeof(to)) != sizeof(ask))
            return perror("sendto"), 1;
        n = next(s);
        memcpy(&answer, frame, sizeof(answer));
    } while ((n < (int)sizeof(answer) || ntohs(answer.arp_op) != ARPOP_REPLY) && --tries);
    printf("answer of %s: kind %d, its sender's address %s\n", inet_ntoa(*(struct in_addr *)answer.arp_spa),
           from.sll_pkttype, memcmp(answer.arp_sha, from.sll_addr, 6) ? "is another" : "is right");
    sendto(socket(AF_INET, SOCK_DGRAM, 0), "seen", 4, 0, (struct sockaddr *)&peer, sizeof(peer));
    while ((n = next(all)) >= 0)
        if (n > 46 - 4 && from.sll_pkttype == PACKET_OUTGOING && !memcmp(frame + 42, "seen", 4))
            return printf("%d bytes left, from %s\n", n, memcmp(frame + 6, ask.arp_sha, 6) ? "another" : "eth0"), 0;
    return 1;
}
"""


def test_frames(cc, namespace):  # noqa: F811
    done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 60, "--net", f"tap:{namespace}",
                  "--ip", "10.9.0.2/24", cc(FRAMES, "-O2"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "answer of 10.9.0.1: kind 0, its sender's address is right\n46 bytes left, from eth0\n"
