/* SPDX-License-Identifier: MIT
 *
 * The names of a RAM directory (internal.h): a hash table of chained entries for finding them, and
 * an array of slots in the order of their cookies for reading them. A removed entry leaves a slot
 * without one; when most slots are such, the array is packed, which changes no cookie.
 *
 * A directory that the file system below has too starts without names. Those looked up are taken in
 * one by one (inode.c); all of them before the directory is first listed or changed (dir_complete).
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "mm/heap.h"
#include "ram/internal.h"

#define COOKIE_DOT     0
#define COOKIE_DOT_DOT 1
#define COOKIE_FIRST   2
#define MIN_SLOTS      8u

static inline uint64_t load(const char *p, size_t n)
{
    uint64_t v = 0;

    if (n == 8)
        __builtin_memcpy(&v, p, 8);
    else
        __builtin_memcpy(&v, p, 4);
    return v;
}

/* The bytes of a name as words: (i) counts from 0, the last one overlaps its predecessor. */
static inline uint64_t tail_word(struct name name)
{
    const unsigned char *p = (const unsigned char *)name.text;

    if (name.len >= 8)
        return load(name.text + name.len - 8, 8);
    if (name.len >= 4)
        return load(name.text, 4) << 32 | load(name.text + name.len - 4, 4);
    return p[0] | (uint64_t)p[name.len / 2] << 8 | (uint64_t)p[name.len - 1] << 16;
}

static inline uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

uint32_t dir_hash(struct ram_inode *dir, struct name name)
{
    uint64_t h = ram_fs_of(dir)->hash_key ^ name.len;

    for (size_t i = 0; i + 8 < name.len; i += 8)
        h = mix(h, load(name.text + i, 8));
    h = mix(h, tail_word(name)) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(h >> 32);
}

static inline bool same_name(const struct ram_entry *e, struct name name)
{
    if (e->len != name.len || tail_word(name) != tail_word((struct name){e->name, e->len}))
        return false;
    for (size_t i = 0; i + 8 < name.len; i += 8) {
        if (load(name.text + i, 8) != load(e->name + i, 8))
            return false;
    }
    return true;
}

struct ram_entry *dir_find(struct ram_inode *dir, struct name name, uint32_t hash)
{
    struct ram_dir *d = &dir->dir;

    if (d->bucket_count == 0)
        return NULL;
    struct ram_entry *e = d->buckets[hash & (d->bucket_count - 1)];
    while (e && !(e->hash == hash && same_name(e, name)))
        e = e->chain;
    return e;
}

/* Doubles the hash table when it has as many names as buckets. Not enough memory for it only makes
 * chains longer, unless there is no table yet. */
static int grow_buckets(struct ram_dir *d)
{
    uint32_t count = d->bucket_count ? d->bucket_count * 2 : MIN_SLOTS;

    if (d->live < d->bucket_count)
        return 0;
    struct ram_entry **buckets = heap_alloc(count * sizeof *buckets);
    if (!buckets)
        return d->bucket_count ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < d->bucket_count; i++) {
        struct ram_entry *next;
        for (struct ram_entry *e = d->buckets[i]; e; e = next) {
            next = e->chain;
            e->chain = buckets[e->hash & (count - 1)];
            buckets[e->hash & (count - 1)] = e;
        }
    }
    heap_free(d->buckets, d->bucket_count * sizeof *buckets);
    d->buckets = buckets;
    d->bucket_count = count;
    return 0;
}

static void pack_slots(struct ram_dir *d)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->slot_count; i++) {
        if (d->slots[i].entry)
            d->slots[n++] = d->slots[i];
    }
    d->slot_count = n;
}

