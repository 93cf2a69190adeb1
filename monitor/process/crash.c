/* SPDX-License-Identifier: MIT
 *
 * Crash reports. Nothing that the guest holds is trusted: its memory is read by probe_word, which
 * survives any address, and its frames are followed upwards only. What matters most is written
 * first: a fault in the report itself ends it (signals.c). */
#include "monitor/process/crash.h"

#include <stdio.h>
#include <string.h>

#include "monitor/core/say.h"
#include "monitor/core/symbols.h"
#include "monitor/process/guest.h"
#include "monitor/process/where.h"
#include "monitor/sandbox/filter.h"

#define FRAMES_MAX 14

/* Exceptions by vector (Intel SDM volume 3, 6.15), and bits of the page fault's error code. */
#define TRAP_PROTECTION 13
#define TRAP_PAGE       14
#define FAULT_WRITE     (1u << 1)
#define FAULT_FETCH     (1u << 4)

/* Return addresses, innermost first. frame[0] is where it stopped. */
struct trace {
    uint64_t frame[FRAMES_MAX];
    unsigned again[FRAMES_MAX]; /* how often the same one follows: recursion */
    unsigned count;
    bool more;
};

static const char *signal_name(int sig)
{
    static const char *const names[] = {
        [SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",
        [SIGFPE] = "SIGFPE", [SIGSEGV] = "SIGSEGV", [SIGTERM] = "SIGTERM", [SIGSYS] = "SIGSYS",
    };
    return sig >= 0 && sig < (int)ARRAY_LEN(names) && names[sig] ? names[sig] : "";
}

static bool in_text(const struct machine *m, uint64_t addr)
{
    const struct image_segment *text = &m->image.seg[IMAGE_TEXT];
    return range_inside(addr, 1, m->mem_base + text->addr, text->mem_len);
}

/* Up to 8 bytes at (addr), the first one lowest; 0 where nothing can be read. */
static uint64_t code_at(uint64_t addr)
{
    uint64_t word;
    return probe_word(addr, &word) ? word : 0;
}

/* Whether (addr) can be a return address: a call instruction ends there. */
static bool after_call(const struct machine *m, uint64_t addr)
{
    if (!in_text(m, addr - 8))
        return false;
    uint64_t before = code_at(addr - 8);
    uint8_t b[8];
    memcpy(b, &before, sizeof(b));
    if (b[3] == 0xe8) /* call rel32 */
        return true;
    for (unsigned len = 2; len <= 7; len++) /* call by register or memory: FF /2 */
        if (b[8 - len] == 0xff && (b[9 - len] >> 3 & 7) == 2)
            return true;
    return false;
}

static void add_frame(struct trace *t, uint64_t addr)
{
    if (t->count && t->frame[t->count - 1] == addr)
        t->again[t->count - 1]++;
    else if (t->count < FRAMES_MAX)
        t->frame[t->count++] = addr;
    else
        t->more = true;
}

/* Follows the chain of frame pointers from (rbp) on. A function that had not yet made its frame, or
 * makes none (assembly, a call of a wild pointer), has its return address at (rsp). */
static void walk(const struct machine *m, uint64_t rip, uint64_t rsp, uint64_t rbp, struct trace *t)
{
    uint64_t top, ret;
    add_frame(t, rip);
    if (probe_word(rsp, &top) && after_call(m, top) && !(probe_word(rbp + 8, &ret) && ret == top))
        add_frame(t, top);
    while (!t->more && rbp % 8 == 0 && probe_word(rbp + 8, &ret) && ret) {
        uint64_t up;
        if (!in_text(m, ret - 1) || !probe_word(rbp, &up))
            break;
        add_frame(t, ret);
        if (up <= rbp)
            break;
        rbp = up;
    }
}

static void say_frame(const struct machine *m, const struct place *p, const struct trace *t,
                      unsigned i)
{
    char name[160] = "", line[300] = "", again[40] = "";
    uint64_t addr = t->frame[i];
    if (!in_text(m, addr)) {
        say_more("  #%-2u 0x%lx in %s", i, (unsigned long)addr, where_name(where_is(m, addr)));
        return;
    }
    if (p->name)
        snprintf(name, sizeof(name), " %s+0x%lx", p->name, (unsigned long)p->offset);
    if (p->file)
        snprintf(line, sizeof(line), " (%s%s%s:%lu)", p->dir && *p->file != '/' ? p->dir : "",
                 p->dir && *p->file != '/' ? "/" : "", p->file, (unsigned long)p->line);
    if (t->again[i])
        snprintf(again, sizeof(again), ", and %u times more", t->again[i]);
    say_more("  #%-2u image+0x%lx%s%s%s", i, (unsigned long)(addr - m->mem_base), name, line,
             again);
}

static void say_trace(const struct machine *m, const struct trace *t)
{
    struct symbols s = {0};
    struct place places[FRAMES_MAX] = {0};
    const struct image_segment *text = &m->image.seg[IMAGE_TEXT];

    /* A return address is behind the call, perhaps on the next line already: ask for the byte
     * before. */
    for (unsigned i = 0; i < t->count; i++)
        places[i].addr = t->frame[i] - m->mem_base - (i > 0);
    if (m->file)
        symbols_open(m->file, m->file_len, text->addr, text->mem_len, &s);
    symbols_find(&s, places, t->count);
    lines_find(&s, places, t->count);

    for (unsigned i = 0; i < t->count; i++) {
        if (places[i].name)
            places[i].offset += i > 0;
        say_frame(m, &places[i], t, i);
    }
    if (t->more)
        say_more("  ... and further callers");
    if (s.symtab.len == 0)
        say_more("  (no names: the image was stripped)");
}

static void say_registers(const ucontext_t *context)
{
    static const struct {
        const char *name;
        int index;
    } regs[] = {
        {"rax", REG_RAX}, {"rbx", REG_RBX}, {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rsi", REG_RSI},
        {"rdi", REG_RDI}, {"rbp", REG_RBP}, {"rsp", REG_RSP}, {"r8 ", REG_R8},  {"r9 ", REG_R9},
        {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13}, {"r14", REG_R14},
        {"r15", REG_R15}, {"rip", REG_RIP}, {"efl", REG_EFL},
    };
    const greg_t *g = context->uc_mcontext.gregs;
    for (unsigned i = 0; i < ARRAY_LEN(regs); i += 3)
        say_more("  %s %016lx  %s %016lx  %s %016lx", regs[i].name, (unsigned long)g[regs[i].index],
                 regs[i + 1].name, (unsigned long)g[regs[i + 1].index], regs[i + 2].name,
                 (unsigned long)g[regs[i + 2].index]);
}

static const char *access_name(unsigned error)
{
    return error & FAULT_FETCH ? "execution of" : error & FAULT_WRITE ? "write to" : "read of";
}

/* What else can be said about a page fault. */
static const char *page_fault_hint(const struct machine *m, uint64_t addr, uint64_t rsp,
                                   unsigned error)
{
    switch (where_is(m, addr)) {
    case WHERE_NULL:
        return error & FAULT_FETCH ? "; a null function pointer was called" : "; a null pointer";
    case WHERE_GUARD:
        return "; stack overflow";
    case WHERE_HEAP:
        if (error & FAULT_FETCH)
            return "; memory that is not executable";
        if (!(error & FAULT_WRITE) || (error & 1) == 0)
            return rsp - addr < PAGE_SIZE
                       ? "; inaccessible: the stack of a thread overflowed"
                       : "; inaccessible: freed, never allocated, or a guard page";
        return "; made read-only by the program";
    default:
        return error & FAULT_FETCH && !in_text(m, addr) ? "; memory that is not executable" : "";
    }
}

static void say_segv(const struct machine *m, const siginfo_t *info, const greg_t *g)
{
    uint64_t addr = (uint64_t)info->si_addr, rip = (uint64_t)g[REG_RIP];
    if (g[REG_TRAPNO] == TRAP_PAGE) {
        unsigned error = (unsigned)g[REG_ERR];
        say("%s: segmentation fault: %s 0x%lx in %s%s", m->name, access_name(error),
            (unsigned long)addr, where_name(where_is(m, addr)),
            page_fault_hint(m, addr, (uint64_t)g[REG_RSP], error));
    } else if ((code_at(rip) & 0xff) == 0xf4) {
        say("%s: the program stopped itself (hlt instruction): its C library found memory "
            "damaged, or something that cannot be",
            m->name);
    } else if (g[REG_TRAPNO] == TRAP_PROTECTION) {
        say("%s: segmentation fault: a non-canonical address, a misaligned operand, or an "
            "instruction that programs may not use",
            m->name);
    } else {
        say("%s: segmentation fault: exception %ld", m->name, (long)g[REG_TRAPNO]);
    }
}

static void say_bus(const struct machine *m, const siginfo_t *info)
{
    uint64_t addr = (uint64_t)info->si_addr;
    if (info->si_code == BUS_ADRERR && where_is(m, addr) <= WHERE_GAP)
        say("%s: bus error at 0x%lx: the image file was changed or cut short while it ran", m->name,
            (unsigned long)addr);
    else
        say("%s: bus error at 0x%lx in %s", m->name, (unsigned long)addr,
            where_name(where_is(m, addr)));
}

static void say_syscall(const struct machine *m, int number)
{
    static const struct filter_params any = {.heap_len = 1};
    struct filter_call calls[FILTER_CALLS];
    const char *name = NULL;
    filter_table(&any, calls);
    for (unsigned i = 0; i < FILTER_CALLS; i++)
        if (calls[i].number == number)
            name = calls[i].name;
    if (name)
        say("%s: guest made system call %d (%s) with arguments that the sandbox does not allow",
            m->name, number, name);
    else
        say("%s: guest made system call %d, which the sandbox does not allow", m->name, number);
}

static void say_what(const struct machine *m, int sig, const siginfo_t *info, const greg_t *g)
{
    uint64_t rip = (uint64_t)g[REG_RIP];
    switch (sig) {
    case SIGSEGV:
        say_segv(m, info, g);
        break;
    case SIGBUS:
        say_bus(m, info);
        break;
    case SIGFPE:
        say("%s: %s", m->name,
            info->si_code == FPE_INTDIV ? "integer division by zero, or its result is too large"
                                        : "floating-point exception");
        break;
    case SIGILL:
        if ((code_at(rip) & 0xffff) == 0x0b0f)
            say("%s: the program stopped itself (ud2 instruction): __builtin_trap, or code that "
                "must not be reached",
                m->name);
        else
            say("%s: illegal instruction", m->name);
        break;
    case SIGTRAP:
        say("%s: breakpoint (int3 instruction)", m->name);
        break;
    case SIGSYS:
        say_syscall(m, info->si_syscall);
        break;
    default:
        say("%s: stopped by signal %d", m->name, sig);
        break;
    }
}

void crash_report_fault(const struct machine *m, int sig, const siginfo_t *info,
                        const ucontext_t *context)
{
    const greg_t *g = context->uc_mcontext.gregs;
    struct trace t = {0};
    say_what(m, sig, info, g);
    say_registers(context);
    walk(m, (uint64_t)g[REG_RIP], (uint64_t)g[REG_RSP], (uint64_t)g[REG_RBP], &t);
    say_trace(m, &t);
}

/* Copies text of the guest that may not be readable. Returns the bytes that were. */
static size_t copy_text(const struct machine *m, uint64_t from, uint64_t len, char *to, size_t size)
{
    if (!range_inside(from, len, m->mem_base, m->layout.mem_len))
        return 0;
    size_t n = 0;
    for (; n < len && n < size; n++) {
        uint64_t word;
        /* The aligned word that holds the byte: it is readable if the byte is. */
        if (!probe_word(align_down(from + n, 8), &word))
            break;
        to[n] = (char)(word >> (from + n) % 8 * 8);
    }
    return n;
}

void crash_report_call(const struct machine *m, int sig, uint64_t reason, uint64_t len,
                       const struct guest_frame *frame)
{
    char text[400];
    struct trace t = {0};
    int n = (int)copy_text(m, reason, len, text, sizeof(text));
    const char *name = signal_name(sig);
    say("%s: %.*s%s%s%s", m->name, n ? n : 7, n ? text : "stopped", *name ? " (" : "", name,
        *name ? ")" : "");
    say_more("  rip %016lx  rsp %016lx  rbp %016lx", (unsigned long)frame->rip,
             (unsigned long)frame->rsp + 8, (unsigned long)frame->rbp);
    walk(m, frame->rip, frame->rsp + 8, frame->rbp, &t);
    say_trace(m, &t);
}
