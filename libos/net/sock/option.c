/* SPDX-License-Identifier: MIT
 *
 * The options of level SOL_SOCKET that mean the same for every family. Limits and rounding are
 * Linux's. */
#include <limits.h>
#include <string.h>
#include <sys/time.h>

#include "iface/cred.h"
#include "iface/socket.h"

#define BUFFER_MAX 4194304 /* net.core.wmem_max and rmem_max */
#define SNDBUF_MIN 4608
#define RCVBUF_MIN 2304

/* Names that musl's headers may lack. */
#ifndef SO_BUSY_POLL
#define SO_BUSY_POLL 46
#endif

/* Options that are one flag. 0: not one of them. */
static unsigned flag_of(int name)
{
    switch (name) {
    case SO_DEBUG:
        return SOCK_DEBUG;
    case SO_REUSEADDR:
        return SOCK_REUSEADDR;
    case SO_REUSEPORT:
        return SOCK_REUSEPORT;
    case SO_KEEPALIVE:
        return SOCK_KEEPALIVE;
    case SO_BROADCAST:
        return SOCK_BROADCAST;
    case SO_DONTROUTE:
        return SOCK_DONTROUTE;
    case SO_OOBINLINE:
        return SOCK_OOBINLINE;
    case SO_PASSCRED:
        return SOCK_PASSCRED;
    case SO_TIMESTAMP:
        return SOCK_TIMESTAMP;
    case SO_TIMESTAMPNS:
        return SOCK_TIMESTAMPNS;
    case SO_NO_CHECK:
        return SOCK_NO_CHECK;
    default:
        return 0;
    }
}

static bool is_inet(const struct socket *s)
{
    return s->domain == AF_INET || s->domain == AF_INET6;
}

static int set_flag(struct socket *s, unsigned flag, bool on)
{
    if (flag == SOCK_REUSEPORT && on && !is_inet(s))
        return -EOPNOTSUPP;
    if (flag == SOCK_PASSCRED && is_inet(s))
        return -EOPNOTSUPP;
    if (flag & SOCK_TIMES)
        s->options &= ~SOCK_TIMES;
    s->options = on ? s->options | flag : s->options & ~flag;
    return 0;
}

/* Twice what was asked for: Linux counts its own bookkeeping. (force): beyond the most, which only
 * root may. -EPERM. */
static int set_buffer(uint32_t *size, int value, bool force, uint32_t least)
{
    uint32_t want = (uint32_t)value < BUFFER_MAX ? (uint32_t)value : BUFFER_MAX;

    if (force && !cred_may(CAP_NET_ADMIN))
        return -EPERM;
    if (force)
        want = value < 0 ? 0 : value < INT_MAX / 2 ? (uint32_t)value : INT_MAX / 2;
    *size = want * 2 > least ? want * 2 : least;
    return 0;
}

static int set_timeout(nsec_t *timeo, const void *value, socklen_t len)
{
    struct timeval tv;
    nsec_t ns;

    if (len < sizeof(tv))
        return -EINVAL;
    memcpy(&tv, value, sizeof(tv));
    if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
        return -EDOM;
    if (tv.tv_sec < 0)
        *timeo = 0;
    else if ((tv.tv_sec == 0 && tv.tv_usec == 0) ||
             __builtin_mul_overflow(tv.tv_sec, NSEC_PER_SEC, &ns) ||
             __builtin_add_overflow(ns, tv.tv_usec * 1000, &ns))
        *timeo = DEADLINE_NEVER;
    else
        *timeo = ns;
    return 0;
}

static int set_linger(struct socket *s, const void *value, socklen_t len)
{
    if (len < sizeof(s->linger))
        return -EINVAL;
    memcpy(&s->linger, value, sizeof(s->linger));
    s->linger.l_onoff = s->linger.l_onoff != 0;
    return 0;
}

