/* SPDX-License-Identifier: MIT
 *
 * Hypercalls. Everything here runs behind the filter: only its system calls can be made. */
#include "monitor/core/hypercall.h"

#include <errno.h>
#include <stdint.h>

#include "abi/hypercall.h"
#include "monitor/core/crash.h"
#include "monitor/core/say.h"
#include "monitor/core/sys.h"
#include "monitor/core/upcall.h"

#define LOG_MAX 4096u

static bool heap_range(const struct machine *m, uint64_t addr, uint64_t len)
{
    return addr % PAGE_SIZE == 0 && len % PAGE_SIZE == 0 &&
           range_inside(addr, len, m->mem_base + m->layout.heap.at, m->layout.heap.len);
}

static long protect(struct machine *m, uint64_t addr, uint64_t len, uint64_t prot)
{
    if (!heap_range(m, addr, len) || prot > (PITH_PROT_READ | PITH_PROT_WRITE | PITH_PROT_EXEC))
        return -EINVAL;
    if ((prot & PITH_PROT_EXEC) && (!m->allow_jit || (prot & PITH_PROT_WRITE)))
        return -EACCES;
    return len ? m->backend->protect(m, addr, len, (unsigned)prot) : 0;
}

static long release(struct machine *m, uint64_t addr, uint64_t len, uint64_t which)
{
    if (!heap_range(m, addr, len))
        return -EINVAL;
    return len ? m->backend->release(m, addr, len, which & PITH_RELEASE_SHARED) : 0;
}

static long share(struct machine *m, uint64_t addr, uint64_t from, uint64_t len)
{
    if (!m->pool)
        return -ENOSYS;
    if (!heap_range(m, addr, len) || !heap_range(m, from, len))
        return -EINVAL;
    return len ? m->backend->share(m, addr, from, len) : 0;
}

static long log_text(struct machine *m, uint64_t addr, uint64_t len)
{
    if (len > LOG_MAX)
        len = LOG_MAX;
    if (!range_inside(addr, len, m->mem_base, m->layout.mem_len))
        return -EFAULT;
    return say_bytes(m->mem + (addr - m->mem_base), len);
}

/* Disks first: they leave nothing to wait for. */
static long poll(struct machine *m, int64_t deadline)
{
    int disks = disks_serve(&m->disks);
    long used = consoles_poll(&m->consoles, disks ? 0 : deadline);
    return used < 0 ? (disks ? disks : used) : used + disks;
}

long hypercall_serve(struct machine *m, long number, long a, long b, long c,
                     const struct guest_frame *frame)
{
    switch (number) {
    case PITH_HC_POLL:
        return poll(m, a);
    case PITH_HC_PROTECT:
        return protect(m, (uint64_t)a, (uint64_t)b, (uint64_t)c);
    case PITH_HC_RELEASE:
        return release(m, (uint64_t)a, (uint64_t)b, (uint64_t)c);
    case PITH_HC_SHARE:
        return share(m, (uint64_t)a, (uint64_t)b, (uint64_t)c);
    case PITH_HC_LOG:
        return log_text(m, (uint64_t)a, (uint64_t)b);
    case PITH_HC_EXIT:
        sys3(SYS_exit_group, a & 255, 0, 0);
        __builtin_trap();
    case PITH_HC_DIE:
        m->backend->die(m, (int)(a & 127));
    case PITH_HC_CRASH:
        m->backend->crash(m, (int)(a & 127), (uint64_t)b, (uint64_t)c, frame);
    case PITH_HC_SIGNALS:
        m->backend->pass_on((uint64_t)a);
        return 0;
    case PITH_HC_BASE:
        if (!m->backend->set_base)
            return -ENOSYS;
        return a == 0 || a == 1 ? m->backend->set_base((unsigned)a, (uint64_t)b) : -EINVAL;
    case PITH_HC_UPCALL:
        return upcall_register(m, (uint64_t)a);
    case PITH_HC_TRACE:
        crash_report_trace(m, (uint64_t)a, (uint64_t)b, (uint64_t)c);
        return 0;
    default:
        return -ENOSYS;
    }
}
