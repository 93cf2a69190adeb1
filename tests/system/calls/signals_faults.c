/* SPDX-License-Identifier: MIT
 *
 * Faults of the program as signals: number, code and address; going on by changing the context, by
 * repairing what was wrong, and by leaving; in several threads at once; on an alternate stack.
 *
 * not on qemu: its emulation raises no floating-point exceptions */
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "pthreads.h"

static __thread sigjmp_buf jump;
static __thread siginfo_t seen;

static void leave(int sig, siginfo_t *info, void *context)
{
    (void)context;
    seen = *info;
    siglongjmp(jump, sig);
}

static void handle(int sig, void (*f)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = {.sa_flags = flags | SA_SIGINFO, .sa_sigaction = f};

    need(sigaction(sig, &sa, NULL) == 0, "sigaction");
}

static const char *code_name(int sig, int code)
{
    static const struct {
        int sig, code;
        const char *name;
    } names[] = {{SIGSEGV, SEGV_MAPERR, "not mapped"},    {SIGSEGV, SEGV_ACCERR, "not allowed"},
                 {SIGSEGV, SI_KERNEL, "general"},         {SIGBUS, BUS_ADRERR, "beyond the end"},
                 {SIGFPE, FPE_INTDIV, "division"},        {SIGFPE, FPE_FLTDIV, "float division"},
                 {SIGFPE, FPE_FLTINV, "float invalid"},   {SIGFPE, FPE_FLTOVF, "float overflow"},
                 {SIGFPE, FPE_FLTUND, "float underflow"}, {SIGFPE, FPE_FLTRES, "float inexact"},
                 {SIGILL, ILL_ILLOPN, "operand"},         {SIGTRAP, SI_KERNEL, "breakpoint"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].sig == sig && names[i].code == code)
            return names[i].name;
    return "?";
}

/* Does (what) and prints what signal came; (addr): where it should say it was, if not NULL. */
#define FAULT(what, addr)                                                                          \
    do {                                                                                           \
        void *expected = (addr);                                                                   \
        int sig = sigsetjmp(jump, 1);                                                              \
        if (sig == 0) {                                                                            \
            what;                                                                                  \
            puts(#what ": no fault");                                                              \
        } else {                                                                                   \
            printf("%s: %s, %s%s\n", #what, strsignal(sig), code_name(sig, seen.si_code),          \
                   !expected || seen.si_addr == expected ? "" : ", elsewhere");                    \
        }                                                                                          \
    } while (0)

static volatile int zero, one = 1, sink;
static volatile double fzero, fone = 1, fsink;

static void call(void *f)
{
    ((void (*)(void))f)();
}

static void kinds(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const int constant = 5;

    puts("- kinds");
    need(page != MAP_FAILED && none != MAP_FAILED, "mmap");
    FAULT(*(volatile int *)8 = 1, (void *)8);
    FAULT(sink = *(volatile int *)0, NULL);
    FAULT(*(volatile char *)&constant = 1, (void *)&constant);
    mprotect(page, 4096, PROT_READ);
    FAULT(page[100] = 1, page + 100);
    FAULT(sink = page[100], NULL);
    FAULT(none[7] = 1, none + 7);
    FAULT(sink = *(volatile char *)(none + 8), none + 8);
    munmap(page, 4096);
    FAULT(page[200] = 1, page + 200);
    FAULT(sink = one / zero, NULL);
    FAULT(sink = (-2147483647 - one) / (zero - one), NULL);
    FAULT(__asm__ volatile("ud2"), NULL);
    FAULT(__asm__ volatile("int3"), NULL);
    FAULT(__asm__ volatile("hlt"), NULL);
    FAULT(call(NULL), NULL);
    FAULT(call((void *)8), (void *)8);
    FAULT(call(none), none);
    /* Not canonical: no page fault, no address. */
    FAULT(*(volatile int *)0x8000000000000000 = 1, NULL);
    feclearexcept(FE_ALL_EXCEPT);
    unsigned mxcsr = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mxcsr & ~0x200u); /* division by zero traps */
    FAULT(fsink = fone / fzero, NULL);
    __builtin_ia32_ldmxcsr(mxcsr & ~0x80u);
    FAULT(fsink = fzero / fzero, NULL);
    __builtin_ia32_ldmxcsr(mxcsr & ~0x400u);
    FAULT(fsink = 1e308 * (fone + 9), NULL);
    __builtin_ia32_ldmxcsr(mxcsr);
    FAULT(fsink = fone / fzero, NULL);
    munmap(page + 4096, 4096);
}

/* Repairs: the instruction runs again. */
static char *guarded;

