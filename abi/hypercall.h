/* SPDX-License-Identifier: MIT
 *
 * The calls from a guest to its monitor, through pith_boot.hypercall:
 *     long hypercall(long number, long a, long b, long c)
 * System V AMD64 ABI; the guest's stack is used for the return address only.
 * Returns 0 or a count, else a negative Linux error number. An unknown number
 * answers -ENOSYS. All lengths are in bytes; addresses are guest addresses. */
#ifndef PITH_ABI_HYPERCALL_H
#define PITH_ABI_HYPERCALL_H

/* poll(deadline): serves every virtqueue that has work, in both directions, and returns
 * the number of buffers used, as soon as it is not 0; 0 when the deadline passed; -EINTR
 * when a signal is pending (pith_shared.pending). The deadline is a time of the monotonic clock
 * in ns: 0 returns at once, PITH_POLL_FOREVER never times out. */
#define PITH_HC_POLL      1
#define PITH_POLL_FOREVER 0x7fffffffffffffffl

/* protect(addr, len, prot): sets the protection of whole pages of the heap to
 * PITH_PROT_* bits. -EINVAL: not page aligned, or outside the heap; -EACCES: writable and
 * executable, or executable where the monitor does not allow it; -ENOMEM: the host refuses. */
#define PITH_HC_PROTECT 2
#define PITH_PROT_READ  1
#define PITH_PROT_WRITE 2
#define PITH_PROT_EXEC  4

/* release(addr, len, which): gives whole pages of the heap back to the host. They become
 * inaccessible, and read as zero once they are made accessible again. With PITH_RELEASE_SHARED,
 * for pages whose own shared pages are seen there (PITH_HC_SHARE) and writable, these go, too; else
 * they stay as they are. Errors as protect. */
#define PITH_HC_RELEASE     3
#define PITH_RELEASE_SHARED 1

/* log(addr, len): writes bytes to the monitor's standard error; for the time before there is a
 * console, and for messages of the library OS. At most 4096 bytes are taken. Returns their count.
 */
#define PITH_HC_LOG 4

/* exit(status): ends the machine with exit status (status & 255). Does not return. */
#define PITH_HC_EXIT 5

/* die(signal): ends the machine as the default action of that signal ends a process,
 * without a report. Does not return. */
#define PITH_HC_DIE 6

/* crash(signal, addr, len): prints a crash report for the caller with the (len) bytes of
 * text at (addr) as its reason, then ends with exit status 128 + signal. Does not return. */
#define PITH_HC_CRASH 7

/* signals(set): pith_shared.caught has got new bits; (set) is all of it. A monitor may let a signal
 * take its default action until it is told so. Returns 0, or -ENOSYS where nothing needs to be
 * told. */
#define PITH_HC_SIGNALS 8

/* base(segment, addr): sets the base of FS (0) or GS (1), where the guest cannot: without
 * PITH_FEATURE_FSGSBASE. 0; -EINVAL; -ENOSYS where the guest can; -EPERM if the host refuses
 * (addr). */
#define PITH_HC_BASE 9

/* upcall(addr): from now on the guest may be interrupted as the struct pith_upcall at (addr) says
 * (abi/upcall.h); for good. -EINVAL: it, its frame or its hold are not aligned or not in the
 * writable part of the image; -ENOSYS: this monitor cannot, or the image has no note
 * PITH_NOTE_UPCALLS. */
#define PITH_HC_UPCALL 10

/* trace(rip, rsp, rbp): prints the back-trace of code that stands there, a thread's that waits, to
 * the monitor's standard error: for a report that ends with PITH_HC_CRASH. Returns 0. */
#define PITH_HC_TRACE 11

/* share(addr, from, len): for each page of the heap there may be a shared page, zero at first,
 * which can be seen in several places. Afterwards whole pages at (addr), whose contents are lost,
 * are readable and writable and show those of (from), which must be seen at (from) already unless
 * (addr) is (from). Errors as protect, and -ENOSYS where the image has no note PITH_NOTE_SHARES. */
#define PITH_HC_SHARE 16

/* reach(addr, len, write): makes sure that a device without PITH_*_F_STATUS can read (or if (write)
 * is not 0, write) (len) bytes of guest memory: it sees what is in memory, not what the guest may
 * access. To be called before the memory is first made available, and again when its protection has
 * changed. Returns 0; -EFAULT: the guest may not access it so; -EOPNOTSUPP: it can, but the device
 * does not see it there (share); -ENOSYS: no device needs it. */
#define PITH_HC_REACH 12

/* stop(index): stops that device of the table: it uses no further buffers, and writes to none. For
 * a guest whose driver has seen it break the rules. Returns 0; -EINVAL: no such device, or one that
 * cannot be stopped; -ENOSYS. */
#define PITH_HC_STOP 13

#endif
