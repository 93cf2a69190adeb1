/* SPDX-License-Identifier: MIT
 *
 * The entry of an image as a PVH guest (the Xen project's x86/HVM direct boot ABI), and what the CPU
 * enters by itself: exceptions and the timer.
 *
 * PVH enters in 32-bit protected mode without paging, with flat segments, interrupts off and the
 * address of struct hvm_start_info in EBX; nothing else is defined, no stack either. Until there is
 * one, the first word of that structure, a constant that has done its duty, serves as a stack of one
 * word: it tells where the image is, and so all addresses are relative to label 1. */
#include "bare/machine.h"

    .section .text.bare_entry, "ax", @progbits
    .code32
    .globl bare_entry
    .type bare_entry, @function
bare_entry:
    cli
    cld
    rdtsc
    mov %eax, %esi
    lea 4(%ebx), %esp
    call 1f
1:  pop %ebp
    lea (bare_trap_stack + BARE_TRAP_STACK - 1b)(%ebp), %esp
    push %ebx
    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc no_long_mode

    /* Tables for the way into C: the first GiB where it is, by 2 MiB pages. */
    lea (bare_first_tables - 1b)(%ebp), %edi
    lea 0x1003(%edi), %eax
    mov %eax, (%edi)
    lea 0x2003(%edi), %eax
    mov %eax, 0x1000(%edi)
    mov $0x83, %eax
    xor %ecx, %ecx
2:  mov %eax, 0x2000(%edi,%ecx,8)
    add $0x200000, %eax
    inc %ecx
    cmp $512, %ecx
    jb 2b
    mov %edi, %cr3

    mov $BARE_CR4_FIRST, %eax
    mov %eax, %cr4
    mov $0xc0000080, %ecx /* EFER: long mode */
    rdmsr
    or $0x100, %eax
    wrmsr
    mov $BARE_CR0, %eax
    mov %eax, %cr0

    pop %ebx
    lea (bare_gdt - 1b)(%ebp), %eax
    push %eax
    pushw $(BARE_GDT_BYTES - 1)
    lgdt (%esp)
    lea (3f - 1b)(%ebp), %eax
    push $BARE_CS
    push %eax
    lret

no_long_mode:
    lea (message - 1b)(%ebp), %esi
    mov $0x3f8, %edx
4:  lodsb
    test %al, %al
    jz 5f
    out %al, %dx
    jmp 4b
5:  mov $125, %eax
    mov $0xf4, %edx
    out %eax, %dx
6:  hlt
    jmp 6b
message:
    .asciz "pith: this machine's CPU has no 64-bit mode\n"

    .code64
3:  mov $BARE_SS, %eax
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    lea bare_trap_stack + BARE_TRAP_STACK(%rip), %rsp
    xor %ebp, %ebp
    fninit
    mov %ebx, %edi
    mov %esi, %esi
    call bare_start
    ud2
    .size bare_entry, . - bare_entry

/* bare_enter(boot, sp): the hosted entry point, as a monitor calls it. */
    .section .text.bare_enter, "ax", @progbits
    .globl bare_enter
    .type bare_enter, @function
bare_enter:
    mov %rsi, %rsp
    xor %ebp, %ebp
    push $0
    jmp _start
    .size bare_enter, . - bare_enter

/* One stub of 16 bytes for each exception: vectors without an error code get a 0. */
    .section .text.bare_traps, "ax", @progbits
    .globl bare_trap_stubs
    .balign 16
bare_trap_stubs:
    .set vector, 0
    .rept BARE_EXCEPTIONS
    .balign 16
    .if !((BARE_ERROR_CODES >> vector) & 1)
    push $0
    .endif
    push $vector
    jmp trap
    .set vector, vector + 1
    .endr

trap:
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    mov %cr2, %rsi
    call bare_exception
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp
    iretq

/* The timer and the devices. */
    .globl bare_interrupt
bare_interrupt:
    push $0
    push $BARE_TIMER_VECTOR
    jmp trap

    .globl bare_signal
bare_signal:
    push $0
    push $BARE_SIGNAL_VECTOR
    jmp trap

/* The local APIC's spurious interrupt wants nothing at all. */
    .globl bare_spurious
bare_spurious:
    iretq

    .section .note.GNU-stack, "", @progbits
