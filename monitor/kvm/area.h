/* SPDX-License-Identifier: MIT
 *
 * The monitor's own pages in a machine's address space, at offsets from a start AREA_BEFORE bytes
 * below guest memory, and the doorbells. Also for assembly. */
#ifndef PITH_MONITOR_KVM_AREA_H
#define PITH_MONITOR_KVM_AREA_H

#define AREA_BEFORE   0x200000
#define AREA_STUB     0x0000 /* stub.S; the guest may read and execute it */
#define AREA_STACK    0x1000 /* where exception frames go; the guest may write it */
#define AREA_TABLES   0x2000 /* struct descriptors; the guest cannot reach them */
#define AREA_DOORBELL 0x3000 /* no memory: a store leaves the machine */

/* Doorbells: bell N is a store of 8 bytes to offset 8 * N of the doorbell page or, where that
 * works, an output of a byte to port N, which costs less. */
#define BELL_CALL      0  /* a hypercall: rdi number, rsi, rdx, rcx arguments */
#define BELL_PROBE     1  /* the machine works; edx:eax is its time stamp counter */
#define BELL_EXCEPTION 32 /* exception N is bell 32 + N */
#define BELLS          64

#define VECTORS    32
#define VECTOR_LEN 16

/* The stub's code that uses ports lies this far behind the same for stores. */
#define STUB_BY_PORT 0x400

#define SELECTOR_TASK 0x08
#define SELECTOR_DATA 0x2b
#define SELECTOR_CODE 0x33

#endif
