/* SPDX-License-Identifier: MIT
 *
 * The texts of /proc: of the machine (machine.c) and of the process (self.c). */
#ifndef PITH_PROC_INTERNAL_H
#define PITH_PROC_INTERNAL_H

#include "vfs/text.h"
#include "vfs/tree.h"

/* What uname(2) calls the release (posix/system.c). */
#define RELEASE "6.1.0-pith"

void proc_cpuinfo(struct text *t);
void proc_meminfo(struct text *t);
void proc_uptime(struct text *t);
void proc_loadavg(struct text *t);
void proc_stat(struct text *t);
void proc_version(struct text *t);
void proc_filesystems(struct text *t);
void proc_osrelease(struct text *t);
void proc_uuid(struct text *t);
void proc_boot_id(struct text *t);

/* What /proc/self is. The last one is /proc/net, if there is a network. */
#define PROC_SELF_COUNT 15
extern const struct tree_node proc_self[PROC_SELF_COUNT];

/* The text of /proc/self/maps. */
void proc_maps(struct text *t);

/* Weak: adds to what (self), the node of /proc/self, has. In more.c. */
__attribute__((weak, visibility("hidden"))) void proc_more(struct tree_node *self);

/* Argument (i) the program was started with, "" if it has no such one. */
const char *proc_argument(unsigned i);

#endif
