/* SPDX-License-Identifier: MIT
 *
 * musl's vfprintf, with what formats floating-point numbers in a file of its own, vfprintf_float.c: an image
 * whose formats ask for none is linked without it (cli/formats.c). */
#include "stdio_impl.h"
#include "pith_printf.h"

/* Where musl's file calls fmt_fp, it calls __pith_fmt_fp. Where it defines it, "int w" comes in place of
 * "w": that makes a function that nobody calls. */
#define fmt_fp(f, y, w, p, fl, t) FMT_FP_##w(f, y, w, p, fl, t)
#define FMT_FP_w   __pith_fmt_fp
#define FMT_FP_int

#include <vfprintf.c>
