/* SPDX-License-Identifier: MIT
 *
 * Included before those of libc's files that make FILEs be locked. */
__asm__(".reloc ., R_X86_64_NONE, __lockfile");
