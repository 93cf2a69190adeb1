/* SPDX-License-Identifier: MIT
 *
 * The kernel's vDSO: system calls that need no entry into the kernel. */
#ifndef PITH_MONITOR_VDSO_H
#define PITH_MONITOR_VDSO_H

#include "base/base.h"

/* The address of function (name) in the ELF image at (vdso), of which (len) bytes may be looked at,
 * or NULL if it has no such function or is not as expected. */
void *vdso_find(const void *vdso, size_t len, const char *name);

/* Bytes that the image at (vdso) takes, as its program headers say; (vdso) is the kernel's. */
size_t vdso_len(const void *vdso);

#endif
