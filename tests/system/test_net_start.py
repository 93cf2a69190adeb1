# SPDX-License-Identifier: MIT
"""What a program finds of its network when it starts: interfaces, files of /etc, and a lease that is still to come."""
import subprocess

import pytest

from frame import PITH
from network import namespace  # noqa: F401
from test_net import inside

INTERFACES = r"""
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void show_file(const char *path)
{
    char line[200];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        fputs(line, stdout);
}

static void show(struct ifreq *r, int s, const char *name, unsigned long request)
{
    strcpy(r->ifr_name, "eth0");
    int err = ioctl(s, request, r);
    printf("%s %s\n", name, err ? "failed" : inet_ntoa(((struct sockaddr_in *)&r->ifr_addr)->sin_addr));
}

/* The types of messages that have come. */
static void changes(int n)
{
    char buf[8192];
    for (ssize_t len; (len = recv(n, buf, sizeof(buf), MSG_DONTWAIT)) > 0;)
        printf("change %d\n", ((struct nlmsghdr *)buf)->nlmsg_type);
}

int main(void)
{
    struct ifaddrs *all;
    char text[INET6_ADDRSTRLEN];
    getifaddrs(&all);
    for (struct ifaddrs *a = all; a; a = a->ifa_next) {
        if (strcmp(a->ifa_name, "eth0"))
            continue;
        int family = a->ifa_addr->sa_family;
        if (family == AF_INET)
            printf("eth0 %s\n", inet_ntoa(((struct sockaddr_in *)a->ifa_addr)->sin_addr));
        else if (family == AF_INET6)
            printf("eth0 %.6s\n", inet_ntop(family, &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr, text, sizeof(text)));
        else
            printf("eth0 packet, %s\n", a->ifa_flags & IFF_RUNNING ? "running" : "down");
    }
    printf("index %u\n", if_nametoindex("eth0"));

    struct ifreq r = {0};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    show(&r, s, "address", SIOCGIFADDR);
    show(&r, s, "mask", SIOCGIFNETMASK);
    show(&r, s, "broadcast", SIOCGIFBRDADDR);

    struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR};
    int n = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    bind(n, (struct sockaddr *)&nl, sizeof(nl));
    changes(n);
    strcpy(r.ifr_name, "eth0");
    *(struct sockaddr_in *)&r.ifr_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.9.0.3")};
    ioctl(s, SIOCSIFADDR, &r);
    changes(n);
    r.ifr_mtu = 1400;
    ioctl(s, SIOCSIFMTU, &r);
    changes(n);

    show_file("/etc/hostname");
    show_file("/etc/hosts");
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    gethostname(text, sizeof(text));
    int err = getaddrinfo(text, NULL, &hints, &found);
    puts(err ? gai_strerror(err) : inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    return 0;
}
"""


def test_interfaces_and_files(cc, namespace, tmp_path):  # noqa: F811
    image = cc(INTERFACES, "-O2")
    run = [PITH, "run", "--on", "process", "--timeout", 20, "-e", "HOSTNAME=machine", "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24"]
    done = inside(namespace, *run, image)
    assert done.stdout.splitlines() == [
        "eth0 packet, running", "eth0 10.9.0.2", "eth0 fe80::", "index 2",
        "address 10.9.0.2", "mask 255.255.255.0", "broadcast 10.9.0.255",
        "change 21", "change 20", "change 16",
        "machine", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "10.9.0.3\tmachine", "10.9.0.3",
    ], done.stderr
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/hosts").write_text("192.0.2.5 machine\n")
    own = tmp_path / "own"
    subprocess.run([PITH, "pack", image, "--root", tmp_path / "root", "-o", own], check=True)
    done = inside(namespace, *run, own)
    assert done.stdout.splitlines()[-3:] == ["machine", "192.0.2.5 machine", "192.0.2.5"], done.stderr


CONNECT = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
int main(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr("10.9.0.1")};
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 2; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        puts(connect(s, (struct sockaddr *)&addr, sizeof(addr)) ? strerror(errno) : "connected");
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%s\n", to.tv_sec - from.tv_sec > 6 ? "late" : "soon");
    return 0;
}
"""


def test_connect_waits_for_the_lease(cc, namespace, tmp_path):  # noqa: F811
    if subprocess.run("busybox --list | grep -qx udhcpd", shell=True).returncode:
        pytest.skip("busybox has no DHCP server here")
    (tmp_path / "leases").touch()
    (tmp_path / "conf").write_text(f"start 10.9.0.50\nend 10.9.0.50\nmax_leases 1\ninterface {namespace}\nlease_file {tmp_path}/leases\n"
                                   f"pidfile {tmp_path}/pid\noption subnet 255.255.255.0\noption lease 600\n")
    server = subprocess.Popen(["ip", "netns", "exec", namespace, "busybox", "udhcpd", "-f", tmp_path / "conf"],
                              stderr=subprocess.DEVNULL)
    try:
        done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 30, "--net", f"tap:{namespace}", cc(CONNECT, "-O2"))
    finally:
        server.kill()
        server.wait()
    assert done.stdout == "Connection refused\nConnection refused\nsoon\n", done.stderr


def test_no_lease_comes(cc, namespace):  # noqa: F811
    """The wait ends, is not repeated, and the message names what was missing."""
    done = inside(namespace, PITH, "run", "--on", "process", "--timeout", 30, "--net", f"tap:{namespace}", cc(CONNECT, "-O2"))
    assert done.stdout == "Network unreachable\nNetwork unreachable\nlate\n", done.stderr
    assert done.stderr.count("eth0 has no address after 8 seconds: no DHCP server has answered; the program goes on without") == 1
