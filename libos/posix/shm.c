/* SPDX-License-Identifier: MIT
 *
 * Shared memory of System V. A segment is a file without a name; each shmat opens it anew, and the
 * open file lasts as long as the mapping: its release is the detaching. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "iface/hold.h"
#include "iface/plat.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/ipc.h"
#include "posix/mapping.h"
#include "posix/memory.h"
#include "vfs/fd.h"
#include "vfs/open.h"

/* Linux's limits. */
#define SEGMENTS_MAX 4096
#define SIZE_LIMIT   (ULONG_MAX - (1ul << 24))

struct segment {
    struct ipc ipc; /* holds: attached */
    struct inode *inode;
    size_t size;
    time_t atime, dtime, ctime;
    int last_pid;
};

static struct ipc_table segments = {.most = SEGMENTS_MAX};
static size_t all_pages;

static size_t pages_of(size_t size)
{
    return align_up(size, PAGE_SIZE) / PAGE_SIZE;
}

static int find(int id, struct segment **out)
{
    struct ipc *o;
    int err = ipc_find(&segments, id, &o);

    *out = err ? NULL : container_of(o, struct segment, ipc);
    return err;
}

static void destroy(struct segment *s)
{
    ipc_remove(&segments, &s->ipc);
    all_pages -= pages_of(s->size);
    inode_put(s->inode);
    heap_free(s, sizeof(*s));
}

static int make(size_t size, struct segment **out)
{
    struct inode_attr attr = {.which = ATTR_SIZE, .size = size};

    if (size < 1 || size > SIZE_LIMIT)
        return -EINVAL;
    if (size > INT64_MAX)
        return -ENOMEM;
    struct segment *s = heap_alloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    int err = memory_inode(0600, &s->inode);
    if (!err) {
        err = s->inode->ops->setattr(s->inode, &attr);
        if (err)
            inode_put(s->inode);
    }
    if (err) {
        heap_free(s, sizeof(*s));
        return err;
    }
    s->size = size;
    s->ctime = ipc_now();
    *out = s;
    return 0;
}

long pith_sys_shmget(long key, long size, long flags)
{
    HOLD;
    struct segment *s;
    struct ipc *o;
    int err = ipc_lookup(&segments, (key_t)key, (int)flags, &o);

    if (err)
        return err;
    if (o)
        return (size_t)size > container_of(o, struct segment, ipc)->size ? -EINVAL : o->id;
    if (flags & SHM_HUGETLB)
        return -ENOMEM;
    err = make((size_t)size, &s);
    if (err)
        return err;
    all_pages += pages_of(s->size);
    return ipc_add(&segments, &s->ipc, (key_t)key, (int)flags);
}

static int map(struct file *f, bool shared, void *at, size_t len, uint64_t first)
{
    return mapping_of_file(f, shared, at, len, first);
}

static void detach(struct file *f)
{
    struct segment *s = f->data;

    file_free(f);
    s->ipc.holds--;
    s->dtime = ipc_now();
    s->last_pid = IPC_SELF;
    if (s->ipc.holds == 0 && s->ipc.perm.mode & SHM_DEST)
        destroy(s);
}

static const struct file_ops shm_ops = {.map = map, .release = detach};

/* Where shmat puts a segment of (size): checks (addr), and rounds it down if that is asked for. */
static int check_place(uintptr_t *addr, size_t size, long flags)
{
    if (*addr == 0)
        return flags & SHM_REMAP ? -EINVAL : 0;
    if (*addr % SHMLBA && !(flags & SHM_RND))
        return -EINVAL;
    *addr = align_down(*addr, SHMLBA);
    if (*addr == 0 && flags & SHM_REMAP)
        return -EINVAL;
    return *addr && !(flags & SHM_REMAP) && memory_is_used(*addr, align_up(size, PAGE_SIZE))
               ? -EINVAL
               : 0;
}

