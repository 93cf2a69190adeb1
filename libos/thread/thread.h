/* SPDX-License-Identifier: MIT
 *
 * Threads. A program has one, thread_main, until it starts more (sched.c); thread_self is the one
 * that runs. */
#ifndef PITH_THREAD_H
#define PITH_THREAD_H

#include "base/list.h"
#include "iface/signal.h"
#include "iface/timer.h"

struct cpu_context;

struct thread {
    int tid;       /* 1 for thread_main */
    char name[16]; /* TASK_COMM_LEN */
    bool named;    /* (name) was set; else it is the program's */

    /* Scheduler: what the thread goes on with when it runs again. */
    uintptr_t sp;                /* stack pointer, with the registers of cpu_switch on it */
    void *tp;                    /* thread pointer (FS base), also while it runs */
    uint64_t gs_base;            /* likewise */
    uint32_t hold;               /* plat_hold */
    bool preempted;              /* interrupted while the program ran: the rest is in (context) */
    struct cpu_context *context; /* of the latest upcall in this thread */
    struct list ready;           /* in the run queue, or an empty list */
    struct list all;             /* of all threads */
    struct timer timer;          /* ends a sleep */
    const char *waits_for;       /* what it sleeps in (iface/wait.h), NULL while it does not */
    bool external, timed_out;    /* of that sleep */
    uint64_t cycles;             /* time stamp counter ticks it has run, until it was switched to */

    struct thread_signals signals; /* posix/signal.c */
    int policy, priority;          /* posix/sched.c */
    signed char nice;              /* posix/limits.c, */
    unsigned short io_priority;    /* likewise */
    struct creds *creds;           /* posix/creds.c; NULL: root's */
    uint64_t bounding_dropped;     /* prctl(2): capabilities that can never be had again, */
    unsigned secure_bits;          /* SECBIT_*, */
    bool no_new_privs;
    void *start;                   /* posix/clone.c: what it runs */
    int32_t *clear_tid;            /* posix/clone.c: set_tid_address */
    void *robust;                  /* posix/futex.c: set_robust_list */
    void *unmap;                   /* memory that goes with the thread: its stack, or NULL */
    size_t unmap_len;
};

extern struct thread thread_main, *thread_self;

/* For init/, before anything asks for threads. By code, as that is less of an image than the struct
 * with its values would be. */
static inline void thread_start(void)
{
    thread_main.tid = 1;
    list_init(&thread_main.ready);
    list_init(&thread_main.all);
}

/* How long the processor has slept since the start, because no thread had anything to do. */
extern uint64_t thread_idle;

/* Sets the calling thread's thread pointer. False: there can be none at (tp). Libc calls it, too.
 */
bool thread_set_pointer(void *tp);

/* For libc: the stack size of threads for which the program asks no other, in bytes, whole pages;
 * it depends on the machine's memory. */
size_t thread_stack_default(void);

/* For libc: the stack that thread_main runs on. Returns its size in bytes, and its lowest byte. */
size_t thread_boot_stack(char **low);

/* For libc: between the two the calling thread is in the library OS (iface/hold.h). */
void thread_hold(void);
void thread_release(void);

/* For libc: ends the calling thread, and then unmaps the (len) bytes at (base), its stack; NULL: it
 * stays. */
_Noreturn void thread_exit_unmap(void *base, size_t len);

#endif
