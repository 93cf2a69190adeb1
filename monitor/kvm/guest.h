/* SPDX-License-Identifier: MIT
 *
 * The KVM back end. The guest runs in a machine of its own, at CPL 3 on page tables that it cannot
 * reach. The monitor maps guest memory elsewhere than the guest sees it, and with the guest's
 * protections: changing those is also what makes KVM forget a page that it has given the guest. */
#ifndef PITH_MONITOR_KVM_GUEST_H
#define PITH_MONITOR_KVM_GUEST_H

#include "monitor/core/machine.h"

extern const struct backend kvm_backend;

/* Creates a machine for kvm_backend, before anything else of it is used. Returns 0; else a negative
 * error number with *why in words (static text). */
must_check int kvm_create(const char **why);

#endif
