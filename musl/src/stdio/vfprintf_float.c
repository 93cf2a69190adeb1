/* SPDX-License-Identifier: MIT
 *
 * What musl's vfprintf does for floating-point numbers (vfprintf.c). */
#include "stdio_impl.h"
#include "pith_printf.h"

/* Of the rest of musl's file nothing is used. */
#define vfprintf unused_vfprintf
__attribute__((__unused__)) static int unused_vfprintf(FILE *restrict, const char *restrict, va_list);

#include <vfprintf.c>

int __pith_fmt_fp(FILE *f, long double y, int w, int p, int fl, int t)
{
    return fmt_fp(f, y, w, p, fl, t);
}

/* Undefined in all that cannot do without. */
const char __pith_printf_float = 0;
