/* SPDX-License-Identifier: MIT
 *
 * The texts and links of /proc/self: formats as in proc(5). */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "iface/cred.h"
#include "iface/plat.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "proc/internal.h"
#include "proc/proc.h"
#include "thread/sched.h"
#include "time/uptime.h"
#include "vfs/fd.h"
#include "vfs/forward.h"
#include "vfs/mount.h"
#include "vfs/open.h"
#include "vfs/path.h"

#define SELF 1u /* the process, and its first thread */

const char *proc_argument(unsigned i)
{
    const char *s = plat_info.args;

    if (i >= plat_info.argc)
        return "";
    while (i-- > 0)
        s += strlen(s) + 1;
    return s;
}

/* The arguments and the environment lie one behind the other, each string with its NUL. */
static size_t arguments_len(void)
{
    size_t len = 0;

    for (unsigned i = 0; i < plat_info.argc; i++)
        len += strlen(plat_info.args + len) + 1;
    return len;
}

static void cmdline(struct text *t)
{
    text_bytes(t, plat_info.args, arguments_len());
}

static void environment(struct text *t)
{
    size_t skip = arguments_len();

    text_bytes(t, plat_info.args + skip, plat_info.args_len - skip);
}

static const char *command(void)
{
    const char *path = proc_argument(0), *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The next thread after (t), the first for NULL. Without a scheduler there is one. */
static struct thread *next_thread(struct thread *t)
{
    if (sched_next)
        return sched_next(t);
    return t ? NULL : &thread_main;
}

/* The thread that (number) names: of a text about the process (-1), the first one. NULL: gone. */
static struct thread *thread_of(int number)
{
    struct thread *t = next_thread(NULL);

    while (t && t->tid != (number < 0 ? (int)SELF : number))
        t = next_thread(t);
    return number < 0 && !t ? &thread_main : t;
}

/* The lowest number of a thread from (from) on, or -1. */
static int next_tid(int from)
{
    int lowest = -1;

    for (struct thread *t = next_thread(NULL); t; t = next_thread(t))
        if (t->tid >= from && (lowest < 0 || t->tid < lowest))
            lowest = t->tid;
    return lowest;
}

static unsigned count_threads(void)
{
    unsigned n = 0;

    for (struct thread *t = next_thread(NULL); t; t = next_thread(t))
        n++;
    return n;
}

/* The name of the text's thread: at first that of the program, as the kernel keeps it, 15 bytes. */
static void put_comm(struct text *t)
{
    const struct thread *thread = thread_of(t->number);
    const char *name = thread && thread->named ? thread->name : command();

    text_bytes(t, name, strnlen(name, sizeof(thread->name) - 1));
}

static ssize_t comm_write(int number, const char *text, size_t len)
{
    struct thread *thread = thread_of(number);

    if (!thread)
        return -ESRCH;
    memset(thread->name, 0, sizeof(thread->name));
    memcpy(thread->name, text, min_size(len, sizeof(thread->name) - 1));
    thread->named = true;
    return (ssize_t)len;
}

/* The state of the text's thread: R, it runs or could; S, it sleeps. */
static char state_of(const struct text *t)
{
    const struct thread *thread = thread_of(t->number);

    return thread && thread->waits_for ? 'S' : 'R';
}

static unsigned pid_of(const struct text *t)
{
    return t->number < 0 ? SELF : (unsigned)t->number;
}

static void comm(struct text *t)
{
    put_comm(t);
    text_char(t, '\n');
}

void proc_hostname(struct text *t)
{
    static const char label[] = "HOSTNAME=";
    const char *s = plat_info.args + arguments_len(), *end = plat_info.args + plat_info.args_len;

    for (; s < end; s += strlen(s) + 1) {
        if (strncmp(s, label, sizeof label - 1) == 0 && s[sizeof label - 1]) {
            text_str(t, s + sizeof label - 1);
            text_char(t, '\n');
            return;
        }
    }
    text_str(t, "pith\n");
}

void proc_put_map(struct text *t, const struct proc_map *m)
{
    size_t line = t->len;

    text_hex(t, m->start, 8, '0');
    text_char(t, '-');
    text_hex(t, m->end, 8, '0');
    text_char(t, ' ');
    text_char(t, m->prot & PROT_READ ? 'r' : '-');
    text_char(t, m->prot & PROT_WRITE ? 'w' : '-');
    text_char(t, m->prot & PROT_EXEC ? 'x' : '-');
    text_char(t, m->shared ? 's' : 'p');
    text_char(t, ' ');
    text_hex(t, m->offset, 8, '0');
    text_char(t, ' ');
    text_hex(t, m->inode ? major(m->inode->fs->dev) : 0, 2, '0');
    text_char(t, ':');
    text_hex(t, m->inode ? minor(m->inode->fs->dev) : 0, 2, '0');
    text_char(t, ' ');
    text_dec(t, m->inode ? m->inode->ino : 0, 0, ' ');
    text_char(t, ' ');
    if (*m->what) {
        while (t->len - line < 73 && !t->failed)
            text_char(t, ' ');
        text_str(t, m->what);
    }
    text_char(t, '\n');
}

static int elf_prot(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

/* Parts of memory on their way to (fn): one of a file waits for the next, which may go on with it behind the end
 * of the file. */
struct map_queue {
    void (*fn)(const struct proc_map *m, void *arg);
    void *arg;
    struct proc_map last;
    char *buf; /* for paths, or NULL */
};

static void flush_map(struct map_queue *q)
{
    int err;

    if (q->last.inode && q->buf)
        q->last.what = path_of(q->last.inode, q->buf, PATH_MAX, &err);
    if (!q->last.what)
        q->last.what = "(deleted)";
    if (q->last.end)
        q->fn(&q->last, q->arg);
    q->last.end = 0;
}

static void queue_map(struct map_queue *q, const struct proc_map *m)
{
    const struct proc_map *last = &q->last;

    if (m->inode && last->end == m->start && last->inode == m->inode && last->prot == m->prot &&
        last->shared == m->shared && last->offset + (last->end - last->start) == m->offset) {
        q->last.end = m->end;
        return;
    }
    flush_map(q);
    q->last = *m;
}

/* Splits (run), memory of one use, at the ends of mappings of files. */
static void queue_run(struct map_queue *q, const struct page_run *run)
{
    uintptr_t at = (uintptr_t)run->start, end = at + run->pages * PAGE_SIZE;
    struct proc_map m = {.prot = run->prot};
    struct mapped of;

    for (; at < end; at = m.end) {
        bool more = mapping_tell && mapping_tell(at, &of), inside = more && of.start <= at;
        m.start = at;
        m.end = more ? min_size(end, inside ? of.end : of.start) : end;
        m.shared = inside ? of.shared : run->use == PAGE_COMMON;
        m.what = run->use == PAGE_BRK      ? "[heap]"
                 : run->use == PAGE_COMMON ? "/dev/zero (deleted)"
                                           : "";
        m.inode = inside ? of.inode : NULL;
        m.offset = inside ? (of.first << PAGE_SHIFT) + (at - of.start) : 0;
        queue_map(q, &m);
    }
}

void proc_each_map(void (*fn)(const struct proc_map *m, void *arg), void *arg)
{
    const Elf64_Ehdr *elf = (const void *)plat_info.image;
    const Elf64_Phdr *ph = (const void *)(plat_info.image + elf->e_phoff);
    uintptr_t image = (uintptr_t)plat_info.image, stack = (uintptr_t)plat_info.stack;
    struct page_run run;

    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD)
            fn(&(struct proc_map){align_down(image + ph[i].p_vaddr, PAGE_SIZE),
                                  align_up(image + ph[i].p_vaddr + ph[i].p_memsz, PAGE_SIZE),
                                  elf_prot(ph[i].p_flags), false, proc_argument(0), NULL, 0},
               arg);
    fn(&(struct proc_map){stack, stack + plat_info.stack_len, PROT_READ | PROT_WRITE, false,
                          "[stack]", NULL, 0},
       arg);
    struct map_queue q = {.fn = fn, .arg = arg, .buf = heap_alloc(PATH_MAX)};
    for (const char *at = plat_info.heap; page_run_at(at, &run);
         at = run.start + run.pages * PAGE_SIZE)
        if (run.use != PAGE_FREE)
            queue_run(&q, &run);
    flush_map(&q);
    heap_free(q.buf, PATH_MAX);
}

static void put_map(const struct proc_map *m, void *t)
{
    proc_put_map(t, m);
}

static void maps(struct text *t)
{
    proc_each_map(put_map, t);
}

/* Pages of the program's own address space, and those of them in use: all of them. */
static size_t used_pages(size_t *data)
{
    struct page_counts c;

    page_count(&c);
    *data = c.used[PAGE_ANON] + c.used[PAGE_COMMON] + c.used[PAGE_BRK] + c.used[PAGE_STACK];
    return c.total - c.used[PAGE_FREE] +
           ((plat_info.image_len + plat_info.stack_len) >> PAGE_SHIFT);
}

static void statm(struct text *t)
{
    size_t data, all = used_pages(&data);

    text_dec(t, all, 0, ' ');
    text_char(t, ' ');
    text_dec(t, all, 0, ' ');
    text_str(t, " 0 ");
    text_dec(t, plat_info.image_len >> PAGE_SHIFT, 0, ' ');
    text_str(t, " 0 ");
    text_dec(t, data, 0, ' ');
    text_str(t, " 0\n");
}

static void put_ids(struct text *t, const char *label, const uint32_t *id, unsigned n, char after)
{
    text_str(t, label);
    for (unsigned i = 0; i < n; i++) {
        text_dec(t, id[i], 0, ' ');
        text_char(t, i + 1 < n ? '\t' : after);
    }
}

static void put_set(struct text *t, const char *label, uint64_t set)
{
    text_str(t, label);
    text_hex(t, set, 16, '0');
    text_char(t, '\n');
}

static void put_users(struct text *t, const struct cred_told *c)
{
    const struct cred *i = &c->ids;

    put_ids(t, "Uid:\t", (uint32_t[]){i->uid, i->euid, i->suid, i->fsuid}, 4, '\n');
    put_ids(t, "Gid:\t", (uint32_t[]){i->gid, i->egid, i->sgid, i->fsgid}, 4, '\n');
    put_ids(t, "FDSize:\t", &fd_table.size, 1, '\n');
    text_str(t, "Groups:\t");
    for (unsigned n = 0; n < c->group_count; n++)
        put_ids(t, "", &c->groups[n], 1, ' ');
    text_str(t, c->group_count ? "\n" : " \n");
}

static void put_rights(struct text *t, const struct thread *of, const struct cred_told *c)
{
    uint64_t pending = 0, ignored = 0, caught = 0;

    if (signal_tell)
        signal_tell(&pending, &ignored, &caught);
    put_set(t, "SigPnd:\t", of->signals.pending.set);
    put_set(t, "ShdPnd:\t", pending);
    put_set(t, "SigBlk:\t", of->signals.blocked);
    put_set(t, "SigIgn:\t", ignored);
    put_set(t, "SigCgt:\t", caught);
    put_set(t, "CapInh:\t", c->inheritable);
    put_set(t, "CapPrm:\t", c->permitted);
    put_set(t, "CapEff:\t", c->effective);
    put_set(t, "CapBnd:\t", CAPS_ALL & ~of->bounding_dropped);
    put_set(t, "CapAmb:\t", c->ambient);
    put_ids(t, "NoNewPrivs:\t", (uint32_t[]){of->no_new_privs}, 1, '\n');
    text_str(t, "Seccomp:\t0\n");
}

static void status(struct text *t)
{
    size_t data, all = used_pages(&data) * (PAGE_SIZE / 1024);
    struct cred_told rights = {.permitted = CAPS_ALL, .effective = CAPS_ALL};
    const struct thread *of = thread_of(t->number);

    if (!of)
        return;
    if (cred_tell)
        cred_tell(of, &rights);

    text_str(t, "Name:\t");
    put_comm(t);
    text_str(t, "\nUmask:\t");
    for (int shift = 9; shift >= 0; shift -= 3)
        text_char(t, (char)('0' + (vfs_umask >> shift & 7)));
    text_str(t, "\nState:\t");
    text_str(t, state_of(t) == 'R' ? "R (running)" : "S (sleeping)");
    text_str(t, "\nTgid:\t1\nNgid:\t0\nPid:\t");
    text_dec(t, pid_of(t), 0, ' ');
    text_str(t, "\nPPid:\t0\nTracerPid:\t0\n");
    put_users(t, &rights);
    text_line(t, "VmPeak:\t", all, " kB");
    text_line(t, "VmSize:\t", all, " kB");
    text_line(t, "VmLck:\t",
              page_locked(plat_info.heap, plat_info.heap_len / PAGE_SIZE) * (PAGE_SIZE / 1024),
              " kB");
    text_line(t, "VmHWM:\t", all, " kB");
    text_line(t, "VmRSS:\t", all, " kB");
    text_line(t, "VmData:\t", data * (PAGE_SIZE / 1024), " kB");
    text_line(t, "VmStk:\t", plat_info.stack_len / 1024, " kB");
    text_line(t, "VmExe:\t", plat_info.image_len / 1024, " kB");
    text_str(t, "Threads:\t");
    text_dec(t, count_threads(), 0, ' ');
    text_char(t, '\n');
    put_rights(t, of, &rights);
    text_str(t, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
}

/* Processor time of the text's thread, or of all, which is all time but that in which it slept. The scheduler
 * counts from the second thread on. */
static nsec_t used_time(const struct text *t, const struct thread *of)
{
    nsec_t up = uptime();

    if (t->number < 0 || !sched_cpu_time || sched_began == 0)
        return up - (nsec_t)thread_idle;
    nsec_t since = sched_cpu_time(of);
    return of != &thread_main ? since : since + up - (clock_monotonic() - sched_began) - sched_idle_before;
}

/* The 52 fields of proc(5), /proc/[pid]/stat; those that mean nothing here are 0. */
static void stat_fields(struct text *t)
{
    enum { UTIME = 14, PRIORITY = 18, NICE, THREADS, VSIZE = 23, RSS = 24, RSS_LIMIT = 25 };
    const struct thread *of = thread_of(t->number);
    size_t data, all = used_pages(&data);

    if (!of)
        return;

    text_dec(t, pid_of(t), 0, ' ');
    text_str(t, " (");
    put_comm(t);
    text_str(t, ") ");
    text_char(t, state_of(t));
    text_str(t, " 0 1 1");
    for (unsigned field = 7; field <= 52; field++) {
        uint64_t n = 0;
        bool minus = false;
        if (field == UTIME)
            n = (uint64_t)(used_time(t, of) / (NSEC_PER_SEC / 100));
        else if (field == PRIORITY)
            n = (uint64_t)(20 + of->nice);
        else if (field == NICE && of->nice < 0)
            minus = true;
        if (field == NICE)
            n = (uint64_t)(of->nice < 0 ? -of->nice : of->nice);
        else if (field == THREADS)
            n = count_threads();
        else if (field == VSIZE)
            n = all << PAGE_SHIFT;
        else if (field == RSS)
            n = all;
        else if (field == RSS_LIMIT)
            n = UINT64_MAX;
        text_str(t, minus ? " -" : " ");
        text_dec(t, n, 0, ' ');
    }
    text_char(t, '\n');
}

static void limit_line(struct text *t, const char *name, uint64_t soft, uint64_t hard,
                       const char *unit)
{
    const uint64_t values[] = {soft, hard};

    text_str(t, name);
    for (unsigned i = 0; i < 2; i++) {
        size_t start = t->len;
        if (values[i] == UINT64_MAX)
            text_str(t, "unlimited");
        else
            text_dec(t, values[i], 0, ' ');
        while (t->len - start < 21 && !t->failed)
            text_char(t, ' ');
    }
    text_str(t, unit);
    text_char(t, '\n');
}

static void limits(struct text *t)
{
    text_str(t, "Limit                     Soft Limit           Hard Limit           Units     \n");
    limit_line(t, "Max file size             ", UINT64_MAX, UINT64_MAX, "bytes     ");
    limit_line(t, "Max stack size            ", plat_info.stack_len, plat_info.stack_len,
               "bytes     ");
    limit_line(t, "Max open files            ", fd_limit(), FD_LIMIT_MAX, "files     ");
    limit_line(t, "Max address space         ", UINT64_MAX, UINT64_MAX, "bytes     ");
}

void proc_each_mount(struct text *t, void (*put)(struct text *t, const struct fs *fs,
                                                 const struct fs *parent, const char *where))
{
    char *buf = heap_alloc(PATH_MAX);
    int err;

    if (!buf) {
        t->failed = true;
        return;
    }
    put(t, path_root()->fs, NULL, "/");
    for (const struct fs *m = mount_list; m; m = m->next_mount) {
        const char *where = path_of(m->covered, buf, PATH_MAX, &err);
        if (where)
            put(t, m, m->covered->fs, where);
    }
    heap_free(buf, PATH_MAX);
}

static void put_mount(struct text *t, const struct fs *fs, const struct fs *parent,
                      const char *where)
{
    (void)parent;
    text_str(t, fs->type);
    text_char(t, ' ');
    text_str(t, where);
    text_char(t, ' ');
    text_str(t, fs->type);
    text_str(t, " rw,relatime 0 0\n");
}

static void mounts(struct text *t)
{
    proc_each_mount(t, put_mount);
}

/* Copies the path of (inode), or what stands for it when it has none. */
static ssize_t put_path(struct inode *inode, char *to, size_t size)
{
    static const char gone[] = "(deleted)";
    char *buf = heap_alloc(PATH_MAX);
    int err;

    if (!buf)
        return -ENOMEM;
    const char *path = path_of(inode, buf, PATH_MAX, &err);
    size_t n = min_size(size, strlen(path ? path : gone));
    memcpy(to, path ? path : gone, n);
    heap_free(buf, PATH_MAX);
    return (ssize_t)n;
}

/* The image is no file of its own file system: its name is what the program was called by. */
static ssize_t exe_readlink(struct inode *inode, char *buf, size_t size)
{
    const char *path = proc_argument(0);
    size_t skip = *path == '/' ? 0 : 1;

    (void)inode;
    if (skip && size > 0) {
        *buf = '/';
        path = command();
    }
    size_t n = min_size(size - min_size(size, skip), strlen(path));
    memcpy(buf + skip, path, n);
    return (ssize_t)(n + skip);
}

static ssize_t cwd_readlink(struct inode *inode, char *buf, size_t size)
{
    (void)inode;
    return put_path(path_cwd(), buf, size);
}

static int cwd_follow(struct inode *inode, struct inode **out)
{
    (void)inode;
    *out = path_cwd();
    inode_hold(*out);
    return 0;
}

static ssize_t root_readlink(struct inode *inode, char *buf, size_t size)
{
    (void)inode;
    *buf = '/';
    return (ssize_t)min_size(size, 1);
}

static int root_follow(struct inode *inode, struct inode **out)
{
    (void)inode;
    *out = path_root();
    inode_hold(*out);
    return 0;
}

int proc_next_fd(int from)
{
    for (unsigned fd = (unsigned)from; fd < fd_table.size; fd++)
        if (fd_table.files[fd])
            return (int)fd;
    return -1;
}

static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size)
{
    const struct file *f = fd_get(to_tree(inode)->number);

    if (!f)
        return -ENOENT;
    bool socket = f->inode && S_ISSOCK(f->inode->mode);
    bool pipe = f->inode && S_ISFIFO(f->inode->mode);
    if (f->inode && (f->inode->ops->name || (!socket && !pipe)))
        return put_path(f->inode, buf, size);
    const char *name = S_ISCHR(f->mode) ? "/dev/console" : f->ops->name;
    if (!f->inode && name) {
        size_t n = min_size(size, strlen(name));
        memcpy(buf, name, n);
        return (ssize_t)n;
    }
    struct text t = {0};
    text_str(&t, socket ? "socket:[" : "pipe:[");
    text_dec(&t, f->inode ? f->inode->ino : (uint64_t)to_tree(inode)->number, 0, ' ');
    text_char(&t, ']');
    if (t.failed)
        return -ENOMEM;
    size_t n = min_size(size, t.len);
    memcpy(buf, t.buf, n);
    heap_free(t.buf, t.size);
    return (ssize_t)n;
}

static struct forward streams[ARRAY_LEN(stdio_files)];

/* Opens one of the console's files anew, which have no inode of their own. */
static int open_stream(struct inode *inode, struct file *f)
{
    forward_open(f, &streams[to_tree(inode)->number]);
    return 0;
}

static const struct tree_node stream_node = {
    .name = NULL, .mode = S_IFCHR | 0620, .open = open_stream};

static int fd_follow(struct inode *inode, struct inode **out)
{
    struct file *f = fd_get(to_tree(inode)->number);

    if (!f)
        return -ENOENT;
    if (f->inode) {
        *out = f->inode;
        inode_hold(*out);
        return 0;
    }
    for (unsigned i = 0; i < ARRAY_LEN(stdio_files); i++) {
        if (f != stdio_files[i])
            continue;
        streams[i] = (struct forward){f, f};
        *out = tree_inode(inode->fs, inode->parent, &stream_node, (int)i);
        if (!*out)
            return -ENOMEM;
        (*out)->mode = f->mode;
        return 0;
    }
    return -ENXIO;
}

static const struct tree_node fd_node = {
    .mode = S_IFLNK | 0700,
    .readlink = fd_readlink,
    .follow = fd_follow,
};

#define COMM                                                                                       \
    {                                                                                              \
        .name = "comm", .mode = S_IFREG | 0644, .text = comm, .write = comm_write                  \
    }

#define EXE                                                                                        \
    {                                                                                              \
        .name = "exe", .mode = S_IFLNK | 0777, .readlink = exe_readlink                            \
    }

#define FD                                                                                         \
    {                                                                                              \
        .name = "fd", .mode = S_IFDIR | 0500, .each = &fd_node, .next = proc_next_fd               \
    }

static const struct tree_node task_files[] = {
    EXE,
    FD,
    COMM,
    TEXT("maps", maps),
    TEXT("stat", stat_fields),
    TEXT("status", status),
};

static const struct tree_node task = {
    .mode = S_IFDIR | 0555,
    .children = task_files,
    .count = ARRAY_LEN(task_files),
};

const struct tree_node proc_self[PROC_SELF_COUNT] = {
    EXE,
    {.name = "cwd", .mode = S_IFLNK | 0777, .readlink = cwd_readlink, .follow = cwd_follow},
    {.name = "root", .mode = S_IFLNK | 0777, .readlink = root_readlink, .follow = root_follow},
    FD,
    {.name = "task", .mode = S_IFDIR | 0555, .each = &task, .next = next_tid},
    TEXT("cmdline", cmdline),
    COMM,
    TEXT("environ", environment),
    TEXT("limits", limits),
    TEXT("maps", maps),
    TEXT("mounts", mounts),
    TEXT("stat", stat_fields),
    TEXT("statm", statm),
    TEXT("status", status),
    {.name = "net", .mode = S_IFDIR | 0555, .children = proc_net, .count = PROC_NET_COUNT},
};
