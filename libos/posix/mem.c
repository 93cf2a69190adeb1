/* SPDX-License-Identifier: MIT
 *
 * The memory calls: mmap, brk and their family over mm/page.h. Arguments are checked in the order
 * in which Linux does, so the same mistakes get the same errors.
 *
 * The program's memory is in the heap of plat_info; its image and its first stack lie outside, with
 * protections that the monitor has set for good. Mappings of files are kept by mapping.c; here is
 * what is common to all memory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/plat.h"
#include "iface/user.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "posix/memory.h"
#include "posix/mapping.h"
#include "vfs/fd.h"

/* A program that opens no file can map none: anonymous mmap must not link the descriptor table. */
#pragma weak fd_table

#define ADDRESS_LIMIT ((uintptr_t)0x7ffffffff000) /* as of a process on Linux */
#define LOWEST_FIXED  ((uintptr_t)0x10000)        /* Linux's vm.mmap_min_addr */

#define PROT_RW  (PROT_READ | PROT_WRITE)
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* The flags that MAP_SHARED_VALIDATE knows: all of Linux's up to MAP_HUGETLB, and sizes of pages
 * for that (MAP_HUGE_2MB, MAP_HUGE_1GB). */
#define VALID_FLAGS 0x7c07f9f3u

/* Numbers of Linux that libc's headers may lack. */
#define PROT_SEM        0x8L
#define REMAP_MAYMOVE   1u
#define REMAP_FIXED     2u
#define REMAP_DONTUNMAP 4u
#define ADVICE_WIPE     18 /* MADV_WIPEONFORK */
#define ADVICE_COLD     20 /* MADV_COLD */
#define ADVICE_PAGEOUT  21 /* MADV_PAGEOUT */
#define ADVICE_READ     22 /* MADV_POPULATE_READ */
#define ADVICE_WRITE    23 /* MADV_POPULATE_WRITE */
#define ADVICE_DROP     24 /* MADV_DONTNEED_LOCKED */
#define ADVICE_COLLAPSE 25 /* MADV_COLLAPSE: the last that is known */
#define LOCK_ONFAULT    1u
#define LOCKALL_CURRENT 1u
#define LOCKALL_FUTURE  2u
#define LOCKALL_ONFAULT 4u

/* The program's break, page aligned start and end of what is mapped for it; NULL before the first
 * call. */
static struct {
    char *start;
    char *end;
    char *mapped;
} heap_break;

struct memory_limits memory_limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX};

/* mlockall(MCL_FUTURE): what is mapped is locked. */
static bool lock_future;

static bool overlaps(uintptr_t addr, size_t len, const void *base, size_t size)
{
    return addr < (uintptr_t)base + size && (uintptr_t)base < addr + len;
}

/* Whether any of the range is the image or the first stack. */
static bool meets_fixed(uintptr_t addr, size_t len)
{
    return overlaps(addr, len, plat_info.image, plat_info.image_len) ||
           overlaps(addr, len, plat_info.stack, plat_info.stack_len);
}

static bool is_free(uintptr_t addr, size_t len)
{
    struct page_run run;
    return page_run_at((void *)addr, &run) && run.use == PAGE_FREE &&
           range_inside(addr, len, (uintptr_t)run.start, run.pages * PAGE_SIZE);
}

/* How far from (addr) on memory of the program goes without a change, at most to (end); (addr) if
 * there is none. */
static uintptr_t mapped_until(uintptr_t addr, uintptr_t end)
{
    struct page_run run;
    uintptr_t image = (uintptr_t)plat_info.image, stack = (uintptr_t)plat_info.stack;
    uintptr_t until = addr;
    if (range_inside(addr, 1, image, plat_info.image_len))
        until = align_up(image + plat_info.image_len, PAGE_SIZE);
    else if (range_inside(addr, 1, stack, plat_info.stack_len))
        until = stack + plat_info.stack_len;
    else if (page_run_at((void *)addr, &run) && (uintptr_t)run.start <= addr &&
             page_is_programs(run.use))
        until = (uintptr_t)run.start + run.pages * PAGE_SIZE;
    return min_size(until, end);
}

bool memory_is_mapped(uintptr_t addr, size_t len)
{
    uintptr_t end = addr + len;
    if (end < addr)
        return false;
    while (addr < end) {
        uintptr_t until = mapped_until(addr, end);
        if (until == addr)
            return false;
        addr = until;
    }
    return true;
}

