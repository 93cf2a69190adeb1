/* SPDX-License-Identifier: MIT
 *
 * setuid and its kin. In Pith user and group belong to the whole program, as POSIX has it, so that,
 * other than on Linux, threads need not be stopped to change them all alike. */
#include <unistd.h>
#include "libc.h"
#include "syscall.h"

int __setxid(int nr, int id, int eid, int sid)
{
    switch (nr) {
    case SYS_setuid:
        return syscall(SYS_setuid, id);
    case SYS_setgid:
        return syscall(SYS_setgid, id);
    case SYS_setreuid:
        return syscall(SYS_setreuid, id, eid);
    case SYS_setregid:
        return syscall(SYS_setregid, id, eid);
    case SYS_setresuid:
        return syscall(SYS_setresuid, id, eid, sid);
    case SYS_setresgid:
        return syscall(SYS_setresgid, id, eid, sid);
    default:
        return __syscall_ret(-ENOSYS);
    }
}
