/* SPDX-License-Identifier: MIT
 *
 * clone3: threads that go on behind the call, and what is wrong with its arguments. */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/mman.h>

#include "pthreads.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

struct args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup, more;
};

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/* Starts a thread that calls fn(arg), without libc, and ends with it; returns its number. */
long start_thread(struct args *a, size_t size, void (*fn)(void *), void *arg);

__asm__("    .text\n"
        "    .globl start_thread\n"
        "start_thread:\n"
        "    push %rbx\n"
        "    push %rbp\n"
        "    sub $8, %rsp\n"
        "    mov %rdx, %rbx\n"
        "    mov %rcx, %rbp\n"
#ifdef __pith__
        "    call pith_sys_clone3\n"
#else
        "    mov $435, %eax\n"
        "    syscall\n"
#endif
        "    test %rax, %rax\n"
        "    jnz 1f\n"
        "    mov %rbp, %rdi\n"
        "    call *%rbx\n"
        "    xor %edi, %edi\n"
#ifdef __pith__
        "    call pith_sys_exit\n"
#else
        "    mov $60, %eax\n"
        "    syscall\n"
#endif
        "1:  add $8, %rsp\n"
        "    pop %rbp\n"
        "    pop %rbx\n"
        "    ret\n");

static struct {
    uintptr_t sp;
    uint64_t tls;
    int runs;
} seen;

static char stack[65536] __attribute__((aligned(64)));
static uint64_t tls[64];
static int parent_tid, child_tid;

__attribute__((no_stack_protector, noinline)) static void in_thread(void *arg)
{
    uintptr_t *sp = arg;

    *sp = (uintptr_t)__builtin_frame_address(0);
    __asm__("mov %%fs:0, %0" : "=r"(seen.tls));
    __atomic_store_n(&seen.runs, 1, __ATOMIC_SEQ_CST);
}

static struct args thread_args(void)
{
    return (struct args){.flags = THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                  CLONE_CHILD_CLEARTID,
                         .child_tid = (uintptr_t)&child_tid,
                         .parent_tid = (uintptr_t)&parent_tid,
                         .stack = (uintptr_t)stack,
                         .stack_size = sizeof(stack),
                         .tls = (uintptr_t)tls};
}

static void threads(void)
{
    struct args a = thread_args();

    for (size_t size = 64; size <= 88; size += 8) {
        memset(&seen, 0, sizeof(seen));
        child_tid = parent_tid = -1;
        tls[0] = (uintptr_t)tls;
        long tid = start_thread(&a, size, in_thread, &seen.sp);
        IS(tid > 0 && tid == parent_tid);
        for (int now; (now = __atomic_load_n(&child_tid, __ATOMIC_SEQ_CST)) != 0;)
            syscall(SYS_futex, &child_tid, FUTEX_WAIT, now, NULL, NULL, 0);
        IS(seen.runs == 1 && seen.tls == (uintptr_t)tls);
        IS(seen.sp > (uintptr_t)stack + sizeof(stack) - 256 &&
           seen.sp < (uintptr_t)stack + sizeof(stack));
    }
}

static long call(struct args a, size_t size)
{
    return syscall(SYS_clone3, &a, size);
}

#define WITH(field, value)                                                                         \
    ({                                                                                             \
        struct args a = thread_args();                                                             \
        a.field = (value);                                                                         \
        a;                                                                                         \
    })

static void arguments(void)
{
    const uint64_t flags = thread_args().flags;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    static const size_t sizes[] = {0, 63, 64, 4096, 4097};
    for (size_t i = 0; i < 5; i++)
        T(syscall(SYS_clone3, NULL, sizes[i]));
    T(syscall(SYS_clone3, page, 88));
    T(call(WITH(more, 1), 96));
    T(call(WITH(set_tid, 1), 80));
    T(call(WITH(set_tid_size, 1), 80));
    T(call(WITH(exit_signal, 17), 64));
    T(call(WITH(exit_signal, 65), 64));
    T(call(WITH(exit_signal, 256), 64));
    T(call(WITH(flags, flags & ~(uint64_t)CLONE_SIGHAND), 64));
    T(call(WITH(flags, flags & ~(uint64_t)CLONE_VM), 64));
    T(call(WITH(flags, flags | 1), 64));
    T(call(WITH(flags, flags | CLONE_DETACHED), 64));
    T(call(WITH(flags, flags | 1ull << 32), 64));
    T(call(WITH(flags, flags | 1ull << 33), 64));
    T(call(WITH(flags, flags | 1ull << 40), 64));
    T(call(WITH(flags, flags | CLONE_NEWNS), 64));
    T(call(WITH(flags, flags | CLONE_NEWUSER), 64));
    T(call(WITH(stack, 0), 64));
    T(call(WITH(stack_size, 0), 64));
    T(call(WITH(stack_size, ~0ull), 64));
    T(call(WITH(stack, 1ull << 63), 64));
    struct args a = thread_args();
    a.set_tid = (uintptr_t)page;
    a.set_tid_size = 1;
    T(call(a, 80));
    a.set_tid_size = 33;
    T(call(a, 80));
    a = thread_args();
    a.flags |= CLONE_PIDFD;
    a.pidfd = a.parent_tid;
    T(call(a, 64));
}

int main(void)
{
    threads();
    arguments();
    return 0;
}