bool memory_is_used(uintptr_t addr, size_t len)
{
    for (uintptr_t at = addr; at < addr + len; at += PAGE_SIZE)
        if (meets_fixed(at, 1) || page_is_programs(page_use_at((void *)at)))
            return true;
    return false;
}

/* Says once why executable memory was refused: programs seldom do. */
static void explain_exec(int prot)
{
    static bool said;
    if (said)
        return;
    said = true;
    if (prot & PROT_WRITE)
        log_line(
            "memory that is writable and executable at once is refused; with --allow-jit, write "
            "it first, then make it executable");
    else
        log_line("executable memory is refused: run the image with --allow-jit to allow it");
}

static long result_of(int err, int prot)
{
    if (err == -EACCES)
        explain_exec(prot);
    return err;
}

/* Once a run, since a program that handles it may go on for long: whoever reads the log of one that
 * does not shall see why it failed. */
static void tell_exhausted(size_t len)
{
    static bool told;
    if (told)
        return;
    told = true;
    log_line("out of memory: %lu KiB are not to be had; pith run -m gives more", len / 1024);
    page_report();
}

/* What RLIMIT_MEMLOCK leaves in bytes to those whom it concerns: it is not root's. */
static uint64_t lock_limit(void)
{
    return cred_may(CAP_IPC_LOCK) ? UINT64_MAX : memory_limits.locked;
}

/* Whether (len) bytes more may be locked. 0; -EAGAIN. */
static int may_lock_more(size_t len)
{
    uint64_t limit = lock_limit();

    if (limit == UINT64_MAX)
        return 0;
    size_t locked = page_locked(plat_info.heap, plat_info.heap_len / PAGE_SIZE);
    return locked + len / PAGE_SIZE > limit / PAGE_SIZE ? -EAGAIN : 0;
}

/* Whether the limits on locked memory allow a mapping of (len) bytes with (flags). 0; -EPERM,
 * -EAGAIN. */
static int may_lock_mapping(unsigned flags, size_t len)
{
    if (flags & MAP_LOCKED && lock_limit() == 0)
        return -EPERM;
    return flags & MAP_LOCKED || lock_future ? may_lock_more(len) : 0;
}

/* Whether RLIMIT_AS allows the program (len) bytes more. */
static bool may_grow(size_t len)
{
    struct page_counts c;

    if (memory_limits.space == UINT64_MAX)
        return true;
    page_count(&c);
    size_t pages = (plat_info.image_len + plat_info.stack_len + len) / PAGE_SIZE;
    for (int use = 0; use < PAGE_USES; use++)
        if (page_is_programs((enum page_use)use))
            pages += c.used[use];
    return pages <= memory_limits.space / PAGE_SIZE;
}

/* Gives (len) bytes at (addr) to (use), whatever the program has mapped there. */
static int place_at(uintptr_t addr, size_t len, int prot, enum page_use use)
{
    /* In this order: what is prepared may take a page, even there. */
    if ((mapping_prepare_cut && mapping_prepare_cut((void *)addr, len)) ||
        !page_is_available((void *)addr, len / PAGE_SIZE))
        return -ENOMEM;
    int err = page_map_at((void *)addr, len / PAGE_SIZE, prot, use);
    if (err != -EACCES && mapping_cut)
        mapping_cut((void *)addr, len);
    return err;
}

/* As place does, for pages that are not locked. */
static int find_place(uintptr_t addr, size_t len, int prot, unsigned flags, enum page_use use,
                      void **at)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

    if (fixed || (addr != 0 && is_free(addr, len))) {
        *at = (void *)addr;
        return place_at(addr, len, prot, use);
    }
    int err = page_map(len / PAGE_SIZE, prot, use, at);
    if (err == -ENOMEM && len <= plat_info.mem_len)
        tell_exhausted(len);
    return err;
}

/* Makes (len) bytes of pages for (use) where (flags) and (addr) want them. Returns 0 and sets
 * (*at). */
