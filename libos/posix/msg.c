/* SPDX-License-Identifier: MIT
 *
 * Message queues of System V. */
#include <errno.h>
#include <string.h>
#include <sys/msg.h>

#include "base/list.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "iface/wait.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/ipc.h"

/* Linux's limits. */
#define MESSAGE_MAX 8192
#define QUEUE_BYTES 16384
#define QUEUES_MAX  32000

#define COPY 040000 /* MSG_COPY */

struct message {
    struct list node;
    long type;
    size_t len;
    char text[];
};

struct queue {
    struct ipc ipc;
    struct msqid_ds ds; /* but for msg_perm */
    struct list messages;
    struct wait_queue wait; /* for messages, and for room */
};

static struct ipc_table queues = {.most = QUEUES_MAX};
static size_t all_bytes, all_messages;

static int find(int id, struct queue **out)
{
    struct ipc *o;
    int err = ipc_find(&queues, id, &o);

    *out = err ? NULL : container_of(o, struct queue, ipc);
    return err;
}

static void release(struct queue *q)
{
    if (--q->ipc.holds == 0 && q->ipc.removed)
        heap_free(q, sizeof(*q));
}

static void free_message(struct message *m)
{
    heap_free(m, sizeof(*m) + m->len);
}

/* Waits until something changes in (q), which is held. 0; -EIDRM, -EINTR. */
static int wait_change(struct queue *q, const char *what)
{
    q->ipc.holds++;
    int err = wait_sleep(&q->wait, DEADLINE_NEVER, what);
    if (q->ipc.removed)
        err = -EIDRM;
    release(q);
    return err;
}

long pith_sys_msgget(long key, long flags)
{
    HOLD;
    struct ipc *o;
    int err = ipc_lookup(&queues, (key_t)key, (int)flags, &o);

    if (err || o)
        return err ? err : o->id;
    struct queue *q = heap_alloc(sizeof(*q));
    if (!q)
        return -ENOMEM;
    list_init(&q->messages);
    q->ds.msg_qbytes = QUEUE_BYTES;
    q->ds.msg_ctime = ipc_now();
    return ipc_add(&queues, &q->ipc, (key_t)key, (int)flags);
}

static bool fits(const struct queue *q, size_t len)
{
    return q->ds.msg_cbytes + len <= q->ds.msg_qbytes && q->ds.msg_qnum + 1 <= q->ds.msg_qbytes;
}

static void append(struct queue *q, struct message *m)
{
    list_insert(&q->messages, &m->node);
    q->ds.msg_cbytes += m->len;
    q->ds.msg_qnum++;
    all_bytes += m->len;
    all_messages++;
    q->ds.msg_stime = ipc_now();
    q->ds.msg_lspid = IPC_SELF;
    wait_wake(&q->wait);
}

static long send(int id, struct message *m, bool now)
{
    struct queue *q;

    for (;;) {
        int err = find(id, &q);
        if (!err)
            err = ipc_access(&q->ipc, MAY_WRITE);
        if (!err && fits(q, m->len)) {
            append(q, m);
            return 0;
        }
        if (!err)
            err = now ? -EAGAIN : wait_change(q, "msgsnd to a full queue");
        if (err)
            return err;
    }
}

long pith_sys_msgsnd(long id, long message, long size, long flags)
{
    HOLD;
    const long *type = (const long *)message;

    if (!user_readable(type, sizeof(*type)))
        return -EFAULT;
    if (size < 0 || size > MESSAGE_MAX || (int)id < 0 || *type < 1)
        return -EINVAL;
    if (!user_readable(type + 1, (size_t)size))
        return -EFAULT;
    struct message *m = heap_alloc(sizeof(*m) + (size_t)size);
    if (!m)
        return -ENOMEM;
    m->type = *type;
    m->len = (size_t)size;
    memcpy(m->text, type + 1, m->len);
    long err = send((int)id, m, flags & IPC_NOWAIT);
    if (err)
        free_message(m);
    return err;
}

static bool matches(const struct message *m, long type, int flags)
{
    if (type == 0 || type < 0)
        return type == 0 || (unsigned long)m->type <= -(unsigned long)type;
    return (flags & MSG_EXCEPT) ? m->type != type : m->type == type;
}

/* The message that msgrcv is to have, or NULL. With MSG_COPY (type) is its number. */
static struct message *choose(struct queue *q, long type, int flags)
{
    struct message *best = NULL;

