/* SPDX-License-Identifier: MIT
 *
 * The start of a program in a Pith image. libos/init calls __libc_start_main, without a stack
 * protector since the canary changes here, and never gets control back.
 *
 * Other than musl's it allocates the first thread's storage on the boot stack, so that no image
 * needs mmap for it, and does nothing for programs that run with another user's rights, which
 * images never do. */
#include <elf.h>
#include <string.h>
#include <unistd.h>
#include "libc.h"
#include "pith_libc.h"

static void nothing(void)
{
}
weak_alias(nothing, _init);

static void no_canary(void *entropy)
{
    (void)entropy;
}
/* __stack_chk_fail.c has the real one. */
weak_alias(no_canary, __init_ssp);

void _init(void);

extern weak hidden void (*const __init_array_start[])(void);
extern weak hidden void (*const __init_array_end[])(void);

/* Entries of the auxiliary vector that are looked at have types below this. */
#define AUX_TYPES 38

/* Sets what programs find in global variables, from the vector behind the environment. Returns
 * AT_RANDOM's. */
static void *set_globals(char **argv, char **envp)
{
    size_t aux[AUX_TYPES] = {0};

    __environ = envp;
    while (*envp)
        envp++;
    libc.auxv = (size_t *)(envp + 1);
    for (const size_t *p = libc.auxv; p[0] != AT_NULL; p += 2) {
        if (p[0] < AUX_TYPES)
            aux[p[0]] = p[1];
    }
    __hwcap = aux[AT_HWCAP];
    libc.page_size = aux[AT_PAGESZ];
    libc.secure = aux[AT_SECURE] != 0;

    __progname_full = argv[0] ? argv[0] : (char *)"";
    __progname = __progname_full;
    for (char *p = __progname_full; *p; p++) {
        if (*p == '/')
            __progname = p + 1;
    }
    return (void *)aux[AT_RANDOM];
}

/* Apart, and not inlined: the first function that may rely on the thread pointer and the canary. */
static __attribute__((__noinline__)) _Noreturn void run(int (*main)(int, char **, char **),
                                                        int argc, char **argv)
{
    _init();
    for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++)
        (*f)();
    exit(main(argc, argv, argv + argc + 1));
}

_Noreturn int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv)
{
    void *entropy = set_globals(argv, argv + argc + 1);

    /* Lives as long as this frame: for ever. */
    size_t size = __pith_tls_measure();
    __pith_tls_start(memset(__builtin_alloca(size), 0, size));
    __init_ssp(entropy);

    /* Nothing of (run) may be moved before this. */
    __asm__ __volatile__("" : : : "memory");
    run(main, argc, argv);
}
