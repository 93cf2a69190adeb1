/* SPDX-License-Identifier: MIT
 *
 * A call that returns twice, the second time in another thread: clone3.S. */
#ifndef PITH_ARCH_CLONE3_H
#define PITH_ARCH_CLONE3_H

#include "base/base.h"

/* Registers that a call preserves, as pith_sys_clone3 leaves them on the stack. */
struct cpu_clone {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip; /* behind the call */
    uint64_t rsp; /* there; of the caller not kept */
};

/* Goes on with the registers of (c), and rax 0. */
_Noreturn void cpu_clone_return(const struct cpu_clone *c);

/* Called by pith_sys_clone3 with what it was called with; (regs) is valid during the call, without
 * rsp. */
long clone3(long args, long size, const struct cpu_clone *regs);

#endif
