/* SPDX-License-Identifier: MIT
 *
 * Memory policies of a machine with one node, number 0: they are checked, and that of the process
 * is kept to be read back. All memory comes from that node whatever they say. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/memory.h"

#define MODES      7          /* MPOL_DEFAULT to MPOL_WEIGHTED_INTERLEAVE */
#define BALANCING  (1u << 13) /* MPOL_F_NUMA_BALANCING */
#define OWN_NODES  (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)
#define MODE_FLAGS (OWN_NODES | BALANCING)
#define INTERLEAVE (1u << MPOL_INTERLEAVE | 1u << 6)

#define WORD_BITS 64

/* A set of nodes is one word: no machine has more of them. */
struct policy {
    unsigned mode, flags;
    uint64_t nodes;
};

static struct policy current;

/* Reads the (max) - 1 bits at (mask). 0; -EFAULT; -EINVAL: nodes that cannot exist. */
static int read_nodes(long mask, unsigned long max, uint64_t *nodes)
{
    const uint64_t *words = (const uint64_t *)mask;
    unsigned long bits = max - 1, count = (bits + WORD_BITS - 1) / WORD_BITS;

    *nodes = 0;
    if (bits == 0 || !mask)
        return 0;
    if (bits > PAGE_SIZE * 8)
        return -EINVAL;
    if (!user_readable(words, count * sizeof(*words)))
        return -EFAULT;
    uint64_t last = bits % WORD_BITS ? (1ull << bits % WORD_BITS) - 1 : UINT64_MAX;
    for (unsigned long i = 1; i < count; i++)
        if (words[i] & (i + 1 < count ? UINT64_MAX : last))
            return -EINVAL;
    *nodes = words[0] & (count > 1 ? UINT64_MAX : last);
    return 0;
}

/* Splits (mode) of a call into p->mode and p->flags. */
static int read_mode(unsigned mode, struct policy *p)
{
    p->flags = mode & MODE_FLAGS;
    p->mode = mode & ~(unsigned)MODE_FLAGS;
    if (p->mode >= MODES || (p->flags & OWN_NODES) == OWN_NODES)
        return -EINVAL;
    bool balances = p->mode == MPOL_BIND || p->mode == MPOL_PREFERRED_MANY;
    return (p->flags & BALANCING) && !balances ? -EINVAL : 0;
}

/* Whether mode and nodes go together. Leaves those of the nodes that there are, or those that were
 * asked for where flags want them remembered. */
static int complete(struct policy *p)
{
    bool own = p->flags & OWN_NODES;

    if (p->mode == MPOL_PREFERRED && p->nodes == 0 && !own)
        p->mode = MPOL_LOCAL;
    if (p->mode == MPOL_DEFAULT || p->mode == MPOL_LOCAL) {
        bool flagged = p->mode == MPOL_LOCAL && own;
        p->flags = 0;
        return p->nodes != 0 || flagged ? -EINVAL : 0;
    }
    /* Relative numbers wrap around: all of them are node 0. */
    uint64_t there = p->flags & MPOL_F_RELATIVE_NODES ? p->nodes : p->nodes & 1;
    if (there == 0)
        return -EINVAL;
    p->nodes = p->flags ? p->nodes : there;
    return 0;
}

static int read_policy(long mode, long mask, long max, struct policy *p)
{
    int err = read_mode((unsigned)mode, p);

    return err ? err : read_nodes(mask, (unsigned long)max, &p->nodes);
}

long pith_sys_set_mempolicy(long mode, long mask, long max)
{
    HOLD;
    struct policy p;
    int err = read_policy(mode, mask, max, &p);

    err = err ? err : complete(&p);
    if (!err)
        current = p;
    return err;
}

long pith_sys_mbind(long start, long len, long mode, long mask, long max, long flags)
{
    HOLD;
    struct policy p;
    unsigned long at = (unsigned long)start, bytes = align_up((unsigned long)len, PAGE_SIZE);
    int err = read_policy(mode, mask, max, &p);

    if (err)
        return err;
    if (flags & ~(long)(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
        return -EINVAL;
    if ((flags & MPOL_MF_MOVE_ALL) && !cred_may(CAP_SYS_NICE))
        return -EPERM;
    if (at % PAGE_SIZE != 0 || at + bytes < at)
        return -EINVAL;
    if (bytes == 0)
        return 0;
    err = complete(&p);
    return err ? err : memory_is_mapped(at, bytes) ? 0 : -EFAULT;
}

/* What get_mempolicy answers with (flags) for (addr): the number at its first argument in
 * (*answer), and nodes. */
static int ask(unsigned long addr, unsigned long flags, int *answer, uint64_t *nodes)
{
    bool of_memory = flags & MPOL_F_ADDR;

    *answer = 0;
    if (flags & MPOL_F_MEMS_ALLOWED) {
        *nodes = 1;
        return flags & (MPOL_F_NODE | MPOL_F_ADDR) ? -EINVAL : 0;
    }
    if (of_memory ? !memory_is_mapped(addr, 1) : addr != 0)
        return of_memory ? -EFAULT : -EINVAL;
    /* Memory has no policies of its own. */
    const struct policy p = of_memory ? (struct policy){0} : current;
    *nodes = p.nodes;
    if (!(flags & MPOL_F_NODE))
        *answer = (int)(p.mode | p.flags);
    else if (!of_memory && !(INTERLEAVE >> p.mode & 1))
        return -EINVAL;
    return 0;
}

long pith_sys_get_mempolicy(long policy, long mask, long max, long addr, long flags)
{
    HOLD;
    const unsigned long known = MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED;
    unsigned long bits = (unsigned long)max - 1;
    uint64_t nodes;
    int answer;

    if ((mask && max == 0) || ((unsigned long)flags & ~known))
        return -EINVAL;
    int err = ask((unsigned long)addr, (unsigned long)flags, &answer, &nodes);
    if (!err && policy)
        err = user_give_int(policy, answer);
    if (err || !mask)
        return err;
    size_t len = align_up(bits, WORD_BITS) / 8;
    if (len > PAGE_SIZE)
        return -EINVAL;
    if (!user_writable((void *)mask, len))
        return -EFAULT;
    memset((void *)mask, 0, len);
    memcpy((void *)mask, &nodes, min_size(len, sizeof(nodes)));
    return 0;
}
