/* SPDX-License-Identifier: MIT
 *
 * Memory of the program that packets refer to where it lies (MSG_ZEROCOPY): it is lent until the
 * last of these packets is freed. The program may take it away before. Part of images that can set
 * SO_ZEROCOPY (net/inet/zerocopy.c), so weak; docs/decisions/0035. */
#ifndef PITH_IFACE_LEND_H
#define PITH_IFACE_LEND_H

#include "base/base.h"

struct pkt;

#define LEND_HOOK __attribute__((weak, visibility("hidden")))

/* Before pages of the program go, lose their contents, or cannot be read any more: afterwards no
 * packet refers to any of (len) bytes at (addr). What is still to be sent of them is copied; what a
 * device has, it is waited for, without sleeping. */
LEND_HOOK void lend_end(const void *addr, size_t len);

/* For who keeps a packet longer than a device does, or gives it to a receiver: (p), or if it refers
 * to lent memory a copy in its place, with headroom for the headers of lower layers. NULL: no
 * memory for that, (p) is freed. */
LEND_HOOK struct pkt *lend_settle(struct pkt *p);

#endif
