/* SPDX-License-Identifier: MIT
 *
 * Crash reports: at most CRASH_LINES lines on standard error that say what happened, where, and how
 * the program came there. Where registers and causes come from is the back end's affair. */
#ifndef PITH_MONITOR_CRASH_H
#define PITH_MONITOR_CRASH_H

#include "monitor/core/machine.h"

#define CRASH_LINES 24

/* Exceptions by vector (Intel SDM volume 3, 6.15). */
#define VECTOR_DIVIDE     0
#define VECTOR_DEBUG      1
#define VECTOR_BREAKPOINT 3
#define VECTOR_UNDEFINED  6
#define VECTOR_DOUBLE     8
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE       14
#define VECTOR_X87        16
#define VECTOR_ALIGNMENT  17
#define VECTOR_SIMD       19

/* Registers of the guest, in the order in which a report shows them. */
enum crash_reg {
    CRASH_RAX,
    CRASH_RBX,
    CRASH_RCX,
    CRASH_RDX,
    CRASH_RSI,
    CRASH_RDI,
    CRASH_RBP,
    CRASH_RSP,
    CRASH_R8,
    CRASH_R9,
    CRASH_R10,
    CRASH_R11,
    CRASH_R12,
    CRASH_R13,
    CRASH_R14,
    CRASH_R15,
    CRASH_RIP,
    CRASH_FLAGS,
    CRASH_REGS
};

/* What stopped a guest. */
struct crash_fault {
    int sig;           /* as which Linux would report it to a process */
    unsigned vector;   /* of the exception, for SIGSEGV and SIGFPE */
    unsigned error;    /* its error code */
    uint64_t addr;     /* that was touched, for SIGSEGV by a page fault and SIGBUS */
    bool file_gone;    /* SIGBUS because what was mapped is not in its file any more */
    int call;          /* number of the system call, for SIGSYS */
    const char *other; /* what happened, if none of the above says it; else NULL */
    uint64_t reg[CRASH_REGS];
};

/* Reports that the guest was stopped as (f) says. */
void crash_report_fault(const struct machine *m, const struct crash_fault *f);

/* Reports a crash by the guest's own decision: (reason) is the address of (len) bytes of text in
 * guest memory. */
void crash_report_call(const struct machine *m, int sig, uint64_t reason, uint64_t len,
                       const struct guest_frame *frame);

/* Prints the back-trace of guest code that stands at (rip) with these registers, each of which can
 * be anything. */
void crash_report_trace(const struct machine *m, uint64_t rip, uint64_t rsp, uint64_t rbp);

/* Reads 8 bytes at (addr), a guest address that can be anything. False where that is not possible.
 */
bool crash_guest_word(const struct machine *m, uint64_t addr, uint64_t *out);

#endif
