/* SPDX-License-Identifier: MIT
 *
 * /proc: what programs look up about themselves and the machine. */
#ifndef PITH_PROC_H
#define PITH_PROC_H

#include "iface/fs.h"

extern struct fs proc_fs;

struct text;

/* Writes the name of the machine and the end of the line. */
void proc_hostname(struct text *t);

#endif
