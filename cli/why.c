/* SPDX-License-Identifier: MIT
 *
 * Chains of references, with source lines. */
#include <errno.h>
#include <stdlib.h>

#include "print.h"
#include "why.h"

long why_find(const struct map *m, uint32_t group, const char *path, uint32_t **steps,
              struct line_place **places)
{
    uint32_t *chain = malloc((m->part_count + 1) * sizeof(*chain));
    long count = chain != NULL ? map_why(m, group, chain) : -ENOMEM;
    struct line_place *lines = count > 0 ? calloc((size_t)count + 1, sizeof(*lines)) : NULL;

    *steps = NULL;
    *places = NULL;
    if (count > 0 && lines == NULL)
        count = -ENOMEM;
    if (count <= 0) {
        free(chain);
        return count;
    }
    uint32_t last = m->edges[chain[count - 1]].to;
    for (long i = 0; i < count; i++) {
        lines[i].address = m->edges[chain[i]].address;
        chain[i] = m->edges[chain[i]].from;
    }
    chain[count] = last;
    lines_at(path, lines, (size_t)count);
    *steps = chain;
    *places = lines;
    return count + 1;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

bool why_print(FILE *f, const struct map *m, uint32_t group, const char *path, const char *indent)
{
    uint32_t *steps;
    struct line_place *places;
    long count = why_find(m, group, path, &steps, &places);

    for (long i = 0; i < count; i++) {
        int at = fprintf(f, "%s%s", indent, i == 0 ? "" : "-> ");
        at += print_name(f, map_text(m, m->parts[steps[i]].name));
        at += fprintf(f, "%*s", max(36 - at, 1), "");
        at += print_name(f, map_text(m, m->groups[map_group_of(m, steps[i])].name));
        if (places[i].line[0] != '\0')
            fprintf(f, "%*s", max(48 - at, 1), "");
        print_name(f, places[i].line);
        putc('\n', f);
    }
    if (count == 0)
        fprintf(f, "%s%s\n", indent,
                m->entry != MAP_NONE && map_group_of(m, m->entry) == group
                    ? "the image starts there"
                    : "no reference leads there: it is kept for itself");
    free(steps);
    free(places);
    return count >= 0;
}
