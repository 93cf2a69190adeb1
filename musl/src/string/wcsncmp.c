/* SPDX-License-Identifier: MIT
 *
 * wcsncmp: see wcscmp.c. */
#include <wchar.h>

int wcsncmp(const wchar_t *l, const wchar_t *r, size_t n)
{
    while (n && *l == *r && *l)
        n--, l++, r++;
    return n ? (*l > *r) - (*l < *r) : 0;
}
