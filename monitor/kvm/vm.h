/* SPDX-License-Identifier: MIT
 *
 * A machine under KVM: one virtual CPU in 64-bit mode at CPL 3. It has no code at CPL 0. Its
 * memory, from physical address 0 on, is what the monitor has mapped in a row at (kept):
 *   page 0     the stub (stub.S)
 *   page 1     the stack for exception frames
 *   page 2     descriptor tables
 *   page 3 on  page tables; room up to guest memory, which starts at a multiple of 2 MiB
 *   guest memory (m->mem)
 * The doorbell's page follows, with no memory behind it. Guest memory starts at a multiple of 2 MiB
 * in each of the three kinds of addresses, so that large pages can be used on both levels. */
#ifndef PITH_MONITOR_KVM_VM_H
#define PITH_MONITOR_KVM_VM_H

#include <linux/kvm.h>

#include "monitor/core/machine.h"
#include "monitor/kvm/tables.h"

struct kvm_vm {
    int kvm, vm, vcpu; /* descriptors; only (vcpu) stays open behind the sandbox */
    struct kvm_run *run;
    char *kept;
    uint64_t kept_len; /* bytes from (kept) to guest memory */
    struct tables tables;
    bool by_port;  /* the stub rings at a port */
    uint64_t root; /* of the tables that the processor uses */
    uint64_t tsc_khz;
};

/* Opens KVM, checks it and creates a machine without memory. Returns 0; else a negative error
 * number with *why in words (static text), and nothing stays open. */
must_check int vm_create(struct kvm_vm *vm, const char **why);

/* Reserves memory for a machine of m->layout.mem_len bytes, and m->mem in it. 0 or -ENOMEM. */
must_check int vm_reserve(struct kvm_vm *vm, struct machine *m, uint64_t span);

/* Gives the machine its memory, page tables and registers: it will start with the stub's probe. The
 * image is loaded. Returns 0 or a negative error number with *why as above. */
must_check int vm_build(struct kvm_vm *vm, const struct machine *m, const char **why);

/* Makes exceptions ring as vm->by_port says. Before the machine runs, and when that changes. */
void vm_write_gates(struct kvm_vm *vm, const struct machine *m);

/* Whether KVM here is one that the processor does not help: software KVM. */
bool vm_is_software(void);

/* Where the machine's address space has the monitor's pages, and in them the code that rings as
 * vm->by_port says; the doorbell's physical address. */
uint64_t vm_area(const struct machine *m);
uint64_t vm_stub(const struct kvm_vm *vm, const struct machine *m);
uint64_t vm_doorbell(const struct kvm_vm *vm, const struct machine *m);

#endif
