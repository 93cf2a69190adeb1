/* SPDX-License-Identifier: MIT
 *
 * ELF sections and symbols. Tables may lie at any offset, so entries are copied out before use. */
#include "monitor/core/symbols.h"

#include <elf.h>
#include <string.h>

const char *bytes_string(struct bytes table, uint64_t offset)
{
    if (offset >= table.len || !memchr(table.at + offset, 0, table.len - offset))
        return NULL;
    return (const char *)table.at + offset;
}

static struct bytes section_bytes(struct bytes file, const Elf64_Shdr *sh)
{
    if (sh->sh_type == SHT_NOBITS || (sh->sh_flags & SHF_COMPRESSED) ||
        !range_inside(sh->sh_offset, sh->sh_size, 0, file.len))
        return (struct bytes){NULL, 0};
    return (struct bytes){file.at + sh->sh_offset, sh->sh_size};
}

static bool section_header(struct bytes file, const Elf64_Ehdr *e, unsigned i, Elf64_Shdr *sh)
{
    if (i >= e->e_shnum || e->e_shentsize != sizeof(*sh) ||
        !range_inside(e->e_shoff, (uint64_t)e->e_shnum * sizeof(*sh), 0, file.len))
        return false;
    memcpy(sh, file.at + e->e_shoff + i * sizeof(*sh), sizeof(*sh));
    return true;
}

void symbols_open(const void *file, size_t len, uint64_t text, uint64_t text_len, struct symbols *s)
{
    struct bytes all = {file, len};
    Elf64_Ehdr e;
    Elf64_Shdr sh, strings;
    *s = (struct symbols){.text = text, .text_len = text_len};
    if (len < sizeof(e))
        return;
    memcpy(&e, file, sizeof(e));
    if (!section_header(all, &e, e.e_shstrndx, &strings))
        return;
    struct bytes names = section_bytes(all, &strings);

    for (unsigned i = 0; section_header(all, &e, i, &sh); i++) {
        const char *name = bytes_string(names, sh.sh_name);
        Elf64_Shdr linked;
        if (sh.sh_type == SHT_SYMTAB && section_header(all, &e, sh.sh_link, &linked)) {
            s->symtab = section_bytes(all, &sh);
            s->strtab = section_bytes(all, &linked);
        } else if (name && !strcmp(name, ".debug_line")) {
            s->line = section_bytes(all, &sh);
        } else if (name && !strcmp(name, ".debug_line_str")) {
            s->line_str = section_bytes(all, &sh);
        } else if (name && !strcmp(name, ".debug_str")) {
            s->debug_str = section_bytes(all, &sh);
        }
    }
}

/* Takes (sym) for (place) if it is closer than what the place has. Functions of assembly often have
 * no size: they count up to the next symbol. */
static void consider(const struct symbols *s, const Elf64_Sym *sym, struct place *place)
{
    uint64_t offset = place->addr - sym->st_value;
    if (place->addr < sym->st_value || (sym->st_size && offset >= sym->st_size))
        return;
    if (place->name && offset >= place->offset)
        return;
    const char *name = bytes_string(s->strtab, sym->st_name);
    if (name && *name) {
        place->name = name;
        place->offset = offset;
    }
}

void symbols_find(const struct symbols *s, struct place *places, size_t n)
{
    for (size_t i = 0; i < s->symtab.len / sizeof(Elf64_Sym); i++) {
        Elf64_Sym sym;
        memcpy(&sym, s->symtab.at + i * sizeof(sym), sizeof(sym));
        unsigned type = ELF64_ST_TYPE(sym.st_info);
        if ((type != STT_FUNC && type != STT_NOTYPE) || sym.st_shndx == SHN_UNDEF ||
            sym.st_shndx >= SHN_LORESERVE ||
            !range_inside(sym.st_value, sym.st_size, s->text, s->text_len))
            continue;
        for (size_t j = 0; j < n; j++)
            if (range_inside(places[j].addr, 1, s->text, s->text_len))
                consider(s, &sym, &places[j]);
    }
}
