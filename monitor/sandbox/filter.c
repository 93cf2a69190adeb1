/* SPDX-License-Identifier: MIT
 *
 * The filter's table and its translation to a seccomp program (classic BPF). Installing it costs
 * time by the instruction (Linux checks and compiles it), in every start: so the program is short.
 * The call's number is loaded once and compared in a row; all checks refuse by a jump to the last
 * instruction. */
#include "monitor/sandbox/filter.h"

#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

void filter_allow_disks(struct filter_params *params, const struct disks *disks)
{
    for (unsigned i = 0; i < disks->count; i++) {
        const struct disk *d = &disks->dev[i];
        params->disk_fds |= 1ull << d->fd;
        params->disk_out_fds |= d->read_only ? 0 : 1ull << d->fd;
        params->disk_max = d->size > params->disk_max ? d->size : params->disk_max;
    }
}

/* The rows for streams, which have no offsets (-1 is their position), and for disks. Returns where
 * the next row goes. */
static struct filter_call *stream_and_disk_rows(const struct filter_params *p,
                                                struct filter_call *row)
{
    const struct filter_arg here = {3, CHECK_IS, true, "pos", UINT64_MAX, 0, "the position"};
    const struct filter_arg inside = {
        3, CHECK_AT_MOST, true, "pos", p->disk_max, 0, "at most the largest disk's size"};
    const struct filter_arg flags = {5, CHECK_IS, false, "flags", 0, 0, "none"};
    const struct filter_arg disk = {0, CHECK_ONE_OF, false, "fd", p->disk_fds, 0, NULL};
    const struct filter_arg disk_out = {0, CHECK_ONE_OF, false, "fd", p->disk_out_fds, 0, NULL};

    *row++ =
        (struct filter_call){SYS_pwritev2,
                             "pwritev2",
                             "output",
                             p->disk_out_fds,
                             {{0, CHECK_ONE_OF, false, "fd", p->out_fds, 0, NULL}, here, flags}};
    if (p->disk_out_fds)
        *row++ = (struct filter_call){
            SYS_pwritev2, "pwritev2", "writing disks", false, {disk_out, inside, flags}};
    *row++ = (struct filter_call){SYS_preadv2,
                                  "preadv2",
                                  "input",
                                  p->disk_fds,
                                  {{0, CHECK_ONE_OF, false, "fd", p->in_fds, 0, NULL}, here, flags}};
    if (p->disk_fds)
        *row++ = (struct filter_call){
            SYS_preadv2, "preadv2", "reading disks", false, {disk, inside, flags}};
    if (p->disk_out_fds)
        *row++ =
            (struct filter_call){SYS_fdatasync, "fdatasync", "flushing disks", false, {disk_out}};
    return row;
}

