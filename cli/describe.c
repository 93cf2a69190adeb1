/* SPDX-License-Identifier: MIT
 *
 * Describing and checking a linked image (describe.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "cli.h"
#include "describe.h"
#include "elfadd.h"
#include "elffile.h"
#include "hash.h"
#include "inputs.h"
#include "linkmap.h"
#include "services.h"
#include "why.h"

bool wishes_take(struct wishes *w, const char *arg)
{
    if (starts(arg, WISH_DENY))
        args_add(&w->deny, arg + strlen(WISH_DENY));
    else if (starts(arg, WISH_FACT))
        args_add(&w->facts, arg + strlen(WISH_FACT));
    else if (starts(arg, WISH_BUDGET))
        w->budget = strtoull(arg + strlen(WISH_BUDGET), NULL, 10);
    else if (starts(arg, WISH_POLICY))
        w->policy = arg + strlen(WISH_POLICY);
    else if (strcmp(arg, WISH_PLAIN) == 0)
        w->plain = true;
    else if (strcmp(arg, WISH_DEBUG) == 0)
        w->separate = true;
    else
        return false;
    return true;
}

bool wishes_are_sound(const struct wishes *w)
{
    for (size_t i = 0; i < w->deny.n; i++) {
        if (service_find(w->deny.v[i]) < service_count)
            continue;
        fprintf(stderr, "pith cc: --deny: there is no service %s. There are:\n", w->deny.v[i]);
        for (size_t k = 0; k < service_count; k++)
            fprintf(stderr, "    %-12s %s\n", services[k].name, services[k].what);
        return false;
    }
    return true;
}

/* Notes what Pith's own libraries are: lines of a file that is installed beside them. */
static int add_parts(struct linkmap *l)
{
    char path[PATH_MAX], *line = NULL;
    size_t cap = 0;
    int err = install_path(path, CC_PARTS);
    FILE *f = err == 0 ? fopen(path, "r") : NULL;
    if (err == 0 && f == NULL)
        err = -errno;
    for (ssize_t n; err == 0 && (n = getline(&line, &cap, f)) > 0;) {
        line[n - 1] = '\0';
        err = linkmap_fact(l, "part", line);
    }
    free(line);
    if (f != NULL)
        fclose(f);
    return err;
}

/* Notes the hashes of the files that the program, and libgcc, are linked from. */
static int add_inputs(struct linkmap *l, const struct objects *objects)
{
    const char **paths = calloc(objects->n + 1, sizeof(*paths));
    const struct object **of = calloc(objects->n + 1, sizeof(*of));
    char(*hex)[HASH_HEX] = calloc(objects->n + 1, sizeof(*hex));
    size_t n = 0;
    int err = paths == NULL || of == NULL || hex == NULL ? -ENOMEM : 0;

    for (size_t i = 0; err == 0 && i < objects->n; i++) {
        const struct object *o = &objects->v[i];
        if (o->library != NULL || (n > 0 && strcmp(paths[n - 1], o->path) == 0))
            continue;
        of[n] = o;
        paths[n++] = o->path;
    }
    if (err == 0)
        err = hash_files(paths, n, hex);
    for (size_t i = 0; err == 0 && i < n; i++) {
        char fact[HASH_HEX + PATH_MAX];
        const char *name = linkmap_shown_path(of[i]);
        bool same = strlen(name) <= strlen(paths[i]) &&
                    strcmp(paths[i] + strlen(paths[i]) - strlen(name), name) == 0;
        snprintf(fact, sizeof(fact), "%s %s%s", hex[i], name, same ? "" : " (compiled)");
        err = linkmap_fact(l, "input", fact);
    }
    free(paths);
    free(of);
    free(hex);
    return err;
}

/* Notes the facts of the command line, and the compilers, which have left their names in the file
 * (image.ld). */
static int add_facts(struct linkmap *l, const struct elf_file *e, const struct wishes *w)
{
    size_t size;
    const char *comment = elf_section(e, ".debug_comment", &size);
    int err = linkmap_fact(l, "pith", PITH_VERSION);
    if (err == 0)
        err = add_parts(l);
    for (size_t i = 0; err == 0 && i < w->facts.n; i++) {
        char key[32];
        const char *equals = strchr(w->facts.v[i], '=');
        snprintf(key, sizeof(key), "%.*s", (int)strcspn(w->facts.v[i], "="), w->facts.v[i]);
        err = linkmap_fact(l, key, equals != NULL ? equals + 1 : "");
    }
    while (err == 0 && comment != NULL && size > 0) {
        size_t len = strnlen(comment, size);
        if (len == size)
            break;
        if (len > 0)
            err = linkmap_fact(l, "compiler", comment);
        comment += len + 1;
        size -= len + 1;
    }
    return err;
}

/* Adds the sections, but the map only if the link keeps debug information. */
static int add_sections(const char *output, const struct map *m, const struct map_size *sizes,
                        bool stripped)
{
    struct map_size *some = calloc(m->group_count, sizeof(*some));
    struct added_section added[2] = {{.name = SIZES_SECTION, .bytes = some}, {.name = MAP_SECTION}};
    void *whole = map_write(m, &added[1].size);
    int err = some == NULL || whole == NULL ? -ENOMEM : 0;

    for (size_t i = 0; err == 0 && i < m->group_count; i++)
        if (!map_size_is_zero(&sizes[i]))
            some[added[0].size++] = sizes[i];
    added[0].size *= sizeof(*some);
    added[1].bytes = whole;
    if (err == 0)
        err = elf_add_sections(output, added, stripped ? 1 : 2);
    free(some);
    free(whole);
    return err;
}

