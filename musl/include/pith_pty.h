/* SPDX-License-Identifier: MIT
 *
 * Included before those of libc's files that open pseudo-terminals (libos/tty/pts.c). */
__asm__(".reloc ., R_X86_64_NONE, pith_pty_nodes");
