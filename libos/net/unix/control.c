/* SPDX-License-Identifier: MIT
 *
 * Control messages: files and credentials that go with a message (unix(7), cmsg(3)). */
#include <string.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "unix/internal.h"
#include "vfs/fd.h"

/* struct cmsghdr as Linux has it; libc's has padding in place of the upper half of the length. */
struct header {
    size_t len; /* with the header */
    int level, type;
};

#define OWN_PID 1
#define NOBODY  65534 /* the overflow id, for messages without credentials */

static size_t files_bytes(unsigned room)
{
    return sizeof(struct ufiles) + room * sizeof(struct file *);
}

/* Adds the (n) descriptors at (fds) to the files of (c). (most) is the number that all control
 * messages together may have. */
static int add_files(struct control *c, const int *fds, size_t n, size_t most)
{
    static size_t enough = 64;
    struct ufiles *files = c->files;

    if (n > FILES_MAX || (files && n > FILES_MAX - files->count))
        return -EINVAL;
    if (n == 0)
        return 0;
    if (!files) {
        unsigned room = (unsigned)min_size(most, FILES_MAX);
        c->files = files = heap_alloc(files_bytes(room));
        if (!files)
            return -ENOMEM;
        files->room = room;
    }
    for (size_t i = 0; i < n; i++) {
        struct file *f = fd_get(fds[i]);
        if (!f)
            return -EBADF;
        if (flight_count >= fd_limit())
            return -ETOOMANYREFS;
        file_hold(f);
        flight_begin(f);
        files->files[files->count++] = f;
    }
    if (flight_count > enough) {
        flight_collect();
        enough = max_size(2 * flight_count, 64);
    }
    return 0;
}

static bool owns(uid_t id, uid_t real, uid_t effective, uid_t saved)
{
    return id == real || id == effective || id == saved;
}

/* The program may say that it is itself, and with root's capabilities that it is any user. */
static int set_cred(struct control *c, const struct ucred *cred)
{
    struct cred own = cred_current();

    if ((cred->pid != OWN_PID && !cred_may(CAP_SYS_ADMIN)) ||
        (!owns(cred->uid, own.uid, own.euid, own.suid) && !cred_may(CAP_SETUID)) ||
        (!owns(cred->gid, own.gid, own.egid, own.sgid) && !cred_may(CAP_SETGID)))
        return -EPERM;
    if (cred->pid != OWN_PID)
        return -ESRCH;
    if (cred->uid == (uid_t)-1 || cred->gid == (gid_t)-1)
        return -EINVAL;
    c->cred = *cred;
    c->has_cred = true;
    return 0;
}

/* One control message of level SOL_SOCKET with (len) bytes at (data). */
static int read_one(struct control *c, int type, const char *data, size_t len, size_t most)
{
    struct ucred cred;

    switch (type) {
    case SCM_RIGHTS:
        return add_files(c, (const int *)data, len / sizeof(int), most);
    case SCM_CREDENTIALS:
        if (len != sizeof(cred))
            return -EINVAL;
        memcpy(&cred, data, sizeof(cred));
        return set_cred(c, &cred);
    default:
        return -EINVAL;
    }
}

int control_read(struct control *c, const void *control, size_t len)
{
    const char *at = control;
    size_t left = len;
    int err = 0;

    *c = (struct control){0};
    while (!err && left >= sizeof(struct header)) {
        struct header h;
        memcpy(&h, at, sizeof(h));
        if (h.len < sizeof(h) || h.len > left) {
            err = -EINVAL;
            break;
        }
        if (h.level == SOL_SOCKET)
            err = read_one(c, h.type, at + sizeof(h), h.len - sizeof(h), len / sizeof(int));
        size_t step = min_size(align_up(h.len, sizeof(size_t)), left);
        at += step;
        left -= step;
    }
    if (err)
        control_end(c);
    return err;
}

void control_end(struct control *c)
{
    if (c->files)
        files_drop(c->files);
    c->files = NULL;
}

struct ucred control_cred(const struct control *c, const struct usock *from, const struct usock *to)
{
    if (c->has_cred)
        return c->cred;
    if (!((from->sock.options | to->sock.options) & SOCK_PASSCRED))
        return (struct ucred){0, NOBODY, NOBODY};
    struct cred own = cred_current();
    return (struct ucred){OWN_PID, own.uid, own.gid};
}

struct ucred own_cred(void)
{
    struct cred own = cred_current();

    return (struct ucred){OWN_PID, own.euid, own.egid};
}

/* Makes descriptors of as many of (files) as the program has room for. */
static void write_files(struct sock_msg *m, const struct ufiles *files)
{
    int fds[FILES_MAX];
    size_t room = m->control_len - m->control_used, n = 0;

    room = room > CMSG_LEN(0) ? (room - CMSG_LEN(0)) / sizeof(int) : 0;
    for (; n < min_size(room, files->count); n++) {
        struct file *f = files->files[n];
        file_hold(f);
        fds[n] = fd_install(f, 0, m->flags & MSG_CMSG_CLOEXEC);
        if (fds[n] < 0) {
            file_put(f);
            break;
        }
    }
    if (n > 0)
        sock_put_control(m, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int));
    if (n < files->count)
        m->result |= MSG_CTRUNC;
}

void control_write(const struct usock *u, struct sock_msg *m, const struct ucred *cred,
                   const struct ufiles *files)
{
    bool wants_cred = u->sock.options & SOCK_PASSCRED;

    if (!m->control) {
        if (wants_cred || files)
            m->result |= MSG_CTRUNC;
        return;
    }
    if (wants_cred)
        sock_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, cred, sizeof(*cred));
    if (files)
        write_files(m, files);
}

void files_drop(struct ufiles *files)
{
    static struct ufiles *waiting;
    static bool dropping;

    files->next = waiting;
    waiting = files;
    if (dropping)
        return;
    dropping = true;
    while ((files = waiting)) {
        waiting = files->next;
        for (unsigned i = 0; i < files->count; i++) {
            flight_end(files->files[i]);
            file_put(files->files[i]);
        }
        heap_free(files, files_bytes(files->room));
    }
    dropping = false;
}
