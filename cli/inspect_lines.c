/* SPDX-License-Identifier: MIT
 *
 * How many lines of source an image is made of, and whose they are. */
#include <errno.h>
#include <stdlib.h>

#include "dwarf.h"
#include "inspect.h"
#include "lineset.h"
#include "print.h"

struct counter {
    const struct map *map;
    struct lineset *sets; /* of each group */
    bool *told;           /* of each part, whether a line is known */
};

/* The part that has the byte at (address); MAP_NONE: none, what was not linked has the address 0.
 */
static uint32_t part_with(const struct map *m, uint64_t address)
{
    size_t low = 0, high = m->part_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uint64_t)m->parts[middle].address + m->parts[middle].size <= address)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < m->part_count && m->parts[low].address <= address;
    return inside ? (uint32_t)low : MAP_NONE;
}

static void count(void *arg, uint64_t file, uint64_t line, uint64_t address)
{
    struct counter *c = arg;
    uint32_t part = part_with(c->map, address);
    if (part == MAP_NONE)
        return;
    c->told[part] = true;
    lineset_add(&c->sets[map_group_of(c->map, part)], file, line);
}

static void print_row(FILE *f, const char *name, size_t lines, size_t all, uint64_t untold)
{
    print_column(f, name, SERVICE_COLUMN);
    fprintf(f, "%8zu %6.1f%% %9llu\n", lines, all > 0 ? 100.0 * (double)lines / (double)all : 0,
            (unsigned long long)untold);
}

/* The bytes of code of a group of which no line is known. */
static uint64_t untold_code(const struct counter *c, uint32_t group)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < c->map->part_count; i++)
        if (map_group_of(c->map, i) == group && c->map->parts[i].kind == MAP_TEXT && !c->told[i])
            size += c->map->parts[i].size;
    return size;
}

static void print_all(FILE *f, const struct counter *c)
{
    size_t all = 0;
    uint64_t untold = 0;
    for (uint32_t i = 0; i < c->map->group_count; i++)
        all += c->sets[i].n;
    fprintf(f, "%-13s%8s %7s %9s\n", "service", "lines", "share", "untold");
    for (uint32_t i = 0; i < c->map->group_count; i++) {
        uint64_t bytes = untold_code(c, i);
        untold += bytes;
        if (c->sets[i].n != 0 || bytes != 0)
            print_row(f, map_text(c->map, c->map->groups[i].name), c->sets[i].n, all, bytes);
    }
    print_row(f, "(all)", all, all, untold);
    print_row(f, "(trusted)", all - c->sets[MAP_PROGRAM].n, all,
              untold - untold_code(c, MAP_PROGRAM));
    fputs("\nlines: statements of source that code was made of; untold: bytes of code without\n"
          "debug information; trusted: all but the program\n",
          f);
}

int inspect_lines(FILE *f, const struct inspection *in)
{
    struct counter c = {.map = &in->map};
    const struct elf_file *debug = in->debug.size > 0 ? &in->debug : &in->elf;
    c.sets = calloc(in->map.group_count, sizeof(*c.sets));
    c.told = calloc(in->map.part_count + 1, sizeof(*c.told));
    int err = c.sets == NULL || c.told == NULL ? -ENOMEM : dwarf_lines(debug, count, &c);

    for (size_t i = 0; err == 0 && i < in->map.group_count; i++)
        if (c.sets[i].failed)
            err = -ENOMEM;
    if (err == 0)
        print_all(f, &c);
    for (size_t i = 0; c.sets != NULL && i < in->map.group_count; i++)
        lineset_free(&c.sets[i]);
    free(c.sets);
    free(c.told);
    return err;
}
