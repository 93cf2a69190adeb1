/* SPDX-License-Identifier: MIT
 *
 * An ELF file and its sections, for reading. The file is hostile: what is handed out lies inside
 * it. */
#ifndef PITH_CLI_ELFFILE_H
#define PITH_CLI_ELFFILE_H

#include <elf.h>
#include <string.h>

#include "fault.h"

/* The note with the entry point of a PVH guest (abi/image.h). */
#define XEN_NOTE_NAME  "Xen"
#define XEN_NOTE_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY */

/* Whether a table of (n) elements of (size) bytes lies inside a file of (file_size) bytes at
 * (offset), and is aligned there. */
static inline bool elf_table_fits(size_t file_size, uint64_t offset, uint64_t n, size_t size)
{
    return n <= file_size / size && range_inside(offset, n * size, 0, file_size) && offset % 8 == 0;
}

/* The text at (offset) of a table of (len) bytes, "" where there is none that ends in it. */
static inline const char *elf_text_at(const char *table, size_t len, uint64_t offset)
{
    if (table == NULL || offset >= len || memchr(table + offset, '\0', len - offset) == NULL)
        return "";
    return table + offset;
}

struct elf_file {
    const unsigned char *data; /* mapped */
    size_t size;
    const Elf64_Phdr *segments;
    size_t segment_count;
    const Elf64_Shdr *sections; /* 0 of them: the file has no section headers, or bad ones */
    size_t section_count;
    const char *names;
    size_t names_len;
};

/* Maps the file at (path). Returns 0, or -1 with (f): EXIT_HOST, it cannot be read; EXIT_IMAGE, it
 * is no ELF file for x86-64. */
must_check int elf_open(struct elf_file *e, const char *path, struct fault *f);
void elf_close(struct elf_file *e);

/* Finds the tables of the (size) bytes at (data), which must stay and be aligned to 8. False: no
 * ELF file. */
must_check bool elf_parse(struct elf_file *e, const unsigned char *data, size_t size);

/* The name of section (i), "" where there is none. */
const char *elf_section_name(const struct elf_file *e, size_t i);

/* The contents of the first section called (name), with their size. NULL: there is none. */
const void *elf_section(const struct elf_file *e, const char *name, size_t *size);

/* The descriptor of the note of (owner) and (type) among the loaded notes, of at least (least)
 * bytes. NULL: there is none. */
const void *elf_note(const struct elf_file *e, const char *owner, uint32_t type, size_t least,
                     size_t *size);

/* The same in (len) bytes of notes at (notes), with the descriptor's length in (*size). */
const void *elf_find_note(const unsigned char *notes, size_t len, const char *owner, uint32_t type,
                          size_t least, size_t *size);

#endif
