/* SPDX-License-Identifier: MIT
 *
 * Switching between threads and upcalls: see context.h, abi/upcall.h. */
#include "arch/context.h"

    .section .text.cpu_switch, "ax", @progbits
    .globl cpu_switch, cpu_continue
    .type cpu_switch, @function
    .type cpu_continue, @function
cpu_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rdi
cpu_continue:
    mov %rdi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size cpu_switch, . - cpu_switch

/* The first instructions of code that cpu_start_stack made a stack for: rbx is what to call. */
    .section .text.cpu_start, "ax", @progbits
    .globl cpu_start
    .type cpu_start, @function
cpu_start:
    xor %ebp, %ebp
    push %rbp                   /* return address 0: the end of every back-trace */
    jmp *%rbx
    .size cpu_start, . - cpu_start

/* What cpu_resume_stack leaves to return to: rbx is the context. */
    .section .text.cpu_resume, "ax", @progbits
    .globl cpu_resume, cpu_resume_rbx, cpu_resume_critical, cpu_resume_end
    .type cpu_resume, @function
    .type cpu_resume_rbx, @function
cpu_resume_rbx:
    mov %rbx, %rdi
cpu_resume:
    mov $CONTEXT_XSTATE, %eax
    xor %edx, %edx
    xrstor64 CONTEXT_XSAVE(%rdi)
cpu_resume_critical:
    movl $0, plat_hold(%rip)
    mov CONTEXT_R8(%rdi), %r8
    mov CONTEXT_R8 + 8(%rdi), %r9
    mov CONTEXT_R8 + 16(%rdi), %r10
    mov CONTEXT_R8 + 24(%rdi), %r11
    mov CONTEXT_R8 + 32(%rdi), %r12
    mov CONTEXT_R8 + 40(%rdi), %r13
    mov CONTEXT_R8 + 48(%rdi), %r14
    mov CONTEXT_R8 + 56(%rdi), %r15
    mov CONTEXT_R8 + 72(%rdi), %rsi
    mov CONTEXT_R8 + 80(%rdi), %rbp
    mov CONTEXT_R8 + 88(%rdi), %rbx
    mov CONTEXT_R8 + 96(%rdi), %rdx
    mov CONTEXT_RAX(%rdi), %rax
    mov CONTEXT_RAX + 8(%rdi), %rcx
    lea CONTEXT_RIP(%rdi), %rsp
    mov CONTEXT_R8 + 64(%rdi), %rdi
    iretq
cpu_resume_end:
    .size cpu_resume, . - cpu_resume

    .section .text.upcall_entry, "ax", @progbits
    .globl upcall_entry
    .type upcall_entry, @function
upcall_entry:
    push %rdi
    mov upcall_context(%rip), %rdi
    mov %r8, CONTEXT_R8(%rdi)
    mov %r9, CONTEXT_R8 + 8(%rdi)
    mov %r10, CONTEXT_R8 + 16(%rdi)
    mov %r11, CONTEXT_R8 + 24(%rdi)
    mov %r12, CONTEXT_R8 + 32(%rdi)
    mov %r13, CONTEXT_R8 + 40(%rdi)
    mov %r14, CONTEXT_R8 + 48(%rdi)
    mov %r15, CONTEXT_R8 + 56(%rdi)
    mov %rsi, CONTEXT_R8 + 72(%rdi)
    mov %rbp, CONTEXT_R8 + 80(%rdi)
    mov %rbx, CONTEXT_R8 + 88(%rdi)
    mov %rdx, CONTEXT_R8 + 96(%rdi)
    mov %rax, CONTEXT_RAX(%rdi)
    mov %rcx, CONTEXT_RAX + 8(%rdi)
    pop CONTEXT_R8 + 64(%rdi)   /* rdi */
    mov FRAME_RIP(%rsp), %rax
    mov FRAME_RSP(%rsp), %rbx
    mov FRAME_RFLAGS(%rsp), %rcx
    mov %rax, CONTEXT_RIP(%rdi)
    mov %cs, %eax
    mov %rax, CONTEXT_RIP + 8(%rdi)
    mov %rcx, CONTEXT_RIP + 16(%rdi)
    mov %rbx, CONTEXT_RIP + 24(%rdi)
    mov %ss, %eax
    mov %rax, CONTEXT_RIP + 32(%rdi)
    mov FRAME_VECTOR(%rsp), %rax
    mov FRAME_ERROR(%rsp), %rbx
    mov FRAME_ADDR(%rsp), %rcx
    mov %rax, CONTEXT_VECTOR(%rdi)
    mov %rbx, CONTEXT_VECTOR + 8(%rdi)
    mov %rcx, CONTEXT_VECTOR + 16(%rdi)
    mov $CONTEXT_XSTATE, %eax
    xor %edx, %edx
    xsave64 CONTEXT_XSAVE(%rdi)
    xor %ebp, %ebp
    call upcall_handle
    ud2
    .size upcall_entry, . - upcall_entry

    .section .text.cpu_call_handler, "ax", @progbits
    .globl cpu_call_handler
    .weak signal_return_frame /* of who makes handlers run */
    .type cpu_call_handler, @function
cpu_call_handler:
    call *%rax
    mov %rsp, %rdi
    and $-16, %rsp
    call signal_return_frame
    ud2
    .size cpu_call_handler, . - cpu_call_handler

    .section .note.GNU-stack, "", @progbits
