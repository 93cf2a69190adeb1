/* SPDX-License-Identifier: MIT
 *
 * Starts a thread by the system call clone. The service cannot return twice as the kernel's does,
 * so its last argument, which Linux does not use, says what the new thread calls on its stack. */
#include <stdarg.h>
#include "pthread_impl.h"

/* What pith_sys_clone's sixth argument points to. It is at the top of the new stack, so it lives as
 * long as the thread: the thread calls (func)(arg) and exits with what that returns. */
struct clone_start {
    int (*func)(void *);
    void *arg;
};

int __clone(int (*func)(void *), void *stack, int flags, void *arg, ...)
{
    va_list ap;
    struct clone_start *start;

    va_start(ap, arg);
    pid_t *parent_tid = va_arg(ap, pid_t *);
    void *tls = va_arg(ap, void *);
    pid_t *child_tid = va_arg(ap, pid_t *);
    va_end(ap);

    start = (struct clone_start *)((uintptr_t)stack & -16ul) - 1;
    start->func = func;
    start->arg = arg;
    return __syscall(SYS_clone, flags, start, parent_tid, child_tid, tls, start);
}
