/* SPDX-License-Identifier: MIT
 *
 * The layout of guest memory. All lengths are below 2^41, so sums of a few of them cannot wrap; the
 * image's memory_min is the one number that can be anything. */
#include "monitor/core/layout.h"

#include <errno.h>

#define STACK_MIN (64ull << 10)
#define STACK_MAX (8ull << 20)

static uint64_t stack_len(uint64_t mem_len)
{
    uint64_t len = align_down(mem_len / 16, PAGE_SIZE);
    return len < STACK_MIN ? STACK_MIN : len > STACK_MAX ? STACK_MAX : len;
}

/* The least memory that suffices, whatever its effect on the stack's length. */
static uint64_t needed(const struct image *img, uint64_t fixed)
{
    uint64_t extra = fixed + STACK_MIN;
    if (img->memory_min > extra)
        extra = img->memory_min < MEM_LEN_MAX ? img->memory_min : MEM_LEN_MAX;
    uint64_t need = img->len + align_up(extra, PAGE_SIZE);
    while (img->len + fixed + stack_len(need) > need)
        need += PAGE_SIZE;
    return need < MEM_LEN_MIN ? MEM_LEN_MIN : need;
}

int layout_make(const struct image *img, uint64_t mem_len, uint64_t boot_len, uint64_t shared_len,
                struct layout *out, uint64_t *need)
{
    boot_len = align_up(boot_len, PAGE_SIZE);
    shared_len = align_up(shared_len, PAGE_SIZE);
    *need = needed(img, boot_len + shared_len + PAGE_SIZE);

    uint64_t at = 0;
    out->mem_len = mem_len;
    out->image = (struct area){at, img->len};
    at += img->len;
    out->boot = (struct area){at, boot_len};
    at += boot_len;
    out->shared = (struct area){at, shared_len};
    at += shared_len;
    out->guard = (struct area){at, PAGE_SIZE};
    at += PAGE_SIZE;
    out->stack = (struct area){at, stack_len(mem_len)};
    at += out->stack.len;
    if (mem_len > MEM_LEN_MAX || at > mem_len || img->memory_min > mem_len - img->len)
        return -ENOMEM;
    out->heap = (struct area){at, mem_len - at};
    return 0;
}
