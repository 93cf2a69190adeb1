/* SPDX-License-Identifier: MIT
 *
 * clone3(2), for threads. As on Linux, the new thread goes on behind the call, on its own stack and
 * with the registers that a call preserves: arch/x86_64/clone3.S has both ways out. Its callers are
 * written in assembly everywhere. */
#include <errno.h>
#include <string.h>

#include "arch/clone3.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "posix/clone.h"

#define SIZE_FIRST 64 /* CLONE_ARGS_SIZE_VER0 */
#define SIZE_GROUP 88 /* CLONE_ARGS_SIZE_VER2 */
#define LEVELS_MAX 32 /* of process id namespaces: numbers in set_tid */
#define SIGNAL_MAX 64

#define SIGNAL_BITS 0xfful        /* CSIGNAL; flags of clone3 have one of their own among them */
#define NEW_TIME    0x80ul        /* CLONE_NEWTIME */
#define CLEAR       0x100000000ul /* CLONE_CLEAR_SIGHAND */
#define INTO_GROUP  0x200000000ul /* CLONE_INTO_CGROUP */
#define FLAGS       (0xfffffffful | CLEAR | INTO_GROUP)

/* What has a meaning for a thread, or none here. */
#define KNOWN                                                                                      \
    (CLONE_SHARED | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |                      \
     CLONE_CHILD_CLEARTID | CLONE_IO | CLONE_PTRACE | CLONE_UNTRACED)

/* struct clone_args of linux/sched.h, whose older versions end earlier. */
struct args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};
_Static_assert(sizeof(struct args) == SIZE_GROUP, "linux/sched.h");

static void begin(void)
{
    struct cpu_clone *c = thread_self->start;

    hold_end(NULL);
    cpu_clone_return(c);
}

/* What is wrong with the arguments, in Linux's order: those of all versions of the structure. */
static int check_fields(const struct args *a, size_t size)
{
    if (a->set_tid_size > LEVELS_MAX || !a->set_tid != !a->set_tid_size)
        return -EINVAL;
    if (a->exit_signal > SIGNAL_MAX)
        return -EINVAL;
    if ((a->flags & INTO_GROUP) && (a->cgroup > INT32_MAX || size < SIZE_GROUP))
        return -EINVAL;
    return user_readable((void *)a->set_tid, a->set_tid_size * sizeof(int32_t)) ? 0 : -EFAULT;
}

/* The same of what goes with what. */
static int check_flags(const struct args *a)
{
    uint64_t f = a->flags;

    if ((f & ~FLAGS) || (f & (CLONE_DETACHED | (SIGNAL_BITS & ~NEW_TIME))))
        return -EINVAL;
    if ((f & CLONE_SIGHAND) && (f & CLEAR))
        return -EINVAL;
    if ((f & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
        return -EINVAL;
    if (!a->stack != !a->stack_size || !user_range((long)a->stack, a->stack_size))
        return -EINVAL;
    if ((f & CLONE_PIDFD) && (f & CLONE_PARENT_SETTID) && a->pidfd == a->parent_tid)
        return -EINVAL;
    if ((f & CLONE_FS) && (f & (CLONE_NEWNS | CLONE_NEWUSER)))
        return -EINVAL;
    if ((f & CLONE_THREAD) && (!(f & CLONE_SIGHAND) || (f & (CLONE_NEWPID | CLONE_NEWUSER))))
        return -EINVAL;
    return (f & CLONE_SIGHAND) && !(f & CLONE_VM) ? -EINVAL : 0;
}

/* For clone3.S: clone3(2) of a caller with registers (regs). */
long clone3(long args, long size, const struct cpu_clone *regs)
{
    HOLD;
    struct args a;
    size_t len = (size_t)size;

    if (len > PAGE_SIZE)
        return -E2BIG;
    if (len < SIZE_FIRST)
        return -EINVAL;
    int err = user_extended(&a, sizeof(a), (const void *)args, len);
    err = err ? err : check_fields(&a, len);
    err = err ? err : check_flags(&a);
    if (err)
        return err;
    if ((a.flags & CLONE_SHARED) != CLONE_SHARED || (a.flags & ~(uint64_t)KNOWN)) {
        clone_refuse((unsigned)a.flags, (const void *)regs->rip);
        return -ENOSYS;
    }
    /* Choosing its number takes a capability, and there are none. */
    if (a.set_tid)
        return -EPERM;
    /* Without a stack of its own it would run on the caller's. */
    if (!a.stack)
        return -EINVAL;
    /* The registers wait at the top of the new stack, which nobody uses before. */
    uintptr_t top = a.stack + a.stack_size;
    struct cpu_clone *c = (struct cpu_clone *)align_down(top - sizeof(*c), 16);
    if (a.stack_size < PAGE_SIZE / 2 || !user_writable(c, sizeof(*c)) ||
        !user_writable((char *)c - PAGE_SIZE / 4, PAGE_SIZE / 4))
        return -EFAULT;
    memcpy(c, regs, offsetof(struct cpu_clone, rsp));
    c->rsp = top;
    struct clone_where where = {.stack = c, .tls = (void *)a.tls};
    where.parent_tid = (int32_t *)a.parent_tid;
    where.child_tid = (int32_t *)a.child_tid;
    return clone_thread((unsigned)a.flags, &where, begin, c);
}
