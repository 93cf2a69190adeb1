/* SPDX-License-Identifier: MIT
 *
 * The process back end: guest memory is this process's own. */
#include "monitor/process/guest.h"

#include <asm/prctl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/boot.h"
#include "monitor/core/crash.h"
#include "monitor/core/hypercall.h"
#include "monitor/core/sys.h"
#include "monitor/process/signals.h"

/* entry.S */
_Noreturn void guest_enter(uint64_t entry, uint64_t boot, uint64_t stack_end);
long process_hypercall(long number, long a, long b, long c, const struct guest_frame *frame);

static struct machine *machine;

#define HWCAP2_FSGSBASE (1u << 1)

bool guest_sets_base(void)
{
    return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
}

#define HUGE_PAGE (2ull << 20)

/* First touch of a large range costs a fifth when it is backed by huge pages. */
void guest_advise_huge(uint64_t addr, uint64_t len)
{
    uint64_t start = align_up(addr, HUGE_PAGE), end = align_down(addr + len, HUGE_PAGE);
    if (start < end)
        sys3(SYS_madvise, (long)start, (long)(end - start), MADV_HUGEPAGE);
}

static long protect(struct machine *m, uint64_t addr, uint64_t len, unsigned prot)
{
    (void)m;
    if (sys3(SYS_mprotect, (long)addr, (long)len, prot)) /* PITH_PROT_* are Linux's bits */
        return -ENOMEM;
    if ((prot & PITH_PROT_WRITE) && len >= HUGE_PAGE)
        guest_advise_huge(addr, len);
    return 0;
}

long guest_release(uint64_t addr, uint64_t len, bool shared)
{
    if (shared) /* an error means that they are not seen there: there is nothing to drop */
        sys3(SYS_madvise, (long)addr, (long)len, MADV_REMOVE);
    long got = sys6(SYS_mmap, (long)addr, (long)len, PROT_NONE,
                    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return (uint64_t)got == addr ? 0 : -ENOMEM;
}

/* With an old length of 0, mremap leaves the pool's pages where they are and maps them once more.
 */
long guest_share(const struct machine *m, uint64_t addr, uint64_t from, uint64_t len)
{
    uint64_t at = m->pool + (from - m->mem_base - m->layout.heap.at);
    long got =
        sys6(SYS_mremap, (long)at, 0, (long)len, MREMAP_MAYMOVE | MREMAP_FIXED, (long)addr, 0);
    return (uint64_t)got == addr ? 0 : -ENOMEM;
}

static long release(struct machine *m, uint64_t addr, uint64_t len, bool shared)
{
    (void)m;
    return guest_release(addr, len, shared);
}

static long share(struct machine *m, uint64_t addr, uint64_t from, uint64_t len)
{
    return guest_share(m, addr, from, len);
}

static uint64_t thread_pointer;
static bool sets_base;

void guest_take_thread_pointer(void)
{
    if (sets_base)
        __asm__ volatile("wrfsbase %0" : : "r"(thread_pointer));
    else
        sys3(SYS_arch_prctl, ARCH_SET_FS, (long)thread_pointer, 0);
}

static long set_base(unsigned segment, uint64_t addr)
{
    return sys3(SYS_arch_prctl, segment ? ARCH_SET_GS : ARCH_SET_FS, (long)addr, 0);
}

static __attribute__((noreturn)) void crash(struct machine *m, int sig, uint64_t reason,
                                            uint64_t len, const struct guest_frame *frame)
{
    guest_take_thread_pointer();
    signals_report_begin(sig);
    crash_report_call(m, sig, reason, len, frame);
    _exit(128 + sig);
}

static int reserve(struct machine *m, uint64_t base, uint64_t span)
{
    void *p = mmap((void *)base, span, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != (void *)base)
        return -ENOMEM;
    m->mem = p;
    m->mem_base = base;
    return 0;
}

static int prepare(struct machine *m, struct boot_input *in, const char **why)
{
    (void)why;
    in->hypercall = (uint64_t)guest_hypercall;
    in->clock = (struct pith_clock){.gettime = {(uint64_t)m->gettime}};
    in->enforced |= PITH_ENFORCED_SANDBOX;
    in->features = guest_sets_base() ? PITH_FEATURE_FSGSBASE : 0;
    return 0;
}

static __attribute__((noreturn)) void enter(struct machine *m)
{
    const struct layout *l = &m->layout;
    guest_enter(m->mem_base + m->image.entry, m->mem_base + l->boot.at,
                m->mem_base + l->stack.at + l->stack.len);
}

const struct backend process_backend = {
    .in_process = true,
    .reserve = reserve,
    .prepare = prepare,
    .enter = enter,
    .protect = protect,
    .release = release,
    .share = share,
    .set_base = set_base,
    .die = signals_die,
    .pass_on = signals_pass_on,
    .crash = crash,
};

long process_hypercall(long number, long a, long b, long c, const struct guest_frame *frame)
{
    return hypercall_serve(machine, number, a, b, c, frame);
}

void guest_prepare(struct machine *m)
{
    machine = m;
    sets_base = guest_sets_base();
    thread_pointer = (uint64_t)__builtin_thread_pointer();
}
