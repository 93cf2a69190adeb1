/* SPDX-License-Identifier: MIT
 *
 * The texts of /proc: of the machine (machine.c) and of the process (self.c). */
#ifndef PITH_PROC_INTERNAL_H
#define PITH_PROC_INTERNAL_H

#include "vfs/text.h"
#include "vfs/tree.h"

/* Nodes: a file whose text (makes) makes, one that always says the same, a folder. */
#define TEXT(file, makes)                                                                          \
    {                                                                                              \
        .name = file, .mode = S_IFREG | 0444, .text = makes                                        \
    }
#define SAYS(file, constant)                                                                       \
    {                                                                                              \
        .name = file, .mode = S_IFREG | 0444, .says = constant "\n"                                \
    }
#define FOLDER(folder, nodes)                                                                      \
    {                                                                                              \
        .name = folder, .mode = S_IFDIR | 0555, .children = nodes, .count = ARRAY_LEN(nodes)       \
    }

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

/* Calls (fn) for each part of memory that /proc/self/maps has, and writes its line. */
struct proc_map {
    uintptr_t start, end;
    int prot;
    bool shared;
    const char *what;    /* "": nothing to say */
    struct inode *inode; /* NULL: no file */
    uint64_t offset;     /* in it */
};
void proc_each_map(void (*fn)(const struct proc_map *m, void *arg), void *arg);
void proc_put_map(struct text *t, const struct proc_map *m);

/* Calls (put) for each file system that is mounted, at (where) in (parent), NULL for the root's. */
void proc_each_mount(struct text *t, void (*put)(struct text *t, const struct fs *fs,
                                                 const struct fs *parent, const char *where));

/* The lowest descriptor in use from (from) on, or -1. */
int proc_next_fd(int from);

/* Weak: adds to what (self), the node of /proc/self, has. In more.c. */
__attribute__((weak, visibility("hidden"))) void proc_more(struct tree_node *self);

/* Weak: adds to what /proc (root) has. In rare.c. */
__attribute__((weak, visibility("hidden"))) void proc_rare(struct tree_node *root);

/* Argument (i) the program was started with, "" if it has no such one. */
const char *proc_argument(unsigned i);

#endif
