/* SPDX-License-Identifier: MIT
 *
 * wcscmp, for all values of wchar_t: their difference can overflow. */
#include <wchar.h>

int wcscmp(const wchar_t *l, const wchar_t *r)
{
    while (*l == *r && *l)
        l++, r++;
    return (*l > *r) - (*l < *r);
}
