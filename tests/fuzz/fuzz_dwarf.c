/* SPDX-License-Identifier: MIT
 *
 * Line tables: the input is .debug_line, and its first half both tables of strings.
 *
 * sources: cli/dwarf.c cli/elffile.c cli/fault.c cli/lineset.c
 * uses:    cli */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dwarf.h"
#include "cli/lineset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, uint64_t file, uint64_t line, uint64_t address)
{
    (void)address;
    lineset_add(arg, file, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char names[] = "\0.debug_line\0.debug_str\0.debug_line_str";
    const size_t contents = sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Shdr);
    size_t total = contents + size + sizeof(names);
    unsigned char *file = calloc(1, total);
    Elf64_Ehdr *h = (void *)file;
    Elf64_Shdr *s = (void *)(file + sizeof(*h));
    struct elf_file e;
    struct lineset lines = {.v = NULL};

    if (file == NULL)
        return 0;
    memcpy(h->e_ident, ELFMAG, SELFMAG);
    h->e_ident[EI_CLASS] = ELFCLASS64;
    h->e_ident[EI_DATA] = ELFDATA2LSB;
    h->e_machine = EM_X86_64;
    h->e_shoff = sizeof(*h);
    h->e_shentsize = sizeof(*s);
    h->e_shnum = 5;
    h->e_shstrndx = 4;
    s[1] = (Elf64_Shdr){.sh_name = 1, .sh_offset = contents, .sh_size = size};
    s[2] = (Elf64_Shdr){.sh_name = 13, .sh_offset = contents, .sh_size = size / 2};
    s[3] = (Elf64_Shdr){.sh_name = 24, .sh_offset = contents, .sh_size = size / 2};
    s[4] = (Elf64_Shdr){.sh_offset = contents + size, .sh_size = sizeof(names)};
    memcpy(file + contents, data, size);
    memcpy(file + contents + size, names, sizeof(names));
    if (!elf_parse(&e, file, total) || e.section_count != 5)
        abort();
    if (dwarf_lines(&e, count, &lines) == -ENOTSUP)
        abort();
    lineset_free(&lines);
    free(file);
    return 0;
}
