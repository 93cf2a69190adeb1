/* SPDX-License-Identifier: MIT
 *
 * The guest as a part of this process: its side of the crossings of entry.S, and the back end. */
#ifndef PITH_MONITOR_GUEST_H
#define PITH_MONITOR_GUEST_H

#include "monitor/core/machine.h"

extern const struct backend process_backend;

/* Notes the machine and the thread pointer for everything that enters the monitor from outside:
 * calls of the guest and signals. Before any signal handler is installed. */
void guest_prepare(struct machine *m);

/* Asks the host for huge pages for the whole ones in (len) bytes at (addr), an address of this
 * process. */
void guest_advise_huge(uint64_t addr, uint64_t len);

/* Makes (len) bytes at (addr), an address of this process, inaccessible and without memory behind
 * them; with (shared) drops the contents of the shared pages seen there before. 0 or -ENOMEM. */
long guest_release(uint64_t addr, uint64_t len, bool shared);

/* Makes (len) bytes at (addr), an address of this process, show the shared pages of what is (from)
 * to the guest. 0 or -ENOMEM. */
long guest_share(const struct machine *m, uint64_t addr, uint64_t from, uint64_t len);

/* What the functions of entry.S do stands there. */
void guest_hypercall(void);
int gettime_call(int clock, struct timespec *ts);
bool probe_word(uint64_t addr, uint64_t *out);

/* Takes the thread pointer back for good: before reports, which use libc, whatever the guest has
 * made of it. */
void guest_take_thread_pointer(void);

/* Whether programs of this host may set their FS and GS base themselves (FSGSBASE). */
bool guest_sets_base(void);

#endif
