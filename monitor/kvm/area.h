/* SPDX-License-Identifier: MIT
 *
 * The monitor's own pages in a machine's address space, at offsets from a start AREA_BEFORE bytes
 * below guest memory. Also for assembly. */
#ifndef PITH_MONITOR_KVM_AREA_H
#define PITH_MONITOR_KVM_AREA_H

#define AREA_BEFORE 0x200000
#define AREA_STUB   0x0000 /* stub.S; the guest may read and execute it */
#define AREA_STACK  0x1000 /* where the processor puts exception frames; the guest may write it */
#define AREA_TABLES                                                                                \
    0x2000 /* descriptor tables (struct descriptors); the guest cannot reach them                  \
            */
#define AREA_DOORBELL 0x3000 /* no memory: a store leaves the machine */

/* Offsets in the doorbell page. */
#define BELL_CALL      0x000 /* a hypercall: rdi number, rsi, rdx, rcx arguments */
#define BELL_PROBE     0x008 /* the machine works; edx:eax is its time stamp counter */
#define BELL_EXCEPTION 0x100 /* exception N at offset 8 * N from here */

#define VECTORS    32
#define VECTOR_LEN 8

#endif
