/* SPDX-License-Identifier: MIT
 *
 * Names for addresses, from the symbol table and the line table of an image file. Pure, bounded,
 * and made for hostile files: whatever the file says, nothing outside of it is read. */
#ifndef PITH_MONITOR_SYMBOLS_H
#define PITH_MONITOR_SYMBOLS_H

#include <stdint.h>

#include "base/base.h"

/* A piece of the file. */
struct bytes {
    const uint8_t *at;
    size_t len;
};

/* What a file offers. Pieces that it does not have are empty. */
struct symbols {
    struct bytes symtab; /* Elf64_Sym entries, at any alignment */
    struct bytes strtab; /* their names */
    struct bytes line, line_str,
        debug_str;           /* .debug_line and the two tables of strings that it refers to */
    uint64_t text, text_len; /* addresses that can have names */
};

/* One address and what is known of it. Strings lie in the file and are NUL-terminated there. */
struct place {
    uint64_t addr;    /* relative to the image */
    const char *name; /* of the function; NULL: unknown */
    uint64_t offset;  /* from its start */
    const char *dir;  /* of the source file; NULL: unknown, or the folder of the compilation */
    const char *file; /* NULL: unknown */
    uint64_t line;
    bool has_line; /* the line table has been asked, and knew */
};

/* Finds the tables in the (len) bytes of an ELF file at (file). (text) is where functions can lie.
 * A file without them, or with tables that are not sound, gives empty pieces. */
void symbols_open(const void *file, size_t len, uint64_t text, uint64_t text_len,
                  struct symbols *s);

/* Fills name and offset of (places), (n) of them, whose addr is set and whose rest is zero. */
void symbols_find(const struct symbols *s, struct place *places, size_t n);

/* Fills dir, file and line likewise, in one pass over the line table (DWARF 2 to 5). At most
 * LINES_MAX bytes of it are looked at. */
#define LINES_MAX ((size_t)64 << 20)
void lines_find(const struct symbols *s, struct place *places, size_t n);

/* The string at (offset) of (table), or NULL if it does not end inside. */
const char *bytes_string(struct bytes table, uint64_t offset);

#endif
