/* SPDX-License-Identifier: MIT
 *
 * What few programs read of /proc/self: auxv, fdinfo, mem, mountinfo, smaps, smaps_rollup. Part of
 * images whose program has one of these names in a string (docs/decisions/0062); formats as in
 * proc(5). */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "iface/plat.h"
#include "iface/user.h"
#include "mm/page.h"
#include "proc/internal.h"
#include "proc/proc.h"
#include "vfs/fd.h"
#include "vfs/fdinfo.h"
#include "vfs/mount.h"

static void auxv(struct text *t)
{
    Elf64_auxv_t aux[PROCESS_AUX_COUNT];

    process_aux(aux, plat_info.args);
    text_bytes(t, (const char *)aux, sizeof(aux));
}

static void field(struct text *t, const char *label, uint64_t n)
{
    text_str(t, label);
    text_dec(t, n, 0, ' ');
    text_char(t, '\n');
}

static void octal(struct text *t, unsigned n)
{
    if (n >= 8)
        octal(t, n / 8);
    text_char(t, (char)('0' + n % 8));
}

static void put_octal(struct text *t, const char *label, unsigned n)
{
    text_str(t, label);
    octal(t, n);
    text_char(t, '\n');
}

static void put_hex(struct text *t, const char *label, uint64_t n, unsigned width)
{
    text_str(t, label);
    text_hex(t, n, width, ' ');
}

/* Which inode, as the kernel writes its number and that of its file system. */
static void put_inode(struct text *t, const struct inode *inode)
{
    dev_t dev = inode && inode->fs ? inode->fs->dev : 0;

    put_hex(t, " ino:", inode ? inode->ino : 1, 0);
    put_hex(t, " sdev:", (uint64_t)major(dev) << 20 | minor(dev), 0);
}

static void put_item(void *arg, int fd, const struct file *target, uint32_t events, uint64_t data)
{
    struct text *t = arg;

    text_str(t, "tfd: ");
    text_dec(t, (uint64_t)fd, 8, ' ');
    put_hex(t, " events: ", events, 8);
    put_hex(t, " data: ", data, 16);
    text_str(t, "  pos:");
    text_dec(t, target->pos, 0, ' ');
    put_inode(t, target->inode);
    text_char(t, '\n');
}

static void put_watch(void *arg, int wd, const struct inode *inode, uint32_t mask)
{
    struct text *t = arg;

    put_hex(t, "inotify wd:", (uint64_t)wd, 0);
    put_inode(t, inode);
    put_hex(t, " mask:", mask, 0);
    text_str(t, " ignored_mask:0\n");
}

static void put_time(struct text *t, const char *label, const struct timespec *time)
{
    text_str(t, label);
    text_dec(t, (uint64_t)time->tv_sec, 0, ' ');
    text_str(t, ", ");
    text_dec(t, (uint64_t)time->tv_nsec, 0, ' ');
    text_str(t, ")\n");
}

static void put_timer(struct text *t, const struct fdinfo_timer *timer)
{
    field(t, "clockid: ", (uint64_t)timer->clock);
    field(t, "ticks: ", timer->ticks);
    put_octal(t, "settime flags: 0", timer->flags);
    put_time(t, "it_value: (", &timer->setting.it_value);
    put_time(t, "it_interval: (", &timer->setting.it_interval);
}

static void fdinfo(struct text *t)
{
    const struct file *f = fd_get(t->number);
    struct fdinfo_timer timer;
    uint64_t count, mask;
    bool semaphore;

    if (!f)
        return;
    field(t, "pos:\t", f->pos);
    put_octal(t, "flags:\t0", f->flags | (fd_cloexec((unsigned)t->number) ? O_CLOEXEC : 0));
    field(t, "mnt_id:\t", f->inode && f->inode->fs ? mount_id(f->inode->fs) : 0);
    field(t, "ino:\t", f->inode ? f->inode->ino : 1);
    if (eventfd_look && eventfd_look(f, &count, &semaphore)) {
        put_hex(t, "eventfd-count: ", count, 16);
        field(t, "\neventfd-id: ", (uint64_t)t->number);
        field(t, "eventfd-semaphore: ", semaphore);
    }
    if (signalfd_look && signalfd_look(f, &mask)) {
        text_str(t, "sigmask:\t");
        text_hex(t, mask, 16, '0');
        text_char(t, '\n');
    }
    if (timerfd_look && timerfd_look(f, &timer))
        put_timer(t, &timer);
    if (epoll_look)
        epoll_look(f, t, put_item);
    if (inotify_look)
        inotify_look(f, t, put_watch);
}

static void put_mount(struct text *t, const struct fs *fs, const struct fs *parent,
                      const char *where)
{
    text_dec(t, mount_id(fs), 0, ' ');
    text_char(t, ' ');
    text_dec(t, parent ? mount_id(parent) : 0, 0, ' ');
    text_char(t, ' ');
    text_dec(t, major(fs->dev), 0, ' ');
    text_char(t, ':');
    text_dec(t, minor(fs->dev), 0, ' ');
    text_str(t, " / ");
    text_str(t, where);
    text_str(t, " rw,relatime - ");
    text_str(t, fs->type);
    text_char(t, ' ');
    text_str(t, fs->type);
    text_str(t, " rw\n");
}

static void mountinfo(struct text *t)
{
    proc_each_mount(t, put_mount);
}

