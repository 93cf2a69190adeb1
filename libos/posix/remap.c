/* SPDX-License-Identifier: MIT
 *
 * remap_file_pages(2), as Linux has had it since 4.0: the file is mapped anew in that range. */
#include <errno.h>
#include <sys/mman.h>

#include "iface/hold.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "posix/mapping.h"
#include "posix/memory.h"
#include "vfs/fd.h"

/* Whether all pages from (at) to (end) are shared mappings of (file) with protection (prot). */
static bool is_uniform(char *at, const char *end, const struct file *file, int prot)
{
    for (; at < end; at += PAGE_SIZE) {
        const struct mapping *m = mapping_find(at);
        if (!m || !m->shared || m->file != file || page_prot_at(at) != prot)
            return false;
    }
    return true;
}

long pith_sys_remap_file_pages(long start, long size, long prot, long first, long flags)
{
    HOLD;
    uintptr_t at = align_down((uintptr_t)start, PAGE_SIZE);
    size_t len = align_down((size_t)size, PAGE_SIZE);
    uint64_t page = (uint64_t)first;

    (void)flags; /* MAP_NONBLOCK is about reading ahead */
    if (prot != 0 || at + len <= at || page + len / PAGE_SIZE < page)
        return -EINVAL;
    const struct mapping *m = mapping_find ? mapping_find((void *)at) : NULL;
    if (!m || !m->shared)
        return -EINVAL;
    struct file *file = m->file;
    int has = page_prot_at((void *)at);
    if (!is_uniform((char *)at, (char *)at + len, file, has))
        return -EINVAL;
    if (page > INT64_MAX / PAGE_SIZE)
        return -EOVERFLOW;
    file_hold(file); /* its last mapping may be the one that is replaced */
    long result = memory_map_file(file, at, len, has, MAP_SHARED | MAP_FIXED, page * PAGE_SIZE);
    file_put(file);
    return result < 0 ? result : 0;
}
