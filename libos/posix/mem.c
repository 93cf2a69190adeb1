/* SPDX-License-Identifier: MIT
 *
 * The memory calls: mmap, brk and their family over mm/page.h. Arguments are checked in the order
 * in which Linux does, so the same mistakes get the same errors.
 *
 * The program's memory is in the heap of plat_info; its image and its first stack lie outside, with
 * protections that the monitor has set for good. A mapping of a file is a copy of its contents at
 * the time of the call. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "iface/hold.h"
#include "base/log.h"
#include "iface/plat.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "vfs/fd.h"

/* A program that opens no file can map none: anonymous mmap must not link the descriptor table. */
#pragma weak fd_table

#define ADDRESS_LIMIT ((uintptr_t)0x7ffffffff000) /* as of a process on Linux */
#define LOWEST_FIXED  ((uintptr_t)0x10000)        /* Linux's vm.mmap_min_addr */

#define PROT_RW  (PROT_READ | PROT_WRITE)
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* Numbers of Linux that libc's headers may lack. */
#define REMAP_MAYMOVE   1u
#define REMAP_FIXED     2u
#define ADVICE_LAST     21 /* MADV_PAGEOUT: the last of the plain hints */
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
             run.use > PAGE_KERNEL)
        until = (uintptr_t)run.start + run.pages * PAGE_SIZE;
    return min_size(until, end);
}

