/* SPDX-License-Identifier: MIT
 *
 * The bytes of a RAM file: a radix tree of pages (internal.h), NODE_SLOTS to a node, no higher than
 * the file needs, so that a file of one page has no node at all. Pages that the tree does not have
 * are those of the read-only file below, in place, and where that ends, holes.
 *
 * A file that grows gets pages in runs of up to a leaf, half as many as it has already; those
 * behind its end are given back when it is closed. The leaf used last is remembered, so writing on
 * costs one look. */
#include <errno.h>
#include <string.h>

#include "mm/heap.h"
#include "mm/page.h"
#include "ram/internal.h"

#define SLOT_MASK (NODE_SLOTS - 1)
#define SHARE_RUN 512 /* pages that become shared at once: as many are in memory twice meanwhile   \
                       */

static inline struct ram_node *as_node(uintptr_t slot)
{
    return (struct ram_node *)slot;
}

static inline bool is_page(uintptr_t slot)
{
    return slot > SLOT_HOLE;
}

/* Whether a slot's page is one that mappings show. */
static inline bool is_shared(uintptr_t slot)
{
    return is_page(slot) && page_use_at((const void *)slot) == PAGE_SHARED;
}

/* log2 of the number of pages below one slot of a node whose subtree is (height) high. */
static inline unsigned shift_of(unsigned height)
{
    return NODE_BITS * (height - 1);
}

static inline bool inside_tree(const struct ram_data *d, uint64_t index)
{
    return d->height * NODE_BITS >= 64 || index >> d->height * NODE_BITS == 0;
}

/* The pages that the file below covers, the last perhaps in part. */
static inline uint64_t lower_pages(const struct ram_data *d)
{
    return (d->lower_size + PAGE_MASK) >> PAGE_SHIFT;
}

/* The slot of page (index), or NULL where the tree has none: then (*span) pages around it, aligned
 * to their number, are missing. */
static uintptr_t *find_slot(struct ram_data *d, uint64_t index, uint64_t *span)
{
    if (d->leaf && d->leaf_index == index >> NODE_BITS)
        return &d->leaf->slot[index & SLOT_MASK];
    if (!inside_tree(d, index)) {
        *span = 1ull << NODE_BITS * d->height;
        return NULL;
    }
    if (d->height == 0)
        return &d->root;
    uintptr_t slot = d->root;
    for (unsigned height = d->height;; height--) {
        if (slot == SLOT_EMPTY) {
            *span = 1ull << NODE_BITS * height;
            return NULL;
        }
        if (height == 1)
            break;
        slot = as_node(slot)->slot[index >> shift_of(height) & SLOT_MASK];
    }
    d->leaf = as_node(slot);
    d->leaf_index = index >> NODE_BITS;
    return &d->leaf->slot[index & SLOT_MASK];
}

/* The slot of page (index), with the nodes above it made. NULL: out of memory; the tree is sound,
 * if perhaps higher than it needs to be. */
static uintptr_t *make_slot(struct ram_data *d, uint64_t index)
{
    if (d->leaf && d->leaf_index == index >> NODE_BITS)
        return &d->leaf->slot[index & SLOT_MASK];
    while (!inside_tree(d, index)) {
        if (d->root != SLOT_EMPTY) {
            struct ram_node *top = heap_alloc(sizeof *top);
            if (!top)
                return NULL;
            top->slot[0] = d->root;
            d->root = (uintptr_t)top;
        }
        d->height++;
    }
    uintptr_t *slot = &d->root;
    for (unsigned height = d->height; height > 0; height--) {
        if (*slot == SLOT_EMPTY) {
            struct ram_node *node = heap_alloc(sizeof *node);
            if (!node)
                return NULL;
            *slot = (uintptr_t)node;
        }
        if (height == 1) {
            d->leaf = as_node(*slot);
            d->leaf_index = index >> NODE_BITS;
        }
        slot = &as_node(*slot)->slot[index >> shift_of(height) & SLOT_MASK];
    }
    return slot;
}

