/* SPDX-License-Identifier: MIT
 *
 * The filter's table and its translation to a seccomp program (classic BPF). The program is
 * straight: per call one comparison of the number, then its checks, each ending in its own refusal,
 * so that all jumps are short. Arguments are 64 bits and BPF's words 32: every check looks at both
 * halves. */
#include "monitor/sandbox/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "monitor/dev/queue.h"

#define ANY ((struct filter_arg){0})

void filter_table(const struct filter_params *p, struct filter_call *calls)
{
    /* The end of the range is not compared with the heap's: an area without use, as long as the
     * heap, follows it, so a range that starts in the heap and is no longer than it ends in memory
     * of the guest's own. */
    struct filter_arg addr = {0,       CHECK_RANGE,           "addr",
                              p->heap, p->heap + p->heap_len, "inside the heap"};
    struct filter_arg len = {1, CHECK_AT_MOST, "len", p->heap_len, 0, "at most the heap's length"};
    /* PROT_READ is 1, PROT_WRITE 2, PROT_EXEC 4: sums below 4, or below 6 with exec but never with
     * both. */
    uint64_t prots = p->allow_jit ? 0x3f : 0x0f;
    uint64_t release = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

    const struct filter_call table[FILTER_CALLS] = {
        {SYS_writev,
         "writev",
         "output",
         {{0, CHECK_ONE_OF, "fd", p->out_fds, 0, NULL},
          {2, CHECK_AT_MOST, "iovcnt", QUEUE_SIZE, 0, NULL}}},
        {SYS_readv,
         "readv",
         "input",
         {{0, CHECK_IS, "fd", 0, 0, NULL}, {2, CHECK_AT_MOST, "iovcnt", QUEUE_SIZE, 0, NULL}}},
        {SYS_ppoll,
         "ppoll",
         "waiting for input, room for output, and time",
         {{1, CHECK_AT_MOST, "nfds", 8, 0, NULL}, {3, CHECK_IS, "sigmask", 0, 0, NULL}}},
        {SYS_clock_gettime,
         "clock_gettime",
         "time, where the vDSO cannot tell it",
         {{0, CHECK_AT_MOST, "clock", 1, 0, NULL}}},
        {SYS_mprotect,
         "mprotect",
         "the guest's page protections",
         {addr,
          len,
          {2, CHECK_ONE_OF, "prot", prots, 0,
           p->allow_jit ? "none, or read with write or exec" : "none, or read and write"}}},
        {SYS_mmap,
         "mmap",
         "giving pages back",
         {addr,
          len,
          {2, CHECK_IS, "prot", PROT_NONE, 0, "none"},
          {3, CHECK_IS, "flags", release, 0, "fixed, private, anonymous, noreserve"},
          {4, CHECK_IS, "fd", UINT64_MAX, 0, "-1"},
          {5, CHECK_IS, "offset", 0, 0, NULL}}},
        {SYS_madvise,
         "madvise",
         "huge pages, dropping contents",
         {addr,
          len,
          {2, CHECK_ONE_OF, "advice", 1ull << MADV_DONTNEED | 1ull << MADV_HUGEPAGE, 0,
           "dontneed or hugepage"}}},
        {SYS_rt_sigreturn, "rt_sigreturn", "the end of signal handlers", {ANY}},
        {SYS_rt_sigaction,
         "rt_sigaction",
         "ending as by a signal",
         {{0, CHECK_ONE_OF, "sig", p->die_signals << 1, 0, NULL}}},
        {SYS_tgkill,
         "tgkill",
         "ending as by a signal",
         {{0, CHECK_IS, "tgid", (uint64_t)p->pid, 0, "this process"},
          {1, CHECK_IS, "tid", (uint64_t)p->pid, 0, "this process"}}},
        {SYS_exit_group, "exit_group", "the end", {ANY}},
    };
    memcpy(calls, table, sizeof(table));
}

/* The program as far as it is written. */
struct code {
    struct sock_filter *at;
    size_t len;
};

static void emit(struct code *c, uint16_t op, uint32_t k, uint8_t jt, uint8_t jf)
{
    c->at[c->len++] = (struct sock_filter){op, jt, jf, k};
}

