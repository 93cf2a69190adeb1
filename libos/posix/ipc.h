/* SPDX-License-Identifier: MIT
 *
 * What shared memory, semaphores and message queues of System V have in common: keys, identifiers,
 * owners and permissions. */
#ifndef PITH_POSIX_IPC_H
#define PITH_POSIX_IPC_H

#include <sys/ipc.h>
#include "base/base.h"
#include "iface/cred.h"

#define IPC_SELF 1 /* the process */

/* Commands of the *ctl calls: Linux ignores this bit on 64-bit machines, some libraries set it. */
#define IPC_COMMAND(cmd) ((int)(cmd) & ~0x100)

/* At the start of each object. */
struct ipc {
    struct ipc_perm perm;
    int id;       /* index and sequence number */
    bool removed; /* by IPC_RMID: whoever still holds it frees it */
    unsigned holds;
};

/* The objects of one kind. */
struct ipc_table {
    struct ipc **at; /* by index, NULL where free */
    unsigned room, used;
    unsigned most;     /* objects at most */
    unsigned sequence; /* of the next one */
};

/* What a *get call finds for (key) and (flags): 0 and (*out); 0 and NULL, a new object is to be
 * made; -ENOENT, -EEXIST, -EACCES, -ENOSPC, -ENOMEM. There is room for a new one then. */
must_check int ipc_lookup(struct ipc_table *t, key_t key, int flags, struct ipc **out);

/* Adds (o), zero but for its own part, right after ipc_lookup. Returns its identifier. */
int ipc_add(struct ipc_table *t, struct ipc *o, key_t key, int flags);

/* Whether the program may read (MAY_READ) or change (MAY_WRITE) the object: 0, -EACCES; whether it may do what
 * its owners and its maker may: 0, -EPERM. */
must_check int ipc_access(const struct ipc *o, unsigned may);
must_check int ipc_as_owner(const struct ipc *o);

/* The object (id). -EINVAL, -EIDRM: its place has another one now. */
must_check int ipc_find(struct ipc_table *t, int id, struct ipc **out);

/* The object at (index), for the *_STAT commands, or NULL. */
struct ipc *ipc_at(struct ipc_table *t, int index);

/* The highest index in use, 0 if there is none: what IPC_INFO and its like answer. */
int ipc_last(const struct ipc_table *t);

/* Takes (o) out of the table and marks it. */
void ipc_remove(struct ipc_table *t, struct ipc *o);

/* IPC_SET of owner and permissions. */
void ipc_set(struct ipc *o, const struct ipc_perm *perm);

/* Seconds since the Epoch. */
long ipc_now(void);

#endif
