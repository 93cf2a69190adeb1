/* SPDX-License-Identifier: MIT
 *
 * The program's side of a message: its buffers and control messages. Pointers are checked when they
 * are used, since the memory may change while a call sleeps. */
#include <string.h>
#include <sys/time.h>

#include "iface/socket.h"
#include "iface/user.h"

char *sock_next_part(struct sock_msg *m, size_t *n, bool write)
{
    const struct iovec *iov = &m->iov[m->at];

    while (m->off == iov->iov_len) {
        iov = &m->iov[++m->at];
        m->off = 0;
    }
    char *p = (char *)iov->iov_base + m->off;
    *n = min_size(*n, iov->iov_len - m->off);
    if (!m->trusted && (write ? !user_writable(p, *n) : !user_readable(p, *n)))
        return NULL;
    m->off += *n;
    return p;
}

int sock_copy_in(struct sock_msg *m, void *to, size_t n)
{
    for (size_t len; n > 0; n -= len, to = (char *)to + len) {
        len = n;
        const char *p = sock_next_part(m, &len, false);
        if (!p)
            return -EFAULT;
        memcpy(to, p, len);
    }
    return 0;
}

int sock_copy_out(struct sock_msg *m, const void *from, size_t n)
{
    for (size_t len; n > 0; n -= len, from = (const char *)from + len) {
        len = n;
        char *p = sock_next_part(m, &len, true);
        if (!p)
            return -EFAULT;
        memcpy(p, from, len);
    }
    return 0;
}

void sock_put_control(struct sock_msg *m, int level, int type, const void *data, size_t len)
{
    struct cmsghdr head = {.cmsg_level = level, .cmsg_type = type};
    size_t room = m->control_len - m->control_used;
    char *to = (char *)m->control + m->control_used;

    if (room < CMSG_LEN(len))
        m->result |= MSG_CTRUNC;
    size_t used = min_size(room, CMSG_LEN(len));
    if (used < sizeof(head) || !user_writable(to, min_size(room, CMSG_SPACE(len)))) {
        m->result |= MSG_CTRUNC;
        return;
    }
    head.cmsg_len = (socklen_t)used;
    memcpy(to, &head, sizeof(head));
    memcpy(to + CMSG_LEN(0), data, used - CMSG_LEN(0));
    m->control_used += min_size(room, CMSG_SPACE(len));
}

void sock_put_time(const struct socket *s, struct sock_msg *m, nsec_t when)
{
    if (!(s->options & SOCK_TIMES) || !m->control)
        return;
    if (when == 0)
        when = clock_wall();
    if (s->options & SOCK_TIMESTAMP) {
        struct timeval tv = {when / NSEC_PER_SEC, when % NSEC_PER_SEC / 1000};
        sock_put_control(m, SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv));
    } else {
        struct timespec t = {when / NSEC_PER_SEC, when % NSEC_PER_SEC};
        sock_put_control(m, SOL_SOCKET, SO_TIMESTAMPNS, &t, sizeof(t));
    }
}