/* Copies from the file below; what lies behind its end is zero. */
static void lower_read(const struct ram_data *d, uint64_t off, char *buf, size_t n)
{
    size_t have = off < d->lower_size ? min_size(n, d->lower_size - off) : 0;

    if (have)
        memcpy(buf, d->lower + off, have);
    if (n > have)
        memset(buf + have, 0, n - have);
}

void data_read(struct ram_inode *ri, uint64_t off, char *buf, size_t n)
{
    struct ram_data *d = &ri->data;
    uint64_t span;

    if (d->root == SLOT_EMPTY) {
        lower_read(d, off, buf, n);
        return;
    }
    while (n > 0) {
        size_t in_page = off & PAGE_MASK;
        size_t len = min_size(n, PAGE_SIZE - in_page);
        uintptr_t *slot = find_slot(d, off >> PAGE_SHIFT, &span);
        if (!slot || *slot == SLOT_EMPTY)
            lower_read(d, off, buf, len);
        else if (*slot == SLOT_HOLE)
            memset(buf, 0, len);
        else
            memcpy(buf, (const char *)*slot + in_page, len);
        off += len;
        buf += len;
        n -= len;
    }
}

/* How many pages to allocate for page (index), whose slot is (slot), when (wanted) will be written
 * in a row: they must be free in this leaf. */
static size_t run_length(const struct ram_data *d, uint64_t index, const uintptr_t *slot,
                         uint64_t wanted)
{
    size_t room = d->height == 0 ? 1 : NODE_SLOTS - (index & SLOT_MASK);
    size_t run = min_size(wanted, room);
    size_t n = 1;

    if (index >= d->end)
        run = max_size(run, min_size(d->pages / 2, room));
    while (n < run && slot[n] == SLOT_EMPTY && (index + n) << PAGE_SHIFT >= d->lower_size)
        n++;
    return n;
}

/* Gives the empty slot of page (index) a page of its own, zero, and perhaps those behind it too. 0;
 * -ENOSPC, -ENOMEM. */
static int fill_slot(struct ram_inode *ri, uint64_t index, uintptr_t *slot, uint64_t wanted)
{
    struct ram_fs *rfs = ram_fs_of(ri);
    struct ram_data *d = &ri->data;

    if (rfs->pages >= rfs->max_pages)
        return -ENOSPC;
    size_t run = run_length(d, index, slot, wanted);
    run = min_size(run, rfs->max_pages - rfs->pages);
    char *page = page_alloc(run);
    if (!page && run > 1) {
        run = 1;
        page = page_alloc(1);
    }
    if (!page)
        return -ENOMEM;
    for (size_t i = 0; i < run; i++)
        slot[i] = (uintptr_t)page + (i << PAGE_SHIFT);
    rfs->pages += run;
    d->pages += run;
    ri->inode.blocks = d->pages * (PAGE_SIZE / 512);
    if (index + run > d->end)
        d->end = index + run;
    return 0;
}

/* The page (index) to write to. (whole): all of it will be overwritten, its contents do not matter;
 * (wanted): how many from it on will be written. NULL with *err set. */
static char *page_for_write(struct ram_inode *ri, uint64_t index, bool whole, uint64_t wanted,
                            int *err)
{
    struct ram_data *d = &ri->data;
    uintptr_t *slot = make_slot(d, index);

    if (unlikely(!slot)) {
        *err = -ENOMEM;
        return NULL;
    }
    if (likely(is_page(*slot)))
        return (char *)*slot;
    bool copy = *slot == SLOT_EMPTY && !whole && index << PAGE_SHIFT < d->lower_size;
    *err = fill_slot(ri, index, slot, wanted);
    if (*err)
        return NULL;
    if (copy)
        lower_read(d, index << PAGE_SHIFT, (char *)*slot, PAGE_SIZE);
    return (char *)*slot;
}

