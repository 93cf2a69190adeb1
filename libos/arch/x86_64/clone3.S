/* SPDX-License-Identifier: MIT
 *
 * clone3's entry, and how a new thread leaves it: see clone3.h. */
    .section .text.pith_sys_clone3, "ax", @progbits
    .globl pith_sys_clone3
    .type pith_sys_clone3, @function
pith_sys_clone3:
    sub $56, %rsp               /* 8 more than there are, as calls are made with an aligned stack */
    mov %r15, 8(%rsp)
    mov %r14, 16(%rsp)
    mov %r13, 24(%rsp)
    mov %r12, 32(%rsp)
    mov %rbx, 40(%rsp)
    mov %rbp, 48(%rsp)
    lea 8(%rsp), %rdx
    call clone3
    add $56, %rsp
    ret
    .size pith_sys_clone3, . - pith_sys_clone3

    .section .text.cpu_clone_return, "ax", @progbits
    .globl cpu_clone_return
    .type cpu_clone_return, @function
cpu_clone_return:
    mov (%rdi), %r15
    mov 8(%rdi), %r14
    mov 16(%rdi), %r13
    mov 24(%rdi), %r12
    mov 32(%rdi), %rbx
    mov 40(%rdi), %rbp
    mov 48(%rdi), %rdx
    mov 56(%rdi), %rsp
    xor %eax, %eax
    jmp *%rdx
    .size cpu_clone_return, . - cpu_clone_return

    .section .note.GNU-stack, "", @progbits
