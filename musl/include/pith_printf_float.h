/* SPDX-License-Identifier: MIT
 *
 * Included before libc's own files that format floating-point numbers: with them the part that can is linked. */
__asm__(".reloc ., R_X86_64_NONE, __pith_printf_float");
