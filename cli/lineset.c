/* SPDX-License-Identifier: MIT
 *
 * A set of numbers that stand for lines. */
#include <stdlib.h>

#include "lineset.h"

static size_t place_of(const struct lineset *s, uint64_t key)
{
    size_t i = (size_t)key & s->mask;
    while (s->v[i] != 0 && s->v[i] != key)
        i = (i + 1) & s->mask;
    return i;
}

static bool grow(struct lineset *s)
{
    struct lineset larger = {.mask = s->v != NULL ? 2 * s->mask + 1 : 1023, .n = s->n};
    larger.v = calloc(larger.mask + 1, sizeof(*larger.v));
    if (larger.v == NULL)
        return false;
    for (size_t i = 0; s->v != NULL && i <= s->mask; i++)
        if (s->v[i] != 0)
            larger.v[place_of(&larger, s->v[i])] = s->v[i];
    free(s->v);
    *s = larger;
    return true;
}

bool lineset_add(struct lineset *s, uint64_t file, uint64_t line)
{
    /* The finalizer of splitmix64, so that neighbours do not fall together. */
    uint64_t key = file + line * 0x9e3779b97f4a7c15u;
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
    key = (key ^ key >> 27) * 0x94d049bb133111ebu;
    key ^= key >> 31;
    key += key == 0;
    if ((s->v == NULL || 2 * s->n > s->mask) && !grow(s)) {
        s->failed = true;
        return false;
    }
    size_t i = place_of(s, key);
    if (s->v[i] == key)
        return false;
    s->v[i] = key;
    s->n++;
    return true;
}

void lineset_free(struct lineset *s)
{
    free(s->v);
    *s = (struct lineset){.v = NULL};
}
