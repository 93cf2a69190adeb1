/* SPDX-License-Identifier: MIT
 *
 * setuid and its kin. User and group belong to the whole program, as POSIX has it; the calls are the
 * thread's, as on Linux, and what it has then is given to the others. */
#include <unistd.h>
#include "libc.h"
#include "syscall.h"
#include "pith_libc.h"

static long set(int nr, int id, int eid, int sid)
{
    switch (nr) {
    case SYS_setuid:
        return __syscall(SYS_setuid, id);
    case SYS_setgid:
        return __syscall(SYS_setgid, id);
    case SYS_setreuid:
        return __syscall(SYS_setreuid, id, eid);
    case SYS_setregid:
        return __syscall(SYS_setregid, id, eid);
    case SYS_setresuid:
        return __syscall(SYS_setresuid, id, eid, sid);
    case SYS_setresgid:
        return __syscall(SYS_setresgid, id, eid, sid);
    default:
        return -ENOSYS;
    }
}

int __setxid(int nr, int id, int eid, int sid)
{
    long err = set(nr, id, eid, sid);

    if (!err)
        creds_spread();
    return __syscall_ret(err);
}