void filter_table(const struct filter_params *p, struct filter_call *calls)
{
    /* The end of the range is not compared with the heap's: an area without use, as long as all of
     * memory, follows it, so a range that starts in the heap and is no longer than the heap ends in
     * memory of the guest's own. */
    const struct filter_arg addr = {
        0, CHECK_RANGE, true, "addr", p->heap, p->heap + p->heap_len, "inside the heap"};
    const struct filter_arg len = {
        1, CHECK_AT_MOST, true, "len", p->heap_len, 0, "at most the heap's length"};
    /* PROT_READ is 1, PROT_WRITE 2, PROT_EXEC 4: up to 3 there is no exec, up to 5 never both. */
    const uint64_t prot = p->allow_jit ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE;
    const uint64_t release = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const uint64_t advice = 1u << MADV_DONTNEED | 1u << MADV_HUGEPAGE | 1u << MADV_REMOVE;
    const char *self = "this process";

    memset(calls, 0, FILTER_ROWS * sizeof(*calls));
    calls = stream_and_disk_rows(p, calls);
    *calls++ = (struct filter_call){SYS_ppoll,
                                    "ppoll",
                                    "waiting for input, room for output, and time",
                                    false,
                                    {{3, CHECK_IS, true, "sigmask", 0, 0, "none"}}};
    /* A guest in a machine of its own tells the time by the processor. */
    if (p->vcpu)
        *calls++ = (struct filter_call){SYS_ioctl,
                                        "ioctl",
                                        "running the virtual processor",
                                        false,
                                        {{0, CHECK_IS, false, "fd", (uint32_t)p->vcpu, 0, NULL},
                                         {1, CHECK_IS, false, "cmd", KVM_RUN, 0, "KVM_RUN"}}};
    else
        *calls++ = (struct filter_call){SYS_clock_gettime,
                                        "clock_gettime",
                                        "time, where the vDSO cannot tell it",
                                        false,
                                        {{0, CHECK_AT_MOST, false, "clock", 1, 0, NULL}}};
    *calls++ = (struct filter_call){SYS_mprotect,
                                    "mprotect",
                                    "the guest's page protections",
                                    false,
                                    {addr,
                                     len,
                                     {2, CHECK_AT_MOST, false, "prot", prot, 0,
                                      p->allow_jit ? "none, or read with write or exec but not both"
                                                   : "none, or read and write"}}};
    *calls++ = (struct filter_call){
        SYS_mmap,
        "mmap",
        "giving pages back",
        false,
        {addr,
         len,
         {2, CHECK_IS, false, "prot", PROT_NONE, 0, "none"},
         {3, CHECK_IS, false, "flags", release, 0, "fixed, private, anonymous, noreserve"}}};
    *calls++ = (struct filter_call){
        SYS_madvise,
        "madvise",
        "huge pages, dropping contents",
        false,
        {addr, len, {2, CHECK_ONE_OF, false, "advice", advice, 0, "dontneed, hugepage or remove"}}};
    /* An old length of 0: the pool stays as it is, and what it has is seen inside the heap too. */
    if (p->pool)
        *calls++ = (struct filter_call){
            SYS_mremap,
            "mremap",
            "showing shared pages of the heap once more",
            false,
            {{0, CHECK_RANGE, true, "addr", p->pool, p->pool + p->heap_len, "inside the pool"},
             {1, CHECK_IS, true, "old_len", 0, 0, NULL},
             {2, CHECK_AT_MOST, true, "new_len", p->heap_len, 0, "at most the heap's length"},
             {3, CHECK_IS, true, "flags", MREMAP_MAYMOVE | MREMAP_FIXED, 0, "fixed"},
             {4, CHECK_RANGE, true, "new_addr", p->heap, p->heap + p->heap_len,
              "inside the heap"}}};
    if (p->set_base)
        *calls++ = (struct filter_call){
            SYS_arch_prctl,
            "arch_prctl",
            "the guest's thread pointer",
            false,
            {{0, CHECK_RANGE, false, "op", ARCH_SET_GS, ARCH_SET_FS + 1, "FS or GS base"}}};
    *calls++ = (struct filter_call){
        SYS_rt_sigreturn, "rt_sigreturn", "the end of signal handlers", false, {{0}}};
    *calls++ =
        (struct filter_call){SYS_rt_sigaction,
                             "rt_sigaction",
                             "passing signals on, ending as by a signal",
                             false,
                             {{0, CHECK_ONE_OF, false, "sig", p->die_signals << 1, 0, NULL}}};
    *calls++ = (struct filter_call){SYS_tgkill,
                                    "tgkill",
                                    "ending as by a signal",
                                    false,
                                    {{0, CHECK_IS, false, "tgid", (uint32_t)p->pid, 0, self},
                                     {1, CHECK_IS, false, "tid", (uint32_t)p->pid, 0, self}}};
    *calls++ = (struct filter_call){SYS_exit_group, "exit_group", "the end", false, {{0}}};
}

/* The program as far as it is written. */
struct code {
    struct sock_filter *at;
    size_t len;
};

/* A jump to the refusal at the end; put right when the end is known. */
#define REFUSE 255

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

#define JEQ  (BPF_JMP | BPF_JEQ | BPF_K)
#define JGT  (BPF_JMP | BPF_JGT | BPF_K)
#define JGE  (BPF_JMP | BPF_JGE | BPF_K)
#define JSET (BPF_JMP | BPF_JSET | BPF_K)

#define HIGH(x) ((uint32_t)((x) >> 32))
#define LOW(x)  ((uint32_t)(x))

/* In each of these, control falls out at the end where the check holds. */
static void check_is(struct code *c, const struct filter_arg *a)
{
    if (a->is_long) {
        load_high(c, a->index);
        emit(c, JEQ, HIGH(a->a), 0, REFUSE);
    }
    load_low(c, a->index);
    emit(c, JEQ, LOW(a->a), 0, REFUSE);
}

