/* SPDX-License-Identifier: MIT
 *
 * The network of this machine: its interfaces, with the addresses that settings give them
 * (docs/network.md). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "iface/plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "mm/heap.h"

static struct ip_addr servers[IP_DNS_MAX];
static unsigned server_count;

/* An image whose devices nobody drives has the loopback only. */
#pragma weak netdev_get

static bool parse_addr(const char *text, struct ip_addr *addr)
{
    uint32_t v4;

    if (inet_pton(AF_INET, text, &v4) == 1)
        *addr = ip_from_v4(v4);
    else if (inet_pton(AF_INET6, text, addr->b) != 1)
        return false;
    return true;
}

/* Copies what comes before (end), or all, to (word), and moves past it. False: too long. */
static bool take_word(const char **text, char end, char *word, size_t size)
{
    size_t n = 0;

    while ((*text)[n] && (*text)[n] != end)
        n++;
    if (n >= size)
        return false;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n + ((*text)[n] == end && end);
    return true;
}

/* ADDR/LEN[,GATEWAY][,DNS]. False: not understood. */
static bool add_static(struct ip_iface *i, const char *text)
{
    char word[64];
    struct ip_addr addr, gateway, dns;
    unsigned bits = 0;

    if (!take_word(&text, '/', word, sizeof(word)) || !parse_addr(word, &addr) ||
        !take_word(&text, ',', word, sizeof(word)) || !word[0])
        return false;
    for (const char *c = word; *c; c++) {
        if (*c < '0' || *c > '9' || bits > 128)
            return false;
        bits = bits * 10 + (unsigned)(*c - '0');
    }
    int err = ip_iface_add_addr(i, &addr, bits, false, DEADLINE_NEVER, DEADLINE_NEVER);
    if (err)
        return false;
    if (*text) {
        if (!take_word(&text, ',', word, sizeof(word)))
            return false;
        if (word[0]) {
            if (!parse_addr(word, &gateway) || ip_is_v4(&gateway) != ip_is_v4(&addr))
                return false;
            struct ip_route r = {
                .to = ip_is_v4(&addr) ? ip_from_v4(0) : (struct ip_addr){.d = {0}},
                .prefix = ip_is_v4(&addr) ? 96 : 0,
                .origin = 4,
                .gateway = gateway,
                .iface = i,
                .valid_until = DEADLINE_NEVER,
            };
            err = ip_route_add(&r);
            if (err && err != -EEXIST)
                return false;
        }
    }
    if (*text) {
        if (!take_word(&text, ',', word, sizeof(word)) || *text || !parse_addr(word, &dns))
            return false;
        if (server_count < IP_DNS_MAX)
            servers[server_count++] = dns;
    }
    return true;
}

static struct ip_iface *add_iface(unsigned index, const char *name, struct netdev *dev)
{
    struct ip_iface *i = heap_alloc(sizeof(*i)), **at = &ip_ifaces;

    if (!i)
        return NULL;
    strncpy(i->name, name, sizeof(i->name) - 1);
    i->index = index;
    i->dev = dev;
    i->mtu = dev ? dev->mtu : 65535;
    i->up = true;
    i->hop_limit = 64;
    i->reachable_time = 30 * NSEC_PER_SEC;
    i->retrans_timer = NSEC_PER_SEC;
    while (*at)
        at = &(*at)->next;
    *at = i;
    return i;
}

static void configure(struct ip_iface *i, unsigned number)
{
    char name[] = "net0.ip";
    bool none = false, v4 = false;
    const char *value;

    name[3] = (char)('0' + number);
    for (unsigned n = 0; (value = plat_setting(name, n)); n++) {
        if (strcmp(value, "none") == 0)
            none = true;
        else if (strcmp(value, "dhcp") != 0 && !add_static(i, value))
            log_line(
                "%s: the setting %s=%s is not understood: ADDR/LEN[,GATEWAY][,DNS], dhcp or none",
                i->name, name, value);
    }
    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
        v4 |= ip_is_v4(&a->addr);
    if (none)
        return;
    struct ip_addr own = {.b = {0xfe, 0x80}};
    ip_eui64(i->dev, &own);
    if (ip_iface_add_addr(i, &own, 64, false, DEADLINE_NEVER, DEADLINE_NEVER) == 0)
        slaac_start(i);
    if (!v4 && dhcp_start)
        dhcp_start(i);
}

static int start_loopback(void)
{
    struct ip_iface *lo = add_iface(1, "lo", NULL);
    struct ip_addr four = ip_from_v4(be32(0x7f000001)), six = {.b = {[15] = 1}};

    if (!lo)
        return -ENOMEM;
    int err = ip_iface_add_addr(lo, &four, 8, false, DEADLINE_NEVER, DEADLINE_NEVER);
    return err ? err : ip_iface_add_addr(lo, &six, 128, false, DEADLINE_NEVER, DEADLINE_NEVER);
}

int ip_start(void)
{
    static bool started;
    struct netdev *dev;

    if (started)
        return 0;
    started = true;
    icmp_start();
    int err = start_loopback();
    if (err)
        return err;
    const char *hostname = plat_setting("hostname", 0);
    if (hostname)
        strncpy(ip_names.hostname, hostname, sizeof(ip_names.hostname) - 1);
    for (unsigned n = 0; netdev_get && n < NETDEV_MAX; n++) {
        char name[] = "eth0";
        err = netdev_get(n, &dev);
        if (err == -ENODEV)
            break;
        if (err == -EIO)
            continue;
        name[3] = (char)('0' + n);
        struct ip_iface *i = err ? NULL : add_iface(n + 2, name, dev);
        if (!i)
            return -ENOMEM;
        ethernet_attach(i);
        configure(i, n);
    }
    if (server_count)
        ip_names_set(IP_NAMES_SETTINGS, servers, server_count, "");
    return 0;
}
