/* SPDX-License-Identifier: MIT
 *
 * Reading object files and archives (the ar format of System V with GNU's long names, and GNU's
 * thin archives, which hold only the names of their members). */
#include <ar.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elffile.h"
#include "object.h"
#include "table.h"

#define THIN_MAGIC "!<thin>\n"

const char *object_symbol_name(const struct object *o, size_t i)
{
    return i < o->symbol_count ? elf_text_at(o->names, o->names_len, o->symbols[i].st_name) : "";
}

const char *object_section_name(const struct object *o, size_t i)
{
    if (i >= o->section_count)
        return "";
    return elf_text_at(o->section_names, o->section_names_len, o->sections[i].sh_name);
}

static void find_symbols(struct object *o)
{
    for (size_t i = 0; i < o->section_count; i++) {
        const Elf64_Shdr *s = &o->sections[i];
        if (s->sh_type != SHT_SYMTAB || s->sh_link >= o->section_count)
            continue;
        const Elf64_Shdr *names = &o->sections[s->sh_link];
        uint64_t n = s->sh_size / sizeof(Elf64_Sym);
        if (!elf_table_fits(o->size, s->sh_offset, n, sizeof(Elf64_Sym)) ||
            !range_inside(names->sh_offset, names->sh_size, 0, o->size))
            continue;
        o->symbols = (const void *)(o->data + s->sh_offset);
        o->symbol_count = n;
        o->names = (const char *)o->data + names->sh_offset;
        o->names_len = names->sh_size;
    }
}

/* Finds the tables of the ELF file in (data), which is aligned to 8. False: it is not a relocatable
 * object for x86-64. */
static bool parse(struct object *o)
{
    const Elf64_Ehdr *h = (const void *)o->data;
    if (o->size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_type != ET_REL || h->e_machine != EM_X86_64 || h->e_shentsize != sizeof(Elf64_Shdr) ||
        h->e_shoff == 0 || !elf_table_fits(o->size, h->e_shoff, 1, sizeof(Elf64_Shdr)))
        return false;
    o->sections = (const void *)(o->data + h->e_shoff);

    /* 0: there are more than fit into the header's field (gABI, "e_shnum"). */
    uint64_t n = h->e_shnum != 0 ? h->e_shnum : o->sections[0].sh_size;
    uint64_t names = h->e_shstrndx != SHN_XINDEX ? h->e_shstrndx : o->sections[0].sh_link;
    if (!elf_table_fits(o->size, h->e_shoff, n, sizeof(Elf64_Shdr)) || names >= n)
        return false;
    o->section_count = n;
    const Elf64_Shdr *s = &o->sections[names];
    if (range_inside(s->sh_offset, s->sh_size, 0, o->size)) {
        o->section_names = (const char *)o->data + s->sh_offset;
        o->section_names_len = s->sh_size;
    }
    find_symbols(o);
    return true;
}

/* Adds the object whose (size) bytes at (bytes) are copied, so that they are aligned. */
static int add_object(struct objects *o, struct object what, const unsigned char *bytes)
{
    if (o->wanted != NULL && !o->wanted(o->arg, what.path, what.member))
        return 0;
    struct object *v = table_grown(o->v, o->n, 1, &o->cap, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    o->v = v;
    unsigned char *copy = malloc(what.size + 1);
    if (copy == NULL)
        return -ENOMEM;
    if (what.size > 0)
        memcpy(copy, bytes, what.size);
    what.data = copy;
    if (!parse(&what)) {
        free(copy);
        return 0;
    }
    what.path = strdup(what.path);
    if (what.member != NULL)
        what.member = strdup(what.member);
    o->v[o->n++] = what;
    return 0;
}

/* Maps a file. Of an archive only what is wanted is ever read. */
static int map_whole(const char *path, const unsigned char **bytes, size_t *size)
{
    struct stat st;
    int err = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    void *map = NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        err = -EINVAL;
    else if (st.st_size > 0)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        err = -errno;
    close(fd);
    *bytes = map;
    *size = err == 0 ? (size_t)st.st_size : 0;
    return err;
}

static void unmap_whole(const unsigned char *bytes, size_t size)
{
    if (size > 0)
        munmap((void *)bytes, size);
}

/* A decimal field of an ar header, padded with spaces. */
static size_t ar_number(const char *field, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && field[i] >= '0' && field[i] <= '9'; i++)
        n = n * 10 + (size_t)(field[i] - '0');
    return n;
}

/* Copies a member's name, which ends with '/' or, as a long name, with "/\n", to (out). */
static void ar_name(char *out, size_t cap, const char *from, size_t len)
{
    size_t n = 0;
    while (n < len && n + 1 < cap && from[n] != '\n' &&
           !(from[n] == '/' && (n + 1 == len || from[n + 1] == '\n' || from[n + 1] == ' ')))
        n++;
    memcpy(out, from, n);
    out[n] = '\0';
}

