/* SPDX-License-Identifier: MIT
 *
 * What an image is, as a page for browsers: cli/page, with data in it. These are what --json
 * prints, and "target", what the image runs as. With a map there are two more tables, in which
 * services are numbers in "services":
 *
 * "objects": [archive or file, member or "", service, [name, size, kind, ...]], the last with three
 * elements for each part; kinds are those of struct map_part.
 *
 * "links": [from, to, count, name, name]: in how many pairs a function or object of service (from)
 * refers to one of service (to), and the names of one such pair. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "inspect.h"
#include "page.h" /* page_head, page_tail; made by tools/gen-page */

/* References from one service to another. */
struct link {
    uint32_t count;
    uint32_t example; /* the first edge, of code to code if there is one */
};

struct page {
    struct json j;
    const struct inspection *in;
    const struct map *map;
    uint32_t service_of[MAP_GROUPS_MAX]; /* of each group; MAP_NONE: it has no bytes */
    uint32_t *first, *parts;             /* (parts) by file; of each file the first of these */
    struct link *links;                  /* a row for each service, with a place for each */
};

/* Services are the groups that have bytes, in the same order. */
static void number_services(struct page *p)
{
    for (uint32_t i = 0, n = 0; i < p->map->group_count; i++) {
        const char *name = map_text(p->map, p->map->groups[i].name);
        bool has = n < p->in->size_count &&
                   strncmp(p->in->sizes[n].name, name, sizeof(p->in->sizes[n].name) - 1) == 0;
        p->service_of[i] = has ? n++ : MAP_NONE;
    }
}

/* Sorts the parts by their files: counts those of each file, then gives each its place. */
static void sort_parts(struct page *p)
{
    for (size_t i = 0; i < p->map->part_count; i++)
        p->first[p->map->parts[i].file + 2]++;
    for (size_t i = 2; i < p->map->file_count + 2; i++)
        p->first[i] += p->first[i - 1];
    for (uint32_t i = 0; i < p->map->part_count; i++)
        p->parts[p->first[p->map->parts[i].file + 1]++] = i;
}

static bool is_code(const struct map *m, const struct map_edge *e)
{
    return m->parts[e->from].kind == MAP_TEXT && m->parts[e->to].kind == MAP_TEXT;
}

static void count_links(struct page *p)
{
    for (uint32_t i = 0; i < p->map->edge_count; i++) {
        const struct map_edge *e = &p->map->edges[i];
        uint32_t from = p->service_of[map_group_of(p->map, e->from)];
        uint32_t to = p->service_of[map_group_of(p->map, e->to)];
        if (from == to || from == MAP_NONE || to == MAP_NONE)
            continue;
        struct link *l = &p->links[from * p->in->size_count + to];
        bool better =
            l->count == 0 || (is_code(p->map, e) && !is_code(p->map, &p->map->edges[l->example]));
        if (better)
            l->example = i;
        l->count++;
    }
}

static void put_objects(struct page *p)
{
    json_array(&p->j, "objects");
    for (uint32_t i = 0; i < p->map->file_count; i++) {
        const struct map_file *file = &p->map->files[i];
        uint32_t service = p->service_of[file->group];
        if (p->first[i] == p->first[i + 1] || service == MAP_NONE)
            continue;
        json_array(&p->j, NULL);
        json_text(&p->j, NULL, map_text(p->map, file->name));
        json_text(&p->j, NULL, map_text(p->map, file->member));
        json_number(&p->j, NULL, service);
        json_array(&p->j, NULL);
        for (uint32_t k = p->first[i]; k < p->first[i + 1]; k++) {
            const struct map_part *part = &p->map->parts[p->parts[k]];
            if (part->size == 0)
                continue;
            json_text(&p->j, NULL, map_text(p->map, part->name));
            json_number(&p->j, NULL, part->size);
            json_number(&p->j, NULL, part->kind);
        }
        json_end(&p->j, ']');
        json_end(&p->j, ']');
    }
    json_end(&p->j, ']');
}

static void put_links(struct page *p)
{
    size_t n = p->in->size_count;
    json_array(&p->j, "links");
    for (size_t i = 0; i < n * n; i++) {
        const struct link *l = &p->links[i];
        if (l->count == 0)
            continue;
        const struct map_edge *e = &p->map->edges[l->example];
        json_array(&p->j, NULL);
        json_number(&p->j, NULL, i / n);
        json_number(&p->j, NULL, i % n);
        json_number(&p->j, NULL, l->count);
        json_text(&p->j, NULL, map_text(p->map, p->map->parts[e->from].name));
        json_text(&p->j, NULL, map_text(p->map, p->map->parts[e->to].name));
        json_end(&p->j, ']');
    }
    json_end(&p->j, ']');
}

/* Writes what the map has. False: out of memory. */
static bool put_map(struct page *p)
{
    size_t n = p->in->size_count;
    p->first = calloc(p->map->file_count + 2, sizeof(*p->first));
    p->parts = calloc(p->map->part_count + 1, sizeof(*p->parts));
    p->links = calloc(n * n + 1, sizeof(*p->links));
    bool done = p->first != NULL && p->parts != NULL && p->links != NULL;
    if (done) {
        number_services(p);
        sort_parts(p);
        count_links(p);
        put_objects(p);
        put_links(p);
    }
    free(p->first);
    free(p->parts);
    free(p->links);
    return done;
}

/* False: out of memory. */
static bool put_page(FILE *f, const struct inspection *in)
{
    struct page p = {.j = {.f = f, .compact = true}, .in = in, .map = &in->map};

    fputs(page_head, f);
    json_object(&p.j, NULL);
    bool done = inspect_json_members(&p.j, in);
    json_text(&p.j, "target", inspect_target(in));
    if (done && in->has_map)
        done = put_map(&p);
    json_end(&p.j, '}');
    fputs(page_tail, f);
    return done;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_elf(const char *path)
{
    char magic[SELFMAG];
    int fd = is_file(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    bool is = read(fd, magic, SELFMAG) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
    close(fd);
    return is;
}

static int cannot_write(const char *path, int err)
{
    fprintf(stderr, "pith inspect: cannot write %s: %s\n", path, strerror(err));
    return EXIT_HOST;
}

int inspect_html(const char *path, const struct inspection *in)
{
    if (is_elf(path)) {
        fprintf(stderr,
                "pith inspect: %s is a program: it does not become a page\n"
                "pith inspect: hint: --html FILE names the page to write\n",
                path);
        return EXIT_USAGE;
    }
    FILE *f = fopen(path, "we");
    if (f == NULL)
        return cannot_write(path, errno);
    bool made = put_page(f, in), written = !ferror(f) && fflush(f) == 0;
    int err = errno;
    if (fclose(f) != 0 && written) {
        written = false;
        err = errno;
    }
    if (made && written)
        return 0;
    if (is_file(path))
        unlink(path); /* half a page helps nobody */
    if (!written)
        return cannot_write(path, err);
    fputs("pith inspect: out of memory\n", stderr);
    return EXIT_HOST;
}
