/* SPDX-License-Identifier: MIT
 *
 * Makes small file systems of abi/rom.h in memory (rom_image.h). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi/rom.h"
#include "rom_image.h"

#define MAX_CHILDREN 4096

struct writer {
    char *buf;
    size_t size, used;
};

static void *take(struct writer *w, size_t n, size_t align, uint64_t *offset)
{
    w->used = (w->used + align - 1) & ~(align - 1);
    if (n > w->size - w->used)
        abort();
    *offset = w->used;
    w->used += n;
    return w->buf + *offset;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_in(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    if (len == 0)
        return !strchr(path, '/');
    return strncmp(path, dir, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

static int by_name(const void *a, const void *b)
{
    const struct rom_file *const *x = a, *const *y = b;

    return strcmp(base_name((*x)->path), base_name((*y)->path));
}

static void write_dir(struct writer *w, struct pith_rom_inode *in, const char *dir,
                      const struct rom_file *files, size_t count)
{
    const struct rom_file *children[MAX_CHILDREN];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_in(files[i].path, dir))
            continue;
        if (n == MAX_CHILDREN)
            abort();
        children[n++] = &files[i];
    }
    qsort(children, n, sizeof *children, by_name);
    in->size = n;
    in->nlink = 2;
    struct pith_rom_entry *entries = take(w, n * sizeof *entries, 8, &in->data);
    for (size_t i = 0; i < n; i++) {
        const char *name = base_name(children[i]->path);
        size_t target =
            children[i]->link_of ? children[i]->link_of - 1 : (size_t)(children[i] - files);
        entries[i].inode = (uint32_t)target + 1;
        entries[i].name_len = (uint32_t)strlen(name);
        memcpy(take(w, strlen(name), 1, &entries[i].name), name, strlen(name));
        if (S_ISDIR(children[i]->mode))
            in->nlink++;
    }
}

size_t rom_image(char *buf, size_t size, const struct rom_file *files, size_t count)
{
    struct writer w = {buf, size, 0};
    uint64_t offset;

    memset(buf, 0, size);
    struct pith_rom_header *h = take(&w, sizeof *h, 8, &offset);
    h->magic = PITH_ROM_MAGIC;
    h->inode_count = (uint32_t)count + 1;
    struct pith_rom_inode *inodes = take(&w, (count + 1) * sizeof *inodes, 8, &h->inodes);
    inodes[0].mode = S_IFDIR | 0755;
    write_dir(&w, &inodes[0], "", files, count);
    for (size_t i = 0; i < count; i++) {
        struct pith_rom_inode *in = &inodes[i + 1];
        in->mode = files[i].mode;
        in->mtime = 1000000000 + (int64_t)i;
        in->nlink = 1;
        if (files[i].link_of)
            continue; /* its names lead to another inode */
        if (S_ISDIR(files[i].mode)) {
            write_dir(&w, in, files[i].path, files, count);
            continue;
        }
        for (size_t j = 0; j < count; j++)
            in->nlink += files[j].link_of == i + 1;
        in->size = files[i].len;
        memcpy(take(&w, in->size, in->size >= 4096 ? 4096 : 1, &in->data), files[i].data, in->size);
    }
    take(&w, 0, 4096, &offset);
    h->size = w.used;
    return w.used;
}
