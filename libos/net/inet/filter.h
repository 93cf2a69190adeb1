/* SPDX-License-Identifier: MIT
 *
 * Filters of classic BPF (SO_ATTACH_FILTER): small programs that say of each frame how much of it a
 * socket gets. */
#ifndef PITH_INET_FILTER_H
#define PITH_INET_FILTER_H

#include <linux/filter.h>
#include <sys/socket.h>

#include "iface/pkt.h"

/* A checked program. */
struct filter {
    unsigned count;
    struct sock_filter code[];
};

/* A frame: its bytes from the Ethernet header on, or from the IP header, of which the socket gets those from (start) on,
 * and what else a program can ask. */
struct filter_frame {
    const struct pkt *p;
    uint32_t start;
    uint32_t net; /* where its IP header is: 0, or ETHER_HEADER */
    uint32_t type, kind, index, hardware; /* Ethernet type, PACKET_*, interface, ARPHRD_* */
};

/* A checked copy in (*out), to be freed by filter_free, of the program that (value), a struct
 * sock_fprog, refers to. -EINVAL: it is not sound; -EFAULT, -ENOMEM. */
must_check int filter_make(const void *value, struct filter **out);

/* (f) may be NULL. */
void filter_free(struct filter *f);

/* setsockopt's SO_ATTACH_FILTER, SO_DETACH_FILTER and SO_LOCK_FILTER for the filter (*at), which is
 * (*locked). -ENOPROTOOPT: another option; -ENOENT, -EPERM, and what filter_make answers. */
int filter_option(struct filter **at, bool *locked, int name, const void *value, socklen_t len);

/* How many bytes of the frame the socket gets; 0: it is not for it. */
uint32_t filter_run(const struct filter *f, const struct filter_frame *frame);

#endif