size_t data_write(struct ram_inode *ri, uint64_t off, const char *buf, size_t n, int *err)
{
    size_t done = 0;

    while (done < n) {
        size_t in_page = off & PAGE_MASK;
        size_t len = min_size(n - done, PAGE_SIZE - in_page);
        uint64_t wanted = (in_page + (n - done) + PAGE_MASK) >> PAGE_SHIFT;
        char *page = page_for_write(ri, off >> PAGE_SHIFT, len == PAGE_SIZE, wanted, err);
        if (!page)
            break;
        memcpy(page + in_page, buf + done, len);
        off += len;
        done += len;
    }
    return done;
}

int data_allocate(struct ram_inode *ri, uint64_t off, uint64_t end)
{
    uint64_t last = (end - 1) >> PAGE_SHIFT;
    int err = 0;

    for (uint64_t i = off >> PAGE_SHIFT; i <= last; i++) {
        if (!page_for_write(ri, i, false, last - i + 1, &err))
            return err;
    }
    return 0;
}

/* How many pages from (index) on, (n) at most, are not shared yet, and how many of them are to be
 * added to the file. */
static size_t count_unshared(struct ram_data *d, uint64_t index, uint64_t n, size_t *added)
{
    size_t i = 0;
    uint64_t span;

    for (*added = 0; i < min_size(n, SHARE_RUN); i++) {
        uintptr_t *slot = find_slot(d, index + i, &span);
        if (slot && is_shared(*slot))
            break;
        *added += !slot || !is_page(*slot);
    }
    return i;
}

/* Moves the contents of page (index) to (page), which is zero and becomes the file's. -ENOMEM. */
static int replace_page(struct ram_inode *ri, uint64_t index, char *page)
{
    struct ram_data *d = &ri->data;
    uintptr_t *slot = make_slot(d, index);

    if (!slot)
        return -ENOMEM;
    if (is_page(*slot)) {
        memcpy(page, (const char *)*slot, PAGE_SIZE);
        page_free((void *)*slot, 1);
    } else {
        if (*slot == SLOT_EMPTY && index << PAGE_SHIFT < d->lower_size)
            lower_read(d, index << PAGE_SHIFT, page, PAGE_SIZE);
        ram_fs_of(ri)->pages++;
        d->pages++;
        ri->inode.blocks = d->pages * (PAGE_SIZE / 512);
        d->end = max_size(d->end, index + 1);
    }
    *slot = (uintptr_t)page;
    return 0;
}

/* Makes page (index) a shared one, and others of the (n) from it on if that can be done at once. */
static int make_shared(struct ram_inode *ri, uint64_t index, uint64_t n)
{
    struct ram_fs *rfs = ram_fs_of(ri);
    size_t added, run = count_unshared(&ri->data, index, n, &added);
    char *pages = NULL;

    if (added > rfs->max_pages - rfs->pages)
        return -ENOSPC;
    for (; run > 0 && !pages; run = pages ? run : run / 2)
        pages = page_alloc_shared(run);
    for (size_t i = 0; i < run; i++) {
        if (replace_page(ri, index + i, pages + i * PAGE_SIZE) == 0)
            continue;
        page_free_shared(pages + i * PAGE_SIZE, run - i);
        run = i;
    }
    return run > 0 ? 0 : -ENOMEM;
}

char *data_share(struct ram_inode *ri, uint64_t index, uint64_t *n)
{
    struct ram_data *d = &ri->data;
    uint64_t span, run = 1;
    uintptr_t *slot = find_slot(d, index, &span);

    if (!slot || !is_shared(*slot)) {
        if (make_shared(ri, index, *n) != 0)
            return NULL;
        slot = find_slot(d, index, &span);
    }
    char *page = (char *)*slot;
    while (run < *n && (slot = find_slot(d, index + run, &span)) &&
           *slot == (uintptr_t)page + run * PAGE_SIZE && is_shared(*slot))
        run++;
    *n = run;
    return page;
}

