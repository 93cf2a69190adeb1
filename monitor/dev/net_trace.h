/* SPDX-License-Identifier: MIT
 *
 * pith run --net-trace: a file of every packet that the guest's network devices send and receive,
 * as pcapng (draft-ietf-opsawg-pcapng), for tcpdump and Wireshark. One machine has one. */
#ifndef PITH_MONITOR_NET_TRACE_H
#define PITH_MONITOR_NET_TRACE_H

#include <sys/uio.h>
#include <time.h>

#include "monitor/dev/net.h"

enum net_trace_way { NET_TRACE_IN = 1, NET_TRACE_OUT = 2 }; /* as epb_flags has it */

/* Makes the file of (ns->trace), if that is not NULL, and describes the devices in it, which are
 * open. (gettime) tells the time of packets. Returns 0; else a negative error number after a
 * message on standard error. */
must_check int net_trace_open(const struct nets *ns,
                              int (*gettime)(int clock, struct timespec *ts));

/* Moves the file's descriptor to (fd), over whatever is there. Returns how many descriptors that
 * took, 0 without a trace or 1; or a negative error number. */
must_check int net_trace_place(unsigned fd);

/* Writes the packet of (len) bytes that lies in the (count) parts of (iov), at most
 * NET_TRACE_PARTS, behind (skip) bytes that are no part of it. The parts may be guest memory. What
 * cannot be written ends the trace with a message, and nothing else. */
#define NET_TRACE_PARTS 64
void net_trace(const struct net *n, enum net_trace_way way, const struct iovec *iov, int count,
               size_t skip, size_t len);

#endif
