/* SPDX-License-Identifier: MIT
 *
 * The gate: a process of its own between the machine and a network of the host, which lets through what the policy
 * permits (packet.h). The guest of the process back end can do with the monitor's descriptors what it likes, so
 * the check must stand outside; and what it checks is its own copy. To the monitor it looks like a TAP device: each
 * message of a socket is a packet behind virtio's header. It ends when the machine does. */
#ifndef PITH_MONITOR_GATE_H
#define PITH_MONITOR_GATE_H

#include "monitor/dev/net.h"
#include "monitor/dev/packet.h"

/* Puts a gate with (rules) in front of (n), which is open: n->fd becomes the machine's side of it. Before guest memory is
 * there, since the gate is a copy of this process. Returns 0; else a negative error number after a message. */
must_check int gate_open(struct net *n, const struct packet_rules *rules);

#endif
