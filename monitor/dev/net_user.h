/* SPDX-License-Identifier: MIT
 *
 * The network that needs no root: packets go to passt(1), which makes the host's own connections of
 * them, over a stream socket: each packet behind its length, 4 bytes, big endian. */
#ifndef PITH_MONITOR_NET_USER_H
#define PITH_MONITOR_NET_USER_H

#include "monitor/dev/net.h"

/* What the machine's side of it is called, as in QEMU's own network of this kind: address, gateway
 * (the host), name server. */
#define NET_USER_IP     "10.0.2.15/24,10.0.2.2,10.0.2.3"
#define NET_USER_PREFIX "fec0::"

/* Starts passt with the ports of (ns), for (n). It ends when the machine does. Returns 0; else a
 * negative error number after a message that says what to do. */
must_check int net_user_open(const struct nets *ns, struct net *n);

/* Sends the next packet: as net.c's for a TAP device. (stop) is called with the reason where the
 * device is to be stopped. */
typedef void net_stop(struct net *n, const char *queue, const char *why);
bool net_user_transmit(struct net *n, net_stop *stop);

/* The next packet that has come, without its length, in (*len) bytes; it stays the next one until
 * net_user_taken. NULL: there is none yet. */
const void *net_user_next(struct net *n, size_t *len, net_stop *stop);
void net_user_taken(size_t len);

#endif
