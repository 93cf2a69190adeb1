/* SPDX-License-Identifier: MIT
 *
 * Mappings of files; see mapping.h. They stand in an array in order of their addresses, and each
 * inode has a list of those of it, for when its size changes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/heap.h"
#include "mm/page.h"
#include "posix/mapping.h"
#include "vfs/fd.h"

#define PROT_RW (PROT_READ | PROT_WRITE)

/* Cutting out the middle of one mapping makes one more, and then there may be a new one. */
#define SPARES 2

static struct {
    struct mapping **at; /* ascending */
    size_t count, room;
    struct mapping *spare[SPARES]; /* the first (spares) of them are there */
    unsigned spares;
} maps;

static char *end_of(const struct mapping *m)
{
    return m->start + m->pages * PAGE_SIZE;
}

static struct inode *inode_of(const struct mapping *m)
{
    return m->file->inode;
}

static uint64_t pages_of(const struct inode *inode)
{
    return inode->size / PAGE_SIZE + (inode->size % PAGE_SIZE != 0);
}

/* The index of the first mapping that ends behind (addr). */
static size_t first_behind(const char *addr)
{
    size_t low = 0, high = maps.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(maps.at[middle]) <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int mapping_prepare(void)
{
    if (maps.count + SPARES > maps.room) {
        size_t room = maps.room ? 2 * maps.room : 16;
        struct mapping **at = heap_alloc(room * sizeof(*at));
        if (!at)
            return -ENOMEM;
        if (maps.count > 0)
            memcpy(at, maps.at, maps.count * sizeof(*at));
        heap_free(maps.at, maps.room * sizeof(*at));
        maps.at = at;
        maps.room = room;
    }
    for (; maps.spares < SPARES; maps.spares++) {
        maps.spare[maps.spares] = heap_alloc(sizeof(struct mapping));
        if (!maps.spare[maps.spares])
            return -ENOMEM;
    }
    return 0;
}

int mapping_prepare_cut(const void *addr, size_t len)
{
    const struct mapping *m = mapping_find(addr);
    bool middle = m && m->start < (const char *)addr && end_of(m) > (const char *)addr + len;

    return middle ? mapping_prepare() : 0;
}

/* Makes a copy of (like) that begins at (start) and is mapping number (index), in a spare. */
static struct mapping *insert(size_t index, const struct mapping *like, char *start, size_t pages,
                              uint64_t first)
{
    struct mapping *m = maps.spare[--maps.spares];

    *m = *like;
    m->start = start;
    m->pages = pages;
    m->first = first;
    m->next = inode_of(m)->mappings;
    inode_of(m)->mappings = m;
    file_hold(m->file);
    memmove(&maps.at[index + 1], &maps.at[index], (maps.count - index) * sizeof(m));
    maps.at[index] = m;
    maps.count++;
    return m;
}

static void delete (size_t index)
{
    struct mapping *m = maps.at[index], **link = &inode_of(m)->mappings;

    while (*link != m)
        link = &(*link)->next;
    *link = m->next;
    maps.count--;
    memmove(&maps.at[index], &maps.at[index + 1], (maps.count - index) * sizeof(m));
    file_put(m->file);
    heap_free(m, sizeof(*m));
}

void mapping_cut(const void *addr, size_t len)
{
    char *start = (char *)addr, *end = start + len;

    for (size_t i = first_behind(start); i < maps.count && maps.at[i]->start < end;) {
        struct mapping *m = maps.at[i];
        size_t before = m->start < start ? (size_t)(start - m->start) / PAGE_SIZE : 0;
        size_t behind = end_of(m) > end ? (size_t)(end_of(m) - end) / PAGE_SIZE : 0;
        if (behind > 0 && before > 0)
            insert(i + 1, m, end, behind, m->first + m->pages - behind);
        if (before > 0) {
            m->pages = before;
            i++;
        } else if (behind > 0) {
            m->first += m->pages - behind;
            m->start = end;
            m->pages = behind;
        } else {
            delete (i);
        }
    }
}

struct mapping *mapping_from(const void *addr)
{
    size_t i = first_behind(addr);

    return i < maps.count ? maps.at[i] : NULL;
}

struct mapping *mapping_find(const void *addr)
{
    struct mapping *m = mapping_from(addr);

    return m && m->start <= (const char *)addr ? m : NULL;
}

bool mapping_tell(uintptr_t addr, struct mapped *out)
{
    const struct mapping *m = mapping_from((const void *)addr);

    if (m)
        *out = (struct mapped){(uintptr_t)m->start, (uintptr_t)end_of(m), m->first, inode_of(m),
                               m->shared};
    return m != NULL;
}

/* Reads (len) bytes of a file from (pos) on. What lies behind its end is left as it is. */
static int fill(struct file *file, char *to, size_t len, uint64_t pos)
{
    while (len > 0) {
        struct iovec part = {to, len};
        ssize_t n = file->ops->readv(file, &part, 1, &pos);
        if (n <= 0)
            return (int)n;
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The end of the pages from page (i) of (m) on, at most (end), that have the same protection. */
static size_t same_prot(const struct mapping *m, size_t i, size_t end, int *prot)
{
    *prot = page_prot_at(m->start + i * PAGE_SIZE);
    while (++i < end && page_prot_at(m->start + i * PAGE_SIZE) == *prot)
        ;
    return i;
}

/* Copies the file into pages [i, end) of a private mapping, which are PAGE_BEYOND if (fresh), else
 * zero. */
static int copy_in(const struct mapping *m, size_t i, size_t end, bool fresh)
{
    int prot, err = 0;

    for (size_t next; i < end && !err; i = next) {
        next = same_prot(m, i, end, &prot);
        char *at = m->start + i * PAGE_SIZE;
        err = page_protect(at, next - i, PROT_RW);
        if (!err && fresh)
            err = page_furnish(at, next - i, PAGE_ANON);
        if (!err)
            err = fill(m->file, at, (next - i) * PAGE_SIZE, (m->first + i) << PAGE_SHIFT);
        int back = page_protect(at, next - i, prot);
        err = err ? err : back;
    }
    return err;
}

/* Shows the file's pages in pages [i, end) of a shared mapping. */
static int show(const struct mapping *m, size_t i, size_t end)
{
    struct inode *inode = inode_of(m);

    while (i < end) {
        uint64_t run = end - i;
        char *page = inode->ops->share(inode, m->first + i, &run);
        if (!page || page_show(m->start + i * PAGE_SIZE, page, run) != 0)
            return -ENOMEM;
        i += run;
    }
    return 0;
}

/* Gives PAGE_BEYOND pages of (m) from (i) on contents, as far as the file has any. */
static int populate(const struct mapping *m, size_t i)
{
    uint64_t size = pages_of(inode_of(m));
    size_t end = size > m->first ? min_size(size - m->first, m->pages) : 0;

    if (i >= end)
        return 0;
    return m->shared ? show(m, i, end) : copy_in(m, i, end, true);
}

int mapping_make(const struct mapping *like, void *at, size_t len, uint64_t first)
{
    struct mapping *m = insert(first_behind(at), like, at, len / PAGE_SIZE, first);
    int err = populate(m, 0);

    if (err) {
        page_unmap(at, len / PAGE_SIZE);
        mapping_cut(at, len);
    }
    return err;
}

int mapping_extend(struct mapping *m, size_t len)
{
    size_t old = m->pages;

    m->pages += len / PAGE_SIZE;
    int err = populate(m, old);
    if (err) {
        m->pages = old;
        page_unmap(end_of(m), len / PAGE_SIZE);
    }
    return err;
}

int mapping_of_file(struct file *f, bool shared, void *at, size_t len, uint64_t first)
{
    bool sealed = f->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
    struct mapping m = {.file = f, .shared = shared};

    m.may_write = shared && (f->flags & O_ACCMODE) == O_RDWR && !sealed;
    return mapping_make(&m, at, len, first);
}

bool mapping_is_writable(const struct inode *inode)
{
    for (const struct mapping *m = inode->mappings; m; m = m->next)
        if (m->may_write)
            return true;
    return false;
}

void mapping_truncated(struct inode *inode, uint64_t size)
{
    uint64_t gone = size / PAGE_SIZE + (size % PAGE_SIZE != 0);

    for (const struct mapping *m = inode->mappings; m; m = m->next) {
        size_t keep = gone > m->first ? min_size(gone - m->first, m->pages) : 0;
        if (keep < m->pages)
            page_hide(m->start + keep * PAGE_SIZE, m->pages - keep);
    }
}

void mapping_grown(struct inode *inode, uint64_t size)
{
    uint64_t had = size / PAGE_SIZE + (size % PAGE_SIZE != 0);

    if (had == pages_of(inode))
        return;
    /* What cannot be had stays inaccessible: SIGBUS, as on Linux when memory runs out. */
    for (const struct mapping *m = inode->mappings; m; m = m->next)
        if (populate(m, had > m->first ? had - m->first : 0) != 0)
            return;
}

/* The mappings in a range, one after the other with the part of them that is in it: pages [first,
 * end). Start with (*i) 0; returns NULL after the last. */
static struct mapping *next_in(const char *addr, size_t len, size_t *i, size_t *first, size_t *end)
{
    size_t at = *i ? *i : first_behind(addr);

    if (at >= maps.count || maps.at[at]->start >= addr + len)
        return NULL;
    struct mapping *m = maps.at[at];
    *first = m->start < addr ? (size_t)(addr - m->start) / PAGE_SIZE : 0;
    *end = min_size((size_t)(addr + len - m->start) / PAGE_SIZE, m->pages);
    *i = at + 1;
    return m;
}

bool mapping_may_write(const void *addr, size_t len)
{
    size_t i = 0, first, end;
    struct mapping *m;

    while ((m = next_in(addr, len, &i, &first, &end)))
        if (m->shared && !m->may_write)
            return false;
    return true;
}

/* The end of the part [first, end) of (m) that the file still has. */
static size_t inside(const struct mapping *m, size_t first, size_t end)
{
    uint64_t size = pages_of(inode_of(m));
    size_t have = size > m->first ? min_size(size - m->first, end) : 0;

    return max_size(first, have);
}

int mapping_reload(const void *addr, size_t len)
{
    size_t i = 0, first, end;
    struct mapping *m;
    int err = 0;

    while (!err && (m = next_in(addr, len, &i, &first, &end)))
        if (!m->shared)
            err = copy_in(m, first, inside(m, first, end), false);
    return err;
}

int mapping_remove(const void *addr, size_t len)
{
    size_t i = 0, first, end;
    struct mapping *m;

    while ((m = next_in(addr, len, &i, &first, &end))) {
        if (!m->may_write || !(page_prot_at(m->start + first * PAGE_SIZE) & PROT_WRITE))
            return -EACCES;
        struct inode *inode = inode_of(m);
        for (uint64_t at = m->first + first, run; at < m->first + inside(m, first, end);
             at += run) {
            run = 1;
            char *page = inode->ops->share(inode, at, &run);
            if (!page)
                return -ENOMEM;
            memset(page, 0, PAGE_SIZE);
        }
    }
    return i ? 0 : -EINVAL;
}

void mapping_sync(const void *addr, size_t len)
{
    size_t i = 0, first, end;
    struct mapping *m;

    while ((m = next_in(addr, len, &i, &first, &end)))
        if (m->may_write && page_prot_at(m->start + first * PAGE_SIZE) & PROT_WRITE)
            inode_of(m)->mtime = inode_of(m)->ctime = clock_wall();
}
