/* SPDX-License-Identifier: MIT
 *
 * The system calls on the process, its threads and its one CPU. The process is 1, the first of
 * its group and its session, and has no parent. */
#include <asm/prctl.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/prctl.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/netdev.h"
#include "iface/plat.h"
#include "iface/wait.h"
#include "pith_calls.h"
#include "iface/user.h"
#include "posix/clone.h"
#include "thread/sched.h"

#define SELF 1

static bool is_self(long pid)
{
    return (int)pid == 0 || (int)pid == SELF;
}

static long give_word(long result, uint64_t value)
{
    if (!user_writable((void *)result, sizeof(value)))
        return -EFAULT;
    *(uint64_t *)result = value;
    return 0;
}

long pith_sys_exit_group(long status)
{
    if (process_ends) {
        HOLD;
        process_ends();
    }
    if (netdev_drain) {
        HOLD;
        netdev_drain();
    }
    plat_exit((int)(status & 0xff));
}

/* The last thread takes the process along. */
long pith_sys_exit(long status)
{
    HOLD;
    if (clone_exit)
        clone_exit((int)(status & 0xff));
    plat_exit((int)(status & 0xff));
}

long pith_sys_getpid(void)
{
    return SELF;
}

long pith_sys_gettid(void)
{
    return thread_self->tid;
}

long pith_sys_getppid(void)
{
    return 0;
}

long pith_sys_getpgrp(void)
{
    return SELF;
}

long pith_sys_getpgid(long pid)
{
    return is_self(pid) ? SELF : -ESRCH;
}

long pith_sys_getsid(long pid)
{
    return is_self(pid) ? SELF : -ESRCH;
}

/* The leader of a session cannot change groups, nor start another session. */
long pith_sys_setpgid(long pid, long pgid)
{
    HOLD;
    if ((int)pgid < 0 || ((int)pid < 0 && (int)pgid == 0))
        return -EINVAL;
    return is_self(pid) ? -EPERM : -ESRCH;
}

long pith_sys_setsid(void)
{
    HOLD;
    return -EPERM;
}

/* The address that the end of this thread clears and wakes. */
long pith_sys_set_tid_address(long address)
{
    HOLD;
    thread_self->clear_tid = (int32_t *)address;
    return thread_self->tid;
}

/* The list of locks to release when the thread dies. */
#define ROBUST_LIST_SIZE 24

long pith_sys_set_robust_list(long head, long size)
{
    HOLD;
    if (size != ROBUST_LIST_SIZE)
        return -EINVAL;
    thread_self->robust = (void *)head;
    return 0;
}

long pith_sys_get_robust_list(long pid, long head, long size)
{
    HOLD;
    const struct thread *t = thread_by_id(pid);

    if (!t)
        return -ESRCH;
    if (!user_writable((void *)size, sizeof(size_t)) || !user_writable((void *)head, sizeof(long)))
        return -EFAULT;
    *(size_t *)size = ROBUST_LIST_SIZE;
    *(void **)head = t->robust;
    return 0;
}

long pith_sys_arch_prctl(long code, long address)
{
    HOLD;
    switch (code) {
    case ARCH_SET_FS:
        return thread_set_pointer((void *)address) ? 0 : -EPERM;
    case ARCH_GET_FS:
        return give_word(address, (uintptr_t)thread_self->tp);
    case ARCH_SET_GS:
        if (!plat_set_gs_base((uint64_t)address))
            return -EPERM;
        thread_self->gs_base = (uint64_t)address;
        return 0;
    case ARCH_GET_GS:
        return give_word(address, thread_self->gs_base);
    default:
        return -EINVAL;
    }
}

/* What prctl keeps. */
static struct {
    int death_signal;
    bool no_new_privs;
    unsigned secure_bits;
    bool subreaper;
    bool not_dumpable;
    bool no_huge_pages;
    unsigned long timer_slack; /* 0: the default */
} attributes;

#define TIMER_SLACK_DEFAULT 50000ul

static void set_thread_name(struct thread *t, const char *name)
{
    memset(t->name, 0, sizeof(t->name));
    memcpy(t->name, name, strnlen(name, sizeof(t->name) - 1));
    t->named = true;
}

/* At first the last part of argv[0], as Linux names a thread after its program. */
static const char *thread_name(struct thread *t)
{
    if (!t->named && plat_info.argc > 0) {
        const char *slash = strrchr(plat_info.args, '/');
        set_thread_name(t, slash ? slash + 1 : plat_info.args);
    }
    return t->name;
}

/* SECBIT_*: each has a bit above it that locks it. What they say has no effect here. */
#define KEEP_CAPS    (1u << 4)
#define SECURE_BITS  0x555u
#define SECURE_LOCKS (SECURE_BITS << 1)

static long set_secure_bits(unsigned long bits)
{
    unsigned long locks = attributes.secure_bits & SECURE_LOCKS;

    if (bits & ~(unsigned long)(SECURE_BITS | SECURE_LOCKS) || locks & ~bits ||
        locks >> 1 & (attributes.secure_bits ^ bits))
        return -EPERM;
    attributes.secure_bits = (unsigned)bits;
    return 0;
}

/* PR_CAP_AMBIENT: of no capabilities, none can be raised. */
static long ambient(unsigned long what, long cap, bool more)
{
    bool valid = cap >= 0 && cap <= CAP_LAST_CAP;

    if (what == PR_CAP_AMBIENT_CLEAR_ALL)
        return cap || more ? -EINVAL : 0;
    if (more || !valid)
        return -EINVAL;
    if (what == PR_CAP_AMBIENT_RAISE)
        return -EPERM;
    return what == PR_CAP_AMBIENT_IS_SET || what == PR_CAP_AMBIENT_LOWER ? 0 : -EINVAL;
}

