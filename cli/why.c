/* SPDX-License-Identifier: MIT
 *
 * Chains of references, with source lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "table.h"
#include "why.h"

/* The steps of one chain, and the addresses where they refer to the next, appended to (places). */
static int find_one(const struct map *m, uint32_t group, struct why *w, struct table *places)
{
    w->steps = malloc((m->part_count + 1) * sizeof(*w->steps));
    long count = w->steps != NULL ? map_why(m, group, w->steps) : -ENOMEM;
    if (count <= 0)
        return (int)count;
    uint32_t last = m->edges[w->steps[count - 1]].to;
    for (long i = 0; i < count; i++) {
        struct line_place place = {.address = m->edges[w->steps[i]].address};
        if (!table_append(places, &place, 1, sizeof(place)))
            return -ENOMEM;
        w->steps[i] = m->edges[w->steps[i]].from;
    }
    w->steps[count] = last;
    w->count = (size_t)count + 1;
    return 0;
}

int why_find(const struct map *m, const uint32_t *groups, size_t n, const char *path,
             struct why *whys)
{
    struct table places = {.v = NULL};
    int err = 0;

    memset(whys, 0, n * sizeof(*whys));
    for (size_t i = 0; err == 0 && i < n; i++)
        err = find_one(m, groups[i], &whys[i], &places);
    /* All at once: addr2line takes long to start on large programs. */
    if (err == 0 && places.n > 0)
        lines_at(path, places.v, places.n);
    struct line_place *next = places.v;
    for (size_t i = 0; err == 0 && i < n; i++) {
        whys[i].lines = next;
        next += whys[i].count > 0 ? whys[i].count - 1 : 0;
    }
    if (err != 0)
        free(places.v);
    return err;
}

void why_free(struct why *whys, size_t n)
{
    if (n > 0)
        free(whys[0].lines);
    for (size_t i = 0; i < n; i++)
        free(whys[i].steps);
}

bool why_print(FILE *f, const struct map *m, uint32_t group, const char *path, const char *indent)
{
    struct why w;
    bool done = why_find(m, &group, 1, path, &w) == 0;

    for (size_t i = 0; done && i < w.count; i++) {
        const char *line = i + 1 < w.count ? w.lines[i].line : "";
        int at = fprintf(f, "%s%s", indent, i == 0 ? "" : "-> ");
        print_column(f, map_text(m, m->parts[w.steps[i]].name), 36 - at);
        const char *of = map_text(m, m->groups[map_group_of(m, w.steps[i])].name);
        if (line[0] != '\0')
            print_column(f, of, 12);
        print_name(f, line[0] != '\0' ? line : of);
        putc('\n', f);
    }
    if (done && w.count == 0)
        fprintf(f, "%s%s\n", indent,
                m->entry != MAP_NONE && map_group_of(m, m->entry) == group
                    ? "the image starts there"
                    : "no reference leads there: it is kept for itself");
    why_free(&w, 1);
    return done;
}