void data_wipe_tail(struct ram_inode *ri)
{
    uint64_t size = ri->inode.size, span;
    uintptr_t *slot = size & PAGE_MASK ? find_slot(&ri->data, size >> PAGE_SHIFT, &span) : NULL;

    if (slot && is_shared(*slot))
        memset((char *)*slot + (size & PAGE_MASK), 0, PAGE_SIZE - (size & PAGE_MASK));
}

/* Pages to give back, gathered into runs that lie one behind the other in memory. */
struct freeing {
    struct ram_inode *ri;
    uint64_t first, end; /* page numbers to give back */
    bool hide;           /* leave SLOT_HOLE in place of what the file below covers */
    char *run;
    size_t run_pages;
    bool shared; /* they are shared pages */
};

static void flush_run(struct freeing *fr)
{
    if (fr->run_pages && fr->shared)
        page_free_shared(fr->run, fr->run_pages);
    else if (fr->run_pages)
        page_free(fr->run, fr->run_pages);
    fr->run_pages = 0;
}

static void free_slot(struct freeing *fr, uintptr_t *slot, uint64_t index)
{
    struct ram_data *d = &fr->ri->data;

    if (is_page(*slot)) {
        char *page = (char *)*slot;
        bool shared = is_shared(*slot);
        if (shared && fr->hide && fr->ri->inode.mappings) { /* the mappings go on to show it */
            memset(page, 0, PAGE_SIZE);
            return;
        }
        if (fr->run_pages == 0 || page != fr->run + (fr->run_pages << PAGE_SHIFT) ||
            shared != fr->shared) {
            flush_run(fr);
            fr->run = page;
            fr->shared = shared;
        }
        fr->run_pages++;
        d->pages--;
        ram_fs_of(fr->ri)->pages--;
    }
    bool covered = fr->hide && index << PAGE_SHIFT < d->lower_size;
    *slot = covered ? SLOT_HOLE : SLOT_EMPTY;
}

/* Empties the part of fr's range that lies below (slot), whose subtree is (height) high and starts
 * at page (base). Nodes left without anything are freed. */
static void free_subtree(struct freeing *fr, uintptr_t *slot, unsigned height, uint64_t base)
{
    if (height == 0) {
        if (base >= fr->first && base < fr->end)
            free_slot(fr, slot, base);
        return;
    }
    if (*slot == SLOT_EMPTY)
        return;
    struct ram_node *node = as_node(*slot);
    unsigned shift = shift_of(height);
    bool empty = true;
    for (unsigned i = 0; i < NODE_SLOTS; i++) {
        uint64_t start = base + ((uint64_t)i << shift);
        if (start < fr->end && start + (1ull << shift) > fr->first)
            free_subtree(fr, &node->slot[i], height - 1, start);
        if (node->slot[i] != SLOT_EMPTY)
            empty = false;
    }
    if (empty) {
        heap_free(node, sizeof *node);
        *slot = SLOT_EMPTY;
    }
}

/* Gives back the own pages of [first, end). */
static void free_range(struct ram_inode *ri, uint64_t first, uint64_t end, bool hide)
{
    struct ram_data *d = &ri->data;
    struct freeing fr = {.ri = ri, .first = first, .end = end, .hide = hide};

    if (first >= end)
        return;
    d->leaf = NULL;
    free_subtree(&fr, &d->root, d->height, 0);
    flush_run(&fr);
    if (d->root == SLOT_EMPTY)
        d->height = 0;
    if (end >= d->end && first < d->end)
        d->end = first;
    ri->inode.blocks = d->pages * (PAGE_SIZE / 512);
}

