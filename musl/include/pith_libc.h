/* SPDX-License-Identifier: MIT
 *
 * What our files of musl share; seen only while musl is built. */
#ifndef PITH_LIBC_H
#define PITH_LIBC_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the program's thread-local storage and stack size in its ELF headers, sets libc.tls_*, and
 * returns libc.tls_size: the bytes that a thread's block needs, whatever its alignment. Called
 * once. */
__attribute__((__visibility__("hidden"))) size_t __pith_tls_measure(void);

/* Makes (block), libc.tls_size zero bytes that live as long as the program, the first thread's. */
__attribute__((__visibility__("hidden"))) void __pith_tls_start(void *block);

/* Sets the calling thread's thread pointer: libos/thread. False: there can be none at (tp). */
bool thread_set_pointer(void *tp);

/* The stack size of threads that ask for no other, and the first thread's stack: libos/thread. */
size_t thread_stack_default(void);
size_t thread_boot_stack(char **low);

/* Whether output to (fd) is buffered by lines: libos/vfs. */
bool fd_is_terminal(int fd);

/* A FILE for (fd), as fdopen makes it, but nothing is asked of the descriptor. NULL: no memory. */
struct _IO_FILE;
__attribute__((__visibility__("hidden"))) struct _IO_FILE *__pith_file_new(int fd,
                                                                           const char *mode);

/* Between the two, nothing interrupts the calling thread unless it sleeps; then what has come
 * meanwhile acts: libos/thread. */
void thread_hold(void);
void thread_release(void);

/* All threads have the calling one's ids and groups from now on: libos/posix. */
void creds_spread(void);

/* Ends the calling thread, and unmaps (len) bytes at (base), which hold its stack, if any:
 * libos/thread. */
_Noreturn void thread_exit_unmap(void *base, size_t len);

/* Called by libos/init with the vector that execve would have made: argv, environment, auxiliary
 * vector. Runs the program and exits with what (main) returns. Its callers have no stack protector:
 * the canary changes. */
_Noreturn int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv);

/* Called by code compiled with -fstack-protector that found its canary changed. */
_Noreturn void __stack_chk_fail(void);

/* Acts on a request to cancel the calling thread, if there is one and it is not held back. */
__attribute__((__visibility__("hidden"))) void __testcancel(void);

/* The convention of syscall(2) for what a call answered: for -4095 to -1 sets errno and returns -1.
 * Used by programs through <sys/syscall.h>, which declares it for them. */
long __pith_syscall_ret(unsigned long r);

#endif