static int place(uintptr_t addr, size_t len, int prot, unsigned flags, enum page_use use, void **at)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (fixed && addr > ADDRESS_LIMIT - len)
        return -ENOMEM;
    if (fixed && addr % PAGE_SIZE != 0)
        return -EINVAL;
    if (fixed && addr < LOWEST_FIXED)
        return -EPERM;
    if (!fixed && addr < ADDRESS_LIMIT)
        addr = align_up(addr, PAGE_SIZE);
    if ((flags & MAP_FIXED_NOREPLACE) && !is_free(addr, len)) {
        bool taken =
            meets_fixed(addr, len) || overlaps(addr, len, plat_info.heap, plat_info.heap_len);
        return taken ? -EEXIST : -ENOMEM;
    }
    int err = may_lock_mapping(flags, len);
    if (!err && !may_grow(len) && !(flags & MAP_FIXED))
        err = -ENOMEM;
    if (!err)
        err = find_place(addr, len, prot, flags, use, at);
    if (!err && (lock_future || flags & MAP_LOCKED))
        page_lock(*at, len / PAGE_SIZE, true);
    return err;
}

static struct file *file_of(long fd)
{
    struct fd_table *linked = &fd_table;
    struct file *file = linked ? fd_get(fd) : NULL;
    return file && (file->flags & O_PATH) ? NULL : file;
}

static bool is_dev_zero(const struct file *file)
{
    return file->inode && S_ISCHR(file->inode->mode) && file->inode->rdev == makedev(1, 5);
}

/* Whether (file) may be mapped so. */
static int check_file(const struct file *file, int prot, unsigned flags)
{
    unsigned access = file->flags & O_ACCMODE;
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (shared && (prot & PROT_WRITE) && access != O_RDWR)
        return -EACCES;
    if (access == O_WRONLY)
        return -EACCES;
    if (is_dev_zero(file))
        return 0;
    if (!file->ops->map)
        return -ENODEV;
    bool sealed = file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
    return shared && (prot & PROT_WRITE) && sealed ? -EPERM : 0;
}

int memory_unmap(void *at, size_t len)
{
    if (mapping_prepare_cut && mapping_prepare_cut(at, len))
        return -ENOMEM;
    page_unmap(at, len / PAGE_SIZE);
    if (mapping_cut)
        mapping_cut(at, len);
    return 0;
}

long memory_map_file(struct file *file, uintptr_t addr, size_t len, int prot, unsigned flags,
                     uint64_t pos)
{
    void *at;
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    /* Devices may have offsets that files cannot. */
    bool limited = file->inode && (S_ISREG(file->inode->mode) || S_ISSOCK(file->inode->mode));
    if (pos / PAGE_SIZE > ((limited ? (uint64_t)INT64_MAX : UINT64_MAX) - len) / PAGE_SIZE)
        return -EOVERFLOW;
    int err = check_file(file, prot, flags);
    if (err)
        return err;
    if (is_dev_zero(file)) {
        err = place(addr, len, prot, flags, shared ? PAGE_COMMON : PAGE_ANON, &at);
        return err ? result_of(err, prot) : (long)at;
    }
    if (mapping_prepare())
        return -ENOMEM;
    err = place(addr, len, PROT_RW, flags, PAGE_BEYOND, &at);
    if (!err && mapping_prepare()) { /* anew: a mapping may have been cut in two */
        page_unmap(at, len / PAGE_SIZE);
        err = -ENOMEM;
    }
    if (err)
        return err;
    err = file->ops->map(file, shared, at, len, pos / PAGE_SIZE);
    if (err == -ENOMEM)
        tell_exhausted(len);
    if (err)
        return err;
    err = page_protect(at, len / PAGE_SIZE, prot);
    if (err) {
        if (memory_unmap(at, len) != 0)
            log_line("mmap: out of memory: a mapping that failed stays");
        return result_of(err, prot);
    }
    return (long)at;
}

/* Flags that Linux refuses, and two that promise what is not to be had here: a stack that grows,
 * and addresses below 4 GiB. */
static int check_flags(unsigned flags, bool anonymous)
{
    unsigned type = flags & MAP_TYPE;
    if (type != MAP_PRIVATE && type != MAP_SHARED && (anonymous || type != MAP_SHARED_VALIDATE))
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && flags & ~VALID_FLAGS)
        return -EOPNOTSUPP;
    if (flags & MAP_GROWSDOWN)
        return -EINVAL;
    return flags & (MAP_32BIT | MAP_HUGETLB) ? -ENOMEM : 0;
}

