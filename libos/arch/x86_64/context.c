/* SPDX-License-Identifier: MIT
 *
 * The stacks that cpu_switch is given: see context.h. */
#include "arch/context.h"

#include <cpuid.h>

#define XSAVE_LEAF 13

struct cpu_context *upcall_context;

/* switch.S */
extern const char cpu_start[], cpu_resume_rbx[];

/* Where cpu_switch finds registers and return address. */
enum { R15, R14, R13, R12, RBX, RBP, RETURN, WORDS };

uintptr_t cpu_start_stack(void *end, void (*fn)(void))
{
    uint64_t *sp = (uint64_t *)end - WORDS;

    for (int i = 0; i < WORDS; i++)
        sp[i] = 0;
    sp[RBX] = (uintptr_t)fn;
    sp[RETURN] = (uintptr_t)cpu_start;
    return (uintptr_t)sp;
}

uintptr_t cpu_resume_stack(struct cpu_context *c)
{
    _Static_assert(ARRAY_LEN(c->resume) == WORDS, "room for what cpu_switch leaves");
    c->resume[RBX] = (uintptr_t)c;
    c->resume[RETURN] = (uintptr_t)cpu_resume_rbx;
    return (uintptr_t)c->resume;
}

size_t cpu_xsave_len(void)
{
    static size_t len;
    unsigned a, b, c, d;

    /* For the states that are enabled, saved or not. */
    if (len == 0)
        len = __get_cpuid_count(XSAVE_LEAF, 0, &a, &b, &c, &d) ? b : 512 + 64;
    return len;
}
