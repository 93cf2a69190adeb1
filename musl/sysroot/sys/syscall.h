/* SPDX-License-Identifier: MIT
 *
 * <sys/syscall.h> of a Pith sysroot. syscall(SYS_write, ...), or any other constant number, becomes
 * a call of pith_sys_write by name, with every compiler and at every optimisation level, so that
 * linking takes just that service, or says that there is none. A number known only at run time goes
 * to the function syscall(2), which finds what else is part of the image. */
#ifndef _SYS_SYSCALL_H
#define _SYS_SYSCALL_H

/* Before the macro below, which must not meet the declaration of the function. */
#include <unistd.h>

#include <bits/pith_syscall.h>
#include <bits/syscall.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The convention of syscall(2) for what a call answered: sets errno and returns -1 for -4095 to -1.
 */
long __pith_syscall_ret(unsigned long __r);

/* The function behind the macro, declared even where <unistd.h> does not. */
long syscall(long, ...);

/* Whoever names it has leases of files, and files that send signals, in the image, as with the function
 * fcntl: the command is not looked at here. */
extern const void *const pith_lease_parts[];

#ifdef __cplusplus
}
#endif

#define syscall(...) __PITH_SYSCALL(__VA_ARGS__, 0)

/* (n) must stay as the caller wrote it: held in a variable it would be no constant without
 * optimisation. The arguments become long in an initializer, which takes one with commas in it (a
 * compound literal) as a whole; that converts pointers, and is not to be told to the caller. The
 * first one may be a string, which must not stand first in the array. */
#define __PITH_SYSCALL(n, ...)                                                                     \
    __extension__({                                                                                \
        _Pragma("GCC diagnostic push")                                                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                                     \
        _Pragma("GCC diagnostic ignored \"-Wconversion\"")                                         \
        _Pragma("GCC diagnostic ignored \"-Wsign-conversion\"")                                    \
        const long __pith_v[8] = {0, __VA_ARGS__};                                                 \
        _Pragma("GCC diagnostic pop")                                                              \
        long __pith_r;                                                                             \
        if (__builtin_constant_p(n) && (n) == SYS_fcntl)                                           \
            __asm__ volatile("" : : "r"(pith_lease_parts));                                        \
        if (__builtin_constant_p(n)) {                                                             \
            switch (n) {                                                                           \
                __PITH_CASES(__pith_r =, __pith_v[1], __pith_v[2], __pith_v[3], __pith_v[4],       \
                             __pith_v[5], __pith_v[6]);                                            \
            }                                                                                      \
        } else {                                                                                   \
            __pith_r = pith_syscall_dyn((n), __pith_v[1], __pith_v[2], __pith_v[3], __pith_v[4],   \
                                        __pith_v[5], __pith_v[6]);                                 \
        }                                                                                          \
        __pith_syscall_ret((unsigned long)__pith_r);                                               \
    })

#endif
