/* SPDX-License-Identifier: MIT
 *
 * Semaphores of System V. What SEM_UNDO promises for the end of the process nobody could see: the
 * semaphores end with it. Only its limits are kept. */
#include <errno.h>
#include <string.h>
#include <sys/sem.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "iface/wait.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/ipc.h"
#include "posix/timespec.h"

/* Linux's limits. */
#define VALUE_MAX 32767
#define UNDO_MAX  32767
#define OPS_MAX   500
#define SET_MAX   32000
#define SETS_MAX  32000
#define ALL_MAX   (SET_MAX * SETS_MAX)

struct semaphore {
    int value;
    int pid;  /* of the last operation */
    int undo; /* what the end of the process would add */
    int more; /* waiting for a larger value */
    int zero; /* waiting for 0 */
};

struct set {
    struct ipc ipc;
    time_t otime, ctime;
    size_t count;
    struct wait_queue wait;
    struct semaphore sem[];
};

static struct ipc_table sets = {.most = SETS_MAX};
static size_t all_semaphores;

static int find(int id, struct set **out)
{
    struct ipc *o;
    int err = ipc_find(&sets, id, &o);

    *out = err ? NULL : container_of(o, struct set, ipc);
    return err;
}

static size_t set_size(size_t count)
{
    return sizeof(struct set) + count * sizeof(struct semaphore);
}

static void release(struct set *s)
{
    if (--s->ipc.holds == 0 && s->ipc.removed)
        heap_free(s, set_size(s->count));
}

long pith_sys_semget(long key, long count, long flags)
{
    HOLD;
    struct ipc *o;

    if ((int)count < 0 || (int)count > SET_MAX)
        return -EINVAL;
    int err = ipc_lookup(&sets, (key_t)key, (int)flags, &o);
    if (err)
        return err;
    if (o)
        return (size_t)count > container_of(o, struct set, ipc)->count ? -EINVAL : o->id;
    if (count == 0)
        return -EINVAL;
    struct set *s = heap_alloc(set_size((size_t)count));
    if (!s)
        return -ENOMEM;
    s->count = (size_t)count;
    s->ctime = ipc_now();
    all_semaphores += s->count;
    return ipc_add(&sets, &s->ipc, (key_t)key, (int)flags);
}

/* Does one operation. 0; 1: it would have to wait; -ERANGE. */
static int apply(struct semaphore *sem, const struct sembuf *op)
{
    if (op->sem_op == 0)
        return sem->value != 0;
    int value = sem->value + op->sem_op;
    int undo = op->sem_flg & SEM_UNDO ? sem->undo - op->sem_op : sem->undo;
    if (value < 0)
        return 1;
    if (value > VALUE_MAX || undo > UNDO_MAX || undo < -UNDO_MAX - 1)
        return -ERANGE;
    sem->value = value;
    sem->undo = undo;
    return 0;
}

/* Does all operations, or none: then (*failed) is the one that could not be done, and 1: it would
 * have to wait; -ERANGE. */
static int apply_all(struct set *s, const struct sembuf *ops, size_t n, size_t *failed)
{
    size_t i = 0;
    int err = 0;

    for (; i < n; i++) {
        err = apply(&s->sem[ops[i].sem_num], &ops[i]);
        if (err)
            break;
    }
    *failed = i;
    if (!err) {
        for (i = 0; i < n; i++)
            s->sem[ops[i].sem_num].pid = IPC_SELF;
        return 0;
    }
    while (i-- > 0) {
        struct semaphore *sem = &s->sem[ops[i].sem_num];
        sem->value -= ops[i].sem_op;
        if (ops[i].sem_flg & SEM_UNDO)
            sem->undo += ops[i].sem_op;
    }
    return err;
}

/* Sleeps for (op), counted among those who wait. */
static int wait_for(struct set *s, const struct sembuf *op, nsec_t deadline)
{
    struct semaphore *sem = &s->sem[op->sem_num];
    int *waiting = op->sem_op ? &sem->more : &sem->zero;

    s->ipc.holds++;
    ++*waiting;
    int err = wait_sleep(&s->wait, deadline, "semop");
    --*waiting;
    if (s->ipc.removed)
        err = -EIDRM;
    release(s);
    return err;
}

static bool changes(const struct sembuf *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ops[i].sem_op != 0)
            return true;
    return false;
}

static long operate(int id, const struct sembuf *ops, size_t n, nsec_t deadline)
{
    struct set *s;
    size_t failed;

    for (bool slept = false;; slept = true) {
        int err = find(id, &s);
        if (err)
            return slept ? -EIDRM : err;
        for (size_t i = 0; i < n; i++)
            if (ops[i].sem_num >= s->count)
                return -EFBIG;
        err = ipc_access(&s->ipc, changes(ops, n) ? MAY_WRITE : MAY_READ);
        if (err)
            return err;
        err = apply_all(s, ops, n, &failed);
        if (err == 0) {
            s->otime = ipc_now();
            wait_wake(&s->wait);
        }
        if (err <= 0)
            return err;
        err = ops[failed].sem_flg & IPC_NOWAIT ? -EAGAIN : wait_for(s, &ops[failed], deadline);
        if (err)
            return err == -ETIMEDOUT ? -EAGAIN : err;
    }
}

static long operate_user(long id, long user_ops, long n, nsec_t deadline)
{
    struct sembuf few[8], *ops = few;
    size_t size = (size_t)n * sizeof(*ops);

    if (n < 1 || (int)id < 0)
        return -EINVAL;
    if (n > OPS_MAX)
        return -E2BIG;
    if (!user_readable((void *)user_ops, size))
        return -EFAULT;
    if (size > sizeof(few))
        ops = heap_alloc(size);
    if (!ops)
        return -ENOMEM;
    memcpy(ops, (void *)user_ops, size);
    long result = operate((int)id, ops, (size_t)n, deadline);
    if (ops != few)
        heap_free(ops, size);
    return result;
}

