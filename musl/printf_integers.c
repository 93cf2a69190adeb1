/* SPDX-License-Identifier: MIT
 *
 * Stands in for vfprintf_float.c where no string of the program asks for a floating-point number.
 * Weak: what refers to __pith_printf_float brings the real one. */
#include <signal.h>

#include "iface/plat.h"

__attribute__((weak)) int __pith_fmt_fp(void);

int __pith_fmt_fp(void)
{
    plat_crash(
        SIGABRT,
        "printf met a format with %f, %e, %g or %a that was not in the program when it was linked: "
        "link it with -Wl,-u,__pith_printf_float");
}