/* A line of smaps: "Rss:", filled up to 16 places, and (n) in 8. */
static void smaps_line(struct text *t, const char *label, size_t n)
{
    size_t start = t->len;

    text_str(t, label);
    while (t->len - start < 16 && !t->failed)
        text_char(t, ' ');
    text_dec(t, n, 8, ' ');
    text_str(t, " kB\n");
}

/* All memory is there, and is the program's alone. (kib): all of it; (locked): that part. */
static void smaps_sizes(struct text *t, size_t kib, size_t locked, size_t anonymous)
{
    static const char *const zero[] = {
        "KSM:",           "LazyFree:",       "AnonHugePages:",   "ShmemPmdMapped:",
        "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:", "Swap:",
        "SwapPss:",
    };

    smaps_line(t, "Rss:", kib);
    smaps_line(t, "Pss:", kib);
    smaps_line(t, "Pss_Dirty:", kib);
    smaps_line(t, "Shared_Clean:", 0);
    smaps_line(t, "Shared_Dirty:", 0);
    smaps_line(t, "Private_Clean:", 0);
    smaps_line(t, "Private_Dirty:", kib);
    smaps_line(t, "Referenced:", kib);
    smaps_line(t, "Anonymous:", anonymous);
    for (size_t i = 0; i < ARRAY_LEN(zero); i++)
        smaps_line(t, zero[i], 0);
    smaps_line(t, "Locked:", locked);
}

/* Sums over parts of memory, in KiB. */
struct sizes {
    size_t all, locked, anonymous;
};

static void add_map(struct sizes *s, const struct proc_map *m)
{
    size_t kib = (m->end - m->start) / 1024;
    struct page_run run;

    s->all += kib;
    s->locked += page_run_at((const char *)m->start, &run) && run.locked ? kib : 0;
    s->anonymous += m->start - (uintptr_t)plat_info.image >= plat_info.image_len ? kib : 0;
}

static void put_smaps(const struct proc_map *m, void *arg)
{
    struct text *t = arg;
    struct sizes s = {0};

    add_map(&s, m);
    proc_put_map(t, m);
    smaps_line(t, "Size:", s.all);
    smaps_line(t, "KernelPageSize:", PAGE_SIZE / 1024);
    smaps_line(t, "MMUPageSize:", PAGE_SIZE / 1024);
    smaps_sizes(t, s.all, s.locked, s.anonymous);
    text_str(t, "THPeligible:           0\nVmFlags:");
    text_str(t, m->prot & PROT_READ ? " rd" : "");
    text_str(t, m->prot & PROT_WRITE ? " wr" : "");
    text_str(t, m->prot & PROT_EXEC ? " ex" : "");
    text_str(t, s.locked ? " mr mw me lo\n" : " mr mw me\n");
}

static void smaps(struct text *t)
{
    proc_each_map(put_smaps, t);
}

struct rollup {
    uintptr_t first, last;
    struct sizes sizes;
};

static void add_rollup(const struct proc_map *m, void *arg)
{
    struct rollup *r = arg;

    r->first = min_size(r->first, m->start);
    r->last = max_size(r->last, m->end);
    add_map(&r->sizes, m);
}

static void smaps_rollup(struct text *t)
{
    struct rollup r = {.first = UINTPTR_MAX};

    proc_each_map(add_rollup, &r);
    text_hex(t, r.first, 8, '0');
    text_char(t, '-');
    text_hex(t, r.last, 8, '0');
    text_str(t, " ---p 00000000 00:00 0                          [rollup]\n");
    smaps_sizes(t, r.sizes.all, r.sizes.locked, r.sizes.anonymous);
}

/* The bytes of the program's memory at *pos and behind, as far as it may access them itself. */
static ssize_t mem_move(const struct iovec *iov, int n, uint64_t *pos, bool write)
{
    size_t done = 0, part = 0;

    for (int i = 0; i < n && part == (i ? iov[i - 1].iov_len : 0); i++) {
        char *at = (char *)(uintptr_t)*pos;
        part = user_prefix(at, iov[i].iov_len, write);
        memcpy(write ? at : iov[i].iov_base, write ? iov[i].iov_base : at, part);
        *pos += part;
        done += part;
    }
    return done || iov[0].iov_len == 0 ? (ssize_t)done : -EIO;
}

static ssize_t mem_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f;
    return mem_move(iov, n, pos, false);
}

static ssize_t mem_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f;
    return mem_move(iov, n, pos, true);
}

static const struct file_ops mem_ops = {
    .readv = mem_readv, .writev = mem_writev, .release = file_free};

static int mem_open(struct inode *inode, struct file *f)
{
    (void)inode;
    f->ops = &mem_ops;
    f->kind = FILE_SEEKABLE;
    return 0;
}

static const struct tree_node fdinfo_node = {.mode = S_IFREG | 0444, .text = fdinfo};

static const struct tree_node more[] = {
    {.name = "auxv", .mode = S_IFREG | 0400, .text = auxv},
    {.name = "fdinfo", .mode = S_IFDIR | 0500, .each = &fdinfo_node, .next = proc_next_fd},
    {.name = "mem", .mode = S_IFREG | 0600, .open = mem_open},
    {.name = "mountinfo", .mode = S_IFREG | 0444, .text = mountinfo},
    {.name = "smaps", .mode = S_IFREG | 0444, .text = smaps},
    {.name = "smaps_rollup", .mode = S_IFREG | 0444, .text = smaps_rollup},
};

void proc_more(struct tree_node *self)
{
    (void)tree_add(self, more, ARRAY_LEN(more));
}
