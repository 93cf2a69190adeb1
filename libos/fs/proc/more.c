/* SPDX-License-Identifier: MIT
 *
 * What few programs read of /proc/self: auxv, fdinfo, mountinfo, smaps, smaps_rollup. Part of
 * images whose program has one of these names in a string (docs/decisions/0062); formats as in
 * proc(5). */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "iface/plat.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "proc/internal.h"
#include "proc/proc.h"
#include "vfs/fd.h"
#include "vfs/fdinfo.h"
#include "vfs/mount.h"
#include "vfs/path.h"

static void auxv(struct text *t)
{
    Elf64_auxv_t aux[PROCESS_AUX_COUNT];

    process_aux(aux, plat_info.args);
    text_bytes(t, (const char *)aux, sizeof(aux));
}

static int next_fd(int from)
{
    for (unsigned fd = (unsigned)from; fd < fd_table.size; fd++)
        if (fd_table.files[fd])
            return (int)fd;
    return -1;
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

/* Which number mountinfo has for (fs). */
static unsigned mount_id(const struct fs *fs)
{
    unsigned id = 2;

    for (const struct fs *m = mount_list; m; m = m->next_mount, id++)
        if (m == fs)
            return id;
    return 1;
}

static void fdinfo(struct text *t)
{
    const struct file *f = fd_get(t->number);
    uint64_t count, mask;
    bool semaphore;

    if (!f)
        return;
    field(t, "pos:\t", f->pos);
    text_str(t, "flags:\t0");
    octal(t, f->flags | (fd_cloexec((unsigned)t->number) ? O_CLOEXEC : 0));
    field(t, "\nmnt_id:\t", f->inode && f->inode->fs ? mount_id(f->inode->fs) : 0);
    field(t, "ino:\t", f->inode ? f->inode->ino : 1);
    if (eventfd_look && eventfd_look(f, &count, &semaphore)) {
        text_str(t, "eventfd-count: ");
        text_hex(t, count, 16, ' ');
        field(t, "\neventfd-id: ", (uint64_t)t->number);
        field(t, "eventfd-semaphore: ", semaphore);
    }
    if (signalfd_look && signalfd_look(f, &mask)) {
        text_str(t, "sigmask:\t");
        text_hex(t, mask, 16, '0');
        text_char(t, '\n');
    }
}

static void mount_line(struct text *t, const struct fs *fs, unsigned parent, const char *where)
{
    text_dec(t, mount_id(fs), 0, ' ');
    text_char(t, ' ');
    text_dec(t, parent, 0, ' ');
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
    char *buf = heap_alloc(PATH_MAX);
    int err;

    if (!buf) {
        t->failed = true;
        return;
    }
    mount_line(t, path_root()->fs, 0, "/");
    for (const struct fs *m = mount_list; m; m = m->next_mount) {
        const char *where = path_of(m->covered, buf, PATH_MAX, &err);
        if (where)
            mount_line(t, m, mount_id(m->covered->fs), where);
    }
    heap_free(buf, PATH_MAX);
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

/* What a line of maps says. */
struct map {
    uintptr_t start, end;
    const char *prot; /* "rwxp" */
    const char *line;
    size_t len; /* with the line's end */
    bool locked, anonymous;
};

/* The number at (*s), and (*s) behind it and the character after it. */
static uintptr_t take_hex(const char **s)
{
    uintptr_t n = 0;

    for (; **s != '-' && **s != ' '; ++*s)
        n = n * 16 + (uintptr_t)(**s <= '9' ? **s - '0' : **s - 'a' + 10);
    ++*s;
    return n;
}

/* Reads the line at (*at) of maps, up to (end), and goes on to the next one. False: that was all.
 */
static bool next_map(const char **at, const char *end, struct map *m)
{
    const char *s = *at, *newline = memchr(s, '\n', (size_t)(end - s));
    struct page_run run;

    if (!newline)
        return false;
    m->line = s;
    m->len = (size_t)(newline + 1 - s);
    m->start = take_hex(&s);
    m->end = take_hex(&s);
    m->prot = s;
    m->locked = page_run_at((const char *)m->start, &run) && run.locked;
    m->anonymous = m->start - (uintptr_t)plat_info.image >= plat_info.image_len;
    *at = newline + 1;
    return true;
}

static void put_smaps(struct text *t, const struct text *maps)
{
    const char *at = maps->buf, *end = at + maps->len;
    struct map m;

    while (next_map(&at, end, &m)) {
        size_t kib = (m.end - m.start) / 1024;
        text_bytes(t, m.line, m.len);
        smaps_line(t, "Size:", kib);
        smaps_line(t, "KernelPageSize:", PAGE_SIZE / 1024);
        smaps_line(t, "MMUPageSize:", PAGE_SIZE / 1024);
        smaps_sizes(t, kib, m.locked ? kib : 0, m.anonymous ? kib : 0);
        text_str(t, "THPeligible:           0\nVmFlags:");
        text_str(t, m.prot[0] == 'r' ? " rd" : "");
        text_str(t, m.prot[1] == 'w' ? " wr" : "");
        text_str(t, m.prot[2] == 'x' ? " ex" : "");
        text_str(t, m.locked ? " mr mw me lo\n" : " mr mw me\n");
    }
}

static void put_rollup(struct text *t, const struct text *maps)
{
    const char *at = maps->buf, *end = at + maps->len;
    uintptr_t first = UINTPTR_MAX, last = 0;
    size_t all = 0, locked = 0, anonymous = 0;
    struct map m;

    while (next_map(&at, end, &m)) {
        size_t kib = (m.end - m.start) / 1024;
        first = m.start < first ? m.start : first;
        last = m.end > last ? m.end : last;
        all += kib;
        locked += m.locked ? kib : 0;
        anonymous += m.anonymous ? kib : 0;
    }
    text_hex(t, first, 8, '0');
    text_char(t, '-');
    text_hex(t, last, 8, '0');
    text_str(t, " ---p 00000000 00:00 0                          [rollup]\n");
    smaps_sizes(t, all, locked, anonymous);
}

static void from_maps(struct text *t, void (*put)(struct text *t, const struct text *maps))
{
    struct text maps = {.number = t->number};

    proc_maps(&maps);
    if (maps.failed)
        t->failed = true;
    else
        put(t, &maps);
    heap_free(maps.buf, maps.size);
}

static void smaps(struct text *t)
{
    from_maps(t, put_smaps);
}

static void smaps_rollup(struct text *t)
{
    from_maps(t, put_rollup);
}

static const struct tree_node fdinfo_node = {.mode = S_IFREG | 0400, .text = fdinfo};

static const struct tree_node more[] = {
    {.name = "auxv", .mode = S_IFREG | 0400, .text = auxv},
    {.name = "fdinfo", .mode = S_IFDIR | 0500, .each = &fdinfo_node, .next = next_fd},
    {.name = "mountinfo", .mode = S_IFREG | 0444, .text = mountinfo},
    {.name = "smaps", .mode = S_IFREG | 0444, .text = smaps},
    {.name = "smaps_rollup", .mode = S_IFREG | 0444, .text = smaps_rollup},
};

void proc_more(struct tree_node *self)
{
    static struct tree_node all[PROC_SELF_COUNT + ARRAY_LEN(more)];

    memcpy(all, more, sizeof(more));
    memcpy(all + ARRAY_LEN(more), self->children, self->count * sizeof(*all));
    self->children = all;
    self->count += ARRAY_LEN(more);
}
