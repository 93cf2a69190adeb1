/* SPDX-License-Identifier: MIT
 *
 * Line tables of DWARF 2 to 5 (DWARF 5, 6.2), of linked files: which lines of source code is made
 * of. The file is hostile. */
#ifndef PITH_CLI_DWARF_H
#define PITH_CLI_DWARF_H

#include "elffile.h"

/* A statement that starts at (address). (file) is a number that stands for its source file by
 * folder and name, in the whole of the program. */
typedef void dwarf_line_fn(void *arg, uint64_t file, uint64_t line, uint64_t address);

/* Calls (fn) for each row of all line tables that starts a statement. Returns 0; -ENOENT: there are
 * none; -ENOTSUP: they are compressed; -EINVAL: they make no sense, from some place on; -ENOMEM. */
must_check int dwarf_lines(const struct elf_file *e, dwarf_line_fn *fn, void *arg);

#endif
