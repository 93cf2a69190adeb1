/* SPDX-License-Identifier: MIT
 *
 * Where control passes between guest and monitor. Each has a stack of its own; everything
 * else they share as functions of one program do. The thread pointer (FS base) is the guest's: from guest_enter
 * on the monitor uses none (core/sys.h).
 *
 * The guest can write the words below. That costs it its own run and nothing more: the sandbox's filter
 * does not depend on them. */

    .bss
    .balign 16
monitor_stack:          /* the monitor's stack pointer while the guest runs */
    .skip 8

    .text

/* void guest_enter(uint64_t entry, uint64_t boot, uint64_t stack_end)
 * Never returns. The guest starts with registers that say nothing about the monitor. */
    .globl guest_enter
    .type guest_enter, @function
guest_enter:
    mov %rsp, monitor_stack(%rip)
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsp
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %edx, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    xor %r11d, %r11d
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    push %rbx                   /* return address 0: the end of every back-trace */
    jmp *%rax
    .size guest_enter, . - guest_enter

/* long guest_hypercall(long number, long a, long b, long c), called by the guest.
 * Leaves a struct guest_frame on the monitor's stack. */
    .globl guest_hypercall
    .type guest_hypercall, @function
guest_hypercall:
    cld
    mov %rsp, %rax
    mov monitor_stack(%rip), %rsp
    and $-16, %rsp
    push %rbp                   /* for alignment */
    push %rbp                   /* struct guest_frame from its end: rbp, rsp, rip */
    push %rax
    push (%rax)
    mov %rsp, %r8
    call process_hypercall
    mov 8(%rsp), %rsp
    ret
    .size guest_hypercall, . - guest_hypercall

/* Returns from a signal handler (SA_RESTORER). */
    .globl signal_return
    .type signal_return, @function
signal_return:
    mov $15, %eax               /* rt_sigreturn */
    syscall
    ud2
    .size signal_return, . - signal_return

/* long wait_call(const uint64_t *pending, long number, long a, long b, long c, long d):
 * see dev/console.h.
 * A signal that arrives from wait_call_check on, up to the system call, makes the handler continue at
 * wait_call_abort; after that the kernel itself ends the call with -EINTR. */
    .globl wait_call, wait_call_check, wait_call_made, wait_call_abort
    .type wait_call, @function
wait_call:
    mov %rsi, %rax
    mov %rdi, %r11
    mov %rdx, %rdi
    mov %rcx, %rsi
    mov %r8, %rdx
    mov %r9, %r10
    xor %r8d, %r8d
    xor %r9d, %r9d
wait_call_check:
    cmpq $0, (%r11)
    jne wait_call_abort
    syscall
wait_call_made:
    ret
wait_call_abort:
    mov $-4, %rax               /* -EINTR */
    ret
    .size wait_call, . - wait_call

/* bool probe_word(uint64_t addr, uint64_t *out): reads 8 bytes at any address. False where that faults;
 * *out is then undefined.
 * bool probe_copy(void *to, const void *from, size_t len): see dev/queue.h.
 * When the one instruction that touches foreign memory faults, the handler continues at probe_failed. */
    .globl probe_word, probe_copy, probe_load, probe_failed
    .type probe_word, @function
    .type probe_copy, @function
probe_word:
    xchg %rdi, %rsi
    mov $8, %edx
probe_copy:
    mov %rdx, %rcx
probe_load:
    rep movsb
    mov $1, %eax
    ret
probe_failed:
    xor %eax, %eax
    ret
    .size probe_word, . - probe_word
    .size probe_copy, . - probe_copy

/* int gettime_call(int clock, struct timespec *ts): for hosts whose vDSO cannot tell the time. Called by the
 * guest on its own stack. */
    .globl gettime_call
    .type gettime_call, @function
gettime_call:
    mov $228, %eax              /* clock_gettime */
    syscall
    ret
    .size gettime_call, . - gettime_call

    .section .note.GNU-stack, "", @progbits
