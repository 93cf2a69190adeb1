/* SPDX-License-Identifier: MIT
 *
 * What the machine's processor says that it can do. */
#ifndef PITH_MONITOR_KVM_CPUID_H
#define PITH_MONITOR_KVM_CPUID_H

#include <linux/kvm.h>

#include "base/base.h"

#define CPUID_MAX 16

/* Fills (entry), CPUID_MAX of them, with the leaves that the guest sees: of this host's processor,
 * what programs can use. Returns their number; *xcr0 is the set of state components for XCR0, 0 if
 * there is no XSAVE, and *address_bits the width of physical addresses. */
unsigned cpuid_make(struct kvm_cpuid_entry2 *entry, uint64_t *xcr0, unsigned *address_bits);

#endif
