/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues. They have a name space of their own. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/mqueue.h"
#include "posix/timespec.h"
#include "vfs/vector.h"

/* Linux's limits, for root, and what a queue has if nothing else is said. */
#define COUNT_MAX     65536
#define SIZE_MAXIMUM  (16l << 20)
#define BYTES_MAX     819200 /* RLIMIT_MSGQUEUE: of all queues, with OVERHEAD for each message */
#define OVERHEAD      96
#define PRIORITIES    32768
#define COUNT_DEFAULT 10
#define SIZE_DEFAULT  8192

struct message {
    struct list node; /* highest priority first, then oldest first */
    unsigned priority;
    size_t len;
    char text[];
};

static struct list names = LIST_INIT(names);
static long all_bytes;

static long bytes_of(const struct mq_attr *a)
{
    return a->mq_maxmsg * (a->mq_msgsize + OVERHEAD);
}

static void drop_if_unused(struct mqueue *q)
{
    if (q->files > 0 || !list_empty(&q->node))
        return;
    while (!list_empty(&q->messages)) {
        struct message *m = list_entry(q->messages.next, struct message, node);
        list_remove(&m->node);
        heap_free(m, sizeof(*m) + m->len);
    }
    all_bytes -= bytes_of(&q->attr);
    heap_free(q, sizeof(*q));
}

static int mq_poll(struct file *f, struct wait_queue **queue)
{
    struct mqueue *q = f->data;

    *queue = &q->wait;
    return (q->attr.mq_curmsgs > 0 ? POLLIN | POLLRDNORM : 0) |
           (q->attr.mq_curmsgs < q->attr.mq_maxmsg ? POLLOUT | POLLWRNORM : 0);
}

void mqueue_forget(struct mqueue *q)
{
    struct file *listener = q->listener;

    q->notify = NULL;
    q->listener = NULL;
    if (listener)
        file_put(listener);
}

static void mq_release(struct file *f)
{
    struct mqueue *q = f->data;

    mqueue_forget(q);
    q->files--;
    drop_if_unused(q);
    file_free(f);
}

/* Appends (label) and (n), to which spaces make it (width) wide. Returns the end. */
static char *field(char *at, const char *label, unsigned long n, int width)
{
    char digits[20];
    int len = 0;

    at = (char *)memcpy(at, label, strlen(label)) + strlen(label);
    do
        digits[len++] = (char)('0' + n % 10);
    while (n /= 10);
    for (width -= len; len > 0;)
        *at++ = digits[--len];
    while (width-- > 0)
        *at++ = ' ';
    return at;
}

/* What mq_overview(7) says that a queue's file says. */
static size_t describe(const struct mqueue *q, char line[static 128])
{
    bool signals = q->notify && q->event.sigev_notify == SIGEV_SIGNAL;
    size_t bytes = 0;

    list_for_each(at, &q->messages) bytes += list_entry(at, struct message, node)->len;
    char *end = field(line, "QSIZE:", bytes, 10);
    end = field(end, " NOTIFY:", q->notify ? (unsigned)q->event.sigev_notify : 0, 5);
    end = field(end, " SIGNO:", signals ? (unsigned)q->event.sigev_signo : 0, 5);
    end = field(end, " NOTIFY_PID:", q->notify != NULL, 6);
    *end++ = '\n';
    return (size_t)(end - line);
}

static ssize_t mq_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct vector v = {.iov = iov};
    char line[128];
    size_t len = describe(f->data, line), total = vector_total(iov, n);

    if (*pos >= len)
        return 0;
    total = min_size(total, len - *pos);
    vector_put(&v, line + *pos, total);
    *pos += total;
    return (ssize_t)total;
}

static const struct file_ops mq_ops = {.readv = mq_readv, .poll = mq_poll, .release = mq_release};

static struct file *file_of(long fd)
{
    struct file *f = file_get(fd);

    return f && f->ops == &mq_ops ? f : NULL;
}

struct mqueue *mqueue_get(long fd)
{
    struct file *f = file_of(fd);

    return f ? f->data : NULL;
}

static struct mqueue *find(const char *name, size_t len)
{
    list_for_each(at, &names)
    {
        struct mqueue *q = list_entry(at, struct mqueue, node);
        if (q->name_len == len && memcmp(q->name, name, len) == 0)
            return q;
    }
    return NULL;
}

