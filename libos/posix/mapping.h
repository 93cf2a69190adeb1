/* SPDX-License-Identifier: MIT
 *
 * Which of the program's pages are mappings of files. Linked with file systems whose files can be
 * mapped, so weak for mem.c: what it calls does nothing where nothing can be mapped.
 *
 * A shared mapping shows the file's own pages (page_show), a private one has copies, made when it
 * is made. Pages behind the end of the file are PAGE_BEYOND, until it grows. */
#ifndef PITH_POSIX_MAPPING_H
#define PITH_POSIX_MAPPING_H

#include "iface/fs.h"

#define MAPPING_HOOK __attribute__((weak, visibility("hidden")))

/* A part of the program's memory that maps a part of a file. */
struct mapping {
    char *start;
    size_t pages;
    uint64_t first; /* page of the file that is at (start) */
    struct file *file;
    bool shared;
    bool may_write;       /* shared: the file was opened for it, and not sealed against it */
    struct mapping *next; /* of the same inode */
};

/* Makes sure that the next mapping_make finds the memory that it needs. -ENOMEM. */
MAPPING_HOOK int mapping_prepare(void);

/* The same for the next mapping_cut, of that range: it needs none, and this never fails, unless it
 * cuts out the middle of a mapping. */
MAPPING_HOOK int mapping_prepare_cut(const void *addr, size_t len);

/* Forgets what was mapped in (len) bytes at (addr), after page_unmap or another use of the pages.
 * After mapping_prepare_cut. */
MAPPING_HOOK void mapping_cut(const void *addr, size_t len);

/* The mapping that (addr) is in, or NULL; and the first one that ends behind (addr). */
MAPPING_HOOK struct mapping *mapping_find(const void *addr);
MAPPING_HOOK struct mapping *mapping_from(const void *addr);

/* Makes the (len) bytes at (at), PAGE_BEYOND pages, a mapping of m->file from page (first) on, with
 * the properties of (m), which need not be one. After mapping_prepare. -ENOMEM: the pages are
 * unmapped then. */
MAPPING_HOOK int mapping_make(const struct mapping *m, void *at, size_t len, uint64_t first);

/* (m) is longer by the (len) bytes of PAGE_BEYOND pages behind it from now on. -ENOMEM: it is not,
 * and they are unmapped. */
MAPPING_HOOK int mapping_extend(struct mapping *m, size_t len);

/* Whether mprotect may make all mappings in the range writable. */
MAPPING_HOOK bool mapping_may_write(const void *addr, size_t len);

/* What has been dropped from private mappings in the range (page_discard) is the file's again.
 * -ENOMEM, or what reading the file answers. */
MAPPING_HOOK int mapping_reload(const void *addr, size_t len);

/* madvise(MADV_REMOVE): the files read as zero there. -EINVAL: no mapping of a file; -EACCES: one
 * that is not shared and writable. */
MAPPING_HOOK int mapping_remove(const void *addr, size_t len);

/* msync: files that may have been written through mappings in the range have changed now. */
MAPPING_HOOK void mapping_sync(const void *addr, size_t len);

#endif
