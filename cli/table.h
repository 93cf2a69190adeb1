/* SPDX-License-Identifier: MIT
 *
 * Tables that grow. */
#ifndef PITH_CLI_TABLE_H
#define PITH_CLI_TABLE_H

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* (v), which holds (n) elements of (size) bytes and has room for (*cap), with room for (more)
 * behind them. NULL: out of memory, and nothing has changed. */
must_check static inline void *table_grown(void *v, size_t n, size_t more, size_t *cap, size_t size)
{
    if (more <= *cap - n)
        return v;
    size_t room = max_size(max_size(2 * *cap, 64), n + more);
    void *grown = realloc(v, room * size);
    if (grown != NULL)
        *cap = room;
    return grown;
}

/* Zeroed is empty. (v) holds (n) elements of one size, and is owned. */
struct table {
    void *v;
    size_t n, cap;
};

/* Appends (n) elements of (size) bytes, copied from (from). False: out of memory, nothing changed.
 */
must_check static inline bool table_append(struct table *t, const void *from, size_t n, size_t size)
{
    if (n == 0)
        return true;
    void *v = table_grown(t->v, t->n, n, &t->cap, size);
    if (v == NULL)
        return false;
    t->v = v;
    memcpy((char *)v + t->n * size, from, n * size);
    t->n += n;
    return true;
}

#endif