long pith_sys_mmap(long addr, long length, long protection, long flag_bits, long fd, long offset)
{
    HOLD;
    unsigned flags = (unsigned)flag_bits;
    int prot = (int)protection & PROT_ALL;
    struct file *file = NULL;
    void *at;
    if ((unsigned long)offset % PAGE_SIZE != 0)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && !(file = file_of(fd)))
        return -EBADF;
    if (length == 0)
        return -EINVAL;
    if ((size_t)length > ADDRESS_LIMIT)
        return -ENOMEM;
    int err = check_flags(flags, !file);
    if (err)
        return err;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if (file)
        return memory_map_file(file, (uintptr_t)addr, len, prot, flags, (uint64_t)offset);
    enum page_use use = (flags & MAP_TYPE) != MAP_PRIVATE ? PAGE_COMMON
                        : flags & MAP_STACK               ? PAGE_STACK
                                                          : PAGE_ANON;
    err = place((uintptr_t)addr, len, prot, flags, use, &at);
    return err ? result_of(err, prot) : (long)at;
}

long pith_sys_munmap(long addr, long length)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    size_t len = (size_t)length;
    if (at % PAGE_SIZE != 0 || len == 0 || at > ADDRESS_LIMIT || len > ADDRESS_LIMIT - at)
        return -EINVAL;
    return memory_unmap((void *)at, align_up(len, PAGE_SIZE));
}

/* Copies pages; those that hold only zeros are not touched at the target, which is zero. */
static void copy_pages(char *to, const char *from, size_t len)
{
    for (size_t i = 0; i < len; i += PAGE_SIZE) {
        const uint64_t *words = (const uint64_t *)(from + i);
        size_t w = 0;
        while (w < PAGE_SIZE / 8 && words[w] == 0)
            w++;
        if (w < PAGE_SIZE / 8)
            memcpy(to + i, from + i, PAGE_SIZE);
    }
}

/* One mremap. The pages at (old) all have use (run).use and protection (run).prot, or belong to
 * (file) as far as that goes. */
struct remap {
    char *old;
    size_t old_len, new_len;
    void *to;
    bool fixed, keep; /* (to) is where; what is at (old) stays mapped, if without its contents */
    struct page_run run;
    struct mapping *file; /* or NULL */
};

/* Makes room at r->to: there if that is fixed, else anywhere. */
static int make_room(struct remap *r, int prot, enum page_use use)
{
    if (r->fixed)
        return place_at((uintptr_t)r->to, r->new_len, prot, use);
    return page_map(r->new_len / PAGE_SIZE, prot, use, &r->to);
}

/* Copies the contents of readable pages to writable ones and gives those the same protection. */
static int copy_contents(const struct remap *r, size_t len)
{
    size_t pages = r->old_len / PAGE_SIZE;
    bool readable = r->run.prot & PROT_READ;
    int err = readable ? 0 : page_protect(r->old, pages, PROT_READ);
    if (!err) {
        copy_pages(r->to, r->old, len);
        err = page_protect(r->to, r->new_len / PAGE_SIZE, r->run.prot);
    }
    if (!readable && (err || r->keep) && page_protect(r->old, pages, r->run.prot) != 0)
        log_line("mremap: the host refuses to protect memory"); /* it stays readable */
    return err;
}

/* Ends a move: what is at (old) goes, or loses its contents. */
static int leave(const struct remap *r)
{
    if (!r->keep)
        return memory_unmap(r->old, r->old_len);
    int err = page_discard(r->old, r->old_len / PAGE_SIZE);
    return err || !r->file ? err : mapping_reload(r->old, r->old_len);
}

static int move_plain(struct remap *r)
{
    int err = make_room(r, PROT_RW, r->run.use);
    if (err)
        return err;
    err = copy_contents(r, min_size(r->old_len, r->new_len));
    if (!err)
        err = leave(r);
    if (err)
        page_unmap(r->to, r->new_len / PAGE_SIZE);
    return err;
}

/* How many bytes of the mapping's part at (old) the file has; the rest is PAGE_BEYOND. */
static size_t accessible(const struct remap *r)
{
    size_t len = 0;
    while (len < min_size(r->old_len, r->new_len) && page_use_at(r->old + len) != PAGE_BEYOND)
        len += PAGE_SIZE;
    return len;
}

