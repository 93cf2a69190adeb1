/* SPDX-License-Identifier: MIT
 *
 * What a bare machine tells whoever runs it (pith run --on qemu) by QEMU's isa-debugcon: messages,
 * each a byte that says what, and what stands behind it. A port that nobody listens on is harmless.
 */
#ifndef PITH_ABI_RUNNER_H
#define PITH_ABI_RUNNER_H

#define PITH_RUNNER_PORT 0xe9

/* The serial port takes input. */
#define PITH_RUNNER_READY 0

/* Signals of the host that the program has ever wanted: 8 bytes, little-endian, bit N-1 for signal
 * N. Each may come as a byte, its number, by the second serial port. */
#define PITH_RUNNER_SIGNALS 1

/* The machine ends: a byte, its exit status. */
#define PITH_RUNNER_EXIT 2

#endif
