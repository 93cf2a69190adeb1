/* SPDX-License-Identifier: MIT
 *
 * From a link to its map: ld says which input sections are in the image and where, the objects
 * which symbols lie in them and what they refer to. What ld places without an object, as the table
 * of relocations, is no part. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "inputs.h"
#include "linkmap.h"
#include "services.h"

#define ENTRY "_start"

/* Where the parts of a section are. */
struct span {
    uint32_t section, first, count;
};

/* A symbol that starts a part. */
struct mark {
    uint32_t section, symbol;
    uint64_t offset;
};

/* What is known about an object while the map is made. */
struct input {
    struct mark *marks; /* by section and offset */
    size_t mark_count;
    struct span *spans; /* for each section; count 0: it is not in the image */
};

struct maker {
    struct linkmap *l;
    struct graph graph;
    const struct ldmap *placed;
    uint32_t *object_of;  /* of each of ld's files; MAP_NONE: ld's own */
    struct input *inputs; /* of each object */
};

/* Appends (text) to the names; MAP_NONE: out of memory. */
static uint32_t add_text(struct linkmap *l, const char *text)
{
    size_t at = l->text.n;
    return table_append(&l->text, text, strlen(text) + 1, 1) ? (uint32_t)at : MAP_NONE;
}

int linkmap_fact(struct linkmap *l, const char *key, const char *value)
{
    struct map_fact fact = {add_text(l, key), add_text(l, value)};
    bool done = fact.key != MAP_NONE && fact.value != MAP_NONE &&
                table_append(&l->facts, &fact, 1, sizeof(fact));
    return done ? 0 : -ENOMEM;
}

static int add_groups(struct linkmap *l)
{
    for (size_t i = 0; i < MAP_GROUPS + service_count; i++) {
        const struct service *s = i < MAP_GROUPS ? &service_others[i] : &services[i - MAP_GROUPS];
        struct map_group group = {add_text(l, s->name), add_text(l, s->what)};
        if (group.name == MAP_NONE || group.what == MAP_NONE ||
            !table_append(&l->groups, &group, 1, sizeof(group)))
            return -ENOMEM;
    }
    return 0;
}

/* Writes what ld calls an object. False: that is too long. */
static bool ld_name(char *buf, size_t size, const char *path, const char *member)
{
    int n = member != NULL ? snprintf(buf, size, "%s(%s)", path, member)
                           : snprintf(buf, size, "%s", path);
    return n >= 0 && (size_t)n < size;
}

static bool is_wanted(const void *arg, const char *path, const char *member)
{
    const struct ldmap *placed = arg;
    char name[2 * PATH_MAX];
    return ld_name(name, sizeof(name), path, member) &&
           ldmap_file(placed, name) < placed->file_count;
}

void linkmap_choose(struct objects *objects, const struct ldmap *placed)
{
    objects->wanted = is_wanted;
    objects->arg = placed;
}

/* Finds the object of each of ld's files. Of members of one archive with one name, the first
 * counts. */
