/* SPDX-License-Identifier: MIT
 *
 * What the library OS needs from below: the contract of plat/hosted (a Pith monitor, abi/) and
 * plat/bare (ring 0). Functions are callable from the first instruction of init_main on, on the one
 * thread that boots; none allocates memory. */
#ifndef PITH_IFACE_PLAT_H
#define PITH_IFACE_PLAT_H

#include "base/base.h"
#include "iface/clock.h"

/* What the machine was started with. Set before init_main, constant afterwards. Pointers are into
 * guest memory. (args) holds argc, then envc NUL-terminated strings, checked to be terminated. */
struct plat_info {
    char *image;
    size_t image_len;
    char *stack;
    size_t stack_len;
    char *heap; /* page aligned, inaccessible and zero at start */
    size_t heap_len;
    char *mem; /* all of guest memory: what devices may reach, much of it inaccessible */
    size_t mem_len;
    const void *root; /* the image's file system (abi/rom.h), or NULL */
    size_t root_len;
    const char *args;
    size_t args_len;
    unsigned argc;
    unsigned envc;
    const uint8_t *entropy;     /* 32 bytes */
    const uint64_t *generation; /* changes on restore from a snapshot: reseed */
};
extern struct plat_info plat_info;

/* The value of a setting of the machine that is the library OS's and not the program's
 * (docs/network.md: "net0.ip"), or NULL. (nth): which of several of that name, from 0. */
const char *plat_setting(const char *name, unsigned nth);

/* Serves the devices: sends what is queued, fetches what has come, until a buffer was used or
 * (deadline) passed. Returns the number of buffers used (0: deadline), or -EINTR when a
 * signal of the host is pending. Blocks until then; with DEADLINE_NOW never. */
int plat_poll(nsec_t deadline);

/* Sets the protection of (len) bytes of whole heap pages at (addr) to PROT_* bits of Linux.
 * Returns 0; -EACCES if that is writable and executable, or executable without permission;
 * -ENOMEM if the host refuses. */
must_check int plat_protect(void *addr, size_t len, int prot);

/* Gives whole heap pages back to the host: inaccessible from now on, zero when made accessible
 * again. Cannot fail for ranges inside the heap. Shared pages (plat_share) that were seen there
 * keep their contents. */
void plat_release(void *addr, size_t len);

/* Each page of the heap has, besides its own memory, a shared page, zero at first, that can be seen
 * in several places. From now on (len) bytes of whole heap pages at (addr), which were released,
 * are readable and writable and show the shared pages of (from). These must be seen at (from) as
 * well, for as long as they are anywhere: so the first call is that with (addr) equal to (from).
 * Where (addr) is not (from), what (addr) shows is not memory at that place to devices that read
 * and write memory themselves, on a machine of its own (plat/bare). Returns 0; -ENOMEM if the host
 * refuses, and then any part may have been done; -ENOSYS if the host has no shared pages. */
must_check int plat_share(void *addr, void *from, size_t len);

/* plat_release for pages that show their own shared pages, whose contents go, too. */
void plat_release_shared(void *addr, size_t len);

/* Writes to the log of whoever runs the machine; never blocks for long. */
void plat_log(const char *text, size_t len);

/* End the machine: by exit status; as the default action of a signal would; with a crash report of
 * the caller that gives (reason) and exit status 128 + (sig). */
_Noreturn void plat_exit(int status);
_Noreturn void plat_die(int sig);
_Noreturn void plat_crash(int sig, const char *reason);

/* Signals that the host sent: the set (bit N-1 for signal N) that is passed on from now on instead
 * of taking its default action on the machine; and fetching, with clearing, those that have come.
 */
void plat_signals_catch(uint64_t set);
uint64_t plat_signals_take(void);

/* Upcalls (abi/upcall.h): from now on the platform interrupts the program from time to time, and
 * at once for signals of the host, by entering (entry) with what was interrupted in *frame, unless
 * plat_hold (iface/hold.h) is not 0 or the program stands in [critical, critical_end). Once. */
void plat_upcall_start(void (*entry)(void), const char *critical, const char *critical_end);

/* Faults that enter there too, instead of ending the machine: bit N for x86-64's exception N. */
void plat_upcall_faults(uint64_t vectors);

/* Prints the back-trace of code that stands there, for a report that plat_crash ends. */
void plat_trace(uintptr_t rip, uintptr_t rsp, uintptr_t rbp);

/* Sets the thread pointer, which compiled code reads through a segment register (x86-64: FS base),
 * and the program's other register of that kind (GS base). Nothing else sets them, so whoever wants
 * to know them later notes what was set. False: the host refuses the address. */
bool plat_set_thread_pointer(void *tp);
bool plat_set_gs_base(uint64_t base);

/* A device that the platform found: virtqueues already in memory, enabled. */
struct plat_queue {
    void *desc, *avail, *used;
    unsigned size; /* 0: no such queue */
};

#define PLAT_DEVICE_QUEUES 3

struct plat_device {
    unsigned type;   /* virtio device ID */
    unsigned number; /* in the platform's table */
    const char *name;
    uint64_t features;
    const volatile void *config;
    size_t config_len;
    struct plat_queue queue[PLAT_DEVICE_QUEUES];
};

/* Fills (dev) with the device of (type) called (name). Returns 0; -ENODEV if there is none, or its
 * description is not sound. */
must_check int plat_device_find(unsigned type, const char *name, struct plat_device *dev);

/* Fills (dev) with the device of (type) number (index), counted from 0 in the order in which the
 * machine was given them. Returns as plat_device_find. dev->name may be empty. */
must_check int plat_device_at(unsigned type, unsigned index, struct plat_device *dev);

/* Makes sure that devices can read, or if (write) write, (len) bytes at (addr). To be called for
 * what is made available to a device of hardware or of a VMM that is not Pith's monitor, which sees
 * what is in memory, not what the program may access: once for memory that stays as it is, each
 * time for the program's. Returns 0; -EFAULT;
 * -EOPNOTSUPP: devices do not see it there, because it shows memory that is elsewhere (a shared
 * mapping). */
must_check int plat_device_reach(const void *addr, size_t len, bool write);

/* Stops the device of that number: it uses no further buffers and does not touch them. For one that
 * has broken the rules; a monitor does so by itself. */
void plat_device_stop(unsigned number);

#endif
