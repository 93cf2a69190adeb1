/* SPDX-License-Identifier: MIT
 *
 * The root file system inside an image: read-only, used in place, position independent.
 *
 *     header | inodes | directory entries | names | symlink targets and small files | large files
 *
 * All offsets are from the start of the header and all numbers little endian. The same folder always
 * gives the same bytes: entries are sorted, times and owners are normalised by the writer. Whoever
 * reads it checks every offset against the header's (size): it may come from anywhere. */
#ifndef PITH_ABI_ROM_H
#define PITH_ABI_ROM_H

#include <stdint.h>

#define PITH_ROM_MAGIC   0x31306d6f72687470ull /* "pthrom01" */
#define PITH_ROM_NAME_MAX 255u

struct pith_rom_header {
    uint64_t magic;
    uint64_t size;        /* of the whole file system in bytes, a multiple of the page size */
    uint64_t inodes;      /* offset of struct pith_rom_inode[inode_count]; inode 0 is the root folder */
    uint32_t inode_count; /* at least 1 */
    uint32_t reserved;    /* 0 */
};

struct pith_rom_inode {
    uint32_t mode;  /* S_IFREG, S_IFDIR or S_IFLNK with permission bits, as Linux's st_mode */
    uint32_t nlink; /* names of this inode; for folders 2 plus the folders in it */
    uint32_t uid;
    uint32_t gid;
    int64_t mtime;  /* seconds since the Epoch */
    uint64_t size;  /* file: bytes; symlink: bytes of its target; folder: number of entries */
    uint64_t data;  /* offset of the file's bytes, the target, or struct pith_rom_entry[size];
                       files of a page or more start at a page boundary */
};

/* Entries of a folder ascend by name as memcmp orders them (a prefix first); no duplicates; "." and
 * ".." are not stored. A folder is the child of exactly one folder. */
struct pith_rom_entry {
    uint64_t name; /* offset; not NUL-terminated; no '/' and no NUL inside */
    uint32_t inode;
    uint32_t name_len; /* 1 to PITH_ROM_NAME_MAX */
};

_Static_assert(sizeof(struct pith_rom_header) == 32, "format");
_Static_assert(sizeof(struct pith_rom_inode) == 40, "format");
_Static_assert(sizeof(struct pith_rom_entry) == 16, "format");

#endif