/* Zeroes [off, end), which lies in one page. */
static int zero_in_page(struct ram_inode *ri, uint64_t off, uint64_t end)
{
    struct ram_data *d = &ri->data;
    uint64_t span;
    uintptr_t *slot = find_slot(d, off >> PAGE_SHIFT, &span);
    bool covered = off < d->lower_size && (!slot || *slot == SLOT_EMPTY);
    int err = 0;

    if (off == end || (!covered && (!slot || !is_page(*slot))))
        return 0;
    char *page = page_for_write(ri, off >> PAGE_SHIFT, false, 1, &err);
    if (!page)
        return err;
    memset(page + (off & PAGE_MASK), 0, end - off);
    return 0;
}

int data_punch(struct ram_inode *ri, uint64_t off, uint64_t end)
{
    struct ram_data *d = &ri->data;
    uint64_t first = (off + PAGE_MASK) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;
    int err;

    if (off >> PAGE_SHIFT == end >> PAGE_SHIFT)
        return zero_in_page(ri, off, end);
    /* Slots must exist where holes are to hide what the file below has. */
    for (uint64_t i = first; i < last && i < lower_pages(d); i++) {
        if (!make_slot(d, i))
            return -ENOMEM;
    }
    err = zero_in_page(ri, off, first << PAGE_SHIFT);
    if (!err)
        err = zero_in_page(ri, last << PAGE_SHIFT, end);
    if (!err)
        free_range(ri, first, last, true);
    return err;
}

void data_truncate(struct ram_inode *ri, uint64_t size)
{
    struct ram_data *d = &ri->data;
    uint64_t first = (size + PAGE_MASK) >> PAGE_SHIFT;
    uint64_t old = ri->inode.size, span;

    if (size > old)
        data_wipe_tail(ri);
    if (size < old) {
        if (ri->inode.mappings)
            mapping_truncated(&ri->inode, size);
        if (d->lower_size > size)
            d->lower_size = size;
        free_range(ri, first, UINT64_MAX >> PAGE_SHIFT, false);
        d->keep_tail = false;
        uintptr_t *slot = size & PAGE_MASK ? find_slot(d, size >> PAGE_SHIFT, &span) : NULL;
        if (slot && is_page(*slot))
            memset((char *)*slot + (size & PAGE_MASK), 0, PAGE_SIZE - (size & PAGE_MASK));
    }
    ri->inode.size = size;
    if (size > old && ri->inode.mappings)
        mapping_grown(&ri->inode, old);
}

void data_trim(struct ram_inode *ri)
{
    struct ram_data *d = &ri->data;
    uint64_t first = (ri->inode.size + PAGE_MASK) >> PAGE_SHIFT;

    if (d->end > first && !d->keep_tail)
        free_range(ri, first, d->end, false);
}

void data_free(struct ram_inode *ri)
{
    ri->data.lower_size = 0;
    free_range(ri, 0, UINT64_MAX >> PAGE_SHIFT, false);
}

int64_t data_seek(struct ram_inode *ri, uint64_t off, bool hole)
{
    struct ram_data *d = &ri->data;
    uint64_t size = ri->inode.size;
    uint64_t index = off >> PAGE_SHIFT;

    while (off < size) {
        uint64_t span = 1;
        uintptr_t *slot = find_slot(d, index, &span);
        bool empty = !slot || *slot == SLOT_EMPTY;
        bool data = empty ? off < d->lower_size : is_page(*slot);
        if (data != hole)
            return (int64_t)off;
        if (index >= d->end && index >= lower_pages(d))
            return -1;
        /* Go past what is missing at once, but not past the end of the file below. */
        uint64_t next = slot ? index + 1 : (index | (span - 1)) + 1;
        if (empty && index < lower_pages(d) && next > lower_pages(d))
            next = lower_pages(d);
        index = next;
        off = index > (uint64_t)INT64_MAX >> PAGE_SHIFT ? size : index << PAGE_SHIFT;
    }
    return -1;
}
