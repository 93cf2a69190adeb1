/* SPDX-License-Identifier: MIT
 *
 * Relocatable object files and archives of them, read to see which function refers to which. Only
 * for explanations of failed links: what cannot be understood is left out, never trusted. */
#ifndef PITH_CLI_OBJECT_H
#define PITH_CLI_OBJECT_H

#include <elf.h>

#include "base/base.h"

/* One object file. Tables are inside (data), checked to lie there; offsets and indices in them are
 * not. */
struct object {
    const char *path;   /* of the file or the archive; owned */
    const char *member; /* name in the archive, or NULL; owned */
    const char
        *library; /* "libc", "pith" and "missing" for Pith's own, else NULL: part of the program */
    const unsigned char *data;
    size_t size;
    const Elf64_Shdr *sections;
    size_t section_count;
    const char *section_names;
    size_t section_names_len;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    const char *names; /* of symbols */
    size_t names_len;
};

struct objects {
    struct object *v;
    size_t n, cap;
    /* If not NULL: whether the object (member) of archive (path), or, NULL, the object at (path),
     * is of interest. Others are not read. */
    bool (*wanted)(const void *arg, const char *path, const char *member);
    const void *arg;
};

/* Adds the object file, or the object files of the archive, at (path), which must stay as it is.
 * Files of other kinds are passed over. Returns 0, -ENOMEM, or why the file cannot be read. */
must_check int objects_add(struct objects *o, const char *path, const char *library);

/* Frees everything. */
void objects_free(struct objects *o);

/* The name of symbol (i) or section (i); "" where there is none. */
const char *object_symbol_name(const struct object *o, size_t i);
const char *object_section_name(const struct object *o, size_t i);

/* The relocations of section (section): sets (*rela) and returns their number, 0 if there are none.
 * Finds one relocation section; assemblers make no more. */
size_t object_relocations(const struct object *o, size_t section, const Elf64_Rela **rela);

/* Writes the name of what (offset) of (section) is in to (name): of the function or object, without
 * what the compiler has added to it (".part.0"), or, in a file without symbols, of its section. */
void object_place_name(const struct object *o, size_t section, uint64_t offset, char *name,
                       size_t size);

/* The function or object in (section) that (offset) lies in: index of its symbol, or 0. */
size_t object_symbol_at(const struct object *o, size_t section, uint64_t offset);

#endif
