/* SPDX-License-Identifier: MIT
 *
 * Where everything lies in guest memory (the order is abi/boot.h's). Pure. */
#ifndef PITH_MONITOR_LAYOUT_H
#define PITH_MONITOR_LAYOUT_H

#include <stdint.h>

#include "base/base.h"
#include "monitor/core/image.h"

#define MEM_LEN_MIN     (64ull << 10)
#define MEM_LEN_MAX     (1ull << 40)
#define MEM_LEN_DEFAULT (256ull << 20)

/* A range of guest memory: an offset from its start, and bytes. */
struct area {
    uint64_t at, len;
};

struct layout {
    uint64_t mem_len;
    struct area image;
    struct area boot;   /* struct pith_boot, devices, arguments; read-only for the guest */
    struct area shared; /* struct pith_shared, device configurations, virtqueues */
    struct area guard;  /* one page that is never accessible */
    struct area stack;
    struct area heap;
};

/* Lays out (mem_len) bytes of memory, whole pages, for (img), with (boot_len) and (shared_len)
 * bytes, at most 1 GiB, for these areas. The stack is 1/16 of memory, but 64 KiB to 8 MiB. Returns
 * 0; -ENOMEM if it does not fit or the image asks for more: *need is then a length that suffices.
 */
must_check int layout_make(const struct image *img, uint64_t mem_len, uint64_t boot_len,
                           uint64_t shared_len, struct layout *out, uint64_t *need);

#endif