static int match_objects(struct maker *m)
{
    char name[2 * PATH_MAX];
    m->object_of = malloc((m->placed->file_count + 1) * sizeof(*m->object_of));
    if (m->object_of == NULL)
        return -ENOMEM;
    for (size_t i = 0; i <= m->placed->file_count; i++)
        m->object_of[i] = MAP_NONE;
    for (uint32_t i = (uint32_t)m->graph.objects.n; i-- > 0;) {
        const struct object *o = &m->graph.objects.v[i];
        if (ld_name(name, sizeof(name), o->path, o->member))
            m->object_of[ldmap_file(m->placed, name)] = i;
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

/* Finds the functions and objects of an object file. Labels in assembly count if others may use
 * them. */
static int find_marks(struct input *in, const struct object *o)
{
    in->marks = calloc(o->symbol_count + 1, sizeof(*in->marks));
    in->spans = calloc(o->section_count + 1, sizeof(*in->spans));
    if (in->marks == NULL || in->spans == NULL)
        return -ENOMEM;
    for (uint32_t i = 1; i < o->symbol_count; i++) {
        const Elf64_Sym *s = &o->symbols[i];
        unsigned type = ELF64_ST_TYPE(s->st_info);
        bool named = type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC ||
                     (type == STT_NOTYPE && ELF64_ST_BIND(s->st_info) != STB_LOCAL);
        if (named && s->st_shndx != SHN_UNDEF && s->st_shndx < o->section_count &&
            object_symbol_name(o, i)[0] != '\0')
            in->marks[in->mark_count++] = (struct mark){s->st_shndx, i, s->st_value};
    }
    qsort(in->marks, in->mark_count, sizeof(*in->marks), by_place);
    return 0;
}

/* The name of the source file of an object, as its symbols have it; NULL. */
static const char *source_of(const struct object *o)
{
    for (size_t i = 1; i < o->symbol_count; i++)
        if (ELF64_ST_TYPE(o->symbols[i].st_info) == STT_FILE)
            return object_symbol_name(o, i);
    return NULL;
}

bool linkmap_is_lto(const char *path)
{
    size_t len = strlen(path), ending = strlen(LTO_ENDING);
    return len > ending && strcmp(path + len - ending, LTO_ENDING) == 0;
}

const char *linkmap_shown_path(const struct object *o)
{
    const char *source = source_of(o), *slash = strrchr(o->path, '/');
    bool temporary = o->member == NULL && strstr(o->path, "/cc") != NULL && o->path[0] == '/';
    if (linkmap_is_lto(o->path))
        return "(link-time optimisation)";
    if (temporary && source != NULL)
        return source;
    return o->path[0] == '/' && slash != NULL ? slash + 1 : o->path;
}

static int add_files(struct maker *m)
{
    for (size_t i = 0; i < m->graph.objects.n; i++) {
        const struct object *o = &m->graph.objects.v[i];
        const char *member = o->member != NULL ? o->member : "";
        uint32_t group = MAP_PROGRAM;
        if (o->library != NULL) {
            /* The start file and the notes are objects of their own. */
            size_t service = o->member != NULL ? service_of(o->library, member) : 0;
            group = service < service_count ? MAP_GROUPS + (uint32_t)service : MAP_LIBC;
        } else if (input_is_compilers(o->path)) {
            group = MAP_COMPILER;
        }
        struct map_file file = {add_text(m->l, linkmap_shown_path(o)), add_text(m->l, member),
                                group};
        if (file.name == MAP_NONE || file.member == MAP_NONE ||
            !table_append(&m->l->files, &file, 1, sizeof(file)))
            return -ENOMEM;
    }
    return 0;
}

/* The section of (o) called (name) that has no place yet and, if there are more, (size) bytes; 0:
 * none. */
static uint32_t find_section(const struct object *o, const struct input *in, const char *name,
                             uint64_t size)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < o->section_count; i++) {
        if (in->spans[i].count != 0 || (o->sections[i].sh_flags & SHF_ALLOC) == 0 ||
            strcmp(object_section_name(o, i), name) != 0)
            continue;
        if (o->sections[i].sh_size == size)
            return i;
        if (best == 0)
            best = i;
    }
    return best;
}

static uint32_t kind_of(const struct placed *p, const struct object *o, uint32_t section)
{
    static const struct {
        const char *output;
        uint32_t kind;
    } kinds[] = {{".text", MAP_TEXT}, {".bss", MAP_BSS}, {".tbss", MAP_BSS}, {".data", MAP_DATA}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strncmp(p->output, kinds[i].output, strlen(kinds[i].output)) == 0)
            return kinds[i].kind;
    return section != 0 && (o->sections[section].sh_flags & SHF_WRITE) ? MAP_DATA : MAP_CONSTANT;
}

/* Makes the parts of one placed section: one for each symbol that starts in it. */
static int add_parts(struct maker *m, const struct placed *p)
{
    uint32_t object = m->object_of[ldmap_file(m->placed, p->file)];
    if (object == MAP_NONE)
        return 0;
    const struct object *o = &m->graph.objects.v[object];
    struct input *in = &m->inputs[object];
    uint32_t section = find_section(o, in, p->section, p->size);
    if (section == 0 && strcmp(p->section, "COMMON") != 0)
        return 0; /* made by ld */
    struct mark *mark = in->marks, *end = in->marks + in->mark_count;
    struct map_part part = {.file = object, .kind = kind_of(p, o, section)};
    uint32_t first = (uint32_t)m->l->parts.n;

    while (mark < end && (section == 0 || mark->section < section))
        mark++;
    for (uint64_t at = 0, next; at < p->size; at = next) {
        /* Of names for one place the last: a global one, where there are some. */
        const char *name = p->section;
        for (; mark < end && section != 0 && mark->section == section && mark->offset <= at; mark++)
            name = object_symbol_name(o, mark->symbol);
        next = p->size;
        if (mark < end && section != 0 && mark->section == section && mark->offset < next)
            next = mark->offset;
        part.address = (uint32_t)(p->address + at);
        part.size = (uint32_t)(next - at);
        part.name = add_text(m->l, name);
        if (part.name == MAP_NONE || !table_append(&m->l->parts, &part, 1, sizeof(part)))
            return -ENOMEM;
    }
    in->spans[section] = (struct span){section, first, (uint32_t)m->l->parts.n - first};
    return 0;
}

