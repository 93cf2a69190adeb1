/* SPDX-License-Identifier: MIT
 *
 * The graph of references between sections (graph.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "table.h"

/* Where a global symbol is defined. */
struct graph_definition {
    const char *name; /* NULL: free */
    uint32_t object;
    uint32_t symbol;
};

static size_t hash(const char *s)
{
    size_t h = 5381;
    while (*s != '\0')
        h = h * 33 + (unsigned char)*s++;
    return h;
}

static struct graph_definition *look_up(const struct graph *g, const char *name)
{
    size_t i = hash(name) & g->mask;
    while (g->table[i].name != NULL && strcmp(g->table[i].name, name) != 0)
        i = (i + 1) & g->mask;
    return &g->table[i];
}

static bool is_weak(const Elf64_Sym *s)
{
    return ELF64_ST_BIND(s->st_info) == STB_WEAK;
}

/* The first definition of a name counts, but a strong one instead of a weak one. */
int graph_build(struct graph *g)
{
    size_t total = 0;
    for (size_t i = 0; i < g->objects.n; i++)
        total += g->objects.v[i].symbol_count;
    g->mask = 1023;
    while (g->mask < 2 * total)
        g->mask = 2 * g->mask + 1;
    g->table = calloc(g->mask + 1, sizeof(*g->table));
    g->node_of = calloc(g->objects.n + 1, sizeof(*g->node_of));
    if (g->table == NULL || g->node_of == NULL || g->objects.n >= NO_NODE)
        return -ENOMEM;

    for (size_t i = 0; i < g->objects.n; i++) {
        const struct object *o = &g->objects.v[i];
        for (size_t k = 1; k < o->symbol_count; k++) {
            const Elf64_Sym *s = &o->symbols[k];
            const char *name = object_symbol_name(o, k);
            if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || s->st_shndx == SHN_UNDEF || !name[0])
                continue;
            struct graph_definition *d = look_up(g, name);
            if (d->name == NULL ||
                (is_weak(&g->objects.v[d->object].symbols[d->symbol]) && !is_weak(s)))
                *d = (struct graph_definition){name, (uint32_t)i, (uint32_t)k};
        }
    }
    return 0;
}

/* Sections that stay whether or not something refers to them. */
static bool is_kept(const struct object *o, size_t section)
{
    static const char *const kept[] = {".init_array", ".fini_array", ".preinit_array", ".ctors",
                                       ".dtors"};
    const char *name = object_section_name(o, section);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (strncmp(name, kept[i], strlen(kept[i])) == 0)
            return true;
    return false;
}

static void push(struct graph *g, uint32_t object, uint32_t section)
{
    struct graph_node *v = NULL;
    if (g->count < NO_NODE - 1)
        v = table_grown(g->nodes, g->count, 1, &g->cap, sizeof(*v));
    if (v == NULL) {
        g->failed = true;
        return;
    }
    g->nodes = v;
    g->nodes[g->count++] =
        (struct graph_node){.object = object, .section = section, .distance = NO_NODE};
    g->node_of[object][section] = (uint32_t)g->count;
}

static void reach(struct graph *g, uint32_t object, uint32_t section)
{
    const struct object *o = &g->objects.v[object];
    if (section == SHN_UNDEF || section >= o->section_count)
        return;
    bool first = g->node_of[object] == NULL;
    if (first && (g->node_of[object] = calloc(o->section_count, sizeof(uint32_t))) == NULL) {
        g->failed = true;
        return;
    }
    if (g->node_of[object][section] != 0)
        return;
    push(g, object, section);

    /* An object that is linked brings its constructors with it. */
    for (uint32_t i = 0; first && i < o->section_count; i++)
        if (is_kept(o, i))
            reach(g, object, i);
}

void graph_start_at(struct graph *g, const char *name)
{
    const struct graph_definition *d = look_up(g, name);
    if (d->name != NULL)
        reach(g, d->object, g->objects.v[d->object].symbols[d->symbol].st_shndx);
}

void graph_start_at_kept(struct graph *g)
{
    for (uint32_t i = 0; i < g->objects.n; i++)
        for (uint32_t k = 0; k < g->objects.v[i].section_count; k++)
            if (g->objects.v[i].library == NULL && g->objects.v[i].member == NULL &&
                is_kept(&g->objects.v[i], k))
                reach(g, i, k);
}

void graph_start_at_all(struct graph *g)
{
    for (uint32_t i = 0; i < g->objects.n; i++)
        for (uint32_t k = 0; k < g->objects.v[i].section_count; k++)
            if (g->objects.v[i].library == NULL && g->objects.v[i].sections[k].sh_flags & SHF_ALLOC)
                reach(g, i, k);
}

uint32_t graph_find(struct graph *g, const char *name)
{
    const struct graph_definition *d = look_up(g, name);
    if (d->name == NULL)
        return NO_NODE;
    uint32_t section = g->objects.v[d->object].symbols[d->symbol].st_shndx;
    reach(g, d->object, section);
    if (section >= g->objects.v[d->object].section_count || g->node_of[d->object] == NULL)
        return NO_NODE;
    return g->node_of[d->object][section] - 1;
}

