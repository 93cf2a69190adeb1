/* SPDX-License-Identifier: MIT
 *
 * The monitor's first instructions, on the stack that the kernel made: see start.c. */
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call start_c
    hlt
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
