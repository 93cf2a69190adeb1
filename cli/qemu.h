/* SPDX-License-Identifier: MIT */
#ifndef PITH_CLI_QEMU_H
#define PITH_CLI_QEMU_H

#include "base/base.h"

/* Whether the options of pith run at (argv), which starts with its name, say --on qemu. */
bool qemu_wanted(char **argv);

/* pith run --on qemu: runs the image as a virtual machine under QEMU, to its end. Returns the exit
 * status of pith run. */
int qemu_run(int argc, char **argv);

/* The value of the option of pith run at argv[*at]; *at is left at the last word of it. NULL: it has none. */
const char *qemu_option_value(char **argv, int *at);

#endif
