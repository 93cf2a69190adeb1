/* SPDX-License-Identifier: MIT
 *
 * Filters of classic BPF (SO_ATTACH_FILTER): small programs that say of each frame how much of it a
 * socket gets. */
#ifndef PITH_INET_FILTER_H
#define PITH_INET_FILTER_H

#include <linux/filter.h>

#include "iface/pkt.h"

/* A checked program. */
struct filter {
    unsigned count;
    struct sock_filter code[];
};

/* A frame: its bytes from the Ethernet header on, of which the socket gets those from (start) on,
 * and what else a program can ask. */
struct filter_frame {
    const struct pkt *p;
    uint32_t start;
    uint32_t type, kind, index, hardware; /* Ethernet type, PACKET_*, interface, ARPHRD_* */
};

/* A checked copy in (*out), to be freed by filter_free, of the program that (value), a struct
 * sock_fprog, refers to. -EINVAL: it is not sound; -EFAULT, -ENOMEM. */
must_check int filter_make(const void *value, struct filter **out);

/* (f) may be NULL. */
void filter_free(struct filter *f);

/* How many bytes of the frame the socket gets; 0: it is not for it. */
uint32_t filter_run(const struct filter *f, const struct filter_frame *frame);

#endif
