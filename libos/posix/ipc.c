/* SPDX-License-Identifier: MIT
 *
 * Keys and identifiers of System V IPC; see ipc.h. An identifier is sequence number * SEQUENCE +
 * index, as on Linux, so that one of an object that is gone is not taken for its successor's. */
#include <errno.h>
#include <string.h>

#include "iface/clock.h"
#include "mm/heap.h"
#include "posix/ipc.h"

#define SEQUENCE 32768u
#define PERMS    0777u

static int make_room(struct ipc_table *t)
{
    if (t->used >= t->most)
        return -ENOSPC;
    if (t->used < t->room)
        return 0;
    unsigned room = t->room ? 2 * t->room : 16;
    struct ipc **at = heap_alloc(room * sizeof(*at));
    if (!at)
        return -ENOMEM;
    if (t->room > 0)
        memcpy(at, t->at, t->room * sizeof(*at));
    heap_free(t->at, t->room * sizeof(*at));
    t->at = at;
    t->room = room;
    return 0;
}

int ipc_access(const struct ipc *o, unsigned may)
{
    const struct ipc_perm *p = &o->perm;
    uid_t own = cred_current().euid;
    unsigned granted = p->mode;

    if (own == p->uid || own == p->cuid)
        granted >>= 6;
    else if (cred_is_member(p->gid) || cred_is_member(p->cgid))
        granted >>= 3;
    /* Nothing can be run here. */
    may &= MAY_READ | MAY_WRITE;
    return !(may & ~granted) || cred_may(CAP_IPC_OWNER) ? 0 : -EACCES;
}

int ipc_as_owner(const struct ipc *o)
{
    uid_t own = cred_current().euid;

    return own == o->perm.uid || own == o->perm.cuid || cred_may(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

int ipc_lookup(struct ipc_table *t, key_t key, int flags, struct ipc **out)
{
    *out = NULL;
    if (key == IPC_PRIVATE)
        return make_room(t);
    for (unsigned i = 0; i < t->room && !*out; i++)
        if (t->at[i] && t->at[i]->perm.key == key)
            *out = t->at[i];
    if (*out && (flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    if (*out)
        return ipc_access(*out, (unsigned)(flags >> 6 | flags >> 3 | flags) & 7);
    return flags & IPC_CREAT ? make_room(t) : -ENOENT;
}

int ipc_add(struct ipc_table *t, struct ipc *o, key_t key, int flags)
{
    unsigned i = 0;

    while (t->at[i])
        i++;
    t->at[i] = o;
    t->used++;
    struct cred own = cred_current();
    o->perm = (struct ipc_perm){.key = key,
                                .uid = own.euid,
                                .gid = own.egid,
                                .cuid = own.euid,
                                .cgid = own.egid,
                                .mode = (unsigned)flags & PERMS,
                                .seq = (int)(t->sequence % 65536)};
    o->id = (int)(t->sequence % 65536 * SEQUENCE + i);
    t->sequence++;
    return o->id;
}

int ipc_find(struct ipc_table *t, int id, struct ipc **out)
{
    struct ipc *o = id < 0 ? NULL : ipc_at(t, id % (int)SEQUENCE);

    if (!o)
        return -EINVAL;
    *out = o;
    return o->id == id ? 0 : -EIDRM;
}

struct ipc *ipc_at(struct ipc_table *t, int index)
{
    return index >= 0 && (unsigned)index < t->room ? t->at[index] : NULL;
}

int ipc_last(const struct ipc_table *t)
{
    int last = (int)t->room - 1;

    while (last > 0 && !t->at[last])
        last--;
    return last > 0 ? last : 0;
}

void ipc_remove(struct ipc_table *t, struct ipc *o)
{
    t->at[o->id % (int)SEQUENCE] = NULL;
    t->used--;
    o->removed = true;
}

void ipc_set(struct ipc *o, const struct ipc_perm *perm)
{
    o->perm.uid = perm->uid;
    o->perm.gid = perm->gid;
    o->perm.mode = (o->perm.mode & ~PERMS) | (perm->mode & PERMS);
}

long ipc_now(void)
{
    return clock_wall() / NSEC_PER_SEC;
}
