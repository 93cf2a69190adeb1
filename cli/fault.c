/* SPDX-License-Identifier: MIT
 *
 * Faults. */
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

int fault_set(struct fault *f, int status, const char *format, ...)
{
    va_list ap;
    f->status = status;
    va_start(ap, format);
    vsnprintf(f->text, sizeof(f->text), format, ap);
    va_end(ap);
    return -1;
}
