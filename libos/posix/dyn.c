/* SPDX-License-Identifier: MIT
 *
 * System calls whose number is known only when they are made: syscall(n, ...) with a variable. All
 * others are linked by name (docs/libc.md). The table refers to each service weakly: it holds those
 * that something else made part of the image, and links none by itself.
 *
 * State: which numbers were already complained about. No lock: two threads may at worst complain
 * twice. */
#include <errno.h>

#include "base/base.h"
#include "base/log.h"
#include "pith_calls.h"

/* Hidden, too: the linker then resolves what is not there to NULL, without a dynamic relocation. */
#define ENTRY(number, call) extern __typeof(call) call __attribute__((weak, visibility("hidden")));
#include "pith_table.h"
#undef ENTRY

/* Services have 0 to 6 arguments. In the System V AMD64 ABI, six in registers suit them all. */
typedef long (*service)(long, long, long, long, long, long);

static const service table[] = {
#define ENTRY(number, call) [number] = (service)(void (*)(void))(call),
#include "pith_table.h"
#undef ENTRY
};

/* Larger numbers that are not in the table are all reported. */
#define REPORTED_MAX 512
static uint64_t reported[REPORTED_MAX / 64];

static void report(unsigned long n)
{
    if (n < REPORTED_MAX) {
        if (reported[n / 64] & 1ull << n % 64)
            return;
        reported[n / 64] |= 1ull << n % 64;
    }
    log_line(
        "syscall(%ld, ...) failed: this image has no system call of that number, or it was linked "
        "without it",
        (long)n);
}

long pith_syscall_dyn(long n, long a, long b, long c, long d, long e, long f)
{
    if ((unsigned long)n < ARRAY_LEN(table) && table[n])
        return table[n](a, b, c, d, e, f);
    report((unsigned long)n);
    return -ENOSYS;
}
