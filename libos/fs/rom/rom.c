/* SPDX-License-Identifier: MIT
 *
 * Reader of the read-only file system inside an image (abi/rom.h). It may come from anywhere: every
 * offset and length is checked against the size of the whole before it is followed, on every
 * access, because checking all of it at once would cost a start time that grows with it. No state
 * but struct rom. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/rom.h"
#include "rom/rom.h"

static const struct rom *to_rom(const struct lower *lower)
{
    return container_of(lower, struct rom, lower);
}

/* The (count) items of (item) bytes at (offset), or NULL if they are not inside or not aligned. */
static const void *array(const struct rom *rom, uint64_t offset, uint64_t count, size_t item,
                         size_t align)
{
    uint64_t size = rom->lower.size;

    if (count > size / item || offset % align || !range_inside(offset, count * item, 0, size))
        return NULL;
    return rom->base + offset;
}

static const struct pith_rom_inode *inode_at(const struct rom *rom, uint32_t ino)
{
    const struct pith_rom_header *header = (const void *)rom->base;

    if (ino >= rom->lower.inodes)
        return NULL;
    return (const struct pith_rom_inode *)(rom->base + header->inodes) + ino;
}

/* The entries of directory (ino), or NULL. */
static const struct pith_rom_entry *entries_of(const struct rom *rom, uint32_t ino, uint64_t *count)
{
    const struct pith_rom_inode *dir = inode_at(rom, ino);

    if (!dir || !S_ISDIR(dir->mode))
        return NULL;
    *count = dir->size;
    return array(rom, dir->data, dir->size, sizeof(struct pith_rom_entry), 8);
}

/* The name of an entry, or NULL. */
static const char *name_of(const struct rom *rom, const struct pith_rom_entry *e)
{
    if (e->name_len == 0 || e->name_len > PITH_ROM_NAME_MAX)
        return NULL;
    return array(rom, e->name, e->name_len, 1, 1);
}

static int rom_stat(const struct lower *lower, uint32_t ino, struct lower_stat *st)
{
    const struct pith_rom_inode *in = inode_at(to_rom(lower), ino);

    if (!in || !(S_ISREG(in->mode) || S_ISDIR(in->mode) || S_ISLNK(in->mode)) ||
        in->mode & ~(S_IFMT | 07777u) || in->size > INT64_MAX || in->nlink == 0)
        return -EIO;
    *st = (struct lower_stat){
        .mode = in->mode,
        .nlink = in->nlink,
        .uid = in->uid,
        .gid = in->gid,
        .mtime = in->mtime,
        .size = in->size,
    };
    return 0;
}

/* memcmp's order, a prefix first. */
static int compare(struct name a, const char *text, size_t len)
{
    int order = memcmp(a.text, text, min_size(a.len, len));

    if (order)
        return order;
    return a.len < len ? -1 : a.len > len;
}

static int rom_lookup(const struct lower *lower, uint32_t dir, struct name name, uint32_t *ino)
{
    const struct rom *rom = to_rom(lower);
    uint64_t low = 0, high;
    const struct pith_rom_entry *entries = entries_of(rom, dir, &high);

    if (!entries)
        return -EIO;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct pith_rom_entry *e = &entries[middle];
        const char *text = name_of(rom, e);
        if (!text)
            return -EIO;
        int order = compare(name, text, e->name_len);
        if (order == 0) {
            *ino = e->inode;
            return e->inode < lower->inodes ? 0 : -EIO;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -ENOENT;
}

/* Whether a program could meet (name) in a path; the reader of a directory relies on it. */
static bool proper_name(struct name name)
{
    if (memchr(name.text, '/', name.len) || memchr(name.text, 0, name.len))
        return false;
    return !(name.text[0] == '.' && (name.len == 1 || (name.len == 2 && name.text[1] == '.')));
}

static int rom_entry(const struct lower *lower, uint32_t dir, uint64_t index, struct name *name,
                     uint32_t *ino)
{
    const struct rom *rom = to_rom(lower);
    uint64_t count;
    const struct pith_rom_entry *entries = entries_of(rom, dir, &count);

    if (!entries || index >= count)
        return -EIO;
    const struct pith_rom_entry *e = &entries[index];
    const char *text = name_of(rom, e);
    if (!text || e->inode >= lower->inodes)
        return -EIO;
    *name = (struct name){text, e->name_len};
    *ino = e->inode;
    return proper_name(*name) ? 0 : -EIO;
}

static int rom_data(const struct lower *lower, uint32_t ino, const char **data)
{
    const struct rom *rom = to_rom(lower);
    const struct pith_rom_inode *in = inode_at(rom, ino);

    if (!in || S_ISDIR(in->mode))
        return -EIO;
    *data = array(rom, in->data, in->size, 1, 1);
    if (!*data)
        return -EIO;
    if (S_ISLNK(in->mode) && (in->size == 0 || in->size >= PATH_MAX || memchr(*data, 0, in->size)))
        return -EIO;
    return 0;
}

static const struct lower_ops rom_ops = {
    .stat = rom_stat,
    .lookup = rom_lookup,
    .entry = rom_entry,
    .data = rom_data,
};

int rom_open(struct rom *rom, const void *base, size_t len)
{
    const struct pith_rom_header *header = base;
    struct lower_stat st;

    if (len < sizeof *header || (uintptr_t)base % 8 || header->magic != PITH_ROM_MAGIC ||
        header->size > len || header->size < sizeof *header || header->inode_count == 0)
        return -EIO;
    *rom = (struct rom){
        .lower = {&rom_ops, 0, header->inode_count, header->size},
        .base = base,
    };
    if (!array(rom, header->inodes, header->inode_count, sizeof(struct pith_rom_inode), 8))
        return -EIO;
    if (rom_stat(&rom->lower, 0, &st) || !S_ISDIR(st.mode))
        return -EIO;
    return 0;
}
