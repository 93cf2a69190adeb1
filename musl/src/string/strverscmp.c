/* SPDX-License-Identifier: MIT
 *
 * strverscmp: numbers inside of names compare by value, and those with leading zeros as fractions.
 * musl 1.2.3 took a digit on one side against another character on the other for a longer number.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>

/* How many digits (s) starts with. */
static size_t digits(const unsigned char *s)
{
    size_t n = 0;

    while (isdigit(s[n]))
        n++;
    return n;
}

int strverscmp(const char *left, const char *right)
{
    const unsigned char *l = (const unsigned char *)left, *r = (const unsigned char *)right;
    size_t number = 0; /* where the digits begin that end at (i), or (i) */
    size_t i;

    for (i = 0; l[i] == r[i]; i++) {
        if (!l[i])
            return 0;
        if (!isdigit(l[i]))
            number = i + 1;
    }
    /* They differ at (i). Whether in a number, its beginning tells. */
    if (!isdigit(l[number]) || !isdigit(r[number]))
        return l[i] - r[i];
    if (l[number] != '0' && r[number] != '0') {
        size_t more = digits(l + i), others = digits(r + i);
        if (more != others)
            return more > others ? 1 : -1;
        return l[i] - r[i];
    }
    /* Behind zeros only, more zeros are less, and any digit is less than none. */
    for (size_t k = number; k < i; k++) {
        if (l[k] != '0')
            return l[i] - r[i];
    }
    if (number < i && isdigit(l[i]) != isdigit(r[i]))
        return isdigit(l[i]) ? -1 : 1;
    return l[i] - r[i];
}
