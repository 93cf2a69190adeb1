/* SPDX-License-Identifier: MIT
 *
 * Linked programs and libraries, as pith check reads them.
 *
 * sources: cli/program.c
 * uses:    cli abi */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum; /* or the compiler would not read */

static void take_import(void *arg, const char *name, bool libcs)
{
    (void)arg;
    sum += strlen(name) + libcs;
}

static void take_syscall(void *arg, const char *function, long number)
{
    (void)arg;
    sum += strlen(function) + (size_t)number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct program p;
    /* Of exactly this size, so that a byte too far is noticed. */
    unsigned char *copy = malloc(size ? size : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    if (program_read(&p, copy, size) == NULL) {
        program_imports(&p, take_import, NULL);
        program_syscalls(&p, take_syscall, NULL);
    }
    free(copy);
    return 0;
}
