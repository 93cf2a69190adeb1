/* SPDX-License-Identifier: MIT
 *
 * Object files and archives, as pith cc reads them to explain a failed link.
 *
 * sources: cli/object.c
 * uses:    cli */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t answers; /* or the compiler would not ask */

/* Asks everything that an explanation may ask. */
static size_t ask(const struct object *o)
{
    size_t sum = 0;
    for (size_t i = 0; i < o->symbol_count && i < 100; i++)
        sum += (size_t)object_symbol_name(o, i)[0];
    for (size_t i = 0; i < o->section_count && i < 100; i++) {
        const Elf64_Rela *rela;
        sum += (size_t)object_section_name(o, i)[0];
        size_t n = object_relocations(o, i, &rela);
        for (size_t k = 0; k < n; k++)
            sum += rela[k].r_offset + object_symbol_at(o, i, rela[k].r_offset);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    struct objects o = {0};
    int fd = memfd_create("object", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (objects_add(&o, path, NULL) == 0)
        for (size_t i = 0; i < o.n; i++)
            answers = ask(&o.v[i]);
    objects_free(&o);
    close(fd);
    return 0;
}
