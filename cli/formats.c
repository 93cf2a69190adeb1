/* SPDX-License-Identifier: MIT
 *
 * Strings in objects (formats.h). Conversions as in C11, 7.21.6.1, and POSIX's. */
#include <string.h>

#include "cli.h"
#include "formats.h"
#include "inputs.h"

enum conversion { WHOLE, FLOATING, UNKNOWN };

/* What begins with the "%" before (s). */
static enum conversion conversion_at(const char *s, const char *end)
{
    while (s < end && *s != '\0' && strchr("-+ #0'123456789.*$hlLqjzt", *s))
        s++;
    if (s == end || *s == '\0')
        return UNKNOWN;
    return strchr("aAeEfFgG", *s) ? FLOATING : strchr("diouxXcsCSpnm", *s) ? WHOLE : UNKNOWN;
}

/* Whether the byte at (at) in code may be the first of a constant that is moved to memory or a
 * register: mov's opcodes b0 to bf, c6 and c7, with a constant behind all that can come between
 * (Intel SDM volume 2, 2.1). Compilers make the start of a short string so. */
static bool is_constant(const char *code, const char *at)
{
    static const ptrdiff_t operands[] = {1, 2, 3, 5, 6}; /* bytes of ModRM, SIB, displacement */
    if (at > code && (at[-1] & 0xf0) == 0xb0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(operands); i++)
        if (at - code > operands[i] && (at[-1 - operands[i]] & 0xfe) == 0xc6)
            return true;
    return false;
}

static bool section_wants(const struct object *o, const Elf64_Shdr *s)
{
    if ((s->sh_flags & SHF_ALLOC) == 0 || s->sh_type == SHT_NOBITS)
        return false;
    if (!range_inside(s->sh_offset, s->sh_size, 0, o->size))
        return true;
    const char *bytes = (const char *)o->data + s->sh_offset, *end = bytes + s->sh_size;
    bool code = s->sh_flags & SHF_EXECINSTR;
    for (const char *at = bytes; (at = memchr(at, '%', (size_t)(end - at))) != NULL; at++) {
        enum conversion c = conversion_at(at + 1, end);
        if (c == FLOATING || (c == UNKNOWN && (!code || is_constant(bytes, at))))
            return true;
    }
    return false;
}

static bool object_wants(const struct object *o)
{
    for (size_t i = 0; i < o->section_count; i++)
        if (strcmp(object_section_name(o, i), ".eh_frame") != 0 &&
            section_wants(o, &o->sections[i]))
            return true;
    return false;
}

/* Objects for link-time optimisation by gcc may have the machine code that they would have without
 * it, and then its strings; gcc marks those that have not. */
static bool is_slim(const struct object *o)
{
    for (size_t i = 1; i < o->symbol_count; i++)
        if (strcmp(object_symbol_name(o, i), "__gnu_lto_slim") == 0)
            return true;
    return false;
}

/* clang's objects for link-time optimisation are no ELF files: they are not among the objects. */
static bool is_clang_lto(const struct args *link)
{
    for (size_t i = 0; i < link->n; i++)
        if (strstr(link->v[i], "LLVMgold") != NULL)
            return true;
    return false;
}

void program_load(struct program *p, const struct args *link)
{
    *p = (struct program){.hidden = is_clang_lto(link)};
    if (!p->hidden && inputs_load_program(&p->objects, link) != 0)
        p->hidden = true;
    for (size_t i = 0; i < p->objects.n && !p->hidden; i++)
        p->hidden = is_slim(&p->objects.v[i]);
}

void program_free(struct program *p)
{
    objects_free(&p->objects);
}

bool program_wants_floats(const struct program *p)
{
    bool wants = p->hidden;
    for (size_t i = 0; i < p->objects.n && !wants; i++)
        wants = object_wants(&p->objects.v[i]);
    return wants;
}

static bool object_mentions(const struct object *o, const char *const *words)
{
    for (size_t i = 0; i < o->section_count; i++) {
        const Elf64_Shdr *s = &o->sections[i];
        if ((s->sh_flags & SHF_ALLOC) == 0 || s->sh_type == SHT_NOBITS)
            continue;
        if (!range_inside(s->sh_offset, s->sh_size, 0, o->size))
            return true;
        for (const char *const *w = words; *w != NULL; w++)
            if (memmem(o->data + s->sh_offset, s->sh_size, *w, strlen(*w)) != NULL)
                return true;
    }
    return false;
}

bool program_mentions(const struct program *p, const char *const *words)
{
    bool found = p->hidden;
    for (size_t i = 0; i < p->objects.n && !found; i++)
        found = object_mentions(&p->objects.v[i], words);
    return found;
}
