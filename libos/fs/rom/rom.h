/* SPDX-License-Identifier: MIT
 *
 * Reader of the read-only file system inside an image (abi/rom.h). */
#ifndef PITH_ROM_H
#define PITH_ROM_H

#include "iface/lower.h"

struct rom {
    struct lower lower; /* what the RAM file system uses */
    const char *base;
};

/* Reads the header of the file system of (len) bytes at (base), aligned to 8, which must stay there
 * unchanged. Returns 0; -EIO if it is not one. (rom)->lower is then ready. */
must_check int rom_open(struct rom *rom, const void *base, size_t len);

#endif