/* The length of a queue's name, or what is wrong with it. */
static ssize_t check_name(const char *name)
{
    ssize_t len = user_string(name, PATH_MAX);

    if (len <= 0)
        return len == 0 ? -ENOENT : len;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    if (memchr(name, '/', (size_t)len) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EACCES;
    return len;
}

static int make(const char *name, size_t len, const struct mq_attr *attr, mode_t mode,
                struct mqueue **out)
{
    struct mq_attr a = {.mq_maxmsg = COUNT_DEFAULT, .mq_msgsize = SIZE_DEFAULT};

    if (attr) {
        a.mq_maxmsg = attr->mq_maxmsg;
        a.mq_msgsize = attr->mq_msgsize;
    }
    if (a.mq_maxmsg <= 0 || a.mq_msgsize <= 0 || a.mq_maxmsg > COUNT_MAX ||
        a.mq_msgsize > SIZE_MAXIMUM)
        return -EINVAL;
    if (all_bytes + bytes_of(&a) > BYTES_MAX)
        return -EMFILE;
    struct mqueue *q = heap_alloc(sizeof(*q));
    if (!q)
        return -ENOMEM;
    q->attr = a;
    q->mode = S_IFREG | (mode & 07777 & ~vfs_umask);
    struct cred own = cred_current();
    q->uid = own.fsuid;
    q->gid = own.fsgid;
    q->name_len = (unsigned char)len;
    memcpy(q->name, name, len);
    list_init(&q->messages);
    list_insert(&names, &q->node);
    all_bytes += bytes_of(&a);
    *out = q;
    return 0;
}

/* The queue that mq_open is to open. */
static int open_queue(const char *name, long flags, mode_t mode, const struct mq_attr *attr,
                      struct mqueue **out)
{
    ssize_t len = check_name(name);

    *out = NULL;
    if (len < 0)
        return (int)len;
    *out = find(name, (size_t)len);
    if (*out && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (*out && !cred_permits((*out)->uid, (*out)->gid, (*out)->mode, may_of_open((int)flags & 3)))
        return -EACCES;
    if (*out)
        return 0;
    return flags & O_CREAT ? make(name, (size_t)len, attr, mode, out) : -ENOENT;
}

long pith_sys_mq_open(long name, long flags, long mode, long attr)
{
    HOLD;
    const struct mq_attr *a = flags & O_CREAT ? (const struct mq_attr *)attr : NULL;
    struct mqueue *q;

    if (a && !user_readable(a, sizeof(*a)))
        return -EFAULT;
    int fd = fd_reserve();
    if (fd < 0)
        return fd;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    struct file *f = file_alloc((unsigned)flags & (O_ACCMODE | O_NONBLOCK));
    if (!f)
        return -ENOMEM;
    int err = open_queue((const char *)name, flags, (mode_t)mode, a, &q);
    if (err) {
        file_free(f);
        return err;
    }
    f->ops = &mq_ops;
    f->data = q;
    f->kind = FILE_SEEKABLE;
    f->mode = q->mode;
    q->files++;
    fd = fd_install(f, 0, true);
    if (fd < 0)
        file_put(f);
    return fd;
}

long pith_sys_mq_unlink(long name)
{
    HOLD;
    ssize_t len = check_name((const char *)name);

    if (len < 0)
        return len;
    struct mqueue *q = find((const char *)name, (size_t)len);
    if (!q)
        return -ENOENT;
    /* The folder that names are in is everybody's, with the sticky bit. */
    if (cred_current().fsuid != q->uid && !cred_may(CAP_FOWNER))
        return -EACCES;
    list_remove(&q->node);
    drop_if_unused(q);
    return 0;
}

/* The deadline of a call. -EFAULT, -EINVAL. */
static int deadline_of(const struct timespec *t, nsec_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (!t)
        return 0;
    if (!user_readable(t, sizeof(*t)))
        return -EFAULT;
    if (!timespec_valid(t))
        return -EINVAL;
    *deadline = deadline_at_wall(timespec_ns(t));
    return 0;
}

/* Waits until the queue of descriptor (fd), which (f) was, changes. 0: look again. */
static int wait_change(struct file *f, nsec_t deadline, bool receives)
{
    struct mqueue *q = f->data;

    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    file_hold(f);
    q->receivers += receives;
    int err = wait_sleep(&q->wait, deadline,
                         receives ? "mq_receive from an empty queue" : "mq_send to a full queue");
    q->receivers -= receives;
    file_put(f);
    return err == -EINTR && signal_restarts() ? 0 : err;
}

static void insert(struct mqueue *q, struct message *m)
{
    struct list *at = q->messages.prev;

    while (at != &q->messages && list_entry(at, struct message, node)->priority < m->priority)
        at = at->prev;
    list_insert(at->next, &m->node);
    q->attr.mq_curmsgs++;
    wait_wake(&q->wait);
    if (q->attr.mq_curmsgs == 1 && q->receivers == 0 && q->notify)
        q->notify(q);
}

static int send(long fd, const char *text, size_t len, unsigned priority, nsec_t deadline)
{
    for (;;) {
        struct file *f = file_of(fd);
        if (!f || !file_writes(f))
            return -EBADF;
        struct mqueue *q = f->data;
        if (len > (size_t)q->attr.mq_msgsize)
            return -EMSGSIZE;
        if (!user_readable(text, len))
            return -EFAULT;
        if (q->attr.mq_curmsgs < q->attr.mq_maxmsg) {
            struct message *m = heap_alloc(sizeof(*m) + len);
            if (!m)
                return -ENOMEM;
            m->priority = priority;
            m->len = len;
            memcpy(m->text, text, len);
            insert(q, m);
            return 0;
        }
        int err = wait_change(f, deadline, false);
        if (err)
            return err;
    }
}

long pith_sys_mq_timedsend(long fd, long text, long len, long priority, long timeout)
{
    HOLD;
    nsec_t deadline;
    int err = deadline_of((const struct timespec *)timeout, &deadline);

    if (err)
        return err;
    if ((unsigned)priority >= PRIORITIES)
        return -EINVAL;
    return send(fd, (const char *)text, (size_t)len, (unsigned)priority, deadline);
}

static long take(struct mqueue *q, char *text, unsigned *priority)
{
    struct message *m = list_entry(q->messages.next, struct message, node);
    size_t len = m->len;

    list_remove(&m->node);
    q->attr.mq_curmsgs--;
    wait_wake(&q->wait);
    bool good = user_writable(text, len) && (!priority || user_writable(priority, 4));
    if (good) {
        memcpy(text, m->text, len);
        if (priority)
            *priority = m->priority;
    }
    heap_free(m, sizeof(*m) + len);
    return good ? (long)len : -EFAULT;
}

long pith_sys_mq_timedreceive(long fd, long text, long len, long priority, long timeout)
{
    HOLD;
    nsec_t deadline;
    int err = deadline_of((const struct timespec *)timeout, &deadline);

    while (!err) {
        struct file *f = file_of(fd);
        if (!f || !file_reads(f))
            return -EBADF;
        struct mqueue *q = f->data;
        if ((size_t)len < (size_t)q->attr.mq_msgsize)
            return -EMSGSIZE;
        if (q->attr.mq_curmsgs > 0)
            return take(q, (char *)text, (unsigned *)priority);
        err = wait_change(f, deadline, true);
    }
    return err;
}

long pith_sys_mq_getsetattr(long fd, long new, long old)
{
    HOLD;
    const struct mq_attr *set = (const struct mq_attr *)new;
    struct mq_attr *get = (struct mq_attr *)old;

    if (set && !user_readable(set, sizeof(*set)))
        return -EFAULT;
    long flags = set ? set->mq_flags : 0;
    if (flags & ~(long)O_NONBLOCK)
        return -EINVAL;
    struct file *f = file_of(fd);
    if (!f)
        return -EBADF;
    struct mqueue *q = f->data;
    struct mq_attr was = q->attr;
    was.mq_flags = f->flags & O_NONBLOCK;
    if (set)
        f->flags = (f->flags & ~(unsigned)O_NONBLOCK) | (unsigned)flags;
    if (get && !user_writable(get, sizeof(*get)))
        return -EFAULT;
    if (get)
        *get = was;
    return 0;
}
