/* SPDX-License-Identifier: MIT
 *
 * The entry point of an image under Pith's monitor (abi/boot.h): linked first into every image, and the
 * one place that names the program's main. The frame pointer is 0, so back-traces end here. */
    .text
    .globl _start
    .type _start, @function
_start:
    xor %ebp, %ebp
    and $-16, %rsp
    call plat_start
    lea main(%rip), %rdi
    call init_main
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