/* A part of a file's mapping: the file is mapped once more at the new place, and a private one's
 * changes are copied. */
static int move_file(struct remap *r)
{
    struct mapping m = *r->file;
    size_t len = m.shared ? 0 : accessible(r);
    uint64_t first = m.first + (uint64_t)(r->old - m.start) / PAGE_SIZE;
    file_hold(m.file); /* whatever is unmapped at the new place */
    int err = make_room(r, m.shared ? r->run.prot : PROT_RW, PAGE_BEYOND);
    if (!err && mapping_prepare()) {
        page_unmap(r->to, r->new_len / PAGE_SIZE);
        err = -ENOMEM;
    }
    if (!err)
        err = mapping_make(&m, r->to, r->new_len, first);
    file_put(m.file);
    if (err)
        return err;
    if (!m.shared)
        err = copy_contents(r, len);
    if (!err && r->old_len > 0 && !(m.shared && r->keep))
        err = leave(r);
    if (err && memory_unmap(r->to, r->new_len) != 0)
        log_line("mremap: out of memory: a mapping that failed stays");
    return err;
}

static bool may_move_to(uintptr_t to, size_t new_len, const void *old, size_t old_len)
{
    return to % PAGE_SIZE == 0 && new_len <= ADDRESS_LIMIT && to <= ADDRESS_LIMIT - new_len &&
           !overlaps(to, new_len, old, old_len);
}

/* Whether (r) does no more than to unmap what is too much, whatever that is. */
static bool only_shrinks(const struct remap *r)
{
    return !r->fixed && !r->keep && r->old_len > 0 && r->new_len <= r->old_len;
}

/* Looks up what is at r->old. -EFAULT: nothing, or more than one thing. */
static int find_old(struct remap *r)
{
    size_t len = r->old_len > 0 ? r->old_len : PAGE_SIZE;
    r->file = mapping_find ? mapping_find(r->old) : NULL;
    if (!page_run_at(r->old, &r->run) || !page_is_programs(r->run.use))
        return -EFAULT;
    if (only_shrinks(r))
        return (uintptr_t)r->old < (uintptr_t)r->run.start ? -EFAULT : 0;
    const char *start = r->file ? r->file->start : r->run.start;
    size_t all = (r->file ? r->file->pages : r->run.pages) * PAGE_SIZE;
    return range_inside((uintptr_t)r->old, len, (uintptr_t)start, all) ? 0 : -EFAULT;
}

/* Makes what is at (old) longer where it is. */
static int extend(struct remap *r)
{
    size_t more = r->new_len - r->old_len;
    char *end = r->old + r->old_len;
    if (r->file && end != r->file->start + r->file->pages * PAGE_SIZE)
        return -ENOMEM;
    int err = page_extend(end, more / PAGE_SIZE, r->run.prot, r->file ? PAGE_BEYOND : r->run.use);
    if (!err && r->run.locked)
        page_lock(end, more / PAGE_SIZE, true);
    return err || !r->file ? err : mapping_extend(r->file, more);
}

static int check_remap(const struct remap *r, uintptr_t addr, long flags)
{
    bool may_move = flags & REMAP_MAYMOVE;
    if ((flags & ~(long)(REMAP_MAYMOVE | REMAP_FIXED | REMAP_DONTUNMAP)) != 0 ||
        ((r->fixed || r->keep) && !may_move) || (r->keep && r->old_len != r->new_len) ||
        addr % PAGE_SIZE != 0 || r->new_len == 0)
        return -EINVAL;
    if (r->fixed && !may_move_to((uintptr_t)r->to, r->new_len, r->old, r->old_len))
        return -EINVAL;
    return 0;
}