/* The objects of a thin archive are files of their own, named relative to the archive. */
static int add_thin_member(struct objects *o, const char *archive, const char *name,
                           const char *library)
{
    char path[4096];
    const char *slash = strrchr(archive, '/');
    int dir = slash != NULL && name[0] != '/' ? (int)(slash + 1 - archive) : 0;
    if (snprintf(path, sizeof(path), "%.*s%s", dir, archive, name) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    const unsigned char *bytes;
    size_t size;
    int err = map_whole(path, &bytes, &size);
    if (err != 0)
        return err;
    err = add_object(o, (struct object){.path = path, .library = library, .size = size}, bytes);
    unmap_whole(bytes, size);
    return err;
}

static int add_archive(struct objects *o, const char *path, const char *library,
                       const unsigned char *bytes, size_t size, bool thin)
{
    const char *names = NULL;
    size_t names_len = 0, pos = SARMAG;
    int err = 0;
    while (err == 0 && pos <= size && size - pos >= sizeof(struct ar_hdr)) {
        const struct ar_hdr *h = (const void *)(bytes + pos);
        const unsigned char *data = bytes + pos + sizeof(*h);
        size_t len = ar_number(h->ar_size, sizeof(h->ar_size)), room = size - pos - sizeof(*h);
        bool table = h->ar_name[0] == '/' && (h->ar_name[1] < '0' || h->ar_name[1] > '9');
        bool stored = table || !thin;
        if (stored && len > room)
            break;
        pos += sizeof(*h) + (stored ? align_up(len, 2) : 0);
        if (table) {
            if (h->ar_name[1] == '/') {
                names = (const char *)data;
                names_len = len;
            }
            continue;
        }
        char name[1024];
        size_t at = ar_number(h->ar_name + 1, sizeof(h->ar_name) - 1);
        if (h->ar_name[0] != '/')
            ar_name(name, sizeof(name), h->ar_name, sizeof(h->ar_name));
        else if (at < names_len)
            ar_name(name, sizeof(name), names + at, names_len - at);
        else
            break;
        if (thin)
            err = add_thin_member(o, path, name, library);
        else
            err = add_object(
                o, (struct object){.path = path, .member = name, .library = library, .size = len},
                data);
    }
    return err;
}

int objects_add(struct objects *o, const char *path, const char *library)
{
    const unsigned char *bytes;
    size_t size;
    int err = map_whole(path, &bytes, &size);
    if (err != 0)
        return err;
    if (size >= SARMAG && memcmp(bytes, ARMAG, SARMAG) == 0)
        err = add_archive(o, path, library, bytes, size, false);
    else if (size >= SARMAG && memcmp(bytes, THIN_MAGIC, SARMAG) == 0)
        err = add_archive(o, path, library, bytes, size, true);
    else
        err = add_object(o, (struct object){.path = path, .library = library, .size = size}, bytes);
    unmap_whole(bytes, size);
    return err;
}

void objects_free(struct objects *o)
{
    for (size_t i = 0; i < o->n; i++) {
        free((void *)o->v[i].data);
        free((void *)o->v[i].path);
        free((void *)o->v[i].member);
    }
    free(o->v);
    *o = (struct objects){0};
}

size_t object_relocations(const struct object *o, size_t section, const Elf64_Rela **rela)
{
    for (size_t i = 0; i < o->section_count; i++) {
        const Elf64_Shdr *s = &o->sections[i];
        uint64_t n = s->sh_size / sizeof(Elf64_Rela);
        if (s->sh_type == SHT_RELA && s->sh_info == section &&
            elf_table_fits(o->size, s->sh_offset, n, sizeof(Elf64_Rela))) {
            *rela = (const void *)(o->data + s->sh_offset);
            return n;
        }
    }
    return 0;
}

size_t object_symbol_at(const struct object *o, size_t section, uint64_t offset)
{
    size_t best = 0;
    for (size_t i = 1; i < o->symbol_count; i++) {
        const Elf64_Sym *s = &o->symbols[i];
        unsigned type = ELF64_ST_TYPE(s->st_info);
        if (s->st_shndx != section || s->st_value > offset || type == STT_SECTION ||
            type == STT_FILE || object_symbol_name(o, i)[0] == '\0')
            continue;
        bool better = best == 0 || s->st_value > o->symbols[best].st_value ||
                      (s->st_value == o->symbols[best].st_value && type != STT_NOTYPE &&
                       ELF64_ST_BIND(s->st_info) != STB_LOCAL);
        if (better)
            best = i;
    }
    return best;
}

void object_place_name(const struct object *o, size_t section, uint64_t offset, char *name,
                       size_t size)
{
    /* Of sections that hold one function each. */
    static const char *const parts[] = {".text.unlikely.", ".text.startup.", ".text.exit.",
                                        ".text.hot.", ".text."};
    size_t symbol = object_symbol_at(o, section, offset);
    const char *from = object_symbol_name(o, symbol);
    if (symbol == 0) {
        from = object_section_name(o, section);
        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
            size_t len = strlen(parts[i]);
            if (strncmp(from, parts[i], len) == 0 && from[len] != '\0') {
                from += len;
                break;
            }
        }
    }
    size_t len = from[0] != '\0' ? 1 + strcspn(from + 1, ".") : 0;
    snprintf(name, size, "%.*s", (int)min_size(len, size), from);
}
