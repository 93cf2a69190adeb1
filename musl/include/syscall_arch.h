/* SPDX-License-Identifier: MIT
 *
 * What musl includes as "syscall_arch.h": how a system call is made. Here it is a call of a
 * function of the library OS, one for each system call: pith_sys_NAME (libos/posix). Seen only
 * while musl itself is built.
 *
 * Everything is always inlined, so that the number is a constant where musl wrote one, and it
 * nearly always did. musl's src/internal/syscall.h, which includes this file, declares some
 * functions again that are static here; in C the first declaration's linkage holds. */

#include <bits/pith_syscall.h>

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

/* Musl's config.mak says for which files, and why. */
#ifdef PITH_FUTEX_WEAK
extern __typeof(pith_sys_futex) pith_sys_futex __attribute__((__weak__, __visibility__("hidden")));
#endif

#define PITH_INLINE static inline __attribute__((__always_inline__))

PITH_INLINE long pith_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_constant_p(n)) {
        switch (n) {
            __PITH_CASES(return, a, b, c, d, e, f);
        }
    }
    return pith_syscall_dyn(n, a, b, c, d, e, f);
}

PITH_INLINE long __syscall0(long n)
{
    return pith_syscall(n, 0, 0, 0, 0, 0, 0);
}

PITH_INLINE long __syscall1(long n, long a)
{
    return pith_syscall(n, a, 0, 0, 0, 0, 0);
}

PITH_INLINE long __syscall2(long n, long a, long b)
{
    return pith_syscall(n, a, b, 0, 0, 0, 0);
}

PITH_INLINE long __syscall3(long n, long a, long b, long c)
{
    return pith_syscall(n, a, b, c, 0, 0, 0);
}

PITH_INLINE long __syscall4(long n, long a, long b, long c, long d)
{
    return pith_syscall(n, a, b, c, d, 0, 0);
}

PITH_INLINE long __syscall5(long n, long a, long b, long c, long d, long e)
{
    return pith_syscall(n, a, b, c, d, e, 0);
}

PITH_INLINE long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    return pith_syscall(n, a, b, c, d, e, f);
}

/* A call that is a cancellation point. The hooks are thread/__syscall_cp.c's, which do nothing,
 * unless the program uses pthread_cancel: begin returns 0 to go on; end returns what the call
 * answers. */
__attribute__((__visibility__("hidden"))) long __pith_cancel_begin(long n);
__attribute__((__visibility__("hidden"))) long __pith_cancel_end(long n, long r);

PITH_INLINE long __syscall_cp(long n, long a, long b, long c, long d, long e, long f)
{
    long r = __pith_cancel_begin(n);
    if (r)
        return r;
    return __pith_cancel_end(n, pith_syscall(n, a, b, c, d, e, f));
}

/* Defined by musl after this. Left to the compiler's choice, a copy that is not inlined would make
 * its object refer to every call. */
PITH_INLINE long __alt_socketcall(int sys, int sock, int cp, long a, long b, long c, long d, long e,
                                  long f);

/* No VDSO_USEFUL: there is no vDSO. IPC_64 0: x86-64 has only the 64-bit forms. */
#define IPC_64 0