long pith_sys_mremap(long addr, long old_length, long new_length, long flags, long new_addr)
{
    HOLD;
    struct remap r = {.old = (char *)addr,
                      .old_len = align_up((size_t)old_length, PAGE_SIZE),
                      .new_len = align_up((size_t)new_length, PAGE_SIZE),
                      .to = (void *)new_addr,
                      .fixed = flags & REMAP_FIXED,
                      .keep = flags & REMAP_DONTUNMAP};
    int err = check_remap(&r, (uintptr_t)addr, flags);
    if (!err)
        err = find_old(&r);
    if (err)
        return err;
    if (r.old_len == 0 && !(r.file && r.file->shared)) /* a second view of plain memory */
        return r.run.use == PAGE_COMMON && !(flags & REMAP_MAYMOVE) ? -ENOMEM : -EINVAL;
    if (r.fixed && (uintptr_t)r.to < LOWEST_FIXED)
        return -EPERM;
    if (only_shrinks(&r)) {
        if (r.old_len > ADDRESS_LIMIT - (uintptr_t)addr)
            return -EINVAL;
        err = r.new_len < r.old_len ? memory_unmap(r.old + r.new_len, r.old_len - r.new_len) : 0;
        return err ? err : addr;
    }
    if (r.new_len > r.old_len) {
        err = r.run.locked ? may_lock_more(r.new_len - r.old_len) : 0;
        if (!err && !may_grow(r.new_len - r.old_len))
            err = -ENOMEM;
        if (err)
            return err;
    }
    if (!r.fixed && !r.keep && r.old_len > 0) {
        err = extend(&r);
        if (!err)
            return addr;
    }
    if (!(flags & REMAP_MAYMOVE))
        return -ENOMEM;
    if (r.fixed && r.new_len < r.old_len) {
        err = memory_unmap(r.old + r.new_len, r.old_len - r.new_len);
        r.old_len = r.new_len;
    }
    if (!err || !r.fixed)
        err = r.file ? move_file(&r) : move_plain(&r);
    if (!err && r.run.locked)
        page_lock(r.to, r.new_len / PAGE_SIZE, true);
    return err ? err : (long)r.to;
}

