/* SPDX-License-Identifier: MIT
 *
 * qsort_r, and qsort through it: quicksort with the median of three; insertion sort for short runs;
 * heap sort when a run was divided badly too often. O(n log n) comparisons at worst, on a stack of
 * at most log2(n) frames. No index leaves the array even if the comparison contradicts itself. */
#define _BSD_SOURCE
#include <stdint.h>
#include <stdlib.h>

/* Eight bytes anywhere. */
typedef uint64_t __attribute__((__may_alias__, __aligned__(1))) word;

struct order {
    size_t width;
    int (*cmp)(const void *, const void *, void *);
    void *arg;
};

/* Elements up to which insertion sort is the fastest. */
#define SHORT_RUN 8

static int compare(const struct order *o, const char *a, const char *b)
{
    return o->cmp(a, b, o->arg);
}

static void swap(const struct order *o, char *a, char *b)
{
    size_t left = o->width;

    for (; left >= sizeof(word); left -= sizeof(word), a += sizeof(word), b += sizeof(word)) {
        word w = *(word *)a;
        *(word *)a = *(word *)b;
        *(word *)b = w;
    }
    for (; left; left--, a++, b++) {
        char c = *a;
        *a = *b;
        *b = c;
    }
}

static void insertion_sort(const struct order *o, char *base, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        for (char *p = base + i * o->width; p > base && compare(o, p - o->width, p) > 0;
             p -= o->width)
            swap(o, p - o->width, p);
    }
}

/* Moves element (i) of the heap of (n) down to where none of its children is greater. */
static void sift_down(const struct order *o, char *base, size_t i, size_t n)
{
    while (i < n / 2) {
        size_t child = 2 * i + 1;
        char *here = base + i * o->width, *there = base + child * o->width;

        if (child + 1 < n && compare(o, there, there + o->width) < 0) {
            child++;
            there += o->width;
        }
        if (compare(o, here, there) >= 0)
            return;
        swap(o, here, there);
        i = child;
    }
}

static void heap_sort(const struct order *o, char *base, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(o, base, i, n);
    while (n-- > 1) {
        swap(o, base, base + n * o->width);
        sift_down(o, base, 0, n);
    }
}

/* Divides (n) elements, at least 3, around their new element number (result): none before it is
 * greater, none behind it is less. */
static size_t divide(const struct order *o, char *base, size_t n)
{
    size_t i = 0, j = n, w = o->width;
    char *mid = base + n / 2 * w, *last = base + (n - 1) * w;

    /* The median of first, middle and last comes to the front. */
    if (compare(o, mid, last) > 0)
        swap(o, mid, last);
    if (compare(o, base, mid) < 0)
        swap(o, base, mid);
    if (compare(o, base, last) > 0)
        swap(o, base, last);

    for (;;) {
        do
            i++;
        while (i < n && compare(o, base + i * w, base) < 0);
        do
            j--;
        while (j > 0 && compare(o, base + j * w, base) > 0);
        if (i >= j)
            break;
        swap(o, base + i * w, base + j * w);
    }
    swap(o, base, base + j * w);
    return j;
}

/* Sorts; (divisions) more of them may be made before it turns to heap sort. */
static void sort(const struct order *o, char *base, size_t n, int divisions)
{
    while (n > SHORT_RUN) {
        if (divisions-- == 0) {
            heap_sort(o, base, n);
            return;
        }
        size_t before = divide(o, base, n);
        size_t behind = n - before - 1;
        char *rest = base + (before + 1) * o->width;

        /* Only the smaller part takes a stack frame. */
        if (before < behind) {
            sort(o, base, before, divisions);
            base = rest;
            n = behind;
        } else {
            sort(o, rest, behind, divisions);
            n = before;
        }
    }
    insertion_sort(o, base, n);
}

void __qsort_r(void *base, size_t n, size_t width, int (*cmp)(const void *, const void *, void *),
               void *arg)
{
    struct order o = {width, cmp, arg};
    int divisions = 0;

    if (n < 2 || width == 0)
        return;
    for (size_t i = n; i; i >>= 1)
        divisions += 2;
    sort(&o, base, n, divisions);
}

weak_alias(__qsort_r, qsort_r);