/* Makes room for one more slot. */
static int grow_slots(struct ram_dir *d)
{
    if (d->slot_count < d->slot_max)
        return 0;
    if (d->live < d->slot_count / 2) {
        pack_slots(d);
        return 0;
    }
    uint32_t max = d->slot_max ? d->slot_max * 2 : MIN_SLOTS;
    struct ram_slot *slots = heap_alloc(max * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    if (d->slot_count)
        memcpy(slots, d->slots, d->slot_count * sizeof *slots);
    heap_free(d->slots, d->slot_max * sizeof *slots);
    d->slots = slots;
    d->slot_max = max;
    return 0;
}

struct ram_entry *dir_add(struct ram_inode *dir, struct name name, uint32_t hash,
                          struct ram_inode *inode)
{
    struct ram_dir *d = &dir->dir;

    if (grow_buckets(d) || grow_slots(d))
        return NULL;
    struct ram_entry *e = heap_alloc(sizeof *e + name.len);
    if (!e)
        return NULL;
    memcpy(e->name, name.text, name.len);
    e->len = (unsigned char)name.len;
    e->hash = hash;
    e->dir = dir;
    e->lower = NO_LOWER;
    e->cookie = COOKIE_FIRST + d->next_cookie++;
    d->slots[d->slot_count++] = (struct ram_slot){e->cookie, e};
    struct ram_entry **bucket = &d->buckets[hash & (d->bucket_count - 1)];
    e->chain = *bucket;
    *bucket = e;
    d->live++;
    if (inode) {
        inode_hold(&inode->inode);
        e->inode = inode;
        e->type = inode->inode.mode & S_IFMT;
        inode->entry = e;
    }
    return e;
}

/* The number of the first slot whose cookie is not below (cookie). */
static uint32_t slot_from(const struct ram_dir *d, uint64_t cookie)
{
    uint32_t low = 0, high = d->slot_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->slots[middle].cookie < cookie)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void dir_remove(struct ram_entry *e)
{
    struct ram_dir *d = &e->dir->dir;
    struct ram_inode *inode = e->inode;
    struct ram_entry **link = &d->buckets[e->hash & (d->bucket_count - 1)];
    uint32_t slot = slot_from(d, e->cookie);

    ASSERT(slot < d->slot_count && d->slots[slot].entry == e);
    while (*link != e)
        link = &(*link)->chain;
    *link = e->chain;
    d->slots[slot].entry = NULL;
    while (d->slot_count > 0 && !d->slots[d->slot_count - 1].entry)
        d->slot_count--;
    d->live--;
    if (inode && inode->entry == e)
        inode->entry = NULL;
    heap_free(e, sizeof *e + e->len);
    if (inode)
        inode_put(&inode->inode);
}

int dir_complete(struct ram_inode *dir)
{
    struct ram_dir *d = &dir->dir;
    const struct lower *lower = ram_fs_of(dir)->lower;
    struct lower_stat st;

    if (likely(d->whole))
        return 0;
    int err = lower->ops->stat(lower, d->lower, &st);
    for (uint64_t i = 0, n = st.size; !err && i < n; i++) {
        struct name name;
        uint32_t ino;
        err = lower->ops->entry(lower, d->lower, i, &name, &ino);
        if (err)
            return err;
        uint32_t hash = dir_hash(dir, name);
        if (dir_find(dir, name, hash))
            continue;
        err = lower->ops->stat(lower, ino, &st);
        if (err)
            return err;
        struct ram_entry *e = dir_add(dir, name, hash, NULL);
        if (!e)
            return -ENOMEM;
        e->lower = ino;
        e->type = st.mode & S_IFMT;
    }
    if (!err)
        d->whole = true;
    return err;
}

void dir_free(struct ram_inode *dir)
{
    struct ram_dir *d = &dir->dir;

    ASSERT(d->live == 0);
    heap_free(d->buckets, d->bucket_count * sizeof *d->buckets);
    heap_free(d->slots, d->slot_max * sizeof *d->slots);
}

static uint64_t entry_ino(const struct ram_entry *e)
{
    return e->inode ? e->inode->inode.ino : (uint64_t)e->lower + 1;
}

int dir_read(struct file *f, uint64_t *pos, readdir_fn fn, void *arg)
{
    struct ram_inode *dir = to_ram(f->inode);
    struct inode *parent = dir->inode.parent ? dir->inode.parent : &dir->inode;
    struct ram_dir *d = &dir->dir;
    int err = dir_complete(dir);

    if (err)
        return err;
    if (*pos == COOKIE_DOT) {
        if (!fn(arg, (struct name){".", 1}, dir->inode.ino, DT_DIR, COOKIE_DOT_DOT))
            return 0;
        *pos = COOKIE_DOT_DOT;
    }
    if (*pos == COOKIE_DOT_DOT) {
        if (!fn(arg, (struct name){"..", 2}, parent->ino, DT_DIR, COOKIE_FIRST))
            return 0;
        *pos = COOKIE_FIRST;
    }
    for (uint32_t i = slot_from(d, *pos); i < d->slot_count; i++) {
        const struct ram_entry *e = d->slots[i].entry;
        if (!e)
            continue;
        unsigned char type = (unsigned char)(e->type >> 12); /* DT_* are S_IFMT bits */
        if (!fn(arg, (struct name){e->name, e->len}, entry_ino(e), type, e->cookie + 1))
            return 0;
        *pos = e->cookie + 1;
    }
    return 0;
}
