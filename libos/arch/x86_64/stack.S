/* SPDX-License-Identifier: MIT
 *
 * Changing stacks; see cpu.h. */
    .section .text.cpu_call_on_stack, "ax", @progbits
    .globl cpu_call_on_stack
    .type cpu_call_on_stack, @function
cpu_call_on_stack:
    push %rbp
    mov %rsp, %rbp
    mov %rdi, %rsp
    mov %rdx, %rdi
    call *%rsi
    mov %rbp, %rsp
    pop %rbp
    ret
    .size cpu_call_on_stack, . - cpu_call_on_stack

    .section .note.GNU-stack, "", @progbits
