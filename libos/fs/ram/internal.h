/* SPDX-License-Identifier: MIT
 *
 * The inodes of the RAM file system, and what its files share: data.c (bytes of a file), dir.c
 * (names of a directory), file.c and inode.c (operations of open files and of inodes). */
#ifndef PITH_RAM_INTERNAL_H
#define PITH_RAM_INTERNAL_H

#include "iface/clock.h"
#include "ram/ram.h"

#define NO_LOWER UINT32_MAX

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

/* A name in a directory. It holds its inode, if there is one yet. */
struct ram_entry {
    struct ram_entry *chain; /* next of the same bucket */
    struct ram_inode *inode; /* NULL: not taken in from (lower) yet */
    struct ram_inode *dir;   /* the directory; NULL once removed */
    uint64_t cookie;         /* position for readdir; ascends in order of creation */
    uint32_t hash;
    uint32_t lower; /* inode number while (inode) is NULL */
    mode_t type;    /* S_IFMT bits */
    unsigned char len;
    char name[];
};

struct ram_slot {
    uint64_t cookie;
    struct ram_entry *entry; /* NULL: removed */
};

/* The names of a directory: found by hash, and in order of their cookies, so that a position of
 * readdir stays good whatever is added or removed. */
struct ram_dir {
    struct ram_entry **buckets;
    struct ram_slot *slots; /* ascending cookies */
    uint32_t bucket_count;  /* a power of two, or 0 */
    uint32_t slot_count;    /* in use, removed ones included */
    uint32_t slot_max;
    uint32_t live; /* names */
    uint64_t next_cookie;
    uint32_t lower; /* the directory below, NO_LOWER if none */
    bool whole;     /* all names of (lower) have been taken in */
};

/* A slot of the tree of a file's pages: in a leaf SLOT_EMPTY, SLOT_HOLE or the address of a page of
 * our own; in another node SLOT_EMPTY or the address of a node. */
#define SLOT_EMPTY ((uintptr_t)0) /* what (lower) has there, or a hole */
#define SLOT_HOLE  ((uintptr_t)1) /* a hole, whatever (lower) has there */
#define NODE_BITS  6
#define NODE_SLOTS (1u << NODE_BITS)

struct ram_node {
    uintptr_t slot[NODE_SLOTS];
};

/* The bytes of a file. Invariant: bytes of a page behind the end of the file are zero. */
struct ram_data {
    uintptr_t root;        /* height 0: the slot of page 0; else a node */
    unsigned height;       /* of the tree: it has room for NODE_SLOTS^height pages */
    bool keep_tail;        /* fallocate reserved pages behind the end: they stay at close */
    uint64_t end;          /* no own page has a number from here on */
    uint64_t pages;        /* own pages */
    const char *lower;     /* bytes of the file below, used in place */
    uint64_t lower_size;   /* how many of them still count */
    uint64_t leaf_index;   /* the leaf used last: page number / NODE_SLOTS */
    struct ram_node *leaf; /* or NULL */
};

struct ram_symlink {
    const char *target; /* not NUL-terminated */
    size_t len;
    bool own; /* from heap_alloc */
};

struct ram_inode {
    struct inode inode;
    struct ram_entry *entry; /* a name of it, or NULL */
    struct ram_inode *shared_next;
    uint32_t lower; /* number in the file system below, NO_LOWER if none */
    bool shared;    /* on the list of rfs->shared */
    bool linkable;  /* made without a name (O_TMPFILE): may still get one */
    union {
        struct ram_dir dir;
        struct ram_data data;
        struct ram_symlink symlink;
    };
};

static inline struct ram_inode *to_ram(struct inode *inode)
{
    return container_of(inode, struct ram_inode, inode);
}

static inline struct ram_fs *ram_fs_of(struct ram_inode *ri)
{
    return container_of(ri->inode.fs, struct ram_fs, fs);
}

/* Of regular files and of directories (file.c). */
extern const struct file_ops ram_file_ops, ram_dir_ops;

/* The contents changed now. */
static inline void touch(struct ram_inode *ri)
{
    ri->inode.mtime = ri->inode.ctime = clock_wall();
}

/* data.c */

/* Copies (n) bytes from offset (off) on to (buf); all of them are inside the file. */
void data_read(struct ram_inode *ri, uint64_t off, char *buf, size_t n);

/* Copies (n) bytes from (buf) to offset (off); the file's size is the caller's business. Returns
 * how many were written, fewer than (n) with *err set: -ENOSPC, -ENOMEM. */
size_t data_write(struct ram_inode *ri, uint64_t off, const char *buf, size_t n, int *err);

/* Makes [off, end) read as zero and gives its whole pages back. 0; -ENOMEM, -ENOSPC, where parts of
 * the file below are to be hidden: the edges may have been zeroed then. */
must_check int data_punch(struct ram_inode *ri, uint64_t off, uint64_t end);

/* Gives [off, end) pages of its own. -ENOSPC, -ENOMEM: some may have been given. */
must_check int data_allocate(struct ram_inode *ri, uint64_t off, uint64_t end);

/* The file ends at (size) from now on. Cannot fail. */
void data_truncate(struct ram_inode *ri, uint64_t size);

/* For inode_ops.share. */
char *data_share(struct ram_inode *ri, uint64_t index, uint64_t *n);

/* Before the file grows: zeroes what the program wrote behind its end through a mapping. */
void data_wipe_tail(struct ram_inode *ri);

/* Gives back the pages behind the end of the file that were allocated ahead. */
void data_trim(struct ram_inode *ri);

/* Gives everything back: the inode goes. */
void data_free(struct ram_inode *ri);

/* The first byte of data (or of a hole) from (off) on, below the file's size; -1: none. */
int64_t data_seek(struct ram_inode *ri, uint64_t off, bool hole);

/* dir.c */

/* Finds the entry called (name), NULL if there is none or it was not taken in yet. */
struct ram_entry *dir_find(struct ram_inode *dir, struct name name, uint32_t hash);
uint32_t dir_hash(struct ram_inode *dir, struct name name);

/* Adds (name) for (inode), which it holds, or for an inode of the file system below that is not
 * taken in yet. NULL: out of memory. */
struct ram_entry *dir_add(struct ram_inode *dir, struct name name, uint32_t hash,
                          struct ram_inode *inode);

/* Removes and frees (e), and puts its inode. */
void dir_remove(struct ram_entry *e);

/* Makes all names of the directory below known. 0; -ENOMEM, -EIO. */
must_check int dir_complete(struct ram_inode *dir);

/* Frees the tables of an empty directory. */
void dir_free(struct ram_inode *dir);

int dir_read(struct file *f, uint64_t *pos, readdir_fn fn, void *arg);

#endif
