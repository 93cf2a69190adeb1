/* SPDX-License-Identifier: MIT
 *
 * All code of the monitor that runs inside the machine, at CPL 3: one page, copied to where the guest can
 * read and execute it. A store to the doorbell page, which has no memory behind it, leaves the
 * machine; its offset says what for (monitor/kvm/area.h). No instruction here changes a register, so
 * the monitor sees the guest's. */
#include "monitor/kvm/area.h"

    .section .rodata
    .balign 4096
    .globl kvm_stub, kvm_stub_end, kvm_stub_probe, kvm_stub_vectors
    .type kvm_stub, @object
    .set bell, kvm_stub + AREA_DOORBELL

/* long hypercall(long number, long a, long b, long c): the monitor puts the result in rax. */
kvm_stub:
    mov %rdi, bell + BELL_CALL(%rip)
    ret

/* The machine's first instructions: tell the time stamp counter as the guest sees it. */
    .balign 16
kvm_stub_probe:
    lfence
    rdtsc
    mov %rax, bell + BELL_PROBE(%rip)
    ud2

/* The handlers of exceptions, VECTOR_LEN bytes each. The monitor never returns to them. */
    .balign 16
kvm_stub_vectors:
    .set vector, 0
    .rept VECTORS
    mov %rdi, bell + BELL_EXCEPTION + 8 * vector(%rip)
    .balign VECTOR_LEN
    .set vector, vector + 1
    .endr
kvm_stub_end:
    .size kvm_stub, . - kvm_stub
    .section .note.GNU-stack, "", @progbits
