/* SPDX-License-Identifier: MIT
 *
 * One running guest: the state that loading, devices, calls and reports share. Made once by main.c
 * and never freed. The guest of the process back end can write it: whatever must hold against a
 * hostile guest is held by the sandbox's filter, not by what stands here. */
#ifndef PITH_MONITOR_MACHINE_H
#define PITH_MONITOR_MACHINE_H

#include <stdint.h>
#include <time.h>

#include "abi/boot.h"
#include "base/base.h"
#include "monitor/core/image.h"
#include "monitor/core/layout.h"
#include "monitor/dev/block.h"
#include "monitor/dev/console.h"
#include "monitor/dev/net.h"

struct machine;
struct boot_input;

/* Where the guest stood when it made a call. */
struct guest_frame {
    uint64_t rip, rsp, rbp;
};

/* What differs between the ways to run a guest. */
struct backend {
    /* The guest is a part of this process: its addresses are the process's own, its text is
     * executable there, and its faults are the process's signals. */
    bool in_process;
    /* Reserves (span) bytes, of which m->layout.mem_len are guest memory, inaccessible and zero,
     * for a guest that sees them at address (base). Sets m->mem and m->mem_base. 0, or -ENOMEM:
     * another base may do. */
    int (*reserve)(struct machine *m, uint64_t base, uint64_t span);
    /* Makes all ready to enter the guest, whose image is loaded, and sets in->hypercall and
     * in->clock. 0 or a negative error number with *why in words (static text). */
    int (*prepare)(struct machine *m, struct boot_input *in, const char **why);
    /* Moves the descriptor that running the guest needs to number (fd), which is free for it. 0 or
     * a negative error number. NULL: it needs none. */
    int (*keep)(unsigned fd);
    /* Enters the guest for good. The filter is installed and signals are set up. */
    void (*enter)(struct machine *m) __attribute__((noreturn));
    /* Changes protections as PITH_HC_PROTECT; the range is checked, (prot) has PITH_PROT_* bits. 0
     * or -ENOMEM. */
    long (*protect)(struct machine *m, uint64_t addr, uint64_t len, unsigned prot);
    /* Gives pages back as PITH_HC_RELEASE, after dropping the shared ones seen there if (shared);
     * the range is checked. 0 or -ENOMEM. */
    long (*release)(struct machine *m, uint64_t addr, uint64_t len, bool shared);
    /* PITH_HC_SHARE; both ranges are checked. 0 or -ENOMEM. */
    long (*share)(struct machine *m, uint64_t addr, uint64_t from, uint64_t len);
    /* PITH_HC_BASE: 0 or a negative error number. NULL: the guest does that itself. */
    long (*set_base)(unsigned segment, uint64_t addr);
    /* Ends the process as the default action of signal (sig) would, so that whoever waits for it
     * sees that signal; where that cannot be had, with exit status 128 + sig. */
    void (*die)(const struct machine *m, int sig) __attribute__((noreturn));
    /* The guest takes the host's signals of (set), bit N-1 for signal N, from now on. */
    void (*pass_on)(uint64_t set);
    /* Reports a crash of the guest by its own decision and ends. (reason) is (len) bytes of guest
     * memory. */
    void (*crash)(struct machine *m, int sig, uint64_t reason, uint64_t len,
                  const struct guest_frame *frame) __attribute__((noreturn));
};

struct machine {
    const char *name; /* the image's, as the user gave it */
    const struct backend *backend;
    struct image image;
    struct layout layout;
    char *mem;         /* guest memory as the monitor sees it */
    uint64_t mem_base; /* and as the guest sees it */
    uint64_t pool;     /* shared pages of the heap, in its order; 0: the image wants none */
    bool allow_jit;
    struct pith_shared *shared;
    uint64_t upcall; /* guest address of its struct pith_upcall; 0: it wants none */
    struct consoles consoles;
    const uint8_t *file; /* the image file, mapped read-only for reports; NULL: not there */
    size_t file_len;
    int (*gettime)(int clock, struct timespec *ts);
    int pid;              /* of this process; the filter does not let it ask later */
    uint64_t die_signals; /* bit N-1: signal N's default action may be restored and taken */
    struct nets nets;
    struct disks disks;   /* last, as most machines touch no more of it than the count */
};

#endif