long pith_sys_prctl(long option, long arg, long arg3, long arg4, long arg5)
{
    HOLD;
    unsigned long value = (unsigned long)arg;

    switch ((int)option) {
    case PR_SET_NAME:
        if (user_string((const char *)arg, sizeof(thread_self->name) - 1) == -EFAULT)
            return -EFAULT;
        set_thread_name(thread_self, (const char *)arg);
        return 0;
    case PR_GET_NAME:
        if (!user_writable((void *)arg, sizeof(thread_self->name)))
            return -EFAULT;
        memcpy((void *)arg, thread_name(thread_self), sizeof(thread_self->name));
        return 0;
    case PR_SET_PDEATHSIG:
        if (value > 64)
            return -EINVAL;
        attributes.death_signal = (int)value;
        return 0;
    case PR_GET_PDEATHSIG:
        return user_give_int(arg, attributes.death_signal);
    case PR_SET_DUMPABLE:
        if (value > 1)
            return -EINVAL;
        attributes.not_dumpable = !value;
        return 0;
    case PR_GET_DUMPABLE:
        return !attributes.not_dumpable;
    case PR_SET_KEEPCAPS:
        if (value > 1)
            return -EINVAL;
        return set_secure_bits((attributes.secure_bits & ~KEEP_CAPS) | (value ? KEEP_CAPS : 0));
    case PR_GET_KEEPCAPS:
        return attributes.secure_bits / KEEP_CAPS & 1;
    case PR_GET_SECUREBITS:
        return attributes.secure_bits;
    case PR_SET_SECUREBITS:
        return cred_is_root() ? set_secure_bits(value) : -EPERM;
    case PR_SET_NO_NEW_PRIVS:
        if (value != 1 || arg3 || arg4 || arg5)
            return -EINVAL;
        attributes.no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return value || arg3 || arg4 || arg5 ? -EINVAL : attributes.no_new_privs;
    case PR_SET_CHILD_SUBREAPER:
        attributes.subreaper = value != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return user_give_int(arg, attributes.subreaper);
    case PR_SET_TIMERSLACK:
        attributes.timer_slack = arg > 0 ? value : 0;
        return 0;
    case PR_GET_TIMERSLACK:
        return (long)(attributes.timer_slack ? attributes.timer_slack : TIMER_SLACK_DEFAULT);
    case PR_GET_TSC: /* nobody takes the time stamp counter away */
        return user_give_int(arg, PR_TSC_ENABLE);
    case PR_SET_TSC:
        return (int)arg == PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_GET_TIMING:
        return PR_TIMING_STATISTICAL;
    case PR_SET_TIMING:
        return value == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case PR_GET_THP_DISABLE:
        return value || arg3 || arg4 || arg5 ? -EINVAL : attributes.no_huge_pages;
    case PR_SET_THP_DISABLE:
        if (arg3 || arg4 || arg5)
            return -EINVAL;
        attributes.no_huge_pages = value != 0;
        return 0;
    case PR_CAPBSET_READ:
        return value <= CAP_LAST_CAP ? 0 : -EINVAL;
    case PR_CAP_AMBIENT:
        return ambient(value, arg3, arg4 || arg5);
    case PR_GET_SECCOMP:
        return 0;
    default:
        return -EINVAL;
    }
}

/* Capabilities: none, as in a container that dropped them all. */
static long check_capability_header(struct __user_cap_header_struct *header)
{
    if (!user_readable(header, sizeof(header->version)))
        return -EFAULT;
    switch (header->version) {
    case _LINUX_CAPABILITY_VERSION_1:
        return _LINUX_CAPABILITY_U32S_1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        return _LINUX_CAPABILITY_U32S_3;
    default:
        return user_give_int((long)&header->version, _LINUX_CAPABILITY_VERSION_3) ?: -EINVAL;
    }
}

long pith_sys_capget(long header, long data)
{
    HOLD;
    struct __user_cap_header_struct *h = (struct __user_cap_header_struct *)header;
    long words = check_capability_header(h);

    /* Asking for the version alone is no error. */
    if (words < 0)
        return data || words == -EFAULT ? words : 0;
    if (!user_readable(h, sizeof(*h)))
        return -EFAULT;
    if (h->pid < 0)
        return -EINVAL;
    if (!is_self(h->pid))
        return -ESRCH;
    size_t len = (size_t)words * sizeof(struct __user_cap_data_struct);
    if (data && !user_writable((void *)data, len))
        return -EFAULT;
    if (data)
        memset((void *)data, 0, len);
    return 0;
}

long pith_sys_capset(long header, long data)
{
    HOLD;
    struct __user_cap_header_struct *h = (struct __user_cap_header_struct *)header;
    const struct __user_cap_data_struct *d = (const struct __user_cap_data_struct *)data;
    long words = check_capability_header(h);

    if (words < 0)
        return words;
    if (!user_readable(h, sizeof(*h)))
        return -EFAULT;
    if (!is_self(h->pid))
        return -EPERM;
    if (!user_readable(d, (size_t)words * sizeof(*d)))
        return -EFAULT;
    for (long i = 0; i < words; i++)
        if (d[i].effective || d[i].permitted || d[i].inheritable)
            return -EPERM;
    return 0;
}

/* One CPU runs all threads, so their memory is in order; what can be registered is remembered,
 * since Linux refuses the use of what was not. */
long pith_sys_membarrier(long command, long flags, long cpu)
{
    HOLD;
    const unsigned supported = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                               MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                               MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                               MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    static bool registered;

    (void)cpu;
    if (flags)
        return -EINVAL;
    switch ((int)command) {
    case MEMBARRIER_CMD_QUERY:
        return supported;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        registered = true;
        return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        return registered ? 0 : -EPERM;
    default:
        return -EINVAL;
    }
}
