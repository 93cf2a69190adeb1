/* SPDX-License-Identifier: MIT
 *
 * Linked programs and shared libraries of Linux on x86-64, as pith check reads them: what they
 * import, and which system calls they make themselves. The file is hostile: everything that is read
 * from it is checked to lie inside it, and what makes no sense is passed over. */
#ifndef PITH_CLI_PROGRAM_H
#define PITH_CLI_PROGRAM_H

#include <elf.h>

#include "base/base.h"

/* A table in the file. */
struct program_table {
    uint64_t offset, count;
};

struct program {
    const unsigned char *data;
    size_t size;
    Elf64_Ehdr head;
    struct program_table imports; /* dynamic symbols */
    struct program_table import_names;
    struct program_table versions; /* of the dynamic symbols (DT_VERSYM), 0 of them: none */
    struct program_table symbols;  /* .symtab, else the dynamic symbols */
    struct program_table names;
    bool libc_only;              /* the only library that it needs is a C library */
    bool image;                  /* it is a Pith image */
    uint8_t libc_versions[4096]; /* a bit for each number of a version that is a C library's */
};

/* Finds the tables of the (size) bytes at (data), which must stay. NULL; or what is wrong with the
 * file, in words that go after its name. */
must_check const char *program_read(struct program *p, const unsigned char *data, size_t size);

/* Calls (fn) with the name of each symbol that must be found elsewhere, and whether it is the C
 * library that has to have it, as far as the file says. */
void program_imports(const struct program *p, void (*fn)(void *arg, const char *name, bool libcs),
                     void *arg);

/* Calls (fn) for each "syscall" instruction before which a constant is put into eax, with the name
 * of the function that it is in, or "". */
void program_syscalls(const struct program *p,
                      void (*fn)(void *arg, const char *function, long number), void *arg);

/* The constant that the code that ends at (code) + (at) has last put into a register within a few
 * instructions: eax, or with (edi) edi. -1: none. */
long program_constant(const unsigned char *code, size_t at, bool edi);

#endif
