/* SPDX-License-Identifier: MIT
 *
 * Tables that grow. */
#ifndef PITH_CLI_TABLE_H
#define PITH_CLI_TABLE_H

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Zeroed is empty. (v) holds (n) elements of one size, and is owned. */
struct table {
    void *v;
    size_t n, cap;
};

/* Appends (n) elements of (size) bytes, copied from (from). False: out of memory, nothing changed.
 */
must_check static inline bool table_append(struct table *t, const void *from, size_t n, size_t size)
{
    if (n > t->cap - t->n) {
        size_t cap = max_size(max_size(2 * t->cap, 64), t->n + n);
        void *v = realloc(t->v, cap * size);
        if (v == NULL)
            return false;
        t->v = v;
        t->cap = cap;
    }
    if (n > 0)
        memcpy((char *)t->v + t->n * size, from, n * size);
    t->n += n;
    return true;
}

#endif
