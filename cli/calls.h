/* SPDX-License-Identifier: MIT
 *
 * What is known about each system call of Linux, and about functions of libc that Pith refuses by
 * their own names: made from libos/posix/calls.tbl and calls.notes. */
#ifndef PITH_CLI_CALLS_H
#define PITH_CLI_CALLS_H

#include <stddef.h>

enum call_status { CALL_FULL, CALL_PARTIAL, CALL_ABSENT };

struct call_info {
    int number; /* -1: a function, not a call */
    const char *name;
    enum call_status status;
    const char *note; /* what is missing, or why it is absent; "" for a full one */
};

/* The note of absent calls of which there is nothing else to say. */
#define CALL_NOT_YET "not yet"

extern const struct call_info call_infos[];
extern const size_t call_info_count;

/* By name; by number. NULL: there is no such call. */
const struct call_info *call_find(const char *name);
const struct call_info *call_numbered(long number);

#endif
