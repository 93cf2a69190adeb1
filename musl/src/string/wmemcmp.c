/* SPDX-License-Identifier: MIT
 *
 * wmemcmp: see wcscmp.c. */
#include <wchar.h>

int wmemcmp(const wchar_t *l, const wchar_t *r, size_t n)
{
    while (n && *l == *r)
        n--, l++, r++;
    return n ? (*l > *r) - (*l < *r) : 0;
}
