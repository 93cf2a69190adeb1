/* SPDX-License-Identifier: MIT
 *
 * The index of free runs; see runs.h. */
#include "mm/runs.h"

struct place {
    unsigned row, column;
};

static unsigned log2_of(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

/* The list for runs of (len) pages. */
static struct place place_of(uint32_t len)
{
    if (len < RUNS_COLUMNS)
        return (struct place){0, len};
    unsigned log = log2_of(len);
    return (struct place){log - 2, (len >> (log - 3)) & (RUNS_COLUMNS - 1)};
}

void runs_add(struct runs *r, uint32_t first, uint32_t len)
{
    struct place at = place_of(len);
    uint32_t *head = &r->heads[at.row][at.column];
    bool alone = !(r->columns[at.row] & (1u << at.column));
    r->tags[first + len - 1].len = len;
    r->tags[first] =
        (struct run_tag){.len = len, .next = alone ? RUN_NONE : *head, .prev = RUN_NONE};
    if (!alone)
        r->tags[*head].prev = first;
    *head = first;
    r->columns[at.row] |= (uint8_t)(1u << at.column);
    r->rows |= 1u << at.row;
}

void runs_remove(struct runs *r, uint32_t first)
{
    struct run_tag *tag = &r->tags[first];
    if (tag->next != RUN_NONE)
        r->tags[tag->next].prev = tag->prev;
    if (tag->prev != RUN_NONE) {
        r->tags[tag->prev].next = tag->next;
        return;
    }
    struct place at = place_of(tag->len);
    r->heads[at.row][at.column] = tag->next;
    if (tag->next != RUN_NONE)
        return;
    r->columns[at.row] &= (uint8_t) ~(1u << at.column);
    if (r->columns[at.row] == 0)
        r->rows &= ~(1u << at.row);
}

/* The head of the first list that is not empty, from (at) on. */
static uint32_t first_from(const struct runs *r, struct place at)
{
    unsigned columns = r->columns[at.row] & (~0u << at.column);
    if (columns == 0) {
        uint32_t rows = r->rows & (~0u << (at.row + 1));
        if (rows == 0)
            return RUN_NONE;
        at.row = (unsigned)__builtin_ctz(rows);
        columns = r->columns[at.row];
    }
    return r->heads[at.row][__builtin_ctz(columns)];
}

uint32_t runs_find(const struct runs *r, uint32_t n)
{
    /* All runs of the list to start from are long enough if (n) is rounded up to the list's
     * shortest. */
    uint32_t rounded = n < RUNS_COLUMNS ? n : n + (1u << (log2_of(n) - 3)) - 1;
    uint32_t first = first_from(r, place_of(rounded));
    if (first != RUN_NONE)
        return first;
    struct place at = place_of(n);
    if (!(r->columns[at.row] & (1u << at.column)))
        return RUN_NONE;
    first = r->heads[at.row][at.column];
    while (first != RUN_NONE && r->tags[first].len < n)
        first = r->tags[first].next;
    return first;
}

static uint32_t list_around(const struct runs *r, uint32_t first, uint32_t page)
{
    while (first != RUN_NONE && (page < first || page - first >= r->tags[first].len))
        first = r->tags[first].next;
    return first;
}

uint32_t runs_around(const struct runs *r, uint32_t page, uint32_t len)
{
    struct place least = place_of(len);
    for (uint32_t rows = r->rows & (~0u << least.row); rows != 0;) {
        unsigned row = log2_of(rows);
        for (unsigned columns = r->columns[row]; columns != 0;) {
            unsigned column = log2_of(columns);
            uint32_t first = list_around(r, r->heads[row][column], page);
            if (first != RUN_NONE)
                return first;
            columns &= ~(1u << column);
        }
        rows &= ~(1u << row);
    }
    return RUN_NONE;
}

uint32_t runs_longest(const struct runs *r)
{
    if (r->rows == 0)
        return RUN_NONE;
    unsigned row = log2_of(r->rows);
    return r->heads[row][log2_of(r->columns[row])];
}
