/* SPDX-License-Identifier: MIT
 *
 * Who the program is. Implemented by posix/ids.c, and weak: without it nothing has changed the ids,
 * and all of them are root's. */
#ifndef PITH_IFACE_CRED_H
#define PITH_IFACE_CRED_H

#include <sys/types.h>

struct cred {
    uid_t uid, euid, suid;
    gid_t gid, egid, sgid;
};

__attribute__((weak, visibility("hidden"))) void cred_get(struct cred *c);

static inline struct cred cred_current(void)
{
    struct cred c = {0};

    if (cred_get)
        cred_get(&c);
    return c;
}

#endif
