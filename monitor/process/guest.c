/* SPDX-License-Identifier: MIT
 *
 * The process back end: guest memory is this process's own. */
#include "monitor/process/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/boot.h"
#include "monitor/core/crash.h"
#include "monitor/core/hypercall.h"
#include "monitor/process/signals.h"

/* entry.S */
_Noreturn void guest_enter(uint64_t entry, uint64_t boot, uint64_t stack_end);
void guest_tp_save(void);
long process_hypercall(long number, long a, long b, long c, const struct guest_frame *frame);

static struct machine *machine;

#define HUGE_PAGE (2ull << 20)

/* First touch of a large range costs a fifth when it is backed by huge pages. */
void guest_advise_huge(uint64_t addr, uint64_t len)
{
    uint64_t start = align_up(addr, HUGE_PAGE), end = align_down(addr + len, HUGE_PAGE);
    if (start < end)
        syscall(SYS_madvise, start, end - start, MADV_HUGEPAGE);
}

static long protect(struct machine *m, uint64_t addr, uint64_t len, unsigned prot)
{
    (void)m;
    if (syscall(SYS_mprotect, addr, len, prot)) /* PITH_PROT_* are Linux's bits */
        return -ENOMEM;
    if ((prot & PITH_PROT_WRITE) && len >= HUGE_PAGE)
        guest_advise_huge(addr, len);
    return 0;
}

static long release(struct machine *m, uint64_t addr, uint64_t len)
{
    (void)m;
    long got = syscall(SYS_mmap, addr, len, PROT_NONE,
                       MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1l, 0l);
    return (uint64_t)got == addr ? 0 : -ENOMEM;
}

static __attribute__((noreturn)) void crash(struct machine *m, int sig, uint64_t reason,
                                            uint64_t len, const struct guest_frame *frame)
{
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
    guest_tp_save();
}
