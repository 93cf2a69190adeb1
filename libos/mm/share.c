/* SPDX-License-Identifier: MIT
 *
 * Pages that are seen in two places: those of a file in the library OS, where they are read and
 * written by calls, and in the mappings of the program. An object of its own because an image pays
 * for being able to (plat_share). */
#include <errno.h>
#include <sys/mman.h>

#include "iface/plat.h"
#include "mm/internal.h"

#define PROT_RW (PROT_READ | PROT_WRITE)

void *page_alloc_shared(size_t n)
{
    void *p = page_claim(n);

    if (!p)
        return NULL;
    if (plat_share(p, p, n * PAGE_SIZE) != 0) {
        plat_release(p, n * PAGE_SIZE);
        page_unclaim(p, n);
        return NULL;
    }
    page_set(p, n, PAGE_SHARED, PROT_RW);
    return p;
}

void page_free_shared(void *p, size_t n)
{
    plat_release_shared(p, n * PAGE_SIZE);
    page_unclaim(p, n);
}

int page_show(void *at, void *from, size_t n)
{
    char *to = at;

    if (plat_share(at, from, n * PAGE_SIZE) != 0) {
        page_hide(at, n);
        return -ENOMEM;
    }
    for (size_t i = 0, next; i < n; i = next) {
        int prot = page_prot_at(to + i * PAGE_SIZE);
        for (next = i + 1; next < n && page_prot_at(to + next * PAGE_SIZE) == prot;)
            next++;
        size_t len = (next - i) * PAGE_SIZE;
        if (prot != PROT_RW && plat_protect(to + i * PAGE_SIZE, len, prot) != 0) {
            page_hide(at, n);
            return -ENOMEM;
        }
        page_set(to + i * PAGE_SIZE, next - i, PAGE_FILE, prot);
    }
    return 0;
}
