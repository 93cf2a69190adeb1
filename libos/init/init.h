/* SPDX-License-Identifier: MIT
 *
 * The composition root: what happens between the platform's entry and main. See docs/boot.md. */
#ifndef PITH_INIT_H
#define PITH_INIT_H

/* Called by the platform's entry code, on the boot stack, once plat_info is filled: sets the thread
 * pointer, starts the linked services, and runs the program. Does not return. */
_Noreturn void init_main(int (*program)(int, char **, char **));

/* What libc brings: sets itself up from the vectors that lie behind argv in memory, as Linux passes
 * them, runs the program and exits. */
int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv);

#endif
