/* SPDX-License-Identifier: MIT
 *
 * Crash reports, in the form of the monitor's. There are no symbols in memory: frames are
 * image+offset, for addr2line on the image file. Nothing of the program's memory is trusted to be
 * there. */
#include <signal.h>

#include "bare/bare.h"

#define FRAMES_MAX 14

enum { DIVIDE = 0, DEBUG = 1, NMI = 2, BREAKPOINT = 3, OPCODE = 6, DOUBLE = 8, PROTECTION = 13 };
enum { PAGE = 14, FLOAT = 16, ALIGNMENT = 17, MACHINE_CHECK = 18, SIMD = 19 };

#define FAULT_THERE (1u << 0)
#define FAULT_WRITE (1u << 1)
#define FAULT_FETCH (1u << 4)

static bool crashing;

static void begin(void)
{
    /* A second fault, inside the report: what is out must do. */
    if (crashing)
        power_off(128 + SIGSEGV);
    crashing = true;
    say_text("pith: ");
    say_text(bare_layout.name);
    say_text(": ");
}

static bool in_text(uint64_t addr)
{
    return range_inside(addr, 1, bare_layout.text, bare_layout.text_len);
}

static uint64_t word(uint64_t addr)
{
    return *(const uint64_t *)addr;
}

static void say_frame(unsigned n, uint64_t addr)
{
    bool inside = range_inside(addr, 1, bare_layout.image, bare_layout.image_len);

    say_text("  #");
    say_number(n);
    say_text(n < 10 ? "  " : " ");
    say_text(inside ? "image+0x" : "0x");
    say_hex(inside ? addr - bare_layout.image : addr, 1);
    say_text("\n");
}

/* Whether (addr) can be a return address: a call instruction ends there, by a distance or by a
 * register or memory (FF /2). */
static bool after_call(uint64_t addr)
{
    const uint8_t *b = (const uint8_t *)addr;

    if (!in_text(addr - 8))
        return false;
    if (b[-5] == 0xe8)
        return true;
    for (int len = 2; len <= 7; len++)
        if (b[-len] == 0xff && (b[1 - len] >> 3 & 7) == 2)
            return true;
    return false;
}

/* Follows the chain of frame pointers, upwards only. A function that had not yet made its frame has
 * its return address at (rsp), which is 0 where it cannot be. */
void crash_trace(uint64_t rip, uint64_t rsp, uint64_t rbp)
{
    unsigned n = 0;

    say_frame(n++, rip);
    bool framed = pages_readable(rbp + 8);
    if (pages_readable(rsp) && after_call(word(rsp)) && !(framed && word(rbp + 8) == word(rsp)))
        say_frame(n++, word(rsp));
    while (n < FRAMES_MAX && pages_readable(rbp) && pages_readable(rbp + 8) &&
           in_text(word(rbp + 8))) {
        say_frame(n++, word(rbp + 8));
        if (word(rbp) <= rbp)
            break;
        rbp = word(rbp);
    }
    say_text("  (names: addr2line -f -e IMAGE OFFSET)\n");
}

static void say_registers(const struct bare_frame *f)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        {"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx},    {"rdx", f->rdx}, {"rsi", f->rsi},
        {"rdi", f->rdi}, {"rbp", f->rbp}, {"rsp", f->rsp},    {"r8 ", f->r8},  {"r9 ", f->r9},
        {"r10", f->r10}, {"r11", f->r11}, {"r12", f->r12},    {"r13", f->r13}, {"r14", f->r14},
        {"r15", f->r15}, {"rip", f->rip}, {"efl", f->rflags},
    };

    for (size_t i = 0; i < ARRAY_LEN(regs); i++) {
        say_text("  ");
        say_text(regs[i].name);
        say_text(" ");
        say_hex(regs[i].value, 16);
        if (i % 3 == 2)
            say_text("\n");
    }
}

static const char *place(uint64_t addr)
{
    const struct bare_layout *l = &bare_layout;

    if (addr < PAGE_SIZE)
        return "the null page";
    if (range_inside(addr, 1, l->text, l->text_len))
        return "the program's code";
    if (range_inside(addr, 1, l->image, l->image_len))
        return addr < l->text ? "the program's constants" : "the program's data";
    if (range_inside(addr, 1, l->args, l->args_len))
        return "the boot information";
    if (range_inside(addr, 1, l->stack - PAGE_SIZE, PAGE_SIZE))
        return "the guard page below the stack; stack overflow";
    if (range_inside(addr, 1, l->stack, l->stack_len))
        return "the stack";
    if (range_inside(addr, 1, l->heap, l->heap_len))
        return "the heap";
    return "no memory of the program";
}

static void say_page_fault(uint64_t addr, uint64_t error)
{
    say_text("segmentation fault: ");
    say_text(error & FAULT_FETCH   ? "execution of 0x"
             : error & FAULT_WRITE ? "write to 0x"
                                   : "read of 0x");
    say_hex(addr, 1);
    say_text(" in ");
    say_text(place(addr));
    if (error & FAULT_FETCH)
        say_text(addr < PAGE_SIZE ? "; a null function pointer was called"
                                  : "; memory that is not executable");
    else if (addr < PAGE_SIZE)
        say_text("; a null pointer");
}

/* What happened, for a vector: Linux's signal and words. */
static int explain(const struct bare_frame *f, uint64_t cr2)
{
    static const struct {
        uint8_t vector, sig;
        const char *text;
    } known[] = {
        {DIVIDE, SIGFPE, "integer division by zero, or its result is too large"},
        {DEBUG, SIGTRAP, "debug exception"},
        {NMI, SIGKILL, "non-maskable interrupt: the hypervisor asks for the end"},
        {BREAKPOINT, SIGTRAP, "breakpoint (int3 instruction)"},
        {OPCODE, SIGILL, "illegal instruction"},
        {DOUBLE, SIGSEGV, "double fault: the CPU's tables are damaged"},
        {PROTECTION, SIGSEGV,
         "segmentation fault: a non-canonical address, a misaligned operand, or an instruction "
         "that "
         "programs may not use"},
        {FLOAT, SIGFPE, "floating-point exception"},
        {ALIGNMENT, SIGBUS, "misaligned access"},
        {MACHINE_CHECK, SIGBUS, "machine check: the hardware reports an error"},
        {SIMD, SIGFPE, "floating-point exception"},
    };

    if (f->vector == PROTECTION && in_text(f->rip) && in_text(f->rip + 1) &&
        *(const uint8_t *)f->rip == 0xcd && *(const uint8_t *)(f->rip + 1) == 0xf4) {
        say_text("the program stopped itself (int 0xf4): its C library found memory damaged, or "
                 "something that cannot be");
        return SIGSEGV;
    }
    if (f->vector == PAGE) {
        say_page_fault(cr2, f->error);
        return SIGSEGV;
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].vector == f->vector) {
            say_text(known[i].text);
            return known[i].sig;
        }
    }
    say_text("exception ");
    say_number(f->vector);
    return SIGSEGV;
}

_Noreturn void crash_exception(const struct bare_frame *f, uint64_t cr2)
{
    begin();
    int sig = explain(f, cr2);
    say_text("\n");
    say_registers(f);
    crash_trace(f->rip, f->rsp, f->rbp);
    power_off(128 + sig);
}

_Noreturn void crash_call(int sig, const char *reason, size_t len, uint64_t rbp)
{
    begin();
    serial_put(SERIAL_ERR, reason, len);
    say_text(" (signal ");
    say_number((unsigned)sig);
    say_text(")\n");
    crash_trace(word(rbp + 8), 0, word(rbp));
    power_off(128 + sig);
}
