/* SPDX-License-Identifier: MIT
 *
 * The map of an image: its form in the file, and what is asked of it (map.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

_Static_assert(sizeof(struct map_head) == 36 && sizeof(struct map_size) == 28, "form in the file");

/* Takes (n) elements of (size) bytes from the (left) bytes at (*at). NULL: there are not so many.
 */
static const void *take(const char **at, size_t *left, size_t n, size_t size)
{
    const char *table = *at;
    if (n > *left / size)
        return NULL;
    *at += n * size;
    *left -= n * size;
    return table;
}

static bool tables_are_sound(const struct map *m)
{
    uint64_t end = 0;
    uint32_t from = 0;

    for (size_t i = 0; i < m->group_count; i++)
        if (m->groups[i].name >= m->text_size || m->groups[i].what >= m->text_size)
            return false;
    for (size_t i = 0; i < m->file_count; i++)
        if (m->files[i].name >= m->text_size || m->files[i].member >= m->text_size ||
            m->files[i].group >= m->group_count)
            return false;
    for (size_t i = 0; i < m->part_count; i++) {
        const struct map_part *p = &m->parts[i];
        if (p->name >= m->text_size || p->file >= m->file_count || p->kind >= MAP_KINDS ||
            p->address < end)
            return false;
        end = (uint64_t)p->address + p->size;
    }
    for (size_t i = 0; i < m->edge_count; i++) {
        const struct map_edge *e = &m->edges[i];
        if (e->from < from || e->from >= m->part_count || e->to >= m->part_count)
            return false;
        from = e->from;
    }
    for (size_t i = 0; i < m->fact_count; i++)
        if (m->facts[i].key >= m->text_size || m->facts[i].value >= m->text_size)
            return false;
    return m->entry == MAP_NONE || m->entry < m->part_count;
}

bool map_read(struct map *m, const void *bytes, size_t size)
{
    const char *at = bytes;
    const struct map_head *h = take(&at, &size, 1, sizeof(*h));

    if ((uintptr_t)bytes % sizeof(uint32_t) != 0 || h == NULL || h->magic != MAP_MAGIC ||
        h->version != MAP_VERSION || h->group_count < MAP_GROUPS || h->group_count > MAP_GROUPS_MAX)
        return false;
    *m = (struct map){.group_count = h->group_count,
                      .file_count = h->file_count,
                      .part_count = h->part_count,
                      .edge_count = h->edge_count,
                      .fact_count = h->fact_count,
                      .text_size = h->text_size,
                      .entry = h->entry};
    m->groups = take(&at, &size, m->group_count, sizeof(*m->groups));
    m->files = take(&at, &size, m->file_count, sizeof(*m->files));
    m->parts = take(&at, &size, m->part_count, sizeof(*m->parts));
    m->edges = take(&at, &size, m->edge_count, sizeof(*m->edges));
    m->facts = take(&at, &size, m->fact_count, sizeof(*m->facts));
    m->text = take(&at, &size, m->text_size, 1);
    return m->groups != NULL && m->files != NULL && m->parts != NULL && m->edges != NULL &&
           m->facts != NULL && m->text != NULL && m->text_size > 0 &&
           m->text[m->text_size - 1] == '\0' && tables_are_sound(m);
}

void *map_write(const struct map *m, size_t *size)
{
    const struct map_head head = {.magic = MAP_MAGIC,
                                  .version = MAP_VERSION,
                                  .group_count = (uint32_t)m->group_count,
                                  .file_count = (uint32_t)m->file_count,
                                  .part_count = (uint32_t)m->part_count,
                                  .edge_count = (uint32_t)m->edge_count,
                                  .fact_count = (uint32_t)m->fact_count,
                                  .text_size = (uint32_t)m->text_size,
                                  .entry = m->entry};
    const struct {
        const void *bytes;
        size_t size;
    } tables[] = {
        {&head, sizeof(head)},
        {m->groups, m->group_count * sizeof(*m->groups)},
        {m->files, m->file_count * sizeof(*m->files)},
        {m->parts, m->part_count * sizeof(*m->parts)},
        {m->edges, m->edge_count * sizeof(*m->edges)},
        {m->facts, m->fact_count * sizeof(*m->facts)},
        {m->text, m->text_size},
    };
    char *bytes, *at;

    *size = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        *size += tables[i].size;
    at = bytes = malloc(*size);
    for (size_t i = 0; bytes != NULL && i < ARRAY_LEN(tables); i++) {
        if (tables[i].size > 0)
            memcpy(at, tables[i].bytes, tables[i].size);
        at += tables[i].size;
    }
    return bytes;
}

