/* SPDX-License-Identifier: MIT
 *
 * Classic BPF: a machine of two registers and 16 words of memory. Jumps lead forward only, and a
 * program is checked before it runs, so it ends and stays within itself; what it loads is checked
 * while it runs, and a load from behind the frame's end drops the frame. */
#include "inet/filter.h"

#include <errno.h>
#include <string.h>

#include "iface/user.h"
#include "mm/heap.h"
#include "wire/ip.h"

#define ANCILLARY ((uint32_t)SKF_AD_OFF) /* loads from there on are no bytes of the frame */

static size_t size_of(unsigned count)
{
    return sizeof(struct filter) + count * sizeof(struct sock_filter);
}

/* What a load from the ancillary area at (k) gives. False: not known. */
static bool ancillary(uint32_t k, const struct filter_frame *f, uint32_t *value)
{
    switch (k - ANCILLARY) {
    case SKF_AD_PROTOCOL:
        *value = f->type;
        return true;
    case SKF_AD_PKTTYPE:
        *value = f->kind;
        return true;
    case SKF_AD_IFINDEX:
        *value = f->index;
        return true;
    case SKF_AD_HATYPE:
        *value = f->hardware;
        return true;
    case SKF_AD_VLAN_TAG: /* tags stay in the frame */
    case SKF_AD_VLAN_TAG_PRESENT:
    case SKF_AD_CPU:
    case SKF_AD_MARK:
    case SKF_AD_QUEUE:
        *value = 0;
        return true;
    default:
        return false;
    }
}

static bool check_load(const struct sock_filter *c)
{
    static const struct filter_frame nothing;
    uint32_t value;

    switch (BPF_CLASS(c->code) | BPF_SIZE(c->code) | BPF_MODE(c->code)) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
        return c->k < ANCILLARY || ancillary(c->k, &nothing, &value);
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_B | BPF_MSH:
    case BPF_LDX | BPF_IMM:
        return true;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
        return c->k < BPF_MEMWORDS;
    default:
        return false;
    }
}

static bool check_alu(const struct sock_filter *c)
{
    bool constant = BPF_SRC(c->code) == BPF_K;

    switch (BPF_OP(c->code)) {
    case BPF_DIV:
    case BPF_MOD:
        return !constant || c->k != 0;
    case BPF_LSH:
    case BPF_RSH:
        return !constant || c->k < 32;
    case BPF_NEG:
        return constant;
    default:
        return BPF_OP(c->code) <= BPF_XOR;
    }
}

/* A jump behind which (left) instructions follow. */
static bool check_jump(const struct sock_filter *c, unsigned left)
{
    switch (BPF_OP(c->code)) {
    case BPF_JA:
        return c->code == (BPF_JMP | BPF_JA) && c->k < left;
    case BPF_JEQ:
    case BPF_JGT:
    case BPF_JGE:
    case BPF_JSET:
        return c->jt < left && c->jf < left;
    default:
        return false;
    }
}

static bool check_one(const struct sock_filter *c, unsigned left)
{
    if (c->code > 0xff)
        return false;
    switch (BPF_CLASS(c->code)) {
    case BPF_LD:
    case BPF_LDX:
        return check_load(c);
    case BPF_ST:
    case BPF_STX:
        return c->code == BPF_CLASS(c->code) && c->k < BPF_MEMWORDS;
    case BPF_ALU:
        return check_alu(c);
    case BPF_JMP:
        return check_jump(c, left);
    case BPF_RET:
        return c->code == (BPF_RET | BPF_K) || c->code == (BPF_RET | BPF_A);
    default:
        return c->code == (BPF_MISC | BPF_TAX) || c->code == (BPF_MISC | BPF_TXA);
    }
}

int filter_make(const void *value, struct filter **out)
{
    struct sock_fprog program;

    memcpy(&program, value, sizeof(program));
    if (program.len == 0 || program.len > BPF_MAXINSNS || !program.filter)
        return -EINVAL;
    if (!user_readable(program.filter, program.len * sizeof(program.filter[0])))
        return -EFAULT;
    struct filter *f = heap_alloc(size_of(program.len));
    if (!f)
        return -ENOMEM;
    f->count = program.len;
    memcpy(f->code, program.filter, program.len * sizeof(program.filter[0]));
    bool good = BPF_CLASS(f->code[f->count - 1].code) == BPF_RET;
    for (unsigned i = 0; i < f->count; i++)
        good = good && check_one(&f->code[i], f->count - 1 - i);
    if (!good) {
        filter_free(f);
        return -EINVAL;
    }
    *out = f;
    return 0;
}

void filter_free(struct filter *f)
{
    if (f)
        heap_free(f, size_of(f->count));
}

