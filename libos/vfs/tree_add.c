/* SPDX-License-Identifier: MIT
 *
 * Trees that get more names than their tables have. */
#include <string.h>

#include "mm/heap.h"
#include "vfs/tree.h"

bool tree_add(struct tree_node *into, const struct tree_node *nodes, unsigned n)
{
    unsigned had = into->count, count = had;
    struct tree_node *all = heap_alloc((had + n) * sizeof(*all));
    bool whole = true;

    if (!all)
        return false;
    memcpy(all, into->children, had * sizeof(*all));
    for (unsigned i = 0; i < n; i++) {
        unsigned at = 0;
        while (at < had && strcmp(all[at].name, nodes[i].name) != 0)
            at++;
        if (at == had)
            all[count++] = nodes[i];
        else
            whole = tree_add(&all[at], nodes[i].children, nodes[i].count) && whole;
    }
    into->children = all;
    into->count = count;
    return whole;
}