uint32_t map_find_group(const struct map *m, const char *name)
{
    for (uint32_t i = 0; i < m->group_count; i++)
        if (strcmp(map_text(m, m->groups[i].name), name) == 0)
            return i;
    return MAP_NONE;
}

void map_sizes(const struct map *m, struct map_size *sizes)
{
    for (size_t i = 0; i < m->group_count; i++) {
        sizes[i] = (struct map_size){.text = 0};
        snprintf(sizes[i].name, sizeof(sizes[i].name), "%s", map_text(m, m->groups[i].name));
    }
    for (uint32_t i = 0; i < m->part_count; i++) {
        struct map_size *s = &sizes[map_group_of(m, i)];
        const struct map_part *p = &m->parts[i];
        if (p->kind == MAP_BSS)
            s->bss += p->size;
        else if (p->kind == MAP_DATA)
            s->data += p->size;
        else
            s->text += p->size;
    }
}

/* The first edge of each part, and behind the last part the count of all. NULL: out of memory. */
static uint32_t *first_edges(const struct map *m)
{
    uint32_t *first = malloc((m->part_count + 1) * sizeof(*first));
    for (size_t i = 0, e = 0; first != NULL && i <= m->part_count; i++) {
        while (e < m->edge_count && m->edges[e].from < i)
            e++;
        first[i] = (uint32_t)e;
    }
    return first;
}

/* A walk over the graph, breadth first. */
struct walk {
    const struct map *map;
    const uint32_t *first; /* edge of each part */
    uint32_t *by;          /* for each part the edge that reached it; MAP_NONE: none */
    uint32_t *queue;
    bool *seen;
    size_t queued;
};

static void start_at(struct walk *w, uint32_t part)
{
    if (!w->seen[part])
        w->queue[w->queued++] = part;
    w->seen[part] = true;
}

/* Follows references until one leads into (group). Returns the part there, MAP_NONE: none does. */
static uint32_t walk_to(struct walk *w, uint32_t group)
{
    for (size_t i = 0; i < w->queued; i++) {
        uint32_t from = w->queue[i];
        if (map_group_of(w->map, from) == group)
            return from;
        for (uint32_t e = w->first[from]; e < w->first[from + 1]; e++) {
            uint32_t to = w->map->edges[e].to;
            if (w->seen[to])
                continue;
            w->by[to] = e;
            start_at(w, to);
        }
    }
    return MAP_NONE;
}

long map_why(const struct map *m, uint32_t group, uint32_t *chain)
{
    uint32_t *first = first_edges(m), found = MAP_NONE;
    uint32_t *by = malloc(m->part_count * sizeof(*by) + 1);
    uint32_t *queue = malloc(m->part_count * sizeof(*queue) + 1);
    bool *seen = calloc(m->part_count + 1, sizeof(*seen));
    struct walk w = {m, first, by, queue, seen, 0};
    long count = -ENOMEM;

    if (first == NULL || by == NULL || queue == NULL || seen == NULL)
        goto out;
    for (uint32_t i = 0; i < m->part_count; i++) {
        by[i] = MAP_NONE;
        if (map_group_of(m, i) == MAP_PROGRAM)
            start_at(&w, i);
    }
    found = walk_to(&w, group);
    if (found == MAP_NONE && m->entry != MAP_NONE) {
        start_at(&w, m->entry);
        found = walk_to(&w, group);
    }
    count = 0;
    for (uint32_t at = found; at != MAP_NONE && by[at] != MAP_NONE; at = m->edges[by[at]].from)
        count++;
    for (long i = count; i > 0; found = m->edges[by[found]].from)
        chain[--i] = by[found];
out:
    free(first);
    free(by);
    free(queue);
    free(seen);
    return count;
}
