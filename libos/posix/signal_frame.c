/* SPDX-License-Identifier: MIT
 *
 * Signals that interrupt the program while it computes, and those that its own faults raise. As
 * Linux does, all registers go to the handler's stack in a ucontext; when the handler returns they
 * come back from there, as the handler has left them. */
#include <string.h>
#include <ucontext.h>

#include "arch/context.h"
#include "base/log.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "mm/page.h"
#include "posix/signal.h"

#define RED_ZONE 128

#define FLAGS_USER    0x244dd5u /* CF PF AF ZF SF TF DF OF AC ID: what a handler may change */
#define FLAGS_HANDLER 0x050500u /* TF DF RF AC: clear when a handler starts */

/* Of the legacy region of the XSAVE area, and of its header (Intel SDM volume 1, 13.4). */
#define XSAVE_MXCSR      24
#define XSAVE_MXCSR_MASK 28
#define XSAVE_HEADER     512
#define MXCSR_DEFAULT    0x1f80u

/* Exceptions by vector. */
enum { DIVIDE = 0, DEBUG = 1, BREAKPOINT = 3, OPCODE = 6, PAGE = 14 };
enum { X87 = 16, ALIGNMENT = 17, SIMD = 19 };

/* On the handler's stack, from its stack pointer on; the extended state follows, aligned to 64
 * bytes. */
struct signal_frame {
    ucontext_t context;
    siginfo_t info;
};

_Noreturn void signal_return_frame(struct signal_frame *f);

/* The stack pointer that a handler of (action) starts from. */
static uintptr_t handler_stack(const struct cpu_context *c, const struct signal_action *action)
{
    const stack_t *alt = &thread_self->signals.alt;

    if ((action->flags & SA_ONSTACK) && alt->ss_size > 0 && !signal_on_alt(c->rsp))
        return (uintptr_t)alt->ss_sp + alt->ss_size;
    return c->rsp - RED_ZONE;
}

static void save(ucontext_t *u, const struct cpu_context *c, uint64_t mask, void *xsave)
{
    greg_t *g = u->uc_mcontext.gregs;

    memset(u, 0, sizeof(*u));
    u->uc_stack = thread_self->signals.alt;
    if (signal_on_alt(c->rsp))
        u->uc_stack.ss_flags |= SS_ONSTACK;
    else if (u->uc_stack.ss_size == 0)
        u->uc_stack.ss_flags |= SS_DISABLE;
    memcpy(g, &c->r8, (REG_RCX + 1) * sizeof(*g));
    g[REG_RSP] = (greg_t)c->rsp;
    g[REG_RIP] = (greg_t)c->rip;
    g[REG_EFL] = (greg_t)c->rflags;
    g[REG_CSGSFS] = (greg_t)(c->cs | c->ss << 48);
    g[REG_ERR] = (greg_t)c->error;
    g[REG_TRAPNO] = (greg_t)c->vector;
    g[REG_CR2] = (greg_t)c->addr;
    g[REG_OLDMASK] = (greg_t)mask;
    memcpy(&u->uc_sigmask, &mask, sizeof(mask));
    u->uc_mcontext.fpregs = xsave;
    memcpy(xsave, c->xsave, cpu_xsave_len());
}

/* Makes (c) go on in the handler of (action) for (info). */
static void push(struct cpu_context *c, const siginfo_t *info, const struct signal_action *action)
{
    struct thread_signals *s = &thread_self->signals;
    uint64_t after = s->suspended ? s->saved_mask : s->blocked;
    uintptr_t top = handler_stack(c, action);
    uintptr_t xsave = (top - cpu_xsave_len()) & ~(uintptr_t)63;
    struct signal_frame *f =
        (struct signal_frame *)((xsave - sizeof(struct signal_frame)) & ~(uintptr_t)15);

    if ((uintptr_t)f > top || !user_writable(f, top - (uintptr_t)f)) {
        log_line("no room on the stack at 0x%lx for the handler of signal %d", (long)c->rsp,
                 info->si_signo);
        signal_default_action(SIGSEGV);
    }
    save(&f->context, c, after, (void *)xsave);
    f->info = *info;
    if (top != c->rsp - RED_ZONE && ((unsigned)s->alt.ss_flags & SIGNAL_AUTODISARM))
        s->alt = (stack_t){0};
    s->suspended = false;
    signal_set_mask(signal_handler_mask(info->si_signo, action));
    c->rip = (uintptr_t)cpu_call_handler;
    c->rsp = (uintptr_t)f;
    c->rax = (uintptr_t)action->handler;
    c->rdi = (uint64_t)info->si_signo;
    c->rsi = (uintptr_t)&f->info;
    c->rdx = (uintptr_t)&f->context;
    c->rbp = 0;
    c->rflags &= ~(uint64_t)FLAGS_HANDLER;
    /* All extended state as a program finds it at its start. */
    memset(c->xsave + XSAVE_HEADER, 0, 64);
    memcpy(c->xsave + XSAVE_MXCSR, &(uint32_t){MXCSR_DEFAULT}, sizeof(uint32_t));
}

void signal_enter(struct cpu_context *c)
{
    struct thread_signals *s = &thread_self->signals;
    siginfo_t info;
    int sig;

    signal_collect();
    while ((sig = signal_take(~(s->blocked | s->waited), &info)) != 0) {
        struct signal_action action = signal_use_action(sig);
        if (action.handler == (void *)SIG_DFL)
            signal_default_action(sig);
        else if (action.handler != (void *)SIG_IGN)
            push(c, &info, &action);
    }
}

#define FLOAT_UNKNOWN 14 /* Linux's FPE_FLTUNK, which libc does not name */

