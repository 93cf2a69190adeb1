/* SPDX-License-Identifier: MIT
 *
 * What a guest finds when a monitor enters it.
 *
 * The hosted entry point (e_entry of the image) is called as
 *     void entry(const struct pith_boot *boot)        System V AMD64 ABI
 * at CPL 3, on the stack that (boot) names, with DF clear, FPU and MXCSR in the
 * ABI's default state; FS base and GS base are undefined. It never returns.
 *
 * Layout of guest memory, from low to high; every piece is page aligned:
 *     image     the PT_LOAD segments with their protections, relocated
 *     boot      struct pith_boot, device table, arguments: read-only
 *     shared    struct pith_shared, device configurations, virtqueues: read-write
 *     guard     one inaccessible page
 *     stack     read-write
 *     heap      inaccessible and zero: the guest asks for it by PITH_HC_PROTECT
 * An inaccessible area at least as long as guest memory follows its end. */
#ifndef PITH_ABI_BOOT_H
#define PITH_ABI_BOOT_H

#include <stdint.h>

#define PITH_ABI_VERSION 1u
#define PITH_BOOT_MAGIC  0x746f6f6268746970ull /* "pithboot" */
#define PITH_PAGE_SIZE   4096u

/* An address as the guest sees it. A type of its own, so that the monitor
 * cannot dereference one before it has checked and translated it. */
typedef struct {
    uint64_t addr;
} pith_gaddr;

/* How to tell the time: by the time stamp counter, or where (tsc_ns) or the clock's base is 0 by a
 * function. The monitor may fill these in later, whenever that function is called.
 *   gettime  of the monitor or its host, callable on the guest's stack:
 *            int gettime(int clock_id, struct timespec *), clock ids as Linux numbers them
 *            (0 wall time, 1 monotonic); returns 0. 0: none is needed
 *   tsc_ns   nanoseconds of a tick of the counter, times 2^32: see pith_clock_ns */
struct pith_clock {
    pith_gaddr gettime;
    uint64_t tsc_ns;
    uint64_t tsc_base;
    uint64_t mono_base_ns;
    uint64_t wall_base_ns;
};

/* (tsc_ns) for a counter of (hz). */
static inline uint64_t pith_clock_tick(uint64_t hz)
{
    return (1000000000ull << 32) / hz;
}

/* The time of the clock with (base_ns) when the counter says (tsc). It stands still where the
 * counter is behind its base: that of another CPU may lag a little. */
static inline int64_t pith_clock_ns(const struct pith_clock *c, uint64_t base_ns, uint64_t tsc)
{
    uint64_t ticks = tsc > c->tsc_base ? tsc - c->tsc_base : 0;

    return (int64_t)(base_ns + (uint64_t)((unsigned __int128)ticks * c->tsc_ns >> 32));
}

/* Bits of pith_boot.enforced: what the monitor guarantees, whatever the guest does. */
#define PITH_ENFORCED_WX      (1u << 0) /* no page is ever writable and executable */
#define PITH_ENFORCED_SANDBOX (1u << 1) /* system calls are filtered (process back end) */
#define PITH_ENFORCED_JIT     (1u << 2) /* PITH_HC_PROTECT may make pages executable */

struct pith_boot {
    uint64_t magic;   /* PITH_BOOT_MAGIC */
    uint32_t version; /* PITH_ABI_VERSION */
    uint32_t size;    /* of this struct in bytes; grows at its end only */
    pith_gaddr mem;   /* all of guest memory */
    uint64_t mem_len;
    pith_gaddr image; /* load address of the image: what its addresses are relative to */
    uint64_t image_len;
    pith_gaddr stack; /* lowest byte of the boot stack */
    uint64_t stack_len;
    pith_gaddr heap;
    uint64_t heap_len;
    pith_gaddr root; /* the root file system inside the image (abi/rom.h); length 0: none */
    uint64_t root_len;
    pith_gaddr args; /* argc, then envc NUL-terminated strings, one after the other */
    uint64_t args_len;
    uint32_t argc;
    uint32_t envc;
    pith_gaddr devices; /* array of struct pith_device (abi/device.h) */
    uint32_t device_count;
    uint32_t enforced;
    pith_gaddr shared;    /* struct pith_shared */
    pith_gaddr hypercall; /* how to call the monitor: see abi/hypercall.h */
    uint64_t generation;  /* changes whenever this machine was restored from a snapshot */
    struct pith_clock clock;
    uint8_t entropy[32]; /* fresh for every start and restore */
    uint64_t features;   /* PITH_FEATURE_* */
    /* What the library OS is told beside the program: NAME=VALUE strings, NUL-terminated, one after
     * the other (docs/network.md); length 0: none. */
    pith_gaddr settings;
    uint64_t settings_len;
};

/* The guest may set FS and GS base by its own instructions (CR4.FSGSBASE); else by PITH_HC_BASE. */
#define PITH_FEATURE_FSGSBASE (1ull << 0)

/* Written by both sides while the guest runs; 64-bit words, accessed atomically.
 *   caught   by the guest: bit N-1 set while signal N of the host is to be passed on to it;
 *            the monitor lets any other signal take its default action on the whole machine
 *   pending  set by the monitor, fetched and cleared by the guest: bit N-1 for signal N.
 *            PITH_HC_POLL returns -EINTR while a bit is set. */
struct pith_shared {
    uint64_t caught;
    uint64_t pending;
};

_Static_assert(sizeof(struct pith_clock) == 40, "ABI");
_Static_assert(sizeof(struct pith_boot) == 256, "ABI");
_Static_assert(sizeof(struct pith_shared) == 16, "ABI");

#endif
