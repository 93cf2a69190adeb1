/* SPDX-License-Identifier: MIT
 *
 * All code of the monitor that runs inside the machine, at CPL 3: one page, copied to where the guest can
 * read and execute it. A doorbell (monitor/kvm/area.h) leaves the machine. No instruction here changes a
 * register but those of the probe, so the monitor sees the guest's. */
#include "monitor/kvm/area.h"

    .section .rodata
    .balign 4096
    .globl kvm_stub, kvm_stub_end, kvm_stub_probe, kvm_stub_vectors
    .type kvm_stub, @object

    .macro ring_by_store bell
    mov %rdi, kvm_stub + AREA_DOORBELL + 8 * (\bell)(%rip)
    .endm

    .macro ring_by_port bell
    out %al, $\bell
    .endm

/* The handlers of exceptions, VECTOR_LEN bytes each. The monitor never returns to them. Some processors
 * (QEMU's) clear SS when they change to a stack of IST, and the guest may not return with such a one. */
    .macro vectors ring
    .set vector, 0
    .rept VECTORS
    mov kvm_stub_ss(%rip), %ss
    \ring BELL_EXCEPTION + vector
    .balign VECTOR_LEN
    .set vector, vector + 1
    .endr
    .endm

/* long hypercall(long number, long a, long b, long c): the monitor puts the result in rax. */
kvm_stub:
    ring_by_store BELL_CALL
    ret
/* The machine's first instructions: tell the time stamp counter as the guest sees it. */
    .balign 16
kvm_stub_probe:
    lfence
    rdtsc
    ring_by_store BELL_PROBE
    ud2
    .balign 16
kvm_stub_vectors:
    vectors ring_by_store

/* The same again. */
    .org STUB_BY_PORT
    ring_by_port BELL_CALL
    ret
    .balign 16
    lfence
    rdtsc
    ring_by_port BELL_PROBE
    ud2
    .balign 16
    vectors ring_by_port
kvm_stub_ss:
    .word SELECTOR_DATA
kvm_stub_end:
    .size kvm_stub, . - kvm_stub
    .section .note.GNU-stack, "", @progbits