static bool is_mapped(uintptr_t addr, size_t len)
{
    uintptr_t end = addr + len;
    while (addr < end) {
        uintptr_t until = mapped_until(addr, end);
        if (until == addr)
            return false;
        addr = until;
    }
    return true;
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

/* Makes (len) bytes of zero pages where (flags) and (addr) want them. Returns 0 and sets (*at). */
static int place(uintptr_t addr, size_t len, int prot, unsigned flags, void **at)
{
    enum page_use use = flags & MAP_STACK ? PAGE_STACK : PAGE_ANON;
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
    if (fixed || (addr != 0 && is_free(addr, len))) {
        *at = (void *)addr;
        return page_map_at(*at, len / PAGE_SIZE, prot, use);
    }
    int err = page_map(len / PAGE_SIZE, prot, use, at);
    if (err == -ENOMEM && len <= plat_info.mem_len)
        tell_exhausted(len);
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

/* Whether (file) may be mapped so; it is then copied. A shared mapping that could be written, or
 * whose file can be written through the same descriptor, would have to see the change: that needs
 * pages shared with the file. */
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
    if (!file->inode || !S_ISREG(file->inode->mode) || !file->ops->readv)
        return -ENODEV;
    return shared && access != O_RDONLY ? -ENODEV : 0;
}

/* Reads (file) from (pos) on into (len) bytes at (to). What lies behind its end stays zero. */
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

static long map_file(struct file *file, uintptr_t addr, size_t len, int prot, unsigned flags,
                     uint64_t pos)
{
    void *at;
    int err = check_file(file, prot, flags);
    if (!err && pos > (uint64_t)INT64_MAX - len)
        err = -EOVERFLOW;
    if (err)
        return err;
    err = place(addr, len, PROT_RW, flags, &at);
    if (err)
        return err;
    file_hold(file);
    if (!is_dev_zero(file))
        err = fill(file, at, len, pos);
    file_put(file);
    if (!err)
        err = page_protect(at, len / PAGE_SIZE, prot);
    if (err) {
        page_unmap(at, len / PAGE_SIZE);
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
        return map_file(file, (uintptr_t)addr, len, prot, flags, (uint64_t)offset);
    err = place((uintptr_t)addr, len, prot, flags, &at);
    return err ? result_of(err, prot) : (long)at;
}

long pith_sys_munmap(long addr, long length)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    size_t len = (size_t)length;
    if (at % PAGE_SIZE != 0 || len == 0 || at > ADDRESS_LIMIT || len > ADDRESS_LIMIT - at)
        return -EINVAL;
    page_unmap((void *)at, align_up(len, PAGE_SIZE) / PAGE_SIZE);
    return 0;
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

/* Moves (old_len) bytes at (old), pages as (run) says, to (new_len) bytes: at (*to) if (fixed),
 * else anywhere. */
static int move(char *old, size_t old_len, size_t new_len, const struct page_run *run, bool fixed,
                void **to)
{
    size_t old_pages = old_len / PAGE_SIZE, new_pages = new_len / PAGE_SIZE;
    int err = fixed ? page_map_at(*to, new_pages, PROT_RW, run->use)
                    : page_map(new_pages, PROT_RW, run->use, to);
    if (err)
        return err;
    bool readable = run->prot & PROT_READ;
    if (!readable)
        err = page_protect(old, old_pages, PROT_READ);
    if (!err) {
        copy_pages(*to, old, min_size(old_len, new_len));
        err = page_protect(*to, new_pages, run->prot);
        if (err && !readable && page_protect(old, old_pages, run->prot) != 0)
            log_line("mremap: the host refuses to protect memory"); /* it stays readable */
    }
    page_unmap(err ? *to : old, err ? new_pages : old_pages);
    return err;
}

static bool may_move_to(uintptr_t to, size_t new_len, const void *old, size_t old_len)
{
    return to % PAGE_SIZE == 0 && new_len <= ADDRESS_LIMIT && to <= ADDRESS_LIMIT - new_len &&
           !overlaps(to, new_len, old, old_len);
}

long pith_sys_mremap(long addr, long old_length, long new_length, long flags, long new_addr)
{
    HOLD;
    char *old = (char *)addr;
    void *to = (void *)new_addr;
    bool fixed = flags & REMAP_FIXED, may_move = flags & REMAP_MAYMOVE;
    struct page_run run;
    size_t old_len = align_up((size_t)old_length, PAGE_SIZE);
    size_t new_len = align_up((size_t)new_length, PAGE_SIZE);
    if ((flags & ~(long)(REMAP_MAYMOVE | REMAP_FIXED)) != 0 || (fixed && !may_move) ||
        (uintptr_t)old % PAGE_SIZE != 0)
        return -EINVAL;
    if (new_len == 0 || old_len == 0) /* a second view of shared memory is not to be had */
        return -EINVAL;
    if (fixed && !may_move_to((uintptr_t)to, new_len, old, old_len))
        return -EINVAL;
    if (!page_run_at(old, &run) || run.use <= PAGE_KERNEL ||
        !range_inside((uintptr_t)old, old_len, (uintptr_t)run.start, run.pages * PAGE_SIZE))
        return -EFAULT;
    if (fixed && (uintptr_t)to < LOWEST_FIXED)
        return -EPERM;
    if (!fixed && new_len <= old_len) {
        page_unmap(old + new_len, (old_len - new_len) / PAGE_SIZE);
        return addr;
    }
    if (!fixed &&
        page_extend(old + old_len, (new_len - old_len) / PAGE_SIZE, run.prot, run.use) == 0)
        return addr;
    if (!may_move)
        return -ENOMEM;
    int err = move(old, old_len, new_len, &run, fixed, &to);
    return err ? err : (long)to;
}

long pith_sys_mprotect(long addr, long length, long prot)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    if (at % PAGE_SIZE != 0)
        return -EINVAL;
    if (length == 0)
        return 0;
    size_t len = align_up((size_t)length, PAGE_SIZE);
    if (len == 0 || at + len <= at)
        return -ENOMEM;
    if (prot & ~(long)PROT_ALL)
        return -EINVAL;
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
        return 0;
    while (addr < end) {
        uintptr_t until = mapped_until(addr, end);
        if (until == addr) {
            result = -ENOMEM;
            until += PAGE_SIZE;
        } else if (page_discard((void *)addr, (until - addr) / PAGE_SIZE) != 0) {
            return -ENOMEM;
        }
        addr = until;
    }
    return result;
}

/* Advice that needs an answer: the rest of Linux's hints change nothing here. MADV_REMOVE and what
 * came after MADV_PAGEOUT are unknown, as to an older kernel. */
static bool is_advice(long advice)
{
    bool gap = advice > MADV_DONTNEED && advice < MADV_FREE;
    return advice >= MADV_NORMAL && advice <= ADVICE_LAST && !gap && advice != MADV_REMOVE;
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
    if (advice == MADV_DONTNEED || advice == MADV_FREE)
        return discard(at, len);
    return is_mapped(at, len) ? 0 : -ENOMEM;
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
    else if (top > heap_break.mapped &&
             page_extend(heap_break.mapped, (size_t)(top - heap_break.mapped) / PAGE_SIZE, PROT_RW,
                         PAGE_BRK) != 0)
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
    if ((size_t)length > ADDRESS_LIMIT || at > ADDRESS_LIMIT - len || !is_mapped(at, len))
        return -ENOMEM;
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
    if (at + len < at || (len == 0 && length != 0))
        return -ENOMEM;
    return len == 0 || is_mapped(at, len) ? 0 : -ENOMEM;
}

/* All memory is locked, in a way: nothing is ever paged out by the library OS. */
static long lock_range(long addr, long length)
{
    uintptr_t at = align_down((uintptr_t)addr, PAGE_SIZE);
    size_t offset = (uintptr_t)addr - at;
    if (length == 0)
        return 0;
    if ((size_t)length > SIZE_MAX - PAGE_SIZE - offset)
        return -EINVAL;
    size_t len = align_up((size_t)length + offset, PAGE_SIZE);
    if (at + len < at)
        return -EINVAL;
    return is_mapped(at, len) ? 0 : -ENOMEM;
}

long pith_sys_mlock(long addr, long length)
{
    HOLD;
    return lock_range(addr, length);
}

long pith_sys_mlock2(long addr, long length, long flags)
{
    HOLD;
    return flags & ~(long)LOCK_ONFAULT ? -EINVAL : lock_range(addr, length);
}

long pith_sys_munlock(long addr, long length)
{
    HOLD;
    return lock_range(addr, length);
}

long pith_sys_mlockall(long flags)
{
    HOLD;
    const long known = LOCKALL_CURRENT | LOCKALL_FUTURE | LOCKALL_ONFAULT;
    return flags == 0 || (flags & ~known) || flags == LOCKALL_ONFAULT ? -EINVAL : 0;
}

long pith_sys_munlockall(void)
{
    HOLD;
    return 0;
}