/* The code of SIGFPE, from the flags that are set and not masked. */
static int float_code(const struct cpu_context *c)
{
    uint32_t mxcsr;
    uint16_t control, status;

    memcpy(&control, c->xsave, sizeof(control));
    memcpy(&status, c->xsave + 2, sizeof(status));
    memcpy(&mxcsr, c->xsave + XSAVE_MXCSR, sizeof(mxcsr));
    unsigned flags = c->vector == X87 ? status & ~control : mxcsr & ~(mxcsr >> 7);
    if (flags & 1)
        return FPE_FLTINV;
    if (flags & 4)
        return FPE_FLTDIV;
    if (flags & 8)
        return FPE_FLTOVF;
    if (flags & 0x12)
        return FPE_FLTUND;
    return flags & 0x20 ? FPE_FLTRES : FLOAT_UNKNOWN;
}

static void describe_page_fault(uintptr_t addr, siginfo_t *i)
{
    enum page_fault_kind kind = page_fault_kind(addr);

    i->si_signo = kind == PAGE_FAULT_BEYOND ? SIGBUS : SIGSEGV;
    i->si_code = kind == PAGE_FAULT_BEYOND   ? BUS_ADRERR
                 : kind == PAGE_FAULT_DENIED ? SEGV_ACCERR
                                             : SEGV_MAPERR;
}

/* Signal, code and address of the exception in (c), as Linux has them. */
static siginfo_t describe(const struct cpu_context *c)
{
    siginfo_t i = {.si_code = SI_KERNEL};
    uint64_t addr = c->rip;

    switch (c->vector) {
    case DIVIDE:
        i.si_signo = SIGFPE;
        i.si_code = FPE_INTDIV;
        break;
    case X87:
    case SIMD:
        i.si_signo = SIGFPE;
        i.si_code = float_code(c);
        break;
    case DEBUG:
    case BREAKPOINT:
        i.si_signo = SIGTRAP;
        i.si_code = c->vector == DEBUG ? TRAP_TRACE : SI_KERNEL;
        addr = c->vector == DEBUG ? addr : 0;
        break;
    case OPCODE:
        i.si_signo = SIGILL;
        i.si_code = ILL_ILLOPN;
        break;
    case ALIGNMENT:
        i.si_signo = SIGBUS;
        i.si_code = BUS_ADRALN;
        addr = 0;
        break;
    case PAGE:
        addr = c->addr;
        describe_page_fault(addr, &i);
        break;
    default:
        i.si_signo = SIGSEGV;
        addr = 0;
    }
    i.si_addr = (void *)addr;
    return i;
}

void signal_fault(struct cpu_context *c)
{
    siginfo_t info = describe(c);
    uint64_t bit = signal_bit(info.si_signo);
    struct thread_signals *s = &thread_self->signals;

    /* Nobody can go on behind such a fault: it happens again, and ends the machine with the
     * report of just where. */
    if ((s->blocked & bit) || (uintptr_t)signal_state.action[info.si_signo - 1].handler <= 1) {
        plat_upcall_faults(0);
        return;
    }
    /* Before all others, and never lost. */
    struct signal_action action = signal_use_action(info.si_signo);
    push(c, &info, &action);
}

/* Puts back what (u) holds. What cannot be in the processor is left out. */
static void restore(struct cpu_context *c, const ucontext_t *u)
{
    const greg_t *g = u->uc_mcontext.gregs;
    const uint8_t *xsave = (const uint8_t *)u->uc_mcontext.fpregs;
    uint64_t states;
    uint32_t mxcsr, mask;

    memcpy(&c->r8, g, (REG_RCX + 1) * sizeof(*g));
    c->rip = (uint64_t)g[REG_RIP];
    c->rsp = (uint64_t)g[REG_RSP];
    c->rflags = ((uint64_t)g[REG_EFL] & FLAGS_USER) | (c->rflags & ~(uint64_t)FLAGS_USER);
    if ((uintptr_t)xsave % 64 || !user_readable(xsave, cpu_xsave_len()))
        return;
    memcpy(&mask, c->xsave + XSAVE_MXCSR_MASK, sizeof(mask));
    memcpy(c->xsave, xsave, cpu_xsave_len());
    memcpy(&states, c->xsave + XSAVE_HEADER, sizeof(states));
    memset(c->xsave + XSAVE_HEADER, 0, 64);
    states &= CONTEXT_XSTATE;
    memcpy(c->xsave + XSAVE_HEADER, &states, sizeof(states));
    memcpy(&mxcsr, c->xsave + XSAVE_MXCSR, sizeof(mxcsr));
    mxcsr &= mask ? mask : 0xffbf;
    memcpy(c->xsave + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

_Noreturn void signal_return_frame(struct signal_frame *f)
{
    struct thread_signals *s = &thread_self->signals;
    uint64_t mask;

    hold_begin();
    if (!user_readable(f, sizeof(*f)))
        plat_crash(SIGSEGV, "a signal handler returned with another stack pointer");
    /* Until here an upcall may have come, in the middle of what the program does to return. */
    struct cpu_context *c = thread_self->context;
    restore(c, &f->context);
    memcpy(&mask, &f->context.uc_sigmask, sizeof(mask));
    stack_t alt = f->context.uc_stack;
    if ((unsigned)alt.ss_flags & SIGNAL_AUTODISARM) {
        alt.ss_flags = (int)SIGNAL_AUTODISARM;
        s->alt = alt;
    }
    signal_set_mask(mask);
    if (signal_due())
        signal_enter(c);
    cpu_resume(c);
}
