/* SPDX-License-Identifier: MIT
 *
 * The stack with Linux as its peer, over a TAP device in a network namespace of this test's own:
 * echo, fragments, datagrams, errors, neighbours, duplicate addresses, and busybox's DHCP server.
 * Skipped where there are no such namespaces.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: libos/net/dhcp/dhcp.c libos/net/dhcp/options.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link udp dhcp mm random */
#include "unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"
#include "udp/udp.h"

static int tap = -1;

static nsec_t real_time(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* Lets the stack run for up to (ms), or until it has received something. */
static void run(int ms)
{
    static uint8_t frame[FAKE_FRAME];
    struct pollfd p = {.fd = tap, .events = POLLIN};
    size_t len;

    fake_netdev_pass(real_time() - fake.now);
    while ((len = fake_netdev_sent(0, frame)))
        assert_int_equal(write(tap, frame, len), len);
    if (poll(&p, 1, ms) > 0) {
        ssize_t n = read(tap, frame, sizeof(frame));
        assert_true(n > 0);
        fake.now = real_time();
        fake_netdev_receive(0, frame, (size_t)n, 0);
    }
    while ((len = fake_netdev_sent(0, frame)))
        assert_int_equal(write(tap, frame, len), len);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        errno = 0; /* root needs none of it */
    if (fd >= 0)
        close(fd);
}

/* Runs a command of the shell, and the stack as long as that runs. Returns its exit status. */
static int command(const char *text)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    while (waitpid(pid, &status, WNOHANG) == 0)
        run(5);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A namespace with a TAP device "tap0" whose other end is (tap). */
static bool enter(void)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    char map[64];
    unsigned uid = getuid(), gid = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return false;
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    strcpy(r.ifr_name, "tap0");
    return tap >= 0 && ioctl(tap, TUNSETIFF, &r) == 0 &&
           system("ip link set lo up && ip link set tap0 up && ip addr add 10.0.0.2/24 dev tap0 && "
                  "ip addr add 2001:db8::2/64 dev tap0 nodad") == 0;
}

static void receive(struct udp_end *e, struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct ip_ends ends = {
        .local_port = e->ends.local_port, .remote = rx->from, .remote_port = rx->from_port};
    struct net_path path = {.ttl = 0};
    struct pkt *answer = pkt_clone(p, PKT_HEADROOM);

    pkt_free(p);
    assert_int_equal(ip_route(&ends, &path), 0);
    assert_int_equal(udp_send(&ends, &path, answer), 0);
}

static int start(void **state)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24,10.0.0.2",
                                           "net0.ip=2001:db8::1/64,2001:db8::2", NULL};
    static struct udp_end ends[2];

    (void)state;
    fake_reset();
    if (!enter())
        return 0;
    fake.now = real_time();
    fake_netdevs = 1;
    fake_settings = settings;
    assert_int_equal(ip_start(), 0);
    for (int i = 0; i < 2; i++) {
        ends[i].ends.local = i ? (struct ip_addr){.d = {0}} : ip_from_v4(0);
        ends[i].ends.local_port = 7;
        ends[i].receive = receive;
        udp_add(&ends[i]);
    }
    return 0;
}

