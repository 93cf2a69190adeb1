/* SPDX-License-Identifier: MIT
 *
 * Included before those of libc's files that move a FILE, whichever. */
__asm__(".reloc ., R_X86_64_NONE, __stdio_seek");