static void check_at_most(struct code *c, unsigned arg, uint64_t limit, bool is_long)
{
    if (is_long) {
        load_high(c, arg);
        if (HIGH(limit))
            emit(c, JGT, HIGH(limit), REFUSE, 0);
        emit(c, JEQ, HIGH(limit), 0, HIGH(limit) ? 2 : REFUSE);
    }
    load_low(c, arg);
    emit(c, JGT, LOW(limit), REFUSE, 0);
}

static void check_at_least(struct code *c, unsigned arg, uint64_t limit)
{
    load_high(c, arg);
    emit(c, JGT, HIGH(limit), 3, 0);
    emit(c, JEQ, HIGH(limit), 0, REFUSE);
    load_low(c, arg);
    emit(c, JGE, LOW(limit), 0, REFUSE);
}

static void check_range(struct code *c, const struct filter_arg *a)
{
    uint64_t last = a->b - 1;
    if (HIGH(a->a) != HIGH(last)) {
        check_at_least(c, a->index, a->a);
        check_at_most(c, a->index, last, true);
        return;
    }
    load_high(c, a->index);
    emit(c, JEQ, HIGH(last), 0, REFUSE);
    load_low(c, a->index);
    emit(c, JGE, LOW(a->a), 0, REFUSE);
    emit(c, JGT, LOW(last), REFUSE, 0);
}

/* Up to three members are compared; else the bit of the mask that the argument names is brought
 * down to bit 0. */
static void check_one_of(struct code *c, unsigned arg, uint32_t mask)
{
    load_low(c, arg);
    int members = __builtin_popcount(mask);
    if (members <= 3) {
        for (; members; members--, mask &= mask - 1)
            emit(c, JEQ, (uint32_t)__builtin_ctz(mask), (uint8_t)(members - 1),
                 members == 1 ? REFUSE : 0);
        return;
    }
    emit(c, JGE, 32, REFUSE, 0);
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    emit(c, BPF_LD | BPF_IMM, mask, 0, 0);
    emit(c, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
    emit(c, JSET, 1, 0, REFUSE);
}

static void check(struct code *c, const struct filter_arg *a)
{
    if (a->check == CHECK_IS)
        check_is(c, a);
    else if (a->check == CHECK_AT_MOST)
        check_at_most(c, a->index, a->a, a->is_long);
    else if (a->check == CHECK_RANGE)
        check_range(c, a);
    else if (a->check == CHECK_ONE_OF)
        check_one_of(c, a->index, LOW(a->a));
}

static bool is_jump(const struct sock_filter *f)
{
    return BPF_CLASS(f->code) == BPF_JMP;
}

/* Lets a call that passes the checks of (row) through. */
static void check_row(struct code *c, const struct filter_call *row)
{
    for (size_t j = 0; j < FILTER_ARGS && row->arg[j].check != CHECK_NONE; j++)
        check(c, &row->arg[j]);
    emit(c, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* Refusals from instruction (from) on go to (target), which comes after all that is written so far.
 */
static void refuse_to(struct code *c, size_t from, size_t target)
{
    for (size_t i = from; i < c->len && i < target; i++) {
        uint8_t distance = (uint8_t)(target - i - 1);
        if (is_jump(&c->at[i]) && c->at[i].jt == REFUSE)
            c->at[i].jt = distance;
        if (is_jump(&c->at[i]) && c->at[i].jf == REFUSE)
            c->at[i].jf = distance;
    }
}

size_t filter_compile(const struct filter_call *calls, struct sock_filter *code)
{
    struct code c = {code, 0};

    /* On installation Linux tries every call number of every architecture, to find those that are
     * allowed whatever their arguments. There is little to be gained here, and a program that looks
     * at something else first ends each try at once: that saves 20 microseconds of every start. */
    load(&c, offsetof(struct seccomp_data, instruction_pointer));

    load(&c, offsetof(struct seccomp_data, arch));
    emit(&c, JEQ, AUDIT_ARCH_X86_64, 1, 0);
    emit(&c, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);

    load(&c, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; calls[i].name; i++) {
        size_t jump = c.len;
        emit(&c, JEQ, calls[i].number, 0, 0);
        check_row(&c, &calls[i]);
        for (; calls[i].or_next; i++) {
            refuse_to(&c, jump, c.len);
            check_row(&c, &calls[i + 1]);
        }
        code[jump].jf = (uint8_t)(c.len - jump - 1);
    }
    size_t end = c.len;
    emit(&c, BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
    refuse_to(&c, 0, end);
    return c.len;
}
