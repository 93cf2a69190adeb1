/* SPDX-License-Identifier: MIT
 *
 * Writing a root file system: everything in one pass, front to back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/rom.h"
#include "cli.h"
#include "rom.h"
#include "romtree.h"

#define BUFFER (256 * 1024)

/* More than an image can be; keeps sums of sizes from wrapping. */
#define SIZE_LIMIT ((uint64_t)1 << 46)

/* Output that counts. */
struct out {
    int fd;
    size_t used;
    uint64_t pos; /* bytes taken so far, relative to the start of the file system */
    char *buf;    /* of BUFFER bytes */
    struct fault *f;
};

static int flush(struct out *o)
{
    for (size_t done = 0; done < o->used;) {
        ssize_t n = write(o->fd, o->buf + done, o->used - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_set(o->f, EXIT_HOST, "cannot write the image: %s", strerror(errno));
        done += (size_t)n;
    }
    o->used = 0;
    return 0;
}

static int put(struct out *o, const void *data, size_t len)
{
    const char *p = data;
    o->pos += len;
    while (len > 0) {
        size_t n = min_size(len, BUFFER - o->used);
        memcpy(o->buf + o->used, p, n);
        o->used += n;
        p += n;
        len -= n;
        if (o->used == BUFFER && flush(o) != 0)
            return -1;
    }
    return 0;
}

/* Zeros up to position (pos). */
static int pad(struct out *o, uint64_t pos)
{
    static const char zeros[512];
    while (o->pos < pos)
        if (put(o, zeros, min_size(sizeof(zeros), pos - o->pos)) != 0)
            return -1;
    return 0;
}

static bool is_large(const struct rom_node *n)
{
    return S_ISREG(n->mode) && n->size >= PAGE_SIZE;
}

/* Where the parts begin, and the end. */
struct layout {
    uint64_t entries, names, end;
};

/* The names in the file system: those of the entries, without the NULs and targets that the texts
 * also have. */
static uint64_t names_length(const struct rom_tree *t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < t->entry_count; i++)
        n += t->entries[i].len;
    return n;
}

/* Gives every node's data its place. */
static int lay_out(struct rom_tree *t, struct layout *l, struct fault *f)
{
    l->entries = sizeof(struct pith_rom_header) + t->node_count * sizeof(struct pith_rom_inode);
    l->names = l->entries + t->entry_count * sizeof(struct pith_rom_entry);
    uint64_t pos = l->names + names_length(t);
    for (int large = 0; large < 2; large++) {
        for (size_t i = 0; i < t->node_count; i++) {
            struct rom_node *n = &t->nodes[i];
            if (S_ISDIR(n->mode)) {
                n->data = l->entries + n->first * sizeof(struct pith_rom_entry);
                continue;
            }
            if (is_large(n) != (large == 1))
                continue;
            if (n->size > SIZE_LIMIT || pos > SIZE_LIMIT)
                return fault_set(f, EXIT_HOST, "the files are too large for an image");
            pos = large ? align_up(pos, PAGE_SIZE) : pos;
            n->data = n->size > 0 ? pos : 0;
            pos += n->size;
        }
    }
    l->end = align_up(pos, PAGE_SIZE);
    return 0;
}

static int write_tables(const struct rom_tree *t, struct out *o, const struct layout *l)
{
    struct pith_rom_header h = {
        .magic = PITH_ROM_MAGIC,
        .size = l->end,
        .inodes = sizeof(h),
        .inode_count = (uint32_t)t->node_count,
    };
    if (put(o, &h, sizeof(h)) != 0)
        return -1;
    for (size_t i = 0; i < t->node_count; i++) {
        const struct rom_node *n = &t->nodes[i];
        struct pith_rom_inode inode = {
            .mode = n->mode,
            .nlink = n->nlink,
            .mtime = n->mtime,
            .size = n->size,
            .data = n->data,
        };
        if (put(o, &inode, sizeof(inode)) != 0)
            return -1;
    }
    uint64_t name = l->names;
    for (size_t i = 0; i < t->entry_count; i++) {
        struct pith_rom_entry e = {name, t->entries[i].node, t->entries[i].len};
        if (put(o, &e, sizeof(e)) != 0)
            return -1;
        name += e.name_len;
    }
    for (size_t i = 0; i < t->entry_count; i++)
        if (put(o, t->text + t->entries[i].name, t->entries[i].len) != 0)
            return -1;
    return 0;
}

static int file_fault(const struct rom_tree *t, const struct rom_node *n, const char *why,
                      struct fault *f)
{
    char path[PATH_MAX];
    if (rom_path(t, n->name, path) != 0)
        return fault_set(f, EXIT_HOST, "a path below the root folder is too long");
    return fault_set(f, EXIT_HOST, "cannot read %.400s: %s", path, why);
}

/* The contents of a file, which must be as long as it was. */
static int write_file(const struct rom_tree *t, const struct rom_node *n, struct out *o, char *buf)
{
    static const char changed[] = "it has changed while it was packed";
    char path[PATH_MAX];
    if (rom_path(t, n->name, path) != 0)
        return file_fault(t, n, strerror(ENAMETOOLONG), o->f);
    int fd = openat(t->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return file_fault(t, n, strerror(errno), o->f);

    uint64_t left = n->size;
    int result = 0;
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != left)
        result = file_fault(t, n, changed, o->f);
    while (result == 0 && left > 0) {
        ssize_t got = read(fd, buf, min_size(left, BUFFER));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            result = file_fault(t, n, strerror(errno), o->f);
        else if (got == 0)
            result = file_fault(t, n, changed, o->f);
        else
            result = put(o, buf, (size_t)got);
        left -= got > 0 ? (uint64_t)got : 0;
    }
    close(fd);
    return result;
}

static int write_data(const struct rom_tree *t, struct out *o, char *buf)
{
    for (int large = 0; large < 2; large++) {
        for (size_t i = 0; i < t->node_count; i++) {
            const struct rom_node *n = &t->nodes[i];
            int result = 0;
            if (S_ISDIR(n->mode) || n->size == 0 || is_large(n) != (large == 1))
                continue;
            if (S_ISLNK(n->mode))
                result = put(o, t->text + n->target, n->size);
            else if (pad(o, n->data) == 0)
                result = write_file(t, n, o, buf);
            else
                result = -1;
            if (result != 0)
                return -1;
        }
    }
    return 0;
}

int rom_write(struct rom_tree *t, int fd, uint64_t *size, struct fault *f)
{
    struct layout l = {0};
    int result = -1;
    struct out o = {.fd = fd, .f = f, .buf = malloc(BUFFER)};
    char *buf = malloc(BUFFER);
    if (o.buf == NULL || buf == NULL)
        fault_set(f, EXIT_HOST, "out of memory");
    else if (lay_out(t, &l, f) == 0 && write_tables(t, &o, &l) == 0 &&
             write_data(t, &o, buf) == 0 && pad(&o, l.end) == 0 && flush(&o) == 0) {
        *size = l.end;
        result = 0;
    }
    free(buf);
    free(o.buf);
    return result;
}
