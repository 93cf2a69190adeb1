/* SPDX-License-Identifier: MIT
 *
 * File systems whose names stand in constant tables: /dev and /proc. Their inodes are made when
 * they are looked up and gone when nobody uses them, so a tree takes no memory and no time at
 * start. Nothing can be made, removed or changed in them. */
#ifndef PITH_VFS_TREE_H
#define PITH_VFS_TREE_H

#include "iface/fs.h"
#include "vfs/text.h"

struct tree_node {
    const char *name;
    mode_t mode; /* S_IFMT bits, which say what of the rest there is, and permissions */
    union {
        unsigned count; /* S_IFDIR: of (children) */
        uint32_t rdev;  /* S_IFCHR, S_IFBLK: a dev_t, of a small device */
    };
    union {
        /* S_IFDIR: the names in it; then, if (each), a node for each number that (next) gives: the
         * lowest one in use from (from) on, or -1. */
        struct {
            const struct tree_node *children;
            const struct tree_node *each;
            int (*next)(int from);
        };
        /* S_IFLNK: its target; or where that varies, as inode_ops says. */
        struct {
            const char *target;
            ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
            int (*follow)(struct inode *inode, struct inode **out);
        };
        /* Everything else: what a file that is read as text says, and may be written (vfs/text.h);
         * or as inode_ops says. */
        struct {
            void (*text)(struct text *t);
            const char *says; /* a text that is always the same */
            ssize_t (*write)(int number, const char *text, size_t len);
            int (*open)(struct inode *inode, struct file *file);
        };
    };
};

struct tree_inode {
    struct inode inode;
    const struct tree_node *node;
    int number; /* of a node of (each), its own or that of the directory above it; else -1 */
};

static inline struct tree_inode *to_tree(struct inode *inode)
{
    return container_of(inode, struct tree_inode, inode);
}

/* What /proc/net has. Weak, of net/inet/procnet.c: in images with internet sockets. */
#define PROC_NET_COUNT 9
extern const struct tree_node proc_net[PROC_NET_COUNT] __attribute__((weak, visibility("hidden")));

/* Pseudo-terminals; weak, of tty/pts.c: in images that name them. A copy of the directory (dev) that
 * has them, too, for ever, NULL: out of memory; and the file system for "pts" of it. */
__attribute__((weak, visibility("hidden"))) const struct tree_node *
pty_nodes(const struct tree_node *dev);
extern struct fs pts_fs __attribute__((weak, visibility("hidden")));

/* Opens (f) as the pseudo-terminal that controls the program. 0; 1: that is the console; -ENXIO: no
 * terminal does. Weak, with these. */
__attribute__((weak, visibility("hidden"))) int control_open(struct file *f);

/* Puts (n) nodes into a directory before it is in use, for ever; those of a directory that it has
 * already go into that. False: out of memory, some are missing. In tree_add.c. */
bool tree_add(struct tree_node *into, const struct tree_node *nodes, unsigned n);

/* Sets fs->root, for fs->start: the directory (node). 0; -ENOMEM. */
must_check int tree_start(struct fs *fs, const struct tree_node *node);

/* A new inode of (fs) for (node) below (parent), which may be NULL; held by the caller. NULL: out
 * of memory. */
must_check struct inode *tree_inode(struct fs *fs, struct inode *parent,
                                    const struct tree_node *node, int number);

#endif
