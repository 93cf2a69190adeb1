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
#include "posix/creds.h"
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

#define USER_ADDRESSES 0x7ffffffff000ul /* Linux's TASK_SIZE_MAX */

long pith_sys_arch_prctl(long code, long address)
{
    HOLD;
    if ((code == ARCH_SET_FS || code == ARCH_SET_GS) && (unsigned long)address >= USER_ADDRESSES)
        return -EPERM;
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
    case ARCH_GET_CPUID: /* nobody takes that instruction away */
        return 1;
    case ARCH_SET_CPUID:
        return -ENODEV;
    default:
        return -EINVAL;
    }
}

/* What prctl keeps. */
static struct {
    int death_signal;
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

static long set_secure_bits(unsigned long bits)
{
    unsigned long now = thread_self->secure_bits, locks = now & SECURE_LOCKS;

    if (bits & ~(unsigned long)(SECURE_BITS | SECURE_LOCKS) || locks & ~bits ||
        locks >> 1 & (now ^ bits))
        return -EPERM;
    thread_self->secure_bits = (unsigned)bits;
    return 0;
}

static long drop_from_bounding(unsigned long cap)
{
    if (!cred_may(CAP_SETPCAP))
        return -EPERM;
    if (cap > CAP_LAST_CAP)
        return -EINVAL;
    thread_self->bounding_dropped |= CAP_BIT(cap);
    return 0;
}

/* PR_CAP_AMBIENT: none can be raised that capset did not make inheritable. */
static long ambient(unsigned long what, long cap, bool more)
{
    if (what == PR_CAP_AMBIENT_CLEAR_ALL ? cap || more : more || cap < 0 || cap > CAP_LAST_CAP)
        return -EINVAL;
    if (what < PR_CAP_AMBIENT_IS_SET || what > PR_CAP_AMBIENT_CLEAR_ALL)
        return -EINVAL;
    if (creds_ambient)
        return creds_ambient(what, cap);
    return what == PR_CAP_AMBIENT_RAISE ? -EPERM : 0;
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
        return set_secure_bits((thread_self->secure_bits & ~SECURE_KEEP_CAPS) |
                               (value ? SECURE_KEEP_CAPS : 0));
    case PR_GET_KEEPCAPS:
        return thread_self->secure_bits / SECURE_KEEP_CAPS & 1;
    case PR_GET_SECUREBITS:
        return thread_self->secure_bits;
    case PR_SET_SECUREBITS:
        return cred_may(CAP_SETPCAP) ? set_secure_bits(value) : -EPERM;
    case PR_SET_NO_NEW_PRIVS:
        if (value != 1 || arg3 || arg4 || arg5)
            return -EINVAL;
        thread_self->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return value || arg3 || arg4 || arg5 ? -EINVAL : thread_self->no_new_privs;
    case PR_SET_CHILD_SUBREAPER:
        attributes.subreaper = value != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return user_give_int(arg, attributes.subreaper);
    case PR_SET_TIMERSLACK:
        attributes.timer_slack = value;
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
        if (value > CAP_LAST_CAP)
            return -EINVAL;
        return (CAPS_ALL & ~thread_self->bounding_dropped) >> value & 1;
    case PR_CAPBSET_DROP:
        return drop_from_bounding(value);
    case PR_CAP_AMBIENT:
        return ambient(value, arg3, arg4 || arg5);
    case PR_GET_SECCOMP:
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
        return 0;
    case PR_GET_TID_ADDRESS:
        return give_word(arg, (uintptr_t)thread_self->clear_tid);
    case PR_SET_MM:
        return cred_may(CAP_SYS_RESOURCE) ? -EINVAL : -EPERM;
    default:
        return -EINVAL;
    }
}

/* One CPU runs all threads, so their memory is in order; what can be registered is remembered,
 * since Linux refuses the use of what was not. */
long pith_sys_membarrier(long command, long flags, long cpu)
{
    HOLD;
    const unsigned supported = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                               MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                               MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                               MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                               MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
                               MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    static bool registered, registered_core;

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
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        registered_core = true;
        return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        return registered_core ? 0 : -EPERM;
    default:
        return -EINVAL;
    }
}