/* The section that (r) leads to, in (*object) and (*section), or which call. */
static struct graph_target resolve(const struct graph *g, uint32_t *object, uint32_t *section,
                                   const Elf64_Rela *r)
{
    const struct graph_target nothing = {TO_NOTHING, 0};
    const struct object *o = &g->objects.v[*object];
    size_t symbol = ELF64_R_SYM(r->r_info);
    if (symbol == 0 || symbol >= o->symbol_count)
        return nothing;
    const Elf64_Sym *s = &o->symbols[symbol];
    *section = s->st_shndx;
    if (ELF64_ST_BIND(s->st_info) == STB_LOCAL)
        return (struct graph_target){TO_NODE, 0};

    const char *name = object_symbol_name(o, symbol);
    bool needed = s->st_shndx != SHN_UNDEF || !is_weak(s);
    if (needed && strncmp(name, CALL_PREFIX, strlen(CALL_PREFIX)) == 0)
        for (uint32_t i = 0; i < g->call_count; i++)
            if (strcmp(g->calls[i], name + strlen(CALL_PREFIX)) == 0)
                return (struct graph_target){TO_CALL, i};
    const struct graph_definition *d = look_up(g, name);
    if (d->name == NULL || !needed)
        return nothing;
    *object = d->object;
    *section = g->objects.v[d->object].symbols[d->symbol].st_shndx;
    return (struct graph_target){TO_NODE, 0};
}

bool graph_refers_to(const struct graph *g, const Elf64_Rela *r, uint32_t *object,
                     uint32_t *section, uint64_t *offset)
{
    const struct object *o = &g->objects.v[*object];
    if (resolve(g, object, section, r).kind != TO_NODE)
        return false;
    const Elf64_Sym *s = &o->symbols[ELF64_R_SYM(r->r_info)];
    if (ELF64_ST_BIND(s->st_info) != STB_LOCAL) {
        const struct graph_definition *d =
            look_up(g, object_symbol_name(o, (size_t)(s - o->symbols)));
        s = &g->objects.v[d->object].symbols[d->symbol];
    }
    *offset = s->st_value;
    if (ELF64_ST_TYPE(s->st_info) != STT_SECTION)
        return true;
    /* Relative to the end of the instruction, whose last 4 bytes the reference mostly is. */
    unsigned type = ELF64_R_TYPE(r->r_info);
    bool relative = type == R_X86_64_PC32 || type == R_X86_64_PLT32;
    *offset += (uint64_t)r->r_addend + (relative ? 4 : 0);
    return true;
}

struct graph_target graph_target_of(struct graph *g, uint32_t object, const Elf64_Rela *r)
{
    uint32_t section;
    struct graph_target t = resolve(g, &object, &section, r);
    if (t.kind != TO_NODE)
        return t;
    if (section >= g->objects.v[object].section_count || g->node_of[object] == NULL ||
        g->node_of[object][section] == 0)
        return (struct graph_target){TO_NOTHING, 0};
    t.index = g->node_of[object][section] - 1;
    return t;
}

/* Shortens the way of library node (n) by one of its references. Returns whether it could. */
static bool shorten(struct graph *g, uint32_t n)
{
    const Elf64_Rela *rela;
    bool changed = false;
    size_t count =
        object_relocations(&g->objects.v[g->nodes[n].object], g->nodes[n].section, &rela);

    for (size_t i = 0; i < count; i++) {
        struct graph_target t = graph_target_of(g, g->nodes[n].object, &rela[i]);
        uint32_t distance = NO_NODE;
        if (t.kind == TO_CALL)
            distance = 1;
        else if (t.kind == TO_NODE && !graph_is_programs(g, t.index) &&
                 g->nodes[t.index].distance != NO_NODE)
            distance = g->nodes[t.index].distance + 1;
        if (distance >= g->nodes[n].distance)
            continue;
        g->nodes[n].distance = distance;
        g->nodes[n].at = rela[i].r_offset;
        g->nodes[n].next = t;
        changed = true;
    }
    return changed;
}

int graph_walk(struct graph *g)
{
    for (uint32_t n = 0; n < g->count && !g->failed; n++) {
        const Elf64_Rela *rela;
        struct graph_node node = g->nodes[n];
        size_t count = object_relocations(&g->objects.v[node.object], node.section, &rela);
        for (size_t i = 0; i < count; i++) {
            uint32_t object = node.object, section;
            if (resolve(g, &object, &section, &rela[i]).kind == TO_NODE)
                reach(g, object, section);
        }
    }
    /* Callers mostly come before what they call: backwards, few rounds do. */
    for (bool changed = !g->failed; changed;) {
        changed = false;
        for (uint32_t n = (uint32_t)g->count; n-- > 0;)
            if (!graph_is_programs(g, n) && shorten(g, n))
                changed = true;
    }
    return g->failed ? -ENOMEM : 0;
}

int graph_calls_of(struct graph *g, uint32_t node, bool *found)
{
    uint32_t *list = malloc(g->count * sizeof(*list));
    bool *seen = calloc(g->count, sizeof(*seen));
    size_t n = 0;

    if (list == NULL || seen == NULL) {
        free(list);
        free(seen);
        return -ENOMEM;
    }
    list[n++] = node;
    seen[node] = true;
    for (size_t i = 0; i < n; i++) {
        const Elf64_Rela *rela;
        const struct graph_node *at = &g->nodes[list[i]];
        size_t count = object_relocations(&g->objects.v[at->object], at->section, &rela);
        for (size_t k = 0; k < count; k++) {
            struct graph_target t = graph_target_of(g, at->object, &rela[k]);
            if (t.kind == TO_CALL)
                found[t.index] = true;
            if (t.kind != TO_NODE || seen[t.index] || graph_is_programs(g, t.index) ||
                g->nodes[t.index].distance == NO_NODE)
                continue;
            seen[t.index] = true;
            list[n++] = t.index;
        }
    }
    free(list);
    free(seen);
    return 0;
}

void graph_free(struct graph *g)
{
    for (size_t i = 0; g->node_of != NULL && i < g->objects.n; i++)
        free(g->node_of[i]);
    free(g->node_of);
    free(g->nodes);
    free(g->table);
    objects_free(&g->objects);
}