long pith_sys_semop(long id, long ops, long n)
{
    HOLD;
    return operate_user(id, ops, (unsigned)n, DEADLINE_NEVER);
}

long pith_sys_semtimedop(long id, long ops, long n, long timeout)
{
    HOLD;
    const struct timespec *t = (const struct timespec *)timeout;

    if (t && !user_readable(t, sizeof(*t)))
        return -EFAULT;
    if (t && !timespec_valid(t))
        return -EINVAL;
    return operate_user(id, ops, (unsigned)n, t ? deadline_in(timespec_ns(t)) : DEADLINE_NEVER);
}

static long remove_set(struct set *s)
{
    s->ipc.holds++;
    ipc_remove(&sets, &s->ipc);
    all_semaphores -= s->count;
    wait_wake(&s->wait);
    release(s);
    return 0;
}

static long status(struct set *s, struct semid_ds *out, long result)
{
    if (!user_writable(out, sizeof(*out)))
        return -EFAULT;
    *out = (struct semid_ds){.sem_perm = s->ipc.perm,
                             .sem_otime = s->otime,
                             .sem_ctime = s->ctime,
                             .sem_nsems = (unsigned short)s->count};
    return result;
}

static long info(int command, struct seminfo *out)
{
    struct seminfo i = {.semmap = ALL_MAX,
                        .semmni = SETS_MAX,
                        .semmns = ALL_MAX,
                        .semmnu = ALL_MAX,
                        .semmsl = SET_MAX,
                        .semopm = OPS_MAX,
                        .semume = OPS_MAX,
                        .semusz = 20,
                        .semvmx = VALUE_MAX,
                        .semaem = UNDO_MAX};

    if (command == SEM_INFO) {
        i.semusz = (int)sets.used;
        i.semaem = (int)all_semaphores;
    }
    if (!user_writable(out, sizeof(i)))
        return -EFAULT;
    *out = i;
    return ipc_last(&sets);
}

static void put(struct set *s, size_t i, int value)
{
    s->sem[i].value = value;
    s->sem[i].pid = IPC_SELF;
    s->sem[i].undo = 0;
}

static long set_all(struct set *s, const unsigned short *values)
{
    if (!user_readable(values, s->count * sizeof(*values)))
        return -EFAULT;
    for (size_t i = 0; i < s->count; i++)
        if (values[i] > VALUE_MAX)
            return -ERANGE;
    for (size_t i = 0; i < s->count; i++)
        put(s, i, values[i]);
    s->ctime = ipc_now();
    wait_wake(&s->wait);
    return 0;
}

static long get_all(struct set *s, unsigned short *values)
{
    if (!user_writable(values, s->count * sizeof(*values)))
        return -EFAULT;
    for (size_t i = 0; i < s->count; i++)
        values[i] = (unsigned short)s->sem[i].value;
    return 0;
}

/* Commands on one semaphore. */
static long control_one(struct set *s, size_t number, int command, int value)
{
    struct semaphore *sem = &s->sem[number];

    switch (command) {
    case GETVAL:
        return sem->value;
    case GETPID:
        return sem->pid;
    case GETNCNT:
        return sem->more;
    case GETZCNT:
        return sem->zero;
    default: /* SETVAL */
        put(s, number, value);
        s->ctime = ipc_now();
        wait_wake(&s->wait);
        return 0;
    }
}

static long set_owner(struct set *s, const struct semid_ds *ds)
{
    ipc_set(&s->ipc, &ds->sem_perm);
    s->ctime = ipc_now();
    return 0;
}

static int may_control(const struct set *s, int command)
{
    if (command == IPC_SET || command == IPC_RMID)
        return ipc_as_owner(&s->ipc);
    return ipc_access(&s->ipc, command == SETVAL || command == SETALL ? MAY_WRITE : MAY_READ);
}

long pith_sys_semctl(long id, long number, long cmd, long arg)
{
    HOLD;
    int command = IPC_COMMAND(cmd);
    struct set *s;

    if ((int)id < 0)
        return -EINVAL;
    if (command == IPC_INFO || command == SEM_INFO)
        return info(command, (struct seminfo *)arg);
    if (command == SEM_STAT || command == SEM_STAT_ANY) {
        struct ipc *o = ipc_at(&sets, (int)id);
        return o ? status(container_of(o, struct set, ipc), (void *)arg, o->id) : -EINVAL;
    }
    bool one = command >= GETPID && command <= SETVAL && command != GETALL;
    if (!one && command != IPC_STAT && command != IPC_SET && command != IPC_RMID &&
        command != GETALL && command != SETALL)
        return -EINVAL;
    if (command == IPC_SET && !user_readable((void *)arg, sizeof(struct semid_ds)))
        return -EFAULT;
    if (command == SETVAL && ((int)arg < 0 || (int)arg > VALUE_MAX))
        return -ERANGE;
    int err = find((int)id, &s);
    if (!err)
        err = may_control(s, command);
    if (err)
        return err;
    if (one)
        return (size_t)(int)number >= s->count ? -EINVAL
                                               : control_one(s, (size_t)number, command, (int)arg);
    switch (command) {
    case IPC_RMID:
        return remove_set(s);
    case IPC_SET:
        return set_owner(s, (const struct semid_ds *)arg);
    case IPC_STAT:
        return status(s, (struct semid_ds *)arg, 0);
    case GETALL:
        return get_all(s, (unsigned short *)arg);
    default:
        return set_all(s, (const unsigned short *)arg);
    }
}
