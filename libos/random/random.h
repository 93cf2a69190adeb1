/* SPDX-License-Identifier: MIT
 *
 * Random numbers for keys: ChaCha20 (RFC 8439) with fast key erasure, seeded from the monitor's
 * 32 bytes and RDRAND where the CPU has it; seeded anew after a restore from a snapshot. */
#ifndef PITH_RANDOM_H
#define PITH_RANDOM_H

#include "base/base.h"

/* Fills (buf) with (len) random bytes. Never fails, never blocks. */
void random_bytes(void *buf, size_t len);

#endif
