/* SPDX-License-Identifier: MIT
 *
 * A QEMU that is running: between qemu.c, which decides how to start it, and qemu_run.c. */
#ifndef PITH_CLI_QEMU_RUN_H
#define PITH_CLI_QEMU_RUN_H

#include <stdint.h>

#include "args.h"

/* The descriptors that QEMU is to find: what the machine writes to its second serial port, its
 * exit status, what it writes to its first serial port, and the monitor's connection. */
#define QEMU_FD_ERR     3
#define QEMU_FD_STATUS  4
#define QEMU_FD_OUT     5
#define QEMU_FD_MONITOR 6

/* Runs (command) with this process's standard output, relays input and standard error, and ends it
 * after (timeout_ms), if that is not 0. Returns the exit status of pith run, after a message if the
 * machine gave none. */
int qemu_relay(struct args *command, int64_t timeout_ms);

#endif