/* Loads (n) bytes at (k), which may count from the network or the link header. False: there are no
 * such bytes. */
static bool load(const struct filter_frame *f, uint32_t k, uint32_t n, uint32_t *value)
{
    uint8_t b[4];
    uint64_t at = k >= (uint32_t)SKF_NET_OFF  ? k - (uint32_t)SKF_NET_OFF + f->net
                  : k >= (uint32_t)SKF_LL_OFF ? k - (uint32_t)SKF_LL_OFF
                                              : (uint64_t)k + f->start;

    if (at + n > f->p->total)
        return false;
    pkt_copy(f->p, at, b, n);
    *value = 0;
    for (uint32_t i = 0; i < n; i++)
        *value = *value << 8 | b[i];
    return true;
}

static uint32_t calculate(unsigned op, uint32_t a, uint32_t b)
{
    switch (op) {
    case BPF_ADD:
        return a + b;
    case BPF_SUB:
        return a - b;
    case BPF_MUL:
        return a * b;
    case BPF_DIV:
        return a / b;
    case BPF_MOD:
        return a % b;
    case BPF_OR:
        return a | b;
    case BPF_AND:
        return a & b;
    case BPF_XOR:
        return a ^ b;
    case BPF_LSH:
        return a << (b & 31);
    case BPF_RSH:
        return a >> (b & 31);
    default:
        return -a;
    }
}

static bool holds(unsigned op, uint32_t a, uint32_t b)
{
    return op == BPF_JEQ ? a == b : op == BPF_JGT ? a > b : op == BPF_JGE ? a >= b : (a & b) != 0;
}

/* Loads into (*to) what (c) says. False: the frame has no such bytes. */
static bool load_one(const struct sock_filter *c, const struct filter_frame *f, uint32_t x,
                     const uint32_t *memory, uint32_t *to)
{
    uint32_t n = BPF_SIZE(c->code) == BPF_W ? 4 : BPF_SIZE(c->code) == BPF_H ? 2 : 1, v = 0;

    switch (BPF_MODE(c->code)) {
    case BPF_ABS:
        return (c->k >= ANCILLARY && ancillary(c->k, f, to)) || load(f, c->k, n, to);
    case BPF_IND:
        return load(f, c->k + x, n, to);
    case BPF_MSH:
        if (!load(f, c->k, 1, &v))
            return false;
        *to = (v & 15) * 4;
        return true;
    default:
        *to = BPF_MODE(c->code) == BPF_MEM   ? memory[c->k]
              : BPF_MODE(c->code) == BPF_LEN ? f->p->total - f->start
                                             : c->k;
        return true;
    }
}

uint32_t filter_run(const struct filter *f, const struct filter_frame *frame)
{
    uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {0};

    for (const struct sock_filter *c = f->code;; c++) {
        uint32_t b = BPF_SRC(c->code) == BPF_X ? x : c->k;
        unsigned op = BPF_OP(c->code);
        switch (BPF_CLASS(c->code)) {
        case BPF_LD:
        case BPF_LDX:
            if (!load_one(c, frame, x, memory, BPF_CLASS(c->code) == BPF_LD ? &a : &x))
                return 0;
            break;
        case BPF_ST:
        case BPF_STX:
            memory[c->k] = BPF_CLASS(c->code) == BPF_ST ? a : x;
            break;
        case BPF_ALU:
            if (b == 0 && (op == BPF_DIV || op == BPF_MOD))
                return 0;
            a = calculate(op, a, b);
            break;
        case BPF_JMP:
            c += op == BPF_JA ? c->k : holds(op, a, b) ? c->jt : c->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(c->code) == BPF_A ? a : c->k;
        default:
            if (BPF_MISCOP(c->code) == BPF_TAX)
                x = a;
            else
                a = x;
            break;
        }
    }
}

int filter_option(struct filter **at, bool *locked, int name, const void *value, socklen_t len)
{
    struct filter *f = NULL;
    int v, err;

    if (name == SO_LOCK_FILTER) {
        memcpy(&v, value, sizeof(v));
        if (*locked && !v)
            return -EPERM;
        *locked = v;
        return 0;
    }
    if (name != SO_ATTACH_FILTER && name != SO_DETACH_FILTER)
        return -ENOPROTOOPT;
    if (name == SO_ATTACH_FILTER && len != sizeof(struct sock_fprog))
        return -EINVAL;
    if (*locked)
        return -EPERM;
    if (name == SO_ATTACH_FILTER)
        err = filter_make(value, &f);
    else
        err = *at ? 0 : -ENOENT;
    if (err)
        return err;
    filter_free(*at);
    *at = f;
    return 0;
}
