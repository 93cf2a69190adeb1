/* SPDX-License-Identifier: MIT
 *
 * Making and closing descriptors. Free ones are found by two levels of bitmaps: a word of (used)
 * covers 64 descriptors, a bit of (full) says that a whole such word is used, so at most 16 words
 * of (full) are looked at however many descriptors are open. The first 64 descriptors need no
 * allocation. */
#include <string.h>

#include "base/base.h"
#include "mm/heap.h"
#include "vfs/fd.h"
#include "vfs/lock.h"

#define WORD_BITS  64u
#define FIRST_SIZE 64u

static struct {
    struct file *first_files[FIRST_SIZE];
    uint64_t first_used, first_cloexec;
    uint64_t *used, *cloexec; /* one bit a descriptor */
    uint64_t full[FD_LIMIT_MAX / WORD_BITS / WORD_BITS];
} map;

/* Leaves stdio_files, which is constant, for a table of our own. */
static void unshare(void)
{
    if (map.used)
        return;
    map.used = &map.first_used;
    map.cloexec = &map.first_cloexec;
    for (unsigned fd = 0; fd < fd_table.size; fd++) {
        map.first_files[fd] = fd_table.files[fd];
        map.first_used |= 1ull << fd;
    }
    fd_table.files = map.first_files;
    fd_table.size = FIRST_SIZE;
}

/* The three arrays of a table of (size) descriptors lie in one allocation. */
static size_t table_bytes(unsigned size)
{
    return size * sizeof(struct file *) + 2 * (size / WORD_BITS) * sizeof(uint64_t);
}

/* Makes the table hold descriptor (fd), which is below FD_LIMIT_MAX. */
static int grow(unsigned fd)
{
    unsigned old = fd_table.size, size = old;

    if (fd < old)
        return 0;
    while (size <= fd)
        size *= 2;
    struct file **files = heap_alloc(table_bytes(size));
    if (!files)
        return -ENOMEM;
    uint64_t *used = (uint64_t *)(files + size);
    uint64_t *cloexec = used + size / WORD_BITS;
    memcpy(files, fd_table.files, old * sizeof *files);
    memcpy(used, map.used, old / 8);
    memcpy(cloexec, map.cloexec, old / 8);
    if (fd_table.files != map.first_files)
        heap_free(fd_table.files, table_bytes(old));
    fd_table.files = files;
    fd_table.size = size;
    map.used = used;
    map.cloexec = cloexec;
    return 0;
}

static void set(unsigned fd, struct file *f, bool cloexec)
{
    unsigned word = fd / WORD_BITS;
    uint64_t bit = 1ull << fd % WORD_BITS;

    fd_table.files[fd] = f;
    map.used[word] |= bit;
    if (map.used[word] == UINT64_MAX)
        map.full[word / WORD_BITS] |= 1ull << word % WORD_BITS;
    if (cloexec)
        map.cloexec[word] |= bit;
    else
        map.cloexec[word] &= ~bit;
}

static void clear(unsigned fd)
{
    unsigned word = fd / WORD_BITS;

    fd_table.files[fd] = NULL;
    map.used[word] &= ~(1ull << fd % WORD_BITS);
    map.full[word / WORD_BITS] &= ~(1ull << word % WORD_BITS);
}

/* The lowest free descriptor from (min) on; may lie behind the end of the table. */
static unsigned lowest_free(unsigned min)
{
    unsigned word = min / WORD_BITS;

    if (min >= fd_table.size)
        return min;
    uint64_t free_bits = ~map.used[word] & (UINT64_MAX << min % WORD_BITS);
    if (free_bits)
        return word * WORD_BITS + (unsigned)__builtin_ctzll(free_bits);
    word++;
    unsigned group = word / WORD_BITS;
    uint64_t mask = UINT64_MAX << word % WORD_BITS;
    for (; group < ARRAY_LEN(map.full); group++, mask = UINT64_MAX) {
        uint64_t open_words = ~map.full[group] & mask;
        if (!open_words)
            continue;
        word = group * WORD_BITS + (unsigned)__builtin_ctzll(open_words);
        if (word * WORD_BITS >= fd_table.size)
            return fd_table.size;
        return word * WORD_BITS + (unsigned)__builtin_ctzll(~map.used[word]);
    }
    return FD_LIMIT_MAX;
}

int fd_reserve(void)
{
    unshare();
    unsigned fd = lowest_free(0);
    return fd < fd_table.limit ? grow(fd) : -EMFILE;
}

int fd_install(struct file *f, unsigned min, bool cloexec)
{
    unshare();
    unsigned fd = min < fd_table.limit ? lowest_free(min) : FD_LIMIT_MAX;
    if (fd >= fd_table.limit)
        return -EMFILE;
    int err = grow(fd);
    if (err)
        return err;
    set(fd, f, cloexec);
    return (int)fd;
}

/* Descriptor (fd) no longer refers to (f): POSIX locks of the process on its inode go with any
 * descriptor of it. */
static void leave(struct file *f)
{
    if (f->inode && f->inode->locks)
        f->inode->locks->closed(f->inode, NULL);
    file_put(f);
}

int fd_replace(struct file *f, unsigned fd, bool cloexec)
{
    if (fd >= fd_table.limit)
        return -EBADF;
    unshare();
    int err = grow(fd);
    if (err)
        return err;
    struct file *old = fd_table.files[fd];
    set(fd, f, cloexec);
    if (old)
        leave(old);
    return (int)fd;
}

int fd_close(long fd)
{
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    unshare();
    clear((unsigned)fd);
    leave(f);
    return 0;
}

bool fd_cloexec(unsigned fd)
{
    return map.cloexec && map.cloexec[fd / WORD_BITS] >> fd % WORD_BITS & 1;
}

void fd_set_cloexec(unsigned fd, bool on)
{
    unshare();
    set(fd, fd_table.files[fd], on);
}