static void load(struct code *c, size_t offset)
{
    emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_low(struct code *c, unsigned arg)
{
    load(c, offsetof(struct seccomp_data, args[arg]));
}

static void load_high(struct code *c, unsigned arg)
{
    load(c, offsetof(struct seccomp_data, args[arg]) + 4);
}

static void answer(struct code *c, uint32_t action)
{
    emit(c, BPF_RET | BPF_K, action, 0, 0);
}

#define JEQ  (BPF_JMP | BPF_JEQ | BPF_K)
#define JGT  (BPF_JMP | BPF_JGT | BPF_K)
#define JGE  (BPF_JMP | BPF_JGE | BPF_K)
#define JSET (BPF_JMP | BPF_JSET | BPF_K)

#define HIGH(x) ((uint32_t)((x) >> 32))
#define LOW(x)  ((uint32_t)(x))

/* In each of these, control falls out at the end when the check holds, and refuses else. */
static void check_is(struct code *c, unsigned arg, uint64_t value)
{
    load_high(c, arg);
    emit(c, JEQ, HIGH(value), 0, 2);
    load_low(c, arg);
    emit(c, JEQ, LOW(value), 1, 0);
    answer(c, SECCOMP_RET_TRAP);
}

static void check_at_most(struct code *c, unsigned arg, uint64_t limit)
{
    load_high(c, arg);
    emit(c, JGT, HIGH(limit), 3, 0);
    emit(c, JEQ, HIGH(limit), 0, 3);
    load_low(c, arg);
    emit(c, JGT, LOW(limit), 0, 1);
    answer(c, SECCOMP_RET_TRAP);
}

static void check_at_least(struct code *c, unsigned arg, uint64_t limit)
{
    load_high(c, arg);
    emit(c, JGT, HIGH(limit), 4, 0);
    emit(c, JEQ, HIGH(limit), 0, 2);
    load_low(c, arg);
    emit(c, JGE, LOW(limit), 1, 0);
    answer(c, SECCOMP_RET_TRAP);
}

/* The bit of (mask) that the argument names is brought down to bit 0. */
static void check_one_of(struct code *c, unsigned arg, uint64_t mask)
{
    load_high(c, arg);
    emit(c, JEQ, 0, 0, 12);
    load_low(c, arg);
    emit(c, JGE, 64, 10, 0);
    emit(c, JGE, 32, 4, 0);
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    emit(c, BPF_LD | BPF_IMM, LOW(mask), 0, 0);
    emit(c, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
    emit(c, JSET, 1, 6, 5);
    emit(c, BPF_ALU | BPF_SUB | BPF_K, 32, 0, 0);
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    emit(c, BPF_LD | BPF_IMM, HIGH(mask), 0, 0);
    emit(c, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
    emit(c, JSET, 1, 1, 0);
    answer(c, SECCOMP_RET_TRAP);
}

static void check(struct code *c, const struct filter_arg *a)
{
    switch (a->check) {
    case CHECK_IS:
        check_is(c, a->index, a->a);
        break;
    case CHECK_AT_MOST:
        check_at_most(c, a->index, a->a);
        break;
    case CHECK_RANGE:
        check_at_least(c, a->index, a->a);
        check_at_most(c, a->index, a->b - 1);
        break;
    case CHECK_ONE_OF:
        check_one_of(c, a->index, a->a);
        break;
    default:
        break;
    }
}

size_t filter_compile(const struct filter_call *calls, struct sock_filter *code)
{
    struct code c = {code, 0};

    load(&c, offsetof(struct seccomp_data, arch));
    emit(&c, JEQ, AUDIT_ARCH_X86_64, 1, 0);
    answer(&c, SECCOMP_RET_KILL_PROCESS);

    /* On installation Linux tries every call number, to find those that are allowed whatever their
     * arguments. There is nothing to be gained here, and a program that looks at something else
     * first ends each try at once. */
    load(&c, offsetof(struct seccomp_data, instruction_pointer));

    for (size_t i = 0; i < FILTER_CALLS; i++) {
        load(&c, offsetof(struct seccomp_data, nr));
        size_t jump = c.len;
        emit(&c, JEQ, calls[i].number, 0, 0);
        for (size_t j = 0; j < FILTER_ARGS && calls[i].arg[j].check != CHECK_NONE; j++)
            check(&c, &calls[i].arg[j]);
        answer(&c, SECCOMP_RET_ALLOW);
        code[jump].jf = (uint8_t)(c.len - jump - 1);
    }
    answer(&c, SECCOMP_RET_TRAP);
    return c.len;
}
