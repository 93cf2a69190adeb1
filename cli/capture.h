/* SPDX-License-Identifier: MIT
 *
 * Asking other programs. */
#ifndef PITH_CLI_CAPTURE_H
#define PITH_CLI_CAPTURE_H

#include "base/base.h"

/* Runs the program (argv[0]), found by PATH, and fetches the first line that it prints to its
 * standard output, without the line end, into (buf). Open descriptors stay open for it. Returns 0;
 * why it cannot be started; -EIO if it fails, prints no whole line, or one that (buf) has no room
 * for. */
must_check int capture_line(char *const argv[], char *buf, size_t size);

/* The same with all that it prints, of which (buf) gets what it has room for, and a 0. */
must_check int capture_text(char *const argv[], char *buf, size_t size);

#endif
