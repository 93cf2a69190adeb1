/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables (Intel SDM volume 3, chapters 6 and 8.7). Exceptions run on stacks of their
 * own: the program's may be the reason for them, and has a red zone. A double fault has one for
 * itself. */
#include "arch/ring0.h"
#include "bare/bare.h"

#define GATE_INTERRUPT 0x8e00u /* present, interrupts off */
#define DOUBLE_FAULT   8
#define PAGE_FAULT     14
#define DOUBLE_STACK   2048

struct gate {
    uint16_t low, selector, flags, middle;
    uint32_t high, reserved;
};

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const char bare_trap_stubs[], bare_interrupt[], bare_signal[], bare_spurious[];

/* Null, code, data; then the TSS, two entries. In the data, because the CPU writes to them. */
uint64_t bare_gdt[BARE_GDT_BYTES / 8] = {0, 0x00209b0000000000, 0x0000930000000000};

uint8_t bare_trap_stack[BARE_TRAP_STACK] __attribute__((aligned(16)));
static uint8_t double_stack[DOUBLE_STACK] __attribute__((aligned(16)));
static struct gate idt[BARE_VECTORS];
static struct tss tss;

_Static_assert(sizeof(struct gate) == 16 && sizeof(struct tss) == 104, "layouts of the CPU");

static void set_gate(unsigned vector, const char *to, unsigned ist)
{
    uint64_t at = (uintptr_t)to;

    idt[vector] = (struct gate){
        (uint16_t)at,         BARE_CS, (uint16_t)(GATE_INTERRUPT | ist), (uint16_t)(at >> 16),
        (uint32_t)(at >> 32), 0};
}

void traps_start(void)
{
    uint64_t at = (uintptr_t)&tss, limit = sizeof(tss) - 1;

    tss.ist[0] = (uintptr_t)bare_trap_stack + sizeof(bare_trap_stack);
    tss.ist[1] = (uintptr_t)double_stack + sizeof(double_stack);
    tss.io_map = sizeof(tss);
    bare_gdt[3] = limit | (at & 0xffffff) << 16 | 0x89ull << 40 | (at >> 24 & 0xff) << 56;
    bare_gdt[4] = at >> 32;
    for (unsigned i = 0; i < BARE_EXCEPTIONS; i++)
        set_gate(i, bare_trap_stubs + i * 16, i == DOUBLE_FAULT ? 2 : 1);
    set_gate(BARE_TIMER_VECTOR, bare_interrupt, 1);
    set_gate(BARE_SIGNAL_VECTOR, bare_signal, 1);
    set_gate(BARE_SPURIOUS_VECTOR, bare_spurious, 0);

    struct table_pointer p = {sizeof(idt) - 1, (uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(p));
    __asm__ volatile("ltr %w0" : : "r"(BARE_TR));
}

/* Called by entry.S; what returns from here runs the interrupted instruction again. */
void bare_exception(struct bare_frame *f, uint64_t cr2);

void bare_exception(struct bare_frame *f, uint64_t cr2)
{
    if (f->vector == BARE_TIMER_VECTOR || f->vector == BARE_SIGNAL_VECTOR) {
        if (f->vector == BARE_SIGNAL_VECTOR)
            signals_receive();
        clock_interrupt_done();
        upcall_tick(f);
        return;
    }
    if (f->vector == PAGE_FAULT && pages_fault(cr2, f->error))
        return;
    if (!upcall_fault(f, cr2))
        crash_exception(f, cr2);
}
