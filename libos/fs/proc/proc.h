/* SPDX-License-Identifier: MIT
 *
 * /proc: what programs look up about themselves and the machine. */
#ifndef PITH_PROC_H
#define PITH_PROC_H

#include <elf.h>

#include "iface/fs.h"

extern struct fs proc_fs;

struct text;
struct tree_node;

/* Writes the auxiliary vector as it was at the start to (aux), of PROCESS_AUX_COUNT pairs. (path)
 * is AT_EXECFN. Defined by init/. */
#define PROCESS_AUX_COUNT 18
void process_aux(Elf64_auxv_t *aux, const char *path);

/* Writes the name of the machine and the end of the line. */
void proc_hostname(struct text *t);

/* Weak: adds /proc/sysvipc to what /proc (root) has. In posix/sysvipc.c. */
__attribute__((weak, visibility("hidden"))) void proc_sysvipc(struct tree_node *root);

#endif