/* The part of a section that (offset) lies in; MAP_NONE: the section is not in the image. */
static uint32_t part_at(const struct maker *m, uint32_t object, uint32_t section, uint64_t offset)
{
    const struct map_part *parts = m->l->parts.v;
    if (section == 0 || section >= m->graph.objects.v[object].section_count ||
        m->inputs[object].spans[section].count == 0)
        return MAP_NONE;
    struct span s = m->inputs[object].spans[section];
    uint32_t low = s.first, high = s.first + s.count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (parts[middle].address - parts[s.first].address <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Notes what a section of an object refers to, once for each pair of parts. */
static int add_edges(struct maker *m, uint32_t object, struct span span)
{
    const Elf64_Rela *rela;
    size_t n = object_relocations(&m->graph.objects.v[object], span.section, &rela);
    const struct map_part *parts = m->l->parts.v;

    for (size_t i = 0; i < n; i++) {
        uint32_t to = object, section;
        uint64_t offset;
        if (!graph_refers_to(&m->graph, &rela[i], &to, &section, &offset))
            continue;
        struct map_edge e = {part_at(m, object, span.section, rela[i].r_offset),
                             part_at(m, to, section, offset),
                             (uint32_t)(parts[span.first].address + rela[i].r_offset)};
        if (e.to != MAP_NONE && e.to != e.from && !table_append(&m->l->edges, &e, 1, sizeof(e)))
            return -ENOMEM;
    }
    return 0;
}

static int by_ends(const void *a, const void *b)
{
    const struct map_edge *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

static int add_all_edges(struct maker *m)
{
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < m->graph.objects.n; i++)
        for (uint32_t k = 1; err == 0 && k < m->graph.objects.v[i].section_count; k++)
            if (m->inputs[i].spans[k].count != 0)
                err = add_edges(m, i, m->inputs[i].spans[k]);

    struct map_edge *v = m->l->edges.v;
    size_t kept = 0;
    if (m->l->edges.n > 0)
        qsort(v, m->l->edges.n, sizeof(*v), by_ends);
    for (size_t i = 0; i < m->l->edges.n; i++)
        if (kept == 0 || v[kept - 1].from != v[i].from || v[kept - 1].to != v[i].to)
            v[kept++] = v[i];
    m->l->edges.n = kept;
    return err;
}

static void find_entry(struct linkmap *l)
{
    const struct map_part *parts = l->parts.v;
    l->entry = MAP_NONE;
    for (uint32_t i = 0; i < l->parts.n && l->entry == MAP_NONE; i++)
        if (strcmp((char *)l->text.v + parts[i].name, ENTRY) == 0)
            l->entry = i;
}

static int make(struct maker *m)
{
    const struct placed *placed = m->placed->placed.v;
    int err = graph_build(&m->graph);

    if (err == 0 && (add_text(m->l, "") == MAP_NONE || add_groups(m->l) != 0))
        err = -ENOMEM;
    if (err == 0)
        err = match_objects(m);
    if (err == 0)
        err = add_files(m);
    for (size_t i = 0; err == 0 && i < m->graph.objects.n; i++)
        err = find_marks(&m->inputs[i], &m->graph.objects.v[i]);
    for (size_t i = 0; err == 0 && i < m->placed->placed.n; i++)
        err = add_parts(m, &placed[i]);
    if (err == 0)
        err = add_all_edges(m);
    if (err == 0)
        find_entry(m->l);
    return err;
}

int linkmap_make(struct linkmap *l, struct objects *objects, const struct ldmap *placed)
{
    struct maker m = {.l = l, .graph = {.objects = *objects}, .placed = placed};
    *objects = (struct objects){.v = NULL};
    m.inputs = calloc(m.graph.objects.n + 1, sizeof(*m.inputs));
    int err = m.inputs != NULL ? make(&m) : -ENOMEM;

    for (size_t i = 0; m.inputs != NULL && i < m.graph.objects.n; i++) {
        free(m.inputs[i].marks);
        free(m.inputs[i].spans);
    }
    free(m.inputs);
    free(m.object_of);
    graph_free(&m.graph);
    return err;
}

struct map linkmap_view(const struct linkmap *l)
{
    return (struct map){.groups = l->groups.v,
                        .files = l->files.v,
                        .parts = l->parts.v,
                        .edges = l->edges.v,
                        .facts = l->facts.v,
                        .text = l->text.v,
                        .group_count = l->groups.n,
                        .file_count = l->files.n,
                        .part_count = l->parts.n,
                        .edge_count = l->edges.n,
                        .fact_count = l->facts.n,
                        .text_size = l->text.n,
                        .entry = l->entry};
}

void linkmap_free(struct linkmap *l)
{
    struct table *const tables[] = {&l->groups, &l->files, &l->parts,
                                    &l->edges,  &l->facts, &l->text};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        free(tables[i]->v);
    *l = (struct linkmap){.entry = MAP_NONE};
}