    for (struct list *at = q->messages.next; at != &q->messages; at = at->next) {
        struct message *m = list_entry(at, struct message, node);
        if (flags & COPY) {
            if (type-- == 0)
                return m;
        } else if (matches(m, type, flags)) {
            if (type >= 0)
                return m;
            if (!best || m->type < best->type)
                best = m;
        }
    }
    return best;
}

static long take(struct queue *q, struct message *m, long *to, size_t room, int flags)
{
    size_t len = min_size(m->len, room);

    if (m->len > room && !(flags & MSG_NOERROR))
        return -E2BIG;
    if (!user_writable(to, sizeof(*to) + len))
        return -EFAULT;
    *to = m->type;
    memcpy(to + 1, m->text, len);
    if (flags & COPY)
        return (long)len;
    list_remove(&m->node);
    q->ds.msg_cbytes -= m->len;
    q->ds.msg_qnum--;
    all_bytes -= m->len;
    all_messages--;
    q->ds.msg_rtime = ipc_now();
    q->ds.msg_lrpid = IPC_SELF;
    free_message(m);
    wait_wake(&q->wait);
    return (long)len;
}

long pith_sys_msgrcv(long id, long message, long size, long type, long flags)
{
    HOLD;
    struct queue *q;

    if ((int)id < 0 || size < 0)
        return -EINVAL;
    if (flags & COPY && (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT)))
        return -EINVAL;
    for (;;) {
        int err = find((int)id, &q);
        if (!err)
            err = ipc_access(&q->ipc, MAY_READ);
        if (err)
            return err;
        struct message *m = choose(q, type, (int)flags);
        if (m)
            return take(q, m, (long *)message, (size_t)size, (int)flags);
        err = flags & IPC_NOWAIT ? -ENOMSG : wait_change(q, "msgrcv from an empty queue");
        if (err)
            return err;
    }
}

static long remove_queue(struct queue *q)
{
    q->ipc.holds++;
    ipc_remove(&queues, &q->ipc);
    while (!list_empty(&q->messages)) {
        struct message *m = list_entry(q->messages.next, struct message, node);
        list_remove(&m->node);
        all_messages--;
        all_bytes -= m->len;
        free_message(m);
    }
    wait_wake(&q->wait);
    release(q);
    return 0;
}

static long set(struct queue *q, const struct msqid_ds *ds)
{
    ipc_set(&q->ipc, &ds->msg_perm);
    q->ds.msg_qbytes = ds->msg_qbytes;
    q->ds.msg_ctime = ipc_now();
    wait_wake(&q->wait);
    return 0;
}

static long info(int command, struct msginfo *out)
{
    struct msginfo i = {.msgmax = MESSAGE_MAX,
                        .msgmnb = QUEUE_BYTES,
                        .msgmni = QUEUES_MAX,
                        .msgssz = 16,
                        .msgseg = 0xffff};

    i.msgpool = command == MSG_INFO ? (int)queues.used : QUEUES_MAX * QUEUE_BYTES / 1024;
    i.msgmap = command == MSG_INFO ? (int)all_messages : QUEUE_BYTES;
    i.msgtql = command == MSG_INFO ? (int)all_bytes : QUEUE_BYTES;
    if (!user_writable(out, sizeof(i)))
        return -EFAULT;
    *out = i;
    return ipc_last(&queues);
}

static long status(struct queue *q, struct msqid_ds *out, long result)
{
    if (!user_writable(out, sizeof(*out)))
        return -EFAULT;
    *out = q->ds;
    out->msg_perm = q->ipc.perm;
    return result;
}

long pith_sys_msgctl(long id, long cmd, long buf)
{
    HOLD;
    struct msqid_ds *ds = (struct msqid_ds *)buf;
    int command = IPC_COMMAND(cmd);
    struct queue *q;

    if ((int)id < 0 || command < 0)
        return -EINVAL;
    if (command == IPC_INFO || command == MSG_INFO)
        return info(command, (struct msginfo *)buf);
    if (command == MSG_STAT || command == MSG_STAT_ANY) {
        struct ipc *o = ipc_at(&queues, (int)id);
        return o ? status(container_of(o, struct queue, ipc), ds, o->id) : -EINVAL;
    }
    if (command != IPC_STAT && command != IPC_SET && command != IPC_RMID)
        return -EINVAL;
    if (command == IPC_SET && !user_readable(ds, sizeof(*ds)))
        return -EFAULT;
    int err = find((int)id, &q);
    if (!err)
        err = command == IPC_STAT ? ipc_access(&q->ipc, MAY_READ) : ipc_as_owner(&q->ipc);
    if (err)
        return err;
    if (command == IPC_RMID)
        return remove_queue(q);
    return command == IPC_SET ? set(q, ds) : status(q, ds, 0);
}