long pith_sys_mprotect(long addr, long length, long prot)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    if (at % PAGE_SIZE != 0 || grows == (PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (length == 0)
        return 0;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if (len == 0 || at + len <= at)
        return -ENOMEM;
    if (prot & ~(PROT_ALL | PROT_SEM | grows))
        return -EINVAL;
    if (grows) /* nothing does */
        return memory_is_mapped(at, PAGE_SIZE) ? -EINVAL : -ENOMEM;
    prot &= PROT_ALL;
    if ((prot & PROT_WRITE) && mapping_may_write && !mapping_may_write((void *)at, len))
        return -EACCES;
    if (meets_fixed(at, len)) {
        log_line("mprotect: the protections of the image and of the first stack are fixed");
        return -EACCES;
    }
    return result_of(page_protect((void *)at, len / PAGE_SIZE, (int)prot), (int)prot);
}

/* Drops the contents of what the program has mapped in the range. The usual case is that all of it
 * is. */
static long discard(uintptr_t addr, size_t len)
{
    uintptr_t end = addr + len;
    long result = 0;
    if (meets_fixed(addr, len))
        return -EINVAL;
    if (page_discard((void *)addr, len / PAGE_SIZE) == 0)
        return mapping_reload ? mapping_reload((void *)addr, len) : 0;
    while (addr < end) {
        uintptr_t until = mapped_until(addr, end);
        if (until == addr) {
            result = -ENOMEM;
            until += PAGE_SIZE;
        } else if (page_discard((void *)addr, (until - addr) / PAGE_SIZE) != 0) {
            return -ENOMEM;
        } else if (mapping_reload) {
            int err = mapping_reload((void *)addr, until - addr);
            result = err ? err : result;
        }
        addr = until;
    }
    return result;
}

/* Whether (is) holds for any page of the range; what is not of the heap counts as free. */
static bool any_page(uintptr_t addr, size_t len, bool (*is)(const struct page_run *run))
{
    static const struct page_run outside = {.use = PAGE_FREE};
    struct page_run run;
    uintptr_t end = addr + len;

    while (addr < end) {
        bool found = page_run_at((void *)addr, &run) && (uintptr_t)run.start < end;
        if ((!found || (uintptr_t)run.start > addr) && is(&outside))
            return true;
        if (!found)
            break;
        if (is(&run))
            return true;
        addr = (uintptr_t)run.start + run.pages * PAGE_SIZE;
    }
    return false;
}

static bool is_locked(const struct page_run *run)
{
    return run->locked;
}

static bool is_common(const struct page_run *run)
{
    return run->use == PAGE_COMMON;
}

static bool is_not_common(const struct page_run *run)
{
    return run->use != PAGE_COMMON;
}

/* Of the program's, but nobody may access it. */
static bool is_absent(const struct page_run *run)
{
    return page_is_programs(run->use) && (run->prot == PROT_NONE || run->use == PAGE_BEYOND);
}

/* Whether nothing in the range is a file's or shared. */
static bool is_private(uintptr_t addr, size_t len)
{
    const struct mapping *m = mapping_from ? mapping_from((void *)addr) : NULL;
    return !(m && (uintptr_t)m->start < addr + len) && !any_page(addr, len, is_common);
}

/* MADV_REMOVE. */
static long empty(uintptr_t addr, size_t len)
{
    if (any_page(addr, len, is_locked))
        return -EINVAL;
    if (any_page(addr, len, is_not_common))
        return mapping_remove ? mapping_remove((void *)addr, len) : -EINVAL;
    if (!user_writable((void *)addr, len))
        return -EACCES;
    memset((void *)addr, 0, len);
    return 0;
}

/* Advice that needs an answer: most of Linux's hints change nothing here. What came after
 * MADV_COLLAPSE is unknown, as to an older kernel. */
static bool is_advice(long advice)
{
    bool gap = advice > MADV_DONTNEED && advice < MADV_FREE;
    return advice >= MADV_NORMAL && advice <= ADVICE_COLLAPSE && !gap;
}

/* Memory is there when it is mapped: what is left is to say where it cannot be had. */
static long populate(uintptr_t addr, size_t len, bool write)
{
    void *at = (void *)addr;
    if (write ? user_writable(at, len) : user_readable(at, len))
        return 0;
    for (size_t i = 0; i < len; i += PAGE_SIZE)
        if (page_use_at((char *)at + i) == PAGE_BEYOND)
            return -EFAULT;
    return -EINVAL;
}

long pith_sys_madvise(long addr, long length, long advice)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if (!is_advice(advice) || at % PAGE_SIZE != 0 || (len == 0 && length != 0) || at + len < at)
        return -EINVAL;
    if (len == 0)
        return 0;
    if (at + len > ADDRESS_LIMIT)
        return -ENOMEM;
    if ((advice == MADV_DONTNEED || advice == MADV_FREE || advice == ADVICE_COLD ||
         advice == ADVICE_PAGEOUT) &&
        any_page(at, len, is_locked))
        return -EINVAL;
    if ((advice == MADV_FREE || advice == ADVICE_WIPE) && !is_private(at, len))
        return -EINVAL;
    if (advice == MADV_DONTNEED || advice == MADV_FREE || advice == ADVICE_DROP)
        return discard(at, len);
    if (advice == ADVICE_COLLAPSE) /* there are no huge pages, as without them in Linux */
        return -EINVAL;
    if (!memory_is_mapped(at, len))
        return -ENOMEM;
    if (advice == ADVICE_READ || advice == ADVICE_WRITE)
        return populate(at, len, advice == ADVICE_WRITE);
    if (advice == MADV_REMOVE)
        return empty(at, len);
    return 0;
}

/* Maps (more) bytes behind the break, as far as the limits go. */
static int extend_break(size_t more)
{
    size_t all = (size_t)(heap_break.mapped - heap_break.start) + more;
    if (all > memory_limits.data || !may_grow(more) ||
        (lock_future && may_lock_more(more)))
        return -ENOMEM;
    int err = page_extend(heap_break.mapped, more / PAGE_SIZE, PROT_RW, PAGE_BRK);
    if (!err && lock_future)
        page_lock(heap_break.mapped, more / PAGE_SIZE, true);
    return err;
}

long pith_sys_brk(long addr)
{
    HOLD;
    uintptr_t want = (uintptr_t)addr;
    if (!heap_break.start)
        heap_break.start = heap_break.end = heap_break.mapped = page_brk_start();
    if (want < (uintptr_t)heap_break.start || want > ADDRESS_LIMIT || !heap_break.start)
        return (long)heap_break.end;
    char *top = (char *)align_up(want, PAGE_SIZE);
    if (top < heap_break.mapped)
        page_unmap(top, (size_t)(heap_break.mapped - top) / PAGE_SIZE);
    else if (top > heap_break.mapped && extend_break((size_t)(top - heap_break.mapped)) != 0)
        return (long)heap_break.end;
    heap_break.mapped = top;
    heap_break.end = (char *)want;
    return addr;
}

