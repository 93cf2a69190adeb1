/* SPDX-License-Identifier: MIT
 *
 * setgroups: of the whole program, see unistd/setxid.c. musl's is the calling thread's. */
#define _GNU_SOURCE
#include <unistd.h>
#include "syscall.h"
#include "pith_libc.h"

int setgroups(size_t count, const gid_t list[])
{
    long err = __syscall(SYS_setgroups, count, list);

    if (!err)
        creds_spread();
    return __syscall_ret(err);
}
