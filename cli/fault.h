/* SPDX-License-Identifier: MIT
 *
 * Why something could not be done: a sentence for the user and an exit status, handed up to the
 * command. */
#ifndef PITH_CLI_FAULT_H
#define PITH_CLI_FAULT_H

#include "base/base.h"

struct fault {
    int status; /* EXIT_HOST, EXIT_IMAGE ... */
    char text[512];
};

/* Fills in (f). Returns -1, what functions that take a struct fault return when they fail. */
int fault_set(struct fault *f, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