/* -ENOPROTOOPT: not one that is done here. */
static int set_common(struct socket *s, int name, int v, const void *value, socklen_t len)
{
    unsigned flag = flag_of(name);
    int err;

    if (flag)
        return set_flag(s, flag, v != 0);
    switch (name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        err = set_buffer(&s->sndbuf, v, name == SO_SNDBUFFORCE, SNDBUF_MIN);
        wait_wake(&s->wait);
        return err;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        return set_buffer(&s->rcvbuf, v, name == SO_RCVBUFFORCE, RCVBUF_MIN);
    case SO_RCVLOWAT:
        s->rcvlowat = v < 0 ? INT_MAX : v ? v : 1;
        return 0;
    case SO_RCVTIMEO:
        return set_timeout(&s->rcvtimeo, value, len);
    case SO_SNDTIMEO:
        return set_timeout(&s->sndtimeo, value, len);
    case SO_LINGER:
        return set_linger(s, value, len);
    case SO_PRIORITY:
        s->priority = v;
        return 0;
    case SO_MARK:
        s->mark = v;
        return 0;
    case SO_BSDCOMPAT:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int sock_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    int err = -ENOPROTOOPT, v;

    if (level == SOL_SOCKET && name != SO_BINDTODEVICE) {
        if (len < sizeof(v))
            return -EINVAL;
        memcpy(&v, value, sizeof(v));
        err = set_common(s, name, v, value, len);
        if (!err && s->ops->changed)
            s->ops->changed(s, name);
    }
    if (err != -ENOPROTOOPT)
        return err;
    if (s->ops->setopt)
        err = s->ops->setopt(s, level, name, value, len);
    else if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    /* Where there are no filters, none can be taken away. */
    return err == -ENOPROTOOPT && level == SOL_SOCKET && name == SO_DETACH_FILTER ? -ENOENT : err;
}

static int get_timeout(nsec_t timeo, void *value, socklen_t *len)
{
    struct timeval tv = {0};

    if (timeo != DEADLINE_NEVER)
        tv = (struct timeval){timeo / NSEC_PER_SEC, timeo % NSEC_PER_SEC / 1000};
    *len = (socklen_t)min_size(*len, sizeof(tv));
    memcpy(value, &tv, *len);
    return 0;
}

/* The options that are an int. False: not one of them. */
static bool get_int(struct socket *s, int name, int *v)
{
    unsigned flag = flag_of(name);

    if (flag) {
        *v = (s->options & flag) != 0;
        return true;
    }
    switch (name) {
    case SO_SNDBUF:
        *v = (int)s->sndbuf;
        return true;
    case SO_RCVBUF:
        *v = (int)s->rcvbuf;
        return true;
    case SO_ERROR:
        *v = -sock_error(s);
        return true;
    case SO_TYPE:
        *v = s->type;
        return true;
    case SO_DOMAIN:
        *v = s->domain;
        return true;
    case SO_PROTOCOL:
        *v = s->protocol;
        return true;
    case SO_ACCEPTCONN:
        *v = s->listening;
        return true;
    case SO_RCVLOWAT:
        *v = s->rcvlowat;
        return true;
    case SO_SNDLOWAT:
        *v = 1;
        return true;
    case SO_PRIORITY:
        *v = s->priority;
        return true;
    case SO_MARK:
        *v = s->mark;
        return true;
    case SO_BSDCOMPAT:
    case SO_BUSY_POLL:
        *v = 0;
        return true;
    default:
        return false;
    }
}

static int get_common(struct socket *s, int name, void *value, socklen_t *len)
{
    uint64_t cookie = s->inode.ino;
    int v;

    switch (name) {
    case SO_RCVTIMEO:
        return get_timeout(s->rcvtimeo, value, len);
    case SO_SNDTIMEO:
        return get_timeout(s->sndtimeo, value, len);
    case SO_LINGER:
        *len = (socklen_t)min_size(*len, sizeof(s->linger));
        memcpy(value, &s->linger, *len);
        return 0;
    case SO_COOKIE:
        if (*len < sizeof(cookie))
            return -EINVAL;
        *len = sizeof(cookie);
        memcpy(value, &cookie, sizeof(cookie));
        return 0;
    default:
        break;
    }
    if (!get_int(s, name, &v))
        return -ENOPROTOOPT;
    *len = (socklen_t)min_size(*len, sizeof(v));
    memcpy(value, &v, *len);
    return 0;
}

int sock_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    int err = level == SOL_SOCKET ? get_common(s, name, value, len) : -ENOPROTOOPT;

    if (err != -ENOPROTOOPT)
        return err;
    if (s->ops->getopt)
        return s->ops->getopt(s, level, name, value, len);
    return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}
