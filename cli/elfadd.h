/* SPDX-License-Identifier: MIT
 *
 * Sections that are not loaded, added to a linked file. */
#ifndef PITH_CLI_ELFADD_H
#define PITH_CLI_ELFADD_H

#include "base/base.h"

struct added_section {
    const char *name;
    const void *bytes;
    size_t size;
};

/* Adds (n) sections to the ELF file at (path), which GNU ld has just written: they take the place
 * of its table of section names and headers, which go behind them. Returns 0; -ENOEXEC: the file is
 * not as ld leaves it; -ENOMEM; or why it cannot be read or written. */
must_check int elf_add_sections(const char *path, const struct added_section *added, size_t n);

#endif
