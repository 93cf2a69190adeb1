/* SPDX-License-Identifier: MIT
 *
 * What of memory a program may access: its image, the first stack, and its pages of the heap. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "iface/plat.h"
#include "iface/user.h"
#include "mm/page.h"

bool (*page_allows)(const void *addr, size_t len, int prot);

/* Where the image's writable part starts. */
static uintptr_t image_writable(void)
{
    static uintptr_t start;

    if (start)
        return start;
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)plat_info.image;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(plat_info.image + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && (ph[i].p_flags & PF_W))
            start = (uintptr_t)plat_info.image + ph[i].p_vaddr;
    return start;
}

static bool allows(const void *addr, size_t len, int prot)
{
    const struct plat_info *p = &plat_info;
    uintptr_t at = (uintptr_t)addr;

    /* What begins in the heap and does not end there, page_allows does not allow. */
    if (at - (uintptr_t)p->heap < p->heap_len)
        return len == 0 || (page_allows && page_allows(addr, len, prot));
    if (len == 0 || range_inside(at, len, (uintptr_t)p->stack, p->stack_len))
        return true;
    return range_inside(at, len, (uintptr_t)p->image, p->image_len) &&
           (!(prot & PROT_WRITE) || at >= image_writable());
}

bool user_readable(const void *addr, size_t len)
{
    return allows(addr, len, PROT_READ);
}

bool user_writable(const void *addr, size_t len)
{
    return allows(addr, len, PROT_WRITE);
}

size_t user_prefix(const void *addr, size_t len, bool write)
{
    const char *at = addr;
    size_t done = 0;

    while (done < len) {
        size_t n = min_size(len - done, PAGE_SIZE - ((uintptr_t)at + done) % PAGE_SIZE);
        if (!allows(at + done, n, write ? PROT_WRITE : PROT_READ))
            break;
        done += n;
    }
    return done;
}

ssize_t user_string(const char *addr, size_t max)
{
    size_t len = 0;

    /* Page by page: what follows the string need not be there. */
    while (len < max) {
        size_t n = min_size(max - len, PAGE_SIZE - ((uintptr_t)addr + len) % PAGE_SIZE);
        if (!user_readable(addr + len, n))
            return -EFAULT;
        const char *end = memchr(addr + len, '\0', n);
        if (end)
            return end - addr;
        len += n;
    }
    return -ENAMETOOLONG;
}
