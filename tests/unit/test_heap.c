/* SPDX-License-Identifier: MIT
 *
 * The heap of the library OS over the real page allocator.
 *
 * sources: libos/mm/heap.c libos/mm/page.c libos/mm/runs.c tests/unit/fake_plat.c
 * uses: mm */
#include "unit.h"
#include "fake_plat.h"
#include "mm/heap.h"
#include "mm/page.h"

#define OBJECTS 4000

static struct object {
    unsigned char *p;
    size_t size;
    unsigned char fill;
} objects[OBJECTS];

static size_t kernel_pages(void)
{
    struct page_counts c;
    page_count(&c);
    return c.used[PAGE_KERNEL];
}

/* The heap keeps pages between tests, so all share one page allocator, and leave it as they found
 * it. */
static int start(void **state)
{
    (void)state;
    fake_reset();
    fake_heap(1024, PAGE_SIZE);
    page_start(plat_info.heap, plat_info.heap_len);
    return 0;
}

static bool all_are(const unsigned char *p, size_t size, unsigned char value)
{
    return size == 0 || (p[0] == value && memcmp(p, p + 1, size - 1) == 0);
}

static void check_apart(const struct object *o)
{
    for (const struct object *other = objects; other < objects + OBJECTS; other++)
        if (other->p && other != o)
            assert_true(o->p + o->size <= other->p || other->p + other->size <= o->p);
}

static void take(struct object *o, size_t size, unsigned char fill)
{
    *o = (struct object){heap_alloc(size), size, fill};
    if (!o->p)
        return;
    assert_int_equal((uintptr_t)o->p % 16, 0);
    assert_true(all_are(o->p, size, 0));
    check_apart(o);
    memset(o->p, fill, size);
}

static void drop(struct object *o)
{
    assert_true(all_are(o->p, o->size, o->fill));
    heap_free(o->p, o->size);
    o->p = NULL;
}

static void objects_are_apart_and_zero(void **state)
{
    (void)state;
    uint64_t seed = 3;
    size_t refused = 0;
    for (unsigned step = 0; step < 60000; step++) {
        struct object *o = &objects[random_below(&seed, OBJECTS)];
        /* now growing, now shrinking, so that pages fill and empty */
        bool shrink = step / 15000 % 2;
        if (o->p && (shrink || random_below(&seed, 3) == 0)) {
            drop(o);
        } else if (!o->p && (!shrink || random_below(&seed, 5) == 0)) {
            size_t most = random_below(&seed, 50) ? 2100 : 20000;
            take(o, random_below(&seed, random_below(&seed, 4) ? 300 : most), (unsigned char)step);
            refused += o->p == NULL;
        }
    }
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].p)
            drop(&objects[i]);
    assert_int_equal(refused, 0);
    assert_in_range(kernel_pages(), 0, 23); /* at most one for each class */
}

static void every_size(void **state)
{
    (void)state;
    size_t before = kernel_pages();
    for (size_t size = 0; size < 9000; size++) {
        take(&objects[0], size, 1);
        take(&objects[1], size, 2);
        assert_non_null(objects[0].p);
        assert_non_null(objects[1].p);
        drop(&objects[0]);
        drop(&objects[1]);
    }
    assert_in_range(kernel_pages(), before, before + 23);
    heap_free(NULL, 16);
    assert_null(heap_alloc(SIZE_MAX));
    assert_null(heap_alloc(SIZE_MAX - 4094));
}

/* Out of memory answers NULL, and all of it can be had again afterwards. */
static void exhaustion(void **state)
{
    (void)state;
    static const size_t sizes[] = {16, 100, 496, 1344, 2032, 4096};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        size_t size = sizes[i], counts[2] = {0, 0};
        for (int round = 0; round < 2; round++) {
            void *list = NULL, *p;
            while ((p = heap_alloc(size))) {
                *(void **)p = list;
                list = p;
                counts[round]++;
            }
            while ((p = list)) {
                list = *(void **)p;
                heap_free(p, size);
            }
        }
        assert_int_equal(counts[0], counts[1]);
        assert_in_range(counts[0] * size, 3300000, 4194304);
    }
    assert_in_range(kernel_pages(), 0, 23);
}

static void empty_pages_go_back(void **state)
{
    (void)state;
    void *p[500];
    size_t before = kernel_pages();
    for (size_t i = 0; i < 500; i++)
        p[i] = heap_alloc(400);
    assert_in_range(kernel_pages(), before + 49, before + 50);
    for (size_t i = 0; i < 500; i++)
        heap_free(p[i], 400);
    assert_in_range(kernel_pages(), before, before + 1);
}

static void misuse_is_found(void **state)
{
    (void)state;
    char *p = heap_alloc(100), *q = heap_alloc(100), *large = heap_alloc(5000);
    assert_true(FAKE_ENDS(heap_free(p, 64), FAKE_CRASHED));
    assert_true(FAKE_ENDS(heap_free(p + 16, 100), FAKE_CRASHED));
    assert_true(FAKE_ENDS(heap_free((char *)((uintptr_t)p & ~PAGE_MASK), 100), FAKE_CRASHED));
    assert_true(FAKE_ENDS(heap_free(q + 112, 100), FAKE_CRASHED)); /* never given out */
    heap_free(p, 100);
    assert_true(FAKE_ENDS(heap_free(p, 100), FAKE_CRASHED));
    heap_free(q, 100);
    assert_true(FAKE_ENDS(heap_free(p, 100), FAKE_CRASHED)); /* not the last one freed */
    assert_true(FAKE_ENDS(heap_free(large, 10000), FAKE_CRASHED));
    assert_true(FAKE_ENDS(heap_free(large, 100), FAKE_CRASHED));
    heap_free(large, 5000);
    assert_true(FAKE_ENDS(heap_free(large, 5000), FAKE_CRASHED));
}

/* An object that happens to hold what marks free ones is not taken for one. */
static void marks_may_be_contents(void **state)
{
    (void)state;
    char *p = heap_alloc(32), *q = heap_alloc(32), copy[32];
    heap_free(p, 32);
    memcpy(copy, p, 32);
    memcpy(q, copy, 32);
    heap_free(q, 32);
    p = heap_alloc(32);
    q = heap_alloc(32);
    assert_ptr_not_equal(p, q);
    heap_free(p, 32);
    heap_free(q, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_apart_and_zero),
        cmocka_unit_test(every_size),
        cmocka_unit_test(exhaustion),
        cmocka_unit_test(empty_pages_go_back),
        cmocka_unit_test(misuse_is_found),
        cmocka_unit_test(marks_may_be_contents),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
