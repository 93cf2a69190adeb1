/* SPDX-License-Identifier: MIT
 *
 * Switching between threads, and the state of code that was interrupted: switch.S. Seen by
 * assembly, too. */
#ifndef PITH_ARCH_CONTEXT_H
#define PITH_ARCH_CONTEXT_H

/* Offsets into struct cpu_context. */
#define CONTEXT_R8     56
#define CONTEXT_RAX    160
#define CONTEXT_RIP    176
#define CONTEXT_VECTOR 216
#define CONTEXT_XSAVE  256

/* Offset of a struct pith_upcall_frame's (abi/upcall.h) rip, rsp, rflags, vector, error, addr. */
#define FRAME_RIP    0
#define FRAME_RSP    8
#define FRAME_RFLAGS 16
#define FRAME_VECTOR 24
#define FRAME_ERROR  32
#define FRAME_ADDR   40

/* States that are saved of the registers beyond the general ones (XCR0 bits): x87, SSE, AVX,
 * AVX-512, protection keys. */
#define CONTEXT_XSTATE 0x2e7

#ifndef __ASSEMBLER__

#include "base/base.h"

/* All that a program has in the processor where it was interrupted, but for FS and GS base. The
 * extended state follows, cpu_xsave_len() bytes; the whole is aligned to 64 bytes and was zero
 * before its first use. */
struct cpu_context {
    uint64_t resume[7]; /* as cpu_switch leaves a stack, to resume this context */
    /* In the order of Linux's gregs (REG_R8 ... REG_RCX). */
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx;
    uint64_t rip, cs, rflags, rsp, ss; /* as iretq takes them */
    uint64_t vector, error, addr;      /* why: abi/upcall.h */
    uint64_t reserved[2];
    uint8_t xsave[]; /* Intel SDM volume 1, 13.4 */
};

_Static_assert(offsetof(struct cpu_context, r8) == CONTEXT_R8, "switch.S");
_Static_assert(offsetof(struct cpu_context, rax) == CONTEXT_RAX, "switch.S");
_Static_assert(offsetof(struct cpu_context, rip) == CONTEXT_RIP, "switch.S");
_Static_assert(offsetof(struct cpu_context, vector) == CONTEXT_VECTOR, "switch.S");
_Static_assert(offsetof(struct cpu_context, xsave) == CONTEXT_XSAVE, "switch.S");

/* Saves the registers that a call preserves on the stack and the stack pointer in (*from), goes on
 * where the stack (to) was left by the same function, and returns there. */
void cpu_switch(uintptr_t *from, uintptr_t to);

/* Goes on where the stack (to) was left; the caller's is forgotten. */
_Noreturn void cpu_continue(uintptr_t to);

/* What to give cpu_switch for code that starts: it calls (fn) on the stack that ends at (end),
 * aligned to 16 bytes. (fn) must not return. */
uintptr_t cpu_start_stack(void *end, void (*fn)(void));

/* Makes (c), which upcall_entry has filled, a stack for cpu_switch: it goes on with (c). */
uintptr_t cpu_resume_stack(struct cpu_context *c);

/* Sets plat_hold to 0 and goes on with all registers as in (c). An upcall between
 * cpu_resume_critical and cpu_resume_end would lose (c): abi/upcall.h has words for that. */
_Noreturn void cpu_resume(struct cpu_context *c);
extern const char cpu_resume_critical[], cpu_resume_end[];

/* Where upcalls enter: saves what was interrupted in *upcall_context, and calls
 * upcall_handle(*upcall_context) on the stack below the frame. */
void upcall_entry(void);
extern struct cpu_context *upcall_context;

/* Calls fn(info, context, ...) as a signal handler, from cpu_resume: c->rip is this; rdi, rsi, rdx
 * are the arguments, rax the handler, rsp the frame. When the handler returns, signal_return_frame
 * gets the stack pointer. */
extern const char cpu_call_handler[];

/* Bytes of extended state behind a struct cpu_context. Slow at its first call. */
size_t cpu_xsave_len(void);

#endif
#endif
