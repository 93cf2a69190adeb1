/* SPDX-License-Identifier: MIT
 *
 * The part of vfprintf that is linked on demand. */
#ifndef PITH_PRINTF_H
#define PITH_PRINTF_H

#include <stdio.h>

/* As fmt_fp of musl's vfprintf.c. It is in vfprintf_float.c; in an image that is linked with
 * printf-integers.o and has no reference to __pith_printf_float, in that file, and ends the program. */
__attribute__((__visibility__("hidden"))) int __pith_fmt_fp(FILE *f, long double y, int w, int p, int fl,
                                                            int t);

__attribute__((__visibility__("hidden"))) extern const char __pith_printf_float;

#endif
