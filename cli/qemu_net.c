/* SPDX-License-Identifier: MIT
 *
 * The networks of pith run --on qemu. What the monitor would say of a device is said here too,
 * since QEMU's messages are about its own options. Addresses reach the library OS as words of the
 * machine's command line (docs/network.md). */
#include "qemu_net.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "qemu_disk.h"

#define TRACE_MAX (14u + 65535) /* the longest packet with offloads */

static int refuse(const char *option, const char *value, const char *why)
{
    fprintf(stderr, "pith: %s %s: %s\n", option, value, why);
    return EXIT_HOST;
}

/* Finds the TAP device and its MTU. */
static int look_up(struct qemu_net *n, const char *text)
{
    struct ifreq r = {.ifr_mtu = 0};
    size_t len = strlen(n->tap);
    if (len == 0 || len >= IFNAMSIZ || strchr(n->tap, ','))
        return refuse("--net", text, "a TAP device's name has 1 to 15 characters and no comma");
    memcpy(r.ifr_name, n->tap, len);
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return refuse("--net", text, strerror(errno));
    int err = ioctl(s, SIOCGIFMTU, &r) ? errno : 0;
    close(s);
    if (err == ENODEV)
        return refuse("--net", text,
                      "there is no such device in this network namespace: make it with "
                      "pith net up NAME, or ip tuntap add dev NAME mode tap vnet_hdr");
    if (err)
        return refuse("--net", text, strerror(err));
    n->mtu = r.ifr_mtu < 68 ? 68 : r.ifr_mtu > 65535 ? 65535 : (unsigned)r.ifr_mtu;
    return 0;
}

int qemu_net_add(struct qemu_nets *nets, const char *text)
{
    struct qemu_net *n = &nets->dev[nets->count];
    bool tap = strncmp(text, "tap:", 4) == 0;
    if (strcmp(text, "none") == 0)
        return 0;
    if (!tap && strcmp(text, "user") != 0)
        return refuse("--net", text,
                      "a network is tap:NAME, user or none; for example --net tap:tap0");
    if (nets->count == QEMU_NETS_MAX)
        return refuse("--net", text, "a machine has at most 4 networks");
    *n = (struct qemu_net){.tap = tap ? text + 4 : NULL, .has_ip = nets->count == 0 && n->has_ip};
    int status = tap ? look_up(n, text) : 0;
    nets->count += status == 0;
    return status;
}

/* Reads a port's number, 1 to 65535, at *s, and moves it past that. False: there is none. */
static bool take_port(const char **s, unsigned *port)
{
    const char *start = *s;
    for (*port = 0; **s >= '0' && **s <= '9' && *port < 65536; (*s)++)
        *port = *port * 10 + (unsigned)(**s - '0');
    return *s > start && *port > 0 && *port < 65536;
}

int qemu_net_port(struct qemu_nets *nets, const char *text)
{
    static const char form[] = "a port is [ADDR:]HOST:GUEST[/udp]; for example -p 8080:80";
    size_t addr = 0;
    unsigned host, guest;
    bool udp;

    /* An address is there if there are two colons. */
    for (size_t i = 0, colons = 0; text[i]; i++)
        if (text[i] == ':' && ++colons == 2)
            addr = strcspn(text, ":");
    if (text[0] == '[')
        return refuse("-p", text, "QEMU forwards ports of IPv4 addresses only");
    const char *s = text + addr;
    if (addr > 0 && *s++ != ':')
        return refuse("-p", text, form);
    if (strspn(text, "0123456789.") < addr || !take_port(&s, &host) || *s++ != ':' ||
        !take_port(&s, &guest))
        return refuse("-p", text, form);
    udp = strcmp(s, "/udp") == 0;
    if (*s && !udp && strcmp(s, "/tcp") != 0)
        return refuse("-p", text, form);

    struct qemu_net *n = nets->dev;
    while (n < nets->dev + nets->count && n->tap != NULL)
        n++;
    if (n == nets->dev + nets->count) {
        int status = qemu_net_add(nets, "user");
        if (status != 0)
            return status;
    }
    args_addf(&n->ports, "%s:%.*s:%u-:%u", udp ? "udp" : "tcp", (int)addr, text, host, guest);
    return 0;
}

int qemu_net_ip(struct qemu_nets *nets, const char *text)
{
    bool word = strcmp(text, "dhcp") == 0 || strcmp(text, "none") == 0;
    if (!word &&
        (strchr(text, '/') == NULL || strspn(text, "0123456789abcdefABCDEF:./,") < strlen(text)))
        return refuse("--ip", text,
                      "an address is ADDR/LEN[,GATEWAY][,DNS], dhcp or none; for example "
                      "--ip 10.0.0.2/24,10.0.0.1");
    size_t i = nets->count ? nets->count - 1 : 0;
    nets->dev[i].has_ip = true;
    args_addf(&nets->words, "pith.net%zu.ip=%s", i, text);
    return 0;
}

int qemu_net_check_trace(const struct qemu_nets *nets)
{
    if (nets->trace == NULL || nets->count <= 1)
        return 0;
    return refuse("--net-trace", nets->trace,
                  "QEMU writes a file for each network, and here are several; run it with "
                  "--on process or kvm");
}

void qemu_net_defaults(struct qemu_nets *nets)
{
    for (size_t i = 0; i < nets->count; i++)
        if (nets->dev[i].tap == NULL && !nets->dev[i].has_ip)
            args_addf(&nets->words, "pith.net%zu.ip=10.0.2.15/24,10.0.2.2,10.0.2.3", i);
}

void qemu_net_options(struct args *a, const struct qemu_nets *nets, size_t i, const char *bus)
{
    const struct qemu_net *n = &nets->dev[i];
    unsigned char mac[6] = {0};
    char mtu[32] = "";

    args_add(a, "-netdev");
    if (n->tap != NULL) {
        /* QEMU before 8.0 takes the header of offloads for a part of the packets that it dumps. */
        args_addf(a, "tap,id=net%zu,ifname=%s,script=no,downscript=no,vhost=off%s", i, n->tap,
                  nets->trace != NULL ? ",vnet_hdr=off" : "");
        snprintf(mtu, sizeof(mtu), ",host_mtu=%u", n->mtu);
    } else {
        char forwards[2048] = "";
        size_t len = 0;
        for (size_t k = 0; k < n->ports.n; k++) {
            int more =
                snprintf(forwards + len, sizeof(forwards) - len, ",hostfwd=%s", n->ports.v[k]);
            if (more < 0 || (size_t)more >= sizeof(forwards) - len) {
                a->failed = true;
                return;
            }
            len += (size_t)more;
        }
        args_addf(a, "user,id=net%zu%s", i, forwards);
    }
    if (nets->trace != NULL) {
        char path[2 * PATH_MAX + 3];
        qemu_quote_path(path, sizeof(path), nets->trace);
        args_add(a, "-object");
        args_addf(a, "filter-dump,id=trace,netdev=net%zu,maxlen=%u,file=%s", i, TRACE_MAX, path);
    }
    if (getrandom(mac, sizeof(mac), 0) != (ssize_t)sizeof(mac))
        a->failed = true;
    mac[0] = (unsigned char)((mac[0] & 0xfc) | 2); /* one station, administered locally */
    args_add(a, "-device");
    args_addf(a, "virtio-net-%s,netdev=net%zu,mac=%02x:%02x:%02x:%02x:%02x:%02x%s%s", bus, i,
              mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mtu,
              strncmp(bus, "pci", 3) == 0 ? ",romfile=" : "");
}
