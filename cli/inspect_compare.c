/* SPDX-License-Identifier: MIT
 *
 * What differs between two images: services, and the functions and objects that differ most. */
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "print.h"
#include "table.h"

/* More than fit on a screen tell nobody anything. */
#define PARTS_MAX 20

static uint64_t bytes_of(const struct inspection *in, const char *service)
{
    for (size_t i = 0; i < in->size_count; i++)
        if (strcmp(in->sizes[i].name, service) == 0)
            return (uint64_t)in->sizes[i].text + in->sizes[i].data + in->sizes[i].bss;
    return 0;
}

static void print_difference(FILE *f, const char *name, uint64_t a, uint64_t b)
{
    print_column(f, name, SERVICE_COLUMN);
    fprintf(f, "%9llu %9llu %+10lld\n", (unsigned long long)a, (unsigned long long)b,
            (long long)(b - a));
}

/* A part of one of the two images. */
struct half {
    const char *service, *name;
    int64_t size; /* of the first image negative */
};

static int by_name(const void *a, const void *b)
{
    const struct half *x = a, *y = b;
    int order = strcmp(x->service, y->service);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static int by_difference(const void *a, const void *b)
{
    const struct half *x = a, *y = b;
    int64_t p = llabs(x->size), q = llabs(y->size);
    return p != q ? (p < q ? 1 : -1) : by_name(a, b);
}

static bool add_halves(struct table *t, const struct inspection *in, int sign)
{
    for (uint32_t i = 0; i < in->map.part_count; i++) {
        const struct map_part *p = &in->map.parts[i];
        struct half h = {map_text(&in->map, in->map.groups[map_group_of(&in->map, i)].name),
                         map_text(&in->map, p->name), sign * (int64_t)p->size};
        if (!table_append(t, &h, 1, sizeof(h)))
            return false;
    }
    return true;
}

/* Lists the parts that differ most in size. */
static bool compare_parts(FILE *f, const struct inspection *a, const struct inspection *b)
{
    struct table t = {.v = NULL};
    bool done = add_halves(&t, a, -1) && add_halves(&t, b, 1);
    struct half *v = t.v;
    size_t kept = 0;

    if (done && t.n > 0) {
        qsort(v, t.n, sizeof(*v), by_name);
        for (size_t i = 0; i < t.n; i++) {
            if (kept > 0 && by_name(&v[kept - 1], &v[i]) == 0)
                v[kept - 1].size += v[i].size;
            else
                v[kept++] = v[i];
        }
        qsort(v, kept, sizeof(*v), by_difference);
        fputs("\nmost changed\n", f);
    }
    for (size_t i = 0; done && i < min_size(kept, PARTS_MAX) && v[i].size != 0; i++) {
        print_column(f, v[i].service, SERVICE_COLUMN);
        fprintf(f, "%+9lld  ", (long long)v[i].size);
        print_name(f, v[i].name);
        putc('\n', f);
    }
    free(t.v);
    return done;
}

bool inspect_compare(FILE *f, const struct inspection *a, const struct inspection *b)
{
    fputs("first        ", f);
    print_name(f, a->path);
    fputs("\nsecond       ", f);
    print_name(f, b->path);
    fprintf(f, "\n\n%-13s%9s %9s %10s\n", "service", "first", "second", "difference");
    for (size_t i = 0; i < a->size_count; i++)
        print_difference(f, a->sizes[i].name, bytes_of(a, a->sizes[i].name),
                         bytes_of(b, a->sizes[i].name));
    for (size_t i = 0; i < b->size_count; i++)
        if (bytes_of(a, b->sizes[i].name) == 0)
            print_difference(f, b->sizes[i].name, 0, bytes_of(b, b->sizes[i].name));
    print_difference(f, "(loaded)", a->loaded, b->loaded);
    print_difference(f, "(files)", a->image.root_size, b->image.root_size);
    return !a->has_map || !b->has_map || compare_parts(f, a, b);
}
