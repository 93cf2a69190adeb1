/* SPDX-License-Identifier: MIT
 *
 * Making and listing root file systems (abi/rom.h).
 *
 *     rom_scan    reads a folder's names and attributes into memory
 *     rom_write   lays them out and streams them, with the files' contents, to a descriptor
 *     rom_list    prints what a root file system holds
 *
 * Memory grows with the number of names, some 100 bytes each, not with the size of the files. */
#ifndef PITH_CLI_ROM_H
#define PITH_CLI_ROM_H

#include <stdio.h>

#include "fault.h"

/* One file, folder or symbolic link. */
struct rom_node {
    uint32_t mode;
    uint32_t nlink;
    int64_t mtime;
    uint64_t size;   /* as struct pith_rom_inode has it */
    uint64_t data;   /* its data's place in the file system: set by rom_write */
    uint64_t target; /* symlink: place of its target in (text) */
    uint32_t name;   /* the entry that names it, the first one of several; of the root: 0 */
    uint32_t first;  /* folder: its first entry */
};

struct rom_entry {
    uint64_t name; /* place in (text) */
    uint32_t len;
    uint32_t node;
    uint32_t folder; /* the folder that it is in */
};

/* A scanned folder. Nodes are numbered, and entries stored, breadth first and by name, so that
 * the same folder always gives the same order, whatever the host's file system. Zeroed is empty. */
struct rom_tree {
    int dir; /* descriptor of the folder */
    struct rom_node *nodes;
    struct rom_entry *entries;
    char *text; /* names and targets of symbolic links, each with a NUL */
    size_t node_count, node_cap, entry_count, entry_cap, text_len, text_cap;
    int64_t latest; /* no time is later than this */
};

/* Reads the folder (root). Times later than (latest) become (latest). Returns 0, or -1 with (f):
 * EXIT_HOST, and which file cannot be read or packed (devices, sockets, pipes). */
must_check int rom_scan(struct rom_tree *t, const char *root, int64_t latest, struct fault *f);

/* Writes the file system to (fd) at its file position. (*size) becomes its length, a multiple of
 * the page size. Returns 0, or -1 with (f) if a file cannot be read or has changed since the scan,
 * or if (fd) cannot be written. */
must_check int rom_write(struct rom_tree *t, int fd, uint64_t *size, struct fault *f);

/* Frees everything and closes the folder. */
void rom_free(struct rom_tree *t);

/* Prints the file system of (size) bytes at (rom), which may be hostile, one line a name. Returns
 * 0, or -1 with (f): EXIT_IMAGE and what is wrong with it. */
must_check int rom_list(const unsigned char *rom, uint64_t size, FILE *out, struct fault *f);

#endif
