/* SPDX-License-Identifier: MIT
 *
 * musl/src/stdlib/qsort.c: every order of short arrays, patterns that are bad for quicksort, odd
 * widths, and comparisons that contradict themselves (the sanitizers see an index that leaves the
 * array). */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void __qsort_r(void *base, size_t n, size_t width, int (*cmp)(const void *, const void *, void *),
               void *arg);
#define weak_alias(old, new) _Static_assert(1, "glibc has its own")
#include "../../musl/src/stdlib/qsort.c"

static unsigned long compared;

static int by_int(const void *a, const void *b, void *arg)
{
    const int *x = a, *y = b;

    assert_ptr_equal(arg, &compared);
    compared++;
    return (*x > *y) - (*x < *y);
}

static int plain(const void *a, const void *b)
{
    return by_int(a, b, &compared);
}

/* Sorts a copy on the heap, of exact size, and compares with the C library's. */
static void check(const int *v, size_t n)
{
    int *mine = malloc(n * sizeof(int)), *theirs = malloc(n * sizeof(int));

    memcpy(mine, v, n * sizeof(int));
    memcpy(theirs, v, n * sizeof(int));
    __qsort_r(mine, n, sizeof(int), by_int, &compared);
    qsort(theirs, n, sizeof(int), plain);
    assert_memory_equal(mine, theirs, n * sizeof(int));
    free(mine);
    free(theirs);
}

static void short_arrays(void **state)
{
    (void)state;
    __qsort_r(NULL, 0, 4, by_int, &compared);
    for (size_t n = 1; n <= 7; n++) {
        unsigned long codes = 1;
        for (size_t i = 0; i < n; i++)
            codes *= n;
        for (unsigned long code = 0; code < codes; code++) {
            int v[7];
            unsigned long c = code;
            for (size_t i = 0; i < n; i++, c /= n)
                v[i] = (int)(c % n);
            check(v, n);
        }
    }
}

static void patterns(void **state)
{
    enum { N = 20000 };
    static int v[N];

    (void)state;
    for (int pattern = 0; pattern < 8; pattern++) {
        for (int i = 0; i < N; i++) {
            int values[] = {i,     -i,     i % 2,           7, i < N / 2 ? i : N - i,
                            i ^ 1, rand(), i % 17 * (N - i)};
            v[i] = values[pattern];
        }
        compared = 0;
        __qsort_r(v, N, sizeof(int), by_int, &compared);
        for (int i = 1; i < N; i++)
            assert_true(v[i - 1] <= v[i]);
        /* 2 n log2(n), and some for heap sort's share. */
        assert_true(compared < 3ul * N * 15);
    }
}

/* M. D. McIlroy, "A Killer Adversary for Quicksort" (1999): decides values as late as possible, so
 * that every pivot is a bad one. */
static int gas, solid, candidate, value[5000];

static int adversary(const void *a, const void *b, void *arg)
{
    int x = *(const int *)a, y = *(const int *)b;

    assert_ptr_equal(arg, &compared);
    compared++;
    if (value[x] == gas && value[y] == gas)
        value[x == candidate ? x : y] = solid++;
    if (value[x] == gas)
        candidate = x;
    else if (value[y] == gas)
        candidate = y;
    return value[x] - value[y];
}

static void killer(void **state)
{
    enum { N = 5000 };
    int index[N];

    (void)state;
    gas = N;
    for (int i = 0; i < N; i++) {
        index[i] = i;
        value[i] = gas;
    }
    compared = 0;
    __qsort_r(index, N, sizeof(int), adversary, &compared);
    /* A quicksort without a way out makes some n * n / 4, 6 million. */
    assert_true(compared < 400000);
    for (int i = 1; i < N; i++)
        assert_true(value[index[i - 1]] <= value[index[i]]);
}

static int by_first_bytes(const void *a, const void *b, void *arg)
{
    return memcmp(a, b, *(size_t *)arg);
}

static void widths(void **state)
{
    (void)state;
    for (size_t width = 1; width <= 40; width++) {
        size_t key = width < 4 ? width : 4, n = 300;
        unsigned char *v = malloc(n * width);
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < width; k++)
                v[i * width + k] = k < key ? (unsigned char)rand() : v[i * width + k % key];
        }
        __qsort_r(v, n, width, by_first_bytes, &key);
        for (size_t i = 0; i < n; i++) {
            assert_true(i == 0 || memcmp(v + (i - 1) * width, v + i * width, key) <= 0);
            for (size_t k = key; k < width; k++)
                assert_int_equal(v[i * width + k], v[i * width + k % key]);
        }
        free(v);
    }
}

static int inconsistent(const void *a, const void *b, void *arg)
{
    (void)a;
    (void)b;
    switch (*(int *)arg) {
    case 0:
        return -1;
    case 1:
        return 1;
    default:
        return rand() % 3 - 1;
    }
}

static void contradictions(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t n = 1; n < 200; n++) {
            int *v = malloc(n * sizeof(int)), sum = 0;
            for (size_t i = 0; i < n; i++)
                v[i] = (int)i;
            __qsort_r(v, n, sizeof(int), inconsistent, &kind);
            for (size_t i = 0; i < n; i++)
                sum += v[i];
            assert_int_equal(sum, n * (n - 1) / 2);
            free(v);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_arrays), cmocka_unit_test(patterns),       cmocka_unit_test(killer),
        cmocka_unit_test(widths),       cmocka_unit_test(contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
