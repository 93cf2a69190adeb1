# SPDX-License-Identifier: MIT
"""Sockets: what is not there is said, syslog reaches the operator, and the names that libc can look up without a network.
What the calls do is compared with Linux in calls/sock_*.c and calls/unix_*.c."""


def test_missing_family_is_said_once(cc, run):
    image = cc("""
        #include <errno.h>
        #include <stdio.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main(void)
        {
            /* By socket() all families that there are would be in the image, as only run time knows which. */
            int domains[] = {AF_PACKET, AF_PACKET, AF_UNSPEC, 45, 46, -1};
            for (unsigned i = 0; i < sizeof(domains) / sizeof(*domains); i++)
                if (syscall(SYS_socket, domains[i], SOCK_DGRAM, 0) != -1 || errno != EAFNOSUPPORT)
                    return 1;
            return socket(AF_UNIX, SOCK_DGRAM, 0) != 3;
        }""")
    result = run(image)
    assert result.status == 0
    assert result.stderr.count("socket(AF_PACKET, ...) failed") == 1
    assert result.stderr.count("socket(") == 1


def test_proc_net_needs_files_and_a_network(cc, run):
    """Where it is, calls/proc_net.c looks at it."""
    result = run(cc("""
        #include <stdio.h>
        #include <unistd.h>
        int main(void) { printf("%d %d %d", access("/proc/net", F_OK), access("/proc/net/tcp", F_OK), access("/proc/self/status", F_OK)); return 0; }"""))
    assert (result.status, result.stdout) == (0, "-1 -1 0")


def test_syslog_goes_to_standard_error(cc, run):
    image = cc(r"""
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>
        #include <syslog.h>
        int main(void)
        {
            openlog("server", LOG_PID, LOG_DAEMON);
            syslog(LOG_ERR, "cannot open %s", "door");
            syslog(LOG_LOCAL7 | LOG_DEBUG, "two\nlines");
            setlogmask(LOG_UPTO(LOG_WARNING));
            syslog(LOG_INFO, "not shown");
            struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
                return 1;
            fd = socket(AF_UNIX, SOCK_DGRAM, 0);
            return sendto(fd, "<13>plain", 9, 0, (struct sockaddr *)&a, sizeof(a)) != 9;
        }""")
    result = run(image)
    assert (result.status, result.stdout) == (0, "")
    lines = [line for line in result.stderr.splitlines() if line.startswith("syslog ")]
    assert lines[0].startswith("syslog daemon.err: ") and lines[0].endswith(" server[1]: cannot open door")
    assert lines[1].startswith("syslog local7.debug: ") and lines[1].endswith(" server[1]: two?lines")
    assert lines[2:] == ["syslog user.notice: plain"]


def test_names_without_a_network(cc, run):
    image = cc(r"""
        #include <arpa/inet.h>
        #include <net/if.h>
        #include <ifaddrs.h>
        #include <netdb.h>
        #include <stdio.h>
        static void look(const char *host, const char *service, int flags)
        {
            struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM}, *found = NULL;
            int err = getaddrinfo(host, service, &hints, &found);
            printf("%s: %d", host ? host : "-", err);
            for (struct addrinfo *a = found; a; a = a->ai_next) {
                char name[80], port[20];
                getnameinfo(a->ai_addr, a->ai_addrlen, name, sizeof(name), port, sizeof(port),
                            NI_NUMERICHOST | NI_NUMERICSERV);
                printf(" %s %s", name, port);
            }
            printf("\n");
            if (found)
                freeaddrinfo(found);
        }
        int main(void)
        {
            struct ifaddrs *all;
            look("192.0.2.1", "80", 0);
            look("2001:db8::1", "443", AI_NUMERICHOST);
            look(NULL, "8080", AI_PASSIVE);
            look("name", "80", AI_NUMERICHOST);
            FILE *f = fopen("/etc/hosts", "w");
            fputs("192.0.2.7 known\n", f);
            fclose(f);
            look("known", "1", 0);
            look("unknown", "1", 0);
            printf("%u %u %d %d\n", if_nametoindex("eth0"), if_nametoindex("lo"), getifaddrs(&all), if_nameindex() != NULL);
            return 0;
        }""")
    result = run(image)
    assert result.status == 0
    assert result.stdout.splitlines() == [
        "192.0.2.1: 0 192.0.2.1 80", "2001:db8::1: 0 2001:db8::1 443", "-: 0 0.0.0.0 8080 :: 8080", "name: -2",
        "known: 0 192.0.2.7 1", "unknown: -3", "0 1 0 1"]


def test_wait_for_ever_is_reported(cc, run):
    image = cc("""
        #include <sys/socket.h>
        #include <unistd.h>
        int main(void)
        {
            int s[2];
            char c;
            socketpair(AF_UNIX, SOCK_STREAM, 0, s);
            return (int)read(s[0], &c, 1);
        }""")
    result = run(image)
    assert result.status == 134
    assert "deadlock: the program waits for ever in: receive from an empty socket" in result.stderr


BURST = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void *accepts(void *arg)
{
    for (int s; (s = accept(*(int *)arg, NULL, NULL)) >= 0;)
        close(s);
    return NULL;
}

int main(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(name);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    if (bind(listener, (void *)&name, len) || listen(listener, 16) || getsockname(listener, (void *)&name, &len))
        return 1;
    pthread_create(&thread, NULL, accepts, &listener);
    for (int i = 0; i < 500; i++) {
        int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(s, (void *)&name, len) && errno != EINPROGRESS)
            return 2;
        while (poll(&(struct pollfd){s, POLLOUT, 0}, 1, 0) == 0)
            ;
        struct tcp_info info = {0};
        len = sizeof(info);
        getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len);
        if (info.tcpi_total_retrans)
            return 3;
        len = sizeof(name);
        close(s);
    }
    return 0;
}
"""


def test_who_accepts_keeps_up_with_who_connects(cc, run):
    """Both in one program, and the one that connects never sleeps: no SYN is lost at a full backlog."""
    assert run(cc(BURST)).status == 0