static long attach(struct segment *s, uintptr_t addr, long flags)
{
    bool reads = flags & SHM_RDONLY;
    struct file *f = file_alloc(reads ? O_RDONLY : O_RDWR);

    if (!f)
        return -ENOMEM;
    f->ops = &shm_ops;
    f->data = s;
    f->inode = s->inode;
    inode_hold(s->inode);
    s->ipc.holds++;
    int prot = PROT_READ | (reads ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    long at = memory_map_file(f, addr, align_up(s->size, PAGE_SIZE), prot,
                              MAP_SHARED | (addr ? MAP_FIXED : 0), 0);
    if (at >= 0 || at < -4095) {
        s->atime = ipc_now();
        s->last_pid = IPC_SELF;
        file_put(f);
        return at;
    }
    time_t before = s->dtime;
    int pid = s->last_pid;
    bool last = s->ipc.holds == 1 && s->ipc.perm.mode & SHM_DEST;
    file_put(f);
    if (!last) {
        s->dtime = before;
        s->last_pid = pid;
    }
    return at;
}

long pith_sys_shmat(long id, long addr, long flags)
{
    HOLD;
    uintptr_t at = (uintptr_t)addr;
    struct segment *s;
    int err = find((int)id, &s);

    /* The address is looked at first, and for that the size does not matter. */
    int bad = check_place(&at, err ? 0 : s->size, flags);
    if (bad || err)
        return bad ? bad : err;
    err = ipc_access(&s->ipc, flags & SHM_RDONLY ? MAY_READ : MAY_READ | MAY_WRITE);
    return err ? err : attach(s, at, flags);
}

/* The first part that is left, from (at) on, of an attachment at (addr): of (f), if that is not
 * NULL. */
static struct mapping *attached_at(const char *addr, const char *at, const struct file *f)
{
    struct mapping *m = mapping_from(at);

    for (; m; m = mapping_from(m->start + m->pages * PAGE_SIZE))
        if (m->file->ops == &shm_ops && (!f || m->file == f) && m->start >= addr &&
            m->first == (size_t)(m->start - addr) / PAGE_SIZE)
            break;
    return m;
}

long pith_sys_shmdt(long addr)
{
    HOLD;
    char *at = (char *)addr;
    struct mapping *m = addr % PAGE_SIZE == 0 ? attached_at(at, at, NULL) : NULL;
    int err = 0;

    if (!m)
        return -EINVAL;
    struct file *f = m->file;
    file_hold(f);
    while (m && !err) {
        at = m->start;
        err = memory_unmap(at, m->pages * PAGE_SIZE);
        m = attached_at((char *)addr, at, f);
    }
    file_put(f);
    return err;
}

static long status(struct segment *s, struct shmid_ds *out, long result)
{
    if (!user_writable(out, sizeof(*out)))
        return -EFAULT;
    unsigned long attached = 0;
    for (struct mapping *m = s->inode->mappings; m; m = m->next)
        attached++;
    *out = (struct shmid_ds){.shm_perm = s->ipc.perm,
                             .shm_segsz = s->size,
                             .shm_atime = s->atime,
                             .shm_dtime = s->dtime,
                             .shm_ctime = s->ctime,
                             .shm_cpid = IPC_SELF,
                             .shm_lpid = s->last_pid,
                             .shm_nattch = attached};
    return result;
}

static long limits(struct shminfo *out)
{
    if (!user_writable(out, sizeof(*out)))
        return -EFAULT;
    *out = (struct shminfo){.shmmax = SIZE_LIMIT,
                            .shmmin = 1,
                            .shmmni = SEGMENTS_MAX,
                            .shmseg = SEGMENTS_MAX,
                            .shmall = SIZE_LIMIT};
    return ipc_last(&segments);
}

static long info(struct shm_info *out)
{
    if (!user_writable(out, sizeof(*out)))
        return -EFAULT;
    *out = (struct shm_info){.__used_ids = (int)segments.used, .shm_tot = all_pages};
    for (int i = 0; i <= ipc_last(&segments); i++) {
        struct ipc *o = ipc_at(&segments, i);
        if (o)
            out->shm_rss += container_of(o, struct segment, ipc)->inode->blocks / 8;
    }
    return ipc_last(&segments);
}

/* With the last detaching it is gone; nobody finds it by its key any more. */
static long remove_segment(struct segment *s)
{
    if (s->ipc.holds == 0) {
        destroy(s);
        return 0;
    }
    s->ipc.perm.mode |= SHM_DEST;
    s->ipc.perm.key = IPC_PRIVATE;
    return 0;
}

static long control(struct segment *s, int command, struct shmid_ds *ds)
{
    switch (command) {
    case IPC_RMID:
        return remove_segment(s);
    case IPC_STAT:
        return status(s, ds, 0);
    case IPC_SET:
        ipc_set(&s->ipc, &ds->shm_perm);
        s->ctime = ipc_now();
        return 0;
    case SHM_LOCK:
        s->ipc.perm.mode |= SHM_LOCKED;
        return 0;
    default:
        s->ipc.perm.mode &= ~(unsigned)SHM_LOCKED;
        return 0;
    }
}

long pith_sys_shmctl(long id, long cmd, long buf)
{
    HOLD;
    struct shmid_ds *ds = (struct shmid_ds *)buf;
    int command = IPC_COMMAND(cmd);
    struct segment *s;

    if (command < 0 || (int)id < 0)
        return -EINVAL;
    switch (command) {
    case IPC_INFO:
        return limits((struct shminfo *)buf);
    case SHM_INFO:
        return info((struct shm_info *)buf);
    case SHM_STAT:
    case SHM_STAT_ANY:;
        struct ipc *o = ipc_at(&segments, (int)id);
        return o ? status(container_of(o, struct segment, ipc), ds, o->id) : -EINVAL;
    case IPC_SET:
        if (!user_readable(ds, sizeof(*ds)))
            return -EFAULT;
        break;
    case IPC_RMID:
    case IPC_STAT:
    case SHM_LOCK:
    case SHM_UNLOCK:
        break;
    default:
        return -EINVAL;
    }
    int err = find((int)id, &s);
    if (!err)
        err = command == IPC_STAT ? ipc_access(&s->ipc, MAY_READ) : ipc_as_owner(&s->ipc);
    return err ? err : control(s, command, ds);
}