/* Whether the image has none of what it may not have; says what it has. */
static bool is_allowed(const char *output, const struct map *m, const struct map_size *sizes,
                       const struct wishes *w)
{
    bool allowed = true;
    for (size_t i = 0; i < w->deny.n; i++) {
        uint32_t group = map_find_group(m, w->deny.v[i]);
        if (group == MAP_NONE || map_size_is_zero(&sizes[group]))
            continue;
        fprintf(stderr, "pith cc: the image would have %s, which --deny=%s forbids:\n",
                w->deny.v[i], w->deny.v[i]);
        if (!why_print(stderr, m, group, output, "    "))
            fputs("pith cc: out of memory\n", stderr);
        allowed = false;
    }
    return allowed;
}

static int by_bytes(const void *a, const void *b)
{
    const struct map_size *x = a, *y = b;
    uint64_t p = (uint64_t)x->text + x->data, q = (uint64_t)y->text + y->data;
    return p < q ? 1 : p > q ? -1 : strcmp(x->name, y->name);
}

/* Whether what is loaded of the file keeps within the budget; says what takes most. (sizes) is put
 * in order. */
static bool is_within(const struct elf_file *e, const struct map *m, struct map_size *sizes,
                      uint64_t budget)
{
    uint64_t size = 0;
    for (size_t i = 0; i < e->segment_count; i++)
        if (e->segments[i].p_type == PT_LOAD)
            size = e->segments[i].p_offset + e->segments[i].p_filesz;
    if (budget == 0 || size <= budget)
        return true;
    fprintf(stderr, "pith cc: the image would load %llu bytes, --budget allows %llu. Most is in\n",
            (unsigned long long)size, (unsigned long long)budget);
    qsort(sizes, m->group_count, sizeof(*sizes), by_bytes);
    for (size_t i = 0; i < min_size(m->group_count, 5) && sizes[i].text + sizes[i].data > 0; i++)
        fprintf(stderr, "    %-12s %9llu\n", sizes[i].name,
                (unsigned long long)sizes[i].text + sizes[i].data);
    return false;
}

/* Whether ld leaves debug information out. */
static bool is_stripped(const struct args *link)
{
    static const char *const options[] = {"-s", "-S", "--strip-all", "--strip-debug"};
    for (size_t i = 0; i < link->n; i++)
        for (size_t k = 0; k < ARRAY_LEN(options); k++)
            if (strcmp(link->v[i], options[k]) == 0)
                return true;
    return false;
}

/* Loads the objects that link-time optimisation has made, which no argument of the link names. */
static int load_lto(struct objects *objects, const struct ldmap *placed)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < placed->file_count; i++)
        if (linkmap_is_lto(placed->files[i]))
            err = objects_add(objects, placed->files[i], NULL);
    return err;
}

/* Does it all; (*allowed) is whether the image may stay. */
static int describe(const char *output, const struct args *link, char *ldmap,
                    const struct wishes *w, bool *allowed)
{
    struct linkmap l = {.entry = MAP_NONE};
    struct objects objects = {.v = NULL};
    struct ldmap placed;
    struct elf_file e = {.size = 0};
    struct fault fault;
    struct map_size *sizes = NULL;
    struct map map = {.entry = MAP_NONE};

    int err = ldmap_read(&placed, ldmap);
    linkmap_choose(&objects, &placed);
    if (err == 0)
        err = inputs_load(&objects, link);
    if (err == 0)
        err = load_lto(&objects, &placed);
    if (err == 0)
        err = add_inputs(&l, &objects);
    if (err == 0)
        err = linkmap_make(&l, &objects, &placed);
    objects_free(&objects);
    ldmap_free(&placed);
    if (err == 0 && elf_open(&e, output, &fault) != 0)
        err = -ENOEXEC;
    if (err == 0)
        err = add_facts(&l, &e, w);
    if (err == 0) {
        map = linkmap_view(&l);
        sizes = calloc(map.group_count, sizeof(*sizes));
        err = sizes == NULL ? -ENOMEM : 0;
    }
    if (err == 0) {
        map_sizes(&map, sizes);
        err = add_sections(output, &map, sizes, is_stripped(link));
    }
    if (err == 0) {
        *allowed = is_allowed(output, &map, sizes, w);
        *allowed &= is_within(&e, &map, sizes, w->budget);
    }
    if (e.size > 0)
        elf_close(&e);
    free(sizes);
    linkmap_free(&l);
    return err;
}

int image_describe(const char *output, const struct args *link, char *ldmap,
                   const struct wishes *wishes)
{
    bool allowed = true;
    int err = describe(output, link, ldmap, wishes, &allowed);
    if (err != 0) {
        fprintf(stderr, "pith cc: cannot describe %s: %s\n", output, strerror(-err));
        return EXIT_BUILD;
    }
    if (!allowed)
        unlink(output);
    return allowed ? 0 : EXIT_BUILD;
}