#define NEED_TAP()                                                                                 \
    do {                                                                                           \
        (void)state;                                                                               \
        if (tap < 0) {                                                                             \
            print_message("no network namespace or TAP device for this test\n");                   \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static void linux_pings(void **state)
{
    NEED_TAP();
    assert_int_equal(command("ping -n -q -c 1 -W 3 10.0.0.1 >/dev/null"), 0);
    assert_int_equal(command("ping -n -q -c 1 -W 3 2001:db8::1 >/dev/null"), 0);
    /* Fragments of Linux, and ours for it. */
    assert_int_equal(command("ping -n -q -c 1 -W 3 -s 9000 10.0.0.1 >/dev/null"), 0);
    assert_int_equal(command("ping -n -q -c 1 -W 3 -s 9000 2001:db8::1 >/dev/null"), 0);
    assert_int_equal(command("ping -n -q -c 1 -W 3 -s 65507 10.0.0.1 >/dev/null"), 0);
    assert_int_equal(command("ping -n -q -c 1 -W 3 ff02::1%tap0 >/dev/null"), 0);
    assert_int_equal(command("ping -n -q -c 3 -i 0.2 -f -W 3 10.0.0.1 >/dev/null"), 0);
    assert_int_not_equal(command("ping -n -q -c 1 -W 1 10.0.0.3 >/dev/null"), 0);
    assert_int_equal(command("ip neigh show dev tap0 | grep -q '10.0.0.1 lladdr 02:00:00'"), 0);
    assert_int_equal(command("ip neigh show dev tap0 | grep -q '2001:db8::1 lladdr 02:00:00'"), 0);
}

/* A socket of Linux's, connected to (port) of ours. */
static int linux_socket(bool v6, unsigned port)
{
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    inet_pton(AF_INET6, "2001:db8::1", &a6.sin6_addr);
    inet_pton(AF_INET, "10.0.0.1", &a4.sin_addr);
    assert_int_equal(connect(fd, v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4,
                             v6 ? sizeof(a6) : sizeof(a4)),
                     0);
    return fd;
}

/* What it receives in (ms), with the stack running. */
static ssize_t linux_receive(int fd, void *buf, size_t len, int ms)
{
    nsec_t end = real_time() + ms * (NSEC_PER_SEC / 1000);
    ssize_t n;

    do
        run(5);
    while ((n = recv(fd, buf, len, 0)) < 0 && errno == EAGAIN && real_time() < end);
    return n;
}

static void datagrams_with_linux(void **state)
{
    static const size_t lens[] = {0, 1, 3, 1000, 1452, 1453, 1473, 8000, 60000, 65507};
    static uint8_t a[65536], b[65536];
    uint64_t seed = 9;

    NEED_TAP();
    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = (uint8_t)random_next(&seed);
    for (int v6 = 0; v6 < 2; v6++) {
        int fd = linux_socket(v6, 7);
        for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
            assert_int_equal(send(fd, a, lens[i], 0), lens[i]);
            ssize_t n = linux_receive(fd, b, sizeof(b), 3000);
            if (n != (ssize_t)lens[i] || memcmp(a, b, lens[i]) != 0)
                fail_msg("%zu bytes of version %d: %zd came back", lens[i], v6 ? 6 : 4, n);
        }
        close(fd);
        fd = linux_socket(v6, 8);
        assert_int_equal(send(fd, a, 100, 0), 100);
        assert_int_equal(linux_receive(fd, b, sizeof(b), 3000), -1);
        assert_int_equal(errno, ECONNREFUSED);
        close(fd);
    }
}

static void linux_finds_duplicates(void **state)
{
    NEED_TAP();
    /* Linux wants an address that we have. */
    assert_int_equal(command("ip addr add 2001:db8::1/64 dev tap0 && sleep 3 && "
                             "ip -6 addr show dev tap0 | grep -q '2001:db8::1/64.*dadfailed'"),
                     0);
    command("ip addr del 2001:db8::1/64 dev tap0");
    /* We want one that Linux has. */
    struct ip_addr addr = {.b = {0x20, 1, 0xd, 0xb8, [15] = 2}};
    struct ip_iface *i = ip_iface_by_name("eth0");
    assert_int_equal(ip_iface_add_addr(i, &addr, 64, false, DEADLINE_NEVER, DEADLINE_NEVER), 0);
    command("sleep 1");
    assert_null(ip_addr_owner(&addr, false));
    assert_int_equal(ip_iface_del_addr(i, &addr, 64), 0);
}

static void lease_of_busybox(void **state)
{
    char folder[] = "/tmp/test_net_linux.XXXXXX", text[512];

    NEED_TAP();
    if (command("busybox udhcpd --help >/dev/null 2>&1; test $? -ne 127 && "
                "busybox --list | grep -qx udhcpd")) {
        print_message("busybox has no DHCP server here\n");
        skip();
    }
    assert_non_null(mkdtemp(folder));
    snprintf(text, sizeof(text),
             "cd %s && : >leases && printf '%%s\\n' 'start 10.0.0.50' 'end 10.0.0.60' "
             "'interface tap0' 'lease_file leases' 'pidfile pid' 'option subnet 255.255.255.0' "
             "'option router 10.0.0.2' 'option dns 10.0.0.2' 'option domain example.org' "
             "'option lease 600' >conf && { busybox udhcpd -f conf 2>log & } && sleep 1",
             folder);
    assert_int_equal(command(text), 0);
    dhcp_start(ip_iface_by_name("eth0"));
    const struct ip_iface_addr *a = NULL;
    for (int i = 0; i < 10 && !a; i++) { /* the server looks whether others have the address */
        command("sleep 1");
        for (a = ip_iface_by_name("eth0")->addrs; a && !a->dynamic; a = a->next)
            ;
    }
    snprintf(text, sizeof(text), "kill $(cat %s/pid); rm -r %s", folder, folder);
    command(text);
    assert_non_null(a);
    assert_in_range(a->addr.b[15], 50, 60);
    assert_int_equal(a->prefix, 24);
    assert_string_equal(ip_names.search, "example.org");
    snprintf(text, sizeof(text), "ping -n -q -c 1 -W 3 10.0.0.%u >/dev/null", a->addr.b[15]);
    assert_int_equal(command(text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_pings),
        cmocka_unit_test(datagrams_with_linux),
        cmocka_unit_test(linux_finds_duplicates),
        cmocka_unit_test(lease_of_busybox),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
