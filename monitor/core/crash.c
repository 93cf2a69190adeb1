/* SPDX-License-Identifier: MIT
 *
 * Crash reports. Nothing that the guest holds is trusted: its memory is read by probe_word, which
 * survives any address, and its frames are followed upwards only. What matters most is written
 * first: a fault in the report itself ends it (signals.c). */
#include "monitor/core/crash.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "monitor/core/say.h"
#include "monitor/core/symbols.h"
#include "monitor/process/guest.h"
#include "monitor/core/where.h"
#include "monitor/sandbox/filter.h"

#define FRAMES_MAX 14

/* Bits of the page fault's error code (Intel SDM volume 3, 4.7). */
#define FAULT_WRITE (1u << 1)
#define FAULT_FETCH (1u << 4)

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

/* As a part of this process the guest may stand anywhere, in the vDSO for example; in a machine of
 * its own, only in its memory. */
bool crash_guest_word(const struct machine *m, uint64_t addr, uint64_t *out)
{
    uint64_t host = (uint64_t)m->mem;
    if (host != m->mem_base && !range_inside(addr, sizeof(*out), m->mem_base, m->layout.mem_len))
        return false;
    return probe_word(host + (addr - m->mem_base), out);
}

/* Up to 8 bytes at (addr), the first one lowest; 0 where nothing can be read. */
static uint64_t code_at(const struct machine *m, uint64_t addr)
{
    uint64_t word;
    return crash_guest_word(m, addr, &word) ? word : 0;
}

/* Whether (addr) can be a return address: a call instruction ends there. */
static bool after_call(const struct machine *m, uint64_t addr)
{
    if (!in_text(m, addr - 8))
        return false;
    uint64_t before = code_at(m, addr - 8);
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
    if (crash_guest_word(m, rsp, &top) && after_call(m, top) &&
        !(crash_guest_word(m, rbp + 8, &ret) && ret == top))
        add_frame(t, top);
    while (!t->more && rbp % 8 == 0 && crash_guest_word(m, rbp + 8, &ret) && ret) {
        uint64_t up;
        if (!in_text(m, ret - 1) || !crash_guest_word(m, rbp, &up))
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

static void say_registers(const uint64_t *reg)
{
    static const char names[CRASH_REGS][4] = {
        [CRASH_RAX] = "rax", [CRASH_RBX] = "rbx",   [CRASH_RCX] = "rcx", [CRASH_RDX] = "rdx",
        [CRASH_RSI] = "rsi", [CRASH_RDI] = "rdi",   [CRASH_RBP] = "rbp", [CRASH_RSP] = "rsp",
        [CRASH_R8] = "r8 ",  [CRASH_R9] = "r9 ",    [CRASH_R10] = "r10", [CRASH_R11] = "r11",
        [CRASH_R12] = "r12", [CRASH_R13] = "r13",   [CRASH_R14] = "r14", [CRASH_R15] = "r15",
        [CRASH_RIP] = "rip", [CRASH_FLAGS] = "efl",
    };
    for (unsigned i = 0; i < CRASH_REGS; i += 3)
        say_more("  %s %016lx  %s %016lx  %s %016lx", names[i], (unsigned long)reg[i], names[i + 1],
                 (unsigned long)reg[i + 1], names[i + 2], (unsigned long)reg[i + 2]);
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

static void say_segv(const struct machine *m, const struct crash_fault *f)
{
    if (f->vector == VECTOR_PAGE) {
        say("%s: segmentation fault: %s 0x%lx in %s%s", m->name, access_name(f->error),
            (unsigned long)f->addr, where_name(where_is(m, f->addr)),
            page_fault_hint(m, f->addr, f->reg[CRASH_RSP], f->error));
    } else if ((code_at(m, f->reg[CRASH_RIP]) & 0xffff) == 0xf4cd) {
        say("%s: the program stopped itself (int 0xf4): its C library found memory "
            "damaged, or something that cannot be",
            m->name);
    } else if (f->vector == VECTOR_PROTECTION && (code_at(m, f->reg[CRASH_RIP]) & 0xff) == 0xf4) {
        say("%s: the program stopped itself (hlt instruction)", m->name);
    } else if (f->vector == VECTOR_PROTECTION) {
        say("%s: segmentation fault: a non-canonical address, a misaligned operand, or an "
            "instruction that programs may not use",
            m->name);
    } else {
        say("%s: segmentation fault: exception %u", m->name, f->vector);
    }
}

static void say_bus(const struct machine *m, const struct crash_fault *f)
{
    if (f->file_gone && where_is(m, f->addr) <= WHERE_GAP)
        say("%s: bus error at 0x%lx: the image file was changed or cut short while it ran", m->name,
            (unsigned long)f->addr);
    else
        say("%s: bus error at 0x%lx in %s", m->name, (unsigned long)f->addr,
            where_name(where_is(m, f->addr)));
}

static void say_syscall(const struct machine *m, int number)
{
    const struct filter_params any = {.heap_len = 1, .pool = m->pool};
    struct filter_call calls[FILTER_ROWS];
    const char *name = NULL;
    filter_table(&any, calls);
    for (unsigned i = 0; calls[i].name; i++)
        if (calls[i].number == number)
            name = calls[i].name;
    if (name)
        say("%s: guest made system call %d (%s) with arguments that the sandbox does not allow",
            m->name, number, name);
    else
        say("%s: guest made system call %d, which the sandbox does not allow", m->name, number);
}

static void say_what(const struct machine *m, const struct crash_fault *f)
{
    if (f->other) {
        say("%s: %s", m->name, f->other);
        return;
    }
    switch (f->sig) {
    case SIGSEGV:
        say_segv(m, f);
        break;
    case SIGBUS:
        say_bus(m, f);
        break;
    case SIGFPE:
        say("%s: %s", m->name,
            f->vector == VECTOR_DIVIDE ? "integer division by zero, or its result is too large"
                                       : "floating-point exception");
        break;
    case SIGILL:
        if ((code_at(m, f->reg[CRASH_RIP]) & 0xffff) == 0x0b0f)
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
        say_syscall(m, f->call);
        break;
    default:
        say("%s: stopped by signal %d", m->name, f->sig);
        break;
    }
}

void crash_report_fault(const struct machine *m, const struct crash_fault *f)
{
    struct trace t = {0};
    say_what(m, f);
    say_registers(f->reg);
    walk(m, f->reg[CRASH_RIP], f->reg[CRASH_RSP], f->reg[CRASH_RBP], &t);
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
        if (!crash_guest_word(m, align_down(from + n, 8), &word))
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

void crash_report_trace(const struct machine *m, uint64_t rip, uint64_t rsp, uint64_t rbp)
{
    struct trace t = {0};
    walk(m, rip, rsp, rbp, &t);
    say_trace(m, &t);
}
