/* SPDX-License-Identifier: MIT
 *
 * The networks of pith run --on qemu: TAP devices, or QEMU's own network that needs no root. */
#ifndef PITH_CLI_QEMU_NET_H
#define PITH_CLI_QEMU_NET_H

#include "args.h"

#define QEMU_NETS_MAX 4

struct qemu_net {
    const char *tap;   /* NULL: --net user */
    bool has_ip;       /* --ip was given */
    unsigned mtu;      /* of the TAP device */
    struct args ports; /* of --net user: values of QEMU's hostfwd */
};

struct qemu_nets {
    struct qemu_net dev[QEMU_NETS_MAX];
    size_t count;
    const char *trace; /* file of --net-trace, or NULL */
    struct args words; /* for the command line: pith.NAME=VALUE */
};

/* --net, -p and --ip. (text) must stay as it is. Each returns 0, or the exit status after a
 * message. */
int qemu_net_add(struct qemu_nets *nets, const char *text);
int qemu_net_port(struct qemu_nets *nets, const char *text);
int qemu_net_ip(struct qemu_nets *nets, const char *text);

/* --net-trace: after all networks, whether QEMU can write (nets->trace). 0, or the exit status after
 * a message. */
int qemu_net_check_trace(const struct qemu_nets *nets);

/* Gives --net user the address that it has on Pith's monitor, where --ip gave none. After all of
 * them. */
void qemu_net_defaults(struct qemu_nets *nets);

/* Adds the options for network number (i) and a virtio device on (bus), as qemu_disk_options. */
void qemu_net_options(struct args *a, const struct qemu_nets *nets, size_t i, const char *bus);

#endif