long pith_sys_mincore(long addr, long length, long vector)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if (at % PAGE_SIZE != 0)
        return -EINVAL;
    if ((size_t)length > ADDRESS_LIMIT || at > ADDRESS_LIMIT - len || !memory_is_mapped(at, len))
        return -ENOMEM;
    if (!user_writable((void *)vector, len / PAGE_SIZE))
        return -EFAULT;
    memset((void *)vector, 1, len / PAGE_SIZE);
    return 0;
}

long pith_sys_msync(long addr, long length, long flags)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if ((flags & ~(long)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || at % PAGE_SIZE != 0 ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    if (at + len < at)
        return -ENOMEM;
    if ((flags & MS_INVALIDATE) && any_page(at, len, is_locked))
        return -EBUSY;
    if (len > 0 && mapping_sync)
        mapping_sync((void *)at, len);
    return len == 0 || memory_is_mapped(at, len) ? 0 : -ENOMEM;
}

/* All memory is locked, in a way: nothing is ever paged out by the library OS. What the program has
 * locked is noted for the calls that refuse to drop it. The image and the first stack cannot be
 * dropped anyway. */
static long set_range(long addr, long length, bool lock)
{
    uintptr_t at = align_down((uintptr_t)addr, PAGE_SIZE);
    size_t offset = (uintptr_t)addr - at;
    if (length == 0)
        return 0;
    /* As Linux, which takes what is rounded up to 0 for nothing. */
    size_t len = align_up((size_t)length + offset, PAGE_SIZE);
    if (at + len < at)
        return -EINVAL;
    if (len == 0)
        return 0;
    if (!memory_is_mapped(at, len))
        return -ENOMEM;
    page_lock((void *)at, len / PAGE_SIZE, lock);
    return 0;
}

static long lock_range(long addr, long length)
{
    uint64_t limit = lock_limit();
    uintptr_t at = align_down((uintptr_t)addr, PAGE_SIZE);

    if (limit == 0)
        return -EPERM;
    if (limit != UINT64_MAX && length > 0) {
        size_t n = align_up((size_t)length + (uintptr_t)addr - at, PAGE_SIZE) / PAGE_SIZE;
        size_t before = page_locked(plat_info.heap, plat_info.heap_len / PAGE_SIZE);
        if (before + n - page_locked((const void *)at, n) > limit / PAGE_SIZE)
            return -ENOMEM;
    }
    return set_range(addr, length, true);
}

static long lock_now(long addr, long length)
{
    long err = lock_range(addr, length);
    return err ? err : any_page((uintptr_t)addr, (size_t)length, is_absent) ? -ENOMEM : 0;
}

long pith_sys_mlock(long addr, long length)
{
    HOLD;
    return lock_now(addr, length);
}

long pith_sys_mlock2(long addr, long length, long flags)
{
    HOLD;
    if (flags & ~(long)LOCK_ONFAULT)
        return -EINVAL;
    return flags ? lock_range(addr, length) : lock_now(addr, length);
}

long pith_sys_munlock(long addr, long length)
{
    HOLD;
    return set_range(addr, length, false);
}

long pith_sys_mlockall(long flags)
{
    HOLD;
    const long known = LOCKALL_CURRENT | LOCKALL_FUTURE | LOCKALL_ONFAULT;
    if (flags == 0 || (flags & ~known) || flags == LOCKALL_ONFAULT)
        return -EINVAL;
    uint64_t limit = lock_limit();
    if (limit == 0)
        return -EPERM;
    if (limit != UINT64_MAX && flags & LOCKALL_CURRENT) {
        struct page_counts c;
        page_count(&c);
        if (c.total - c.used[PAGE_FREE] > limit / PAGE_SIZE)
            return -ENOMEM;
    }
    lock_future = flags & LOCKALL_FUTURE;
    if (flags & LOCKALL_CURRENT)
        page_lock(plat_info.heap, plat_info.heap_len / PAGE_SIZE, true);
    return 0;
}

long pith_sys_munlockall(void)
{
    HOLD;
    lock_future = false;
    page_lock(plat_info.heap, plat_info.heap_len / PAGE_SIZE, false);
    return 0;
}