static void repair(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

static void repairing(void)
{
    int sum = 0;

    puts("- repairing");
    guarded = mmap(NULL, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(guarded != MAP_FAILED, "mmap");
    handle(SIGSEGV, repair, 0);
    for (int i = 0; i < 16; i++)
        guarded[i * 4096 + i] = (char)i;
    for (int i = 0; i < 16; i++)
        sum += guarded[i * 4096 + i];
    T(sum);
    munmap(guarded, 16 * 4096);
}

/* Changes the context: registers, and where it goes on. */
static void change(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    (void)info;
    u->uc_mcontext.gregs[REG_RBX] = sig == SIGILL ? 42 : 43;
    u->uc_mcontext.gregs[REG_RIP] += 2; /* behind ud2, or div %ecx */
}

static int over_ud2(void)
{
    int result;

    __asm__ volatile("movl $1, %%ebx; ud2; movl %%ebx, %0" : "=r"(result) : : "rbx", "memory");
    return result;
}

static int over_division(void)
{
    int result;

    __asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; movl $1, %%eax; divl %%ecx;"
                     "movl %%ebx, %0"
                     : "=r"(result)
                     :
                     : "rax", "rbx", "rcx", "rdx", "memory");
    return result;
}

/* Registers and the floating point state are those from before. */
static bool state_kept(void)
{
    double d[4] = {1.5, 2.5, 3.5, 4.5};
    uint64_t r12, r13;

    __asm__ volatile("movsd %2, %%xmm6; movsd %3, %%xmm7; movq $0x1234, %%r12; movq $0x5678, %%r13;"
                     "stc; ud2;"
                     "setc %%al; movzbl %%al, %%eax; movsd %%xmm6, %2; movsd %%xmm7, %3;"
                     "movq %%r12, %0; movq %%r13, %1"
                     : "=&r"(r12), "=&r"(r13), "+m"(d[0]), "+m"(d[1])
                     :
                     : "rax", "rbx", "r12", "r13", "xmm6", "xmm7", "cc", "memory");
    return r12 == 0x1234 && r13 == 0x5678 && d[0] == 1.5 && d[1] == 2.5;
}

static void spoil(int sig, siginfo_t *info, void *context)
{
    double x = sig;

    for (int i = 0; i < 20; i++)
        x = x * 1.01 + i;
    fsink = x;
    __asm__ volatile("pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7; xorl %%r12d, %%r12d"
                     :
                     :
                     : "xmm6", "xmm7", "r12");
    change(sig, info, context);
}

static void contexts(void)
{
    puts("- contexts");
    handle(SIGILL, change, 0);
    handle(SIGFPE, change, 0);
    T(over_ud2());
    T(over_division());
    handle(SIGILL, spoil, 0);
    IS(state_kept());
}

static void *faulting(void *arg)
{
    long caught = 0;

    for (int i = 0; i < 200; i++) {
        int sig = sigsetjmp(jump, 1);
        if (sig == 0)
            *(volatile long *)(16 * (long)arg) = 1;
        caught += sig == SIGSEGV && seen.si_addr == (void *)(16 * (long)arg);
        if (i % 20 == 0)
            sched_yield();
    }
    return (void *)caught;
}

static void in_threads(void)
{
    pthread_t t[4];
    long sum = 0;

    puts("- in threads");
    handle(SIGSEGV, leave, 0);
    for (long i = 0; i < 4; i++)
        t[i] = start(faulting, (void *)(i + 1));
    for (int i = 0; i < 4; i++)
        sum += (long)join(t[i]);
    T(sum);
}

/* Off the end of a stack: the guard page faults, and a handler elsewhere can tell. */
static int overflow(int depth)
{
    volatile char room[512];

    room[0] = (char)depth;
    return depth > 100000000 ? room[0] : overflow(depth + 1) + room[0];
}

static void *overrun(void *arg)
{
    static __thread char alternate[32768];
    stack_t ss = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    pthread_attr_t a;
    void *base;
    size_t size;

    need(sigaltstack(&ss, NULL) == 0, "sigaltstack");
    need_ok(pthread_getattr_np(pthread_self(), &a), "getattr");
    pthread_attr_getstack(&a, &base, &size);
    int sig = sigsetjmp(jump, 1);
    if (sig == 0)
        overflow(0);
    uintptr_t at = (uintptr_t)seen.si_addr;
    return (void *)(long)(sig == SIGSEGV && at < (uintptr_t)base && at >= (uintptr_t)base - 16384 &&
                          arg);
}

static void stacks(void)
{
    puts("- stack overflow");
    handle(SIGSEGV, leave, SA_ONSTACK);
    for (int i = 0; i < 3; i++)
        IS(join(start(overrun, &zero)) != NULL);
}

int main(void)
{
    handle(SIGSEGV, leave, 0);
    handle(SIGBUS, leave, 0);
    handle(SIGFPE, leave, 0);
    handle(SIGILL, leave, 0);
    handle(SIGTRAP, leave, 0);
    kinds();
    repairing();
    contexts();
    in_threads();
    stacks();
    return 0;
}
