/* SPDX-License-Identifier: MIT
 *
 * The stacks that are kept: see stack_cache.h. A thread that uses the table is held in the library
 * OS, so no other one does at the same time. */
#include "stack_cache.h"
#include <string.h>
#include <sys/mman.h>
#include "libc.h"
#include "pthread_impl.h"
#include "pith_libc.h"

/* Few: what is kept is memory that the program does not have, a hundredth of the machine's at most
 * for stacks of the default size. Larger ones than that are not kept. */
#define KEPT 12

static struct {
    void *base; /* NULL: none */
    size_t size, guard;
} kept[KEPT];

/* The newest that fits, whose pages are warm; or with size 0 any. Returns its base or NULL. */
static void *take(size_t *size, size_t guard)
{
    void *base = NULL;

    thread_hold();
    for (int i = KEPT - 1; i >= 0 && !base; i--) {
        if (!kept[i].base || (*size && (kept[i].size != *size || kept[i].guard != guard)))
            continue;
        base = kept[i].base;
        *size = kept[i].size;
        memmove(&kept[i], &kept[i + 1], (size_t)(KEPT - 1 - i) * sizeof(kept[0]));
        kept[KEPT - 1].base = NULL;
    }
    thread_release();
    return base;
}

int __pith_stack_keep(void *base, size_t size, size_t guard)
{
    int i = 0;

    if (size > 2 * (size_t)__default_stacksize)
        return 0;
    while (i < KEPT && kept[i].base)
        i++;
    if (i == KEPT)
        return 0;
    kept[i].base = base;
    kept[i].size = size;
    kept[i].guard = guard;
    return 1;
}

void __pith_stack_put(void *base, size_t size, size_t guard)
{
    int done;

    thread_hold();
    done = __pith_stack_keep(base, size, guard);
    thread_release();
    if (!done)
        __munmap(base, size);
}

static void *map(size_t size, size_t guard)
{
    char *base = __mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);

    if (base == MAP_FAILED)
        return NULL;
    if (__mprotect(base + guard, size - guard, PROT_READ | PROT_WRITE)) {
        __munmap(base, size);
        return NULL;
    }
    return base;
}

void *__pith_stack_get(size_t size, size_t guard, size_t zero)
{
    char *base = take(&size, guard);

    if (base) {
        memset(base + size - zero, 0, zero);
        return base;
    }
    while (!(base = map(size, guard))) {
        /* What is kept may be what is missing. */
        size_t other_size = 0;
        void *other = take(&other_size, 0);
        if (!other)
            return NULL;
        __munmap(other, other_size);
    }
    return base;
}
