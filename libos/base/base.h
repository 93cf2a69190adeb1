/* SPDX-License-Identifier: MIT
 *
 * What every module uses: attributes, sizes, checked arithmetic. No state. */
#ifndef PITH_BASE_H
#define PITH_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check   __attribute__((warn_unused_result))
#define unlikely(x)  __builtin_expect(!!(x), 0)
#define likely(x)    __builtin_expect(!!(x), 1)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of (type) whose (member) is at (ptr). */
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* At file scope: with this object (symbol)'s is linked, too, for those that refer to it as a weak
 * one. What of it nobody refers to is dropped again. */
#define LINKS(symbol)                                                                              \
    __asm__(".pushsection .text\n.reloc ., R_X86_64_NONE, " #symbol "\n.popsection")

/* <limits.h> may have defined an int of this name. */
#undef PAGE_SIZE
#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* (n) rounded up to a multiple of (align), a power of two. The caller has checked that it cannot wrap. */
static inline uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static inline uint64_t align_down(uint64_t n, uint64_t align)
{
    return n & ~(align - 1);
}

/* Whether [addr, addr + len) lies inside [base, base + size). Cannot wrap. */
static inline bool range_inside(uint64_t addr, uint64_t len, uint64_t base, uint64_t size)
{
    return addr >= base && len <= size && addr - base <= size - len;
}

#endif
