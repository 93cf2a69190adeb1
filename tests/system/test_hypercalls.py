# SPDX-License-Identifier: MIT
"""A hostile guest: calls of the monitor and virtqueues with any values. It may get errors and lose its own memory; the
monitor must go on to serve it, or end it with a report."""
import pytest

from frame import ROOT

pytestmark = pytest.mark.not_on_qemu("the monitor has no part in it")

SOURCE = r"""
#include <stdint.h>
#include <string.h>
#include "abi/boot.h"
#include "abi/device.h"
#include "abi/hypercall.h"
extern const struct pith_boot *pith_hosted_boot;
extern int pith_plat_share(void *, void *, unsigned long); /* linked, so that there are shared pages */
void *const shares = (void *)pith_plat_share;
static uint64_t state = SEED;
static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}
static long call(long n, uint64_t a, uint64_t b, uint64_t c)
{
    return ((long (*)(long, long, long, long))pith_hosted_boot->hypercall.addr)(n, (long)a, (long)b, (long)c);
}
/* Numbers near every boundary that the monitor knows. */
static uint64_t edge(void)
{
    const struct pith_boot *b = pith_hosted_boot;
    const uint64_t at[] = {0, b->mem.addr, b->mem.addr + b->mem_len, b->heap.addr, b->heap.addr + b->heap_len,
                           b->heap_len, b->mem_len, b->image.addr, b->stack.addr, 1ull << 63, ~0ull, 1ull << 47, 4096};
    uint64_t v = at[any() % (sizeof(at) / sizeof(at[0]))];
    switch (any() % 4) {
    case 0: return v;
    case 1: return v + (any() % 64 << 12) - (32 << 12);
    case 2: return v + any() % 9 - 4;
    default: return any();
    }
}
static void spoil_queue(void)
{
    const struct pith_device *d = (const struct pith_device *)pith_hosted_boot->devices.addr + 1;
    const struct pith_queue *q = &d->queue[PITH_CONSOLE_TX];
    uint8_t *ring = (uint8_t *)(any() % 2 ? q->desc.addr : q->avail.addr);
    ring[any() % (any() % 2 ? 8 : 44)] = (uint8_t)any();
}
int main(void)
{
    for (int i = 0; i < 4000; i++) {
        switch (any() % 6) {
        case 0: call(PITH_HC_PROTECT, edge(), edge(), any() % 9); break;
        case 1: call(any() % 2 ? PITH_HC_RELEASE : PITH_HC_SHARE, edge(), edge(), any() % 2 ? any() % 2 : edge()); break;
        case 2: call(PITH_HC_LOG, edge(), 0, 0); break;
        case 3: call(PITH_HC_CRASH + 1 + (long)(any() % 1000), edge(), edge(), edge()); break;
        case 4: call(-(long)any(), edge(), edge(), edge()); break;
        default:
            if (SPOIL)
                spoil_queue();
            call(PITH_HC_POLL, 0, edge(), edge());
        }
    }
    /* Protections still mean something: a write to what was made read-only must not succeed. */
    uint64_t page = pith_hosted_boot->heap.addr;
    if (call(PITH_HC_PROTECT, page, 4096, 3) || (*(volatile char *)page = 7) != 7)
        call(PITH_HC_EXIT, 1, 0, 0);
    if (call(PITH_HC_PROTECT, page, 4096, 7) != -13 || call(PITH_HC_PROTECT, page + 1, 4096, 1) != -22)
        call(PITH_HC_EXIT, 2, 0, 0);
    call(PITH_HC_EXIT, 42, 0, 0);
    return 0;
}
"""


@pytest.mark.parametrize("spoil", [0, 1])
@pytest.mark.parametrize("seed", [0x9e3779b97f4a7c15, 0x123456789, 0xfeedfacecafe])
def test_any_call_is_answered(seed, spoil, cc, run):
    image = cc(SOURCE, "-O1", f"-DSEED={seed}ull", f"-DSPOIL={spoil}", f"-I{ROOT}")
    got = run(image, options=["-m", "8M"])
    assert got.status == 42, got.stderr[-500:]
    traces = [line for line in got.stderr.splitlines() if line.startswith("  #")]  # PITH_HC_TRACE
    assert spoil or len(traces) == got.stderr.count("\n")


@pytest.mark.parametrize("call, status", [
    ("PITH_HC_CRASH, 11, 0xfffffffffffffff0, 100", 139), ("PITH_HC_CRASH, 6, ~0ull, ~0ull", 134),
    ("PITH_HC_CRASH, 6, pith_hosted_boot->mem.addr + pith_hosted_boot->mem_len - 3, 3", 134),
    ("PITH_HC_DIE, 15, 0, 0", 143), ("PITH_HC_DIE, 9, 0, 0", 137), ("PITH_HC_DIE, 99, 0, 0", 227),
    ("PITH_HC_EXIT, 0x1234567, 0, 0", 0x67),
], ids=["crash wrapping", "crash everywhere", "crash at the end", "die", "die killed", "die of nothing", "exit"])
def test_ends_by_call(call, status, cc, run):
    source = SOURCE.split("int main")[0] + "int main(void) { call(" + call + "); (void)edge; (void)spoil_queue; return 1; }\n"
    got = run(cc(source, "-DSEED=1", f"-I{ROOT}"))
    assert got.status == status, (got.status, got.stderr)
