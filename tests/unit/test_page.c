/* SPDX-License-Identifier: MIT
 *
 * The page allocator against a model that keeps, for every page, its use, protection and contents.
 *
 * sources: libos/mm/page.c libos/mm/runs.c tests/unit/fake_plat.c
 * uses: mm */
#include <errno.h>
#include <sys/mman.h>

#include "unit.h"
#include "fake_plat.h"
#include "iface/lend.h"
#include "mm/page.h"

#define RW (PROT_READ | PROT_WRITE)

/* What the allocator should think of a page, and the word that was written to it. */
struct model_page {
    unsigned char use, prot;
    uint64_t word;
};

static struct {
    char *base; /* the first managed page */
    size_t pages;
    struct model_page *page;
    uint64_t seed;
} model;

static void start(size_t pages, uint64_t seed)
{
    struct page_run run;
    fake_reset();
    fake_heap(pages, 1 << 21);
    page_start(plat_info.heap, plat_info.heap_len);
    free(model.page);
    model.base = plat_info.heap + plat_info.heap_len;
    model.pages = 0;
    if (page_run_at(plat_info.heap, &run)) {
        assert_int_equal(run.use, PAGE_FREE);
        assert_int_equal(run.prot, PROT_NONE);
        model.base = run.start;
        model.pages = run.pages;
    }
    model.page = calloc(model.pages + 1, sizeof(*model.page));
    model.seed = seed;
}

static int teardown(void **state)
{
    (void)state;
    free(model.page);
    model.page = NULL;
    return 0;
}

static char *address(size_t page)
{
    return model.base + page * PAGE_SIZE;
}

static size_t number(const void *p)
{
    assert_true((const char *)p >= model.base && (uintptr_t)p % PAGE_SIZE == 0);
    size_t page = (size_t)((const char *)p - model.base) / PAGE_SIZE;
    assert_true(page < model.pages);
    return page;
}

static bool is_zero(const char *p)
{
    static const char zero[4096];
    return memcmp(p, zero, sizeof(zero)) == 0;
}

static bool is_programs(size_t page)
{
    return model.page[page].use > PAGE_KERNEL;
}

static bool all(size_t page, size_t n, bool (*fn)(size_t page))
{
    for (size_t i = page; i < page + n; i++)
        if (!fn(i))
            return false;
    return true;
}

static bool is_free(size_t page)
{
    return model.page[page].use == PAGE_FREE;
}

static bool is_kernel(size_t page)
{
    return model.page[page].use == PAGE_KERNEL;
}

static bool not_kernel(size_t page)
{
    return !is_kernel(page);
}

/* Pages [page, page + n) have just been allocated: they must be free in the model, unless
 * (replaced), zero and as asked for. Fills them. */
static void note_alloc(size_t page, size_t n, int prot, enum page_use use)
{
    assert_true(page + n <= model.pages);
    for (size_t i = page; i < page + n; i++) {
        struct model_page *m = &model.page[i];
        assert_int_equal(fake_prot(address(i)), prot);
        *m = (struct model_page){(unsigned char)use, (unsigned char)prot, 0};
        if (prot & PROT_READ)
            assert_true(is_zero(address(i)));
        if ((prot & RW) == RW) {
            m->word = random_next(&model.seed) | 1;
            memcpy(address(i) + PAGE_SIZE - 8, &m->word, 8);
            memcpy(address(i), &m->word, 8);
        }
    }
}

static void note_free(size_t page, size_t n)
{
    memset(&model.page[page], 0, n * sizeof(*model.page));
}

/* Everything that can be known from outside agrees with the model. */
static void check_all(void)
{
    struct page_counts counts;
    size_t used[PAGE_USES] = {0};
    for (size_t i = 0; i < model.pages; i++) {
        struct model_page *m = &model.page[i];
        used[m->use]++;
        if (m->use == PAGE_FREE)
            continue;
        assert_int_equal(fake_prot(address(i)), m->prot);
        if (m->prot & PROT_READ) {
            assert_memory_equal(address(i), &m->word, 8);
            assert_memory_equal(address(i) + PAGE_SIZE - 8, &m->word, 8);
        }
    }
    page_count(&counts);
    assert_int_equal(counts.total, model.pages);
    assert_memory_equal(counts.used, used, sizeof(used));
    struct page_run run = {.start = model.base};
    for (size_t i = 0, end; i < model.pages; i = end) {
        for (end = i + 1; end < model.pages && model.page[end].use == model.page[i].use &&
                          model.page[end].prot == model.page[i].prot;
             end++)
            ;
        assert_true(page_run_at(address(i + random_below(&model.seed, end - i)) + 5, &run));
        assert_ptr_equal(run.start, address(i));
        assert_int_equal(run.pages, end - i);
        assert_int_equal(run.use, model.page[i].use);
        assert_int_equal(run.prot, model.page[i].prot);
    }
    assert_false(page_run_at(address(model.pages), &run));
}

/* Frees everything that is left: one piece, as at the start, must remain. */
static void check_coalesced(void)
{
    for (size_t i = 0; i < model.pages; i++) {
        if (is_kernel(i))
            page_free(address(i), 1);
    }
    page_unmap(address(0), model.pages);
    note_free(0, model.pages);
    check_all();
    void *p;
    assert_int_equal(page_map(model.pages, RW, PAGE_ANON, &p), 0);
    assert_ptr_equal(p, model.base);
    note_alloc(0, model.pages, RW, PAGE_ANON);
    check_all();
    page_unmap(p, model.pages);
    note_free(0, model.pages);
}

static const int prots[] = {RW, RW, RW, PROT_READ, PROT_NONE};

static int any_prot(void)
{
    return prots[random_below(&model.seed, sizeof(prots) / sizeof(*prots))];
}

static enum page_use any_use(void)
{
    return PAGE_ANON + (enum page_use)random_below(&model.seed, 3);
}

/* Mostly short, at times long. */
static size_t any_length(void)
{
    size_t most = random_below(&model.seed, 8) ? 8 : model.pages / 3 + 1;
    return 1 + random_below(&model.seed, most);
}

/* The longest run of free pages: an allocation may fail only if it is shorter. */
static size_t longest_free(void)
{
    size_t longest = 0;
    for (size_t i = 0, n = 0; i < model.pages; i++) {
        n = is_free(i) ? n + 1 : 0;
        longest = n > longest ? n : longest;
    }
    return longest;
}

static bool host_failed(void)
{
    return fake.protect_failures > 0;
}

static void step_alloc(size_t n)
{
    void *p = page_alloc(n);
    if (!p) {
        assert_true(host_failed() || longest_free() < n);
        return;
    }
    assert_true(all(number(p), n, is_free));
    note_alloc(number(p), n, RW, PAGE_KERNEL);
}

static void step_map(size_t n)
{
    void *p;
    int prot = any_prot();
    enum page_use use = any_use();
    int err = page_map(n, prot, use, &p);
    if (err) {
        assert_int_equal(err, -ENOMEM);
        assert_true(host_failed() || longest_free() < n);
        return;
    }
    assert_true(all(number(p), n, is_free));
    note_alloc(number(p), n, prot, use);
}

static void step_map_at(size_t page, size_t n)
{
    int prot = any_prot();
    enum page_use use = any_use();
    int err = page_map_at(address(page), n, prot, use);
    if (page + n > model.pages || !all(page, n, not_kernel)) {
        assert_int_equal(err, -ENOMEM);
    } else if (err) {
        assert_true(err == -ENOMEM && host_failed());
        note_free(page, n);
    } else {
        note_alloc(page, n, prot, use);
    }
}

static void step_extend(size_t page, size_t n)
{
    while (page < model.pages && (is_free(page) || is_kernel(page)))
        page++;
    while (page < model.pages && is_programs(page))
        page++;
    int err = page_extend(address(page), n, RW, PAGE_BRK);
    if (page + n > model.pages || !all(page, n, is_free)) {
        assert_int_equal(err, -ENOMEM);
    } else if (err) {
        assert_true(err == -ENOMEM && host_failed());
    } else {
        note_alloc(page, n, RW, PAGE_BRK);
    }
}

static void step_unmap(size_t page, size_t n)
{
    page_unmap(address(page), n);
    for (size_t i = page; i < page + n && i < model.pages; i++) {
        if (!is_programs(i))
            continue;
        note_free(i, 1);
        assert_int_equal(fake_prot(address(i)), PROT_NONE);
        assert_false(fake_resident(address(i)));
    }
}

static void step_free(size_t page, size_t n)
{
    while (page < model.pages && !is_kernel(page))
        page++;
    size_t end = page;
    while (end < model.pages && end - page < n && is_kernel(end))
        end++;
    if (end > page) {
        page_free(address(page), end - page);
        note_free(page, end - page);
    }
}

static void step_protect(size_t page, size_t n)
{
    int prot = any_prot();
    int err = page_protect(address(page), n, prot);
    if (page + n > model.pages || !all(page, n, is_programs)) {
        assert_int_equal(err, -ENOMEM);
    } else if (err) {
        assert_true(err == -ENOMEM && host_failed());
    } else {
        for (size_t i = page; i < page + n; i++) {
            model.page[i].prot = (unsigned char)prot;
            assert_int_equal(fake_prot(address(i)), prot);
        }
    }
}

static void step_discard(size_t page, size_t n)
{
    int err = page_discard(address(page), n);
    if (page + n > model.pages || !all(page, n, is_programs)) {
        assert_int_equal(err, -ENOMEM);
        return;
    }
    assert_true(err == 0 || (err == -ENOMEM && host_failed()));
    for (size_t i = page; i < page + n; i++) {
        struct model_page *m = &model.page[i];
        if (err && fake_prot(address(i)) == PROT_NONE)
            m->prot = PROT_NONE;
        m->word = 0;
        assert_int_equal(fake_prot(address(i)), m->prot);
        if (m->prot & PROT_READ)
            assert_true(is_zero(address(i)));
    }
}

#define OP_PROTECT 10

static void random_steps(size_t pages, unsigned steps, uint64_t seed, bool host_fails)
{
    start(pages, seed);
    for (unsigned i = 0; i < steps; i++) {
        size_t page = random_below(&model.seed, model.pages), n = any_length();
        unsigned op = (unsigned)random_below(&model.seed, 12);
        fake.protect_failures = 0;
        if (host_fails && random_below(&model.seed, 4) == 0) {
            fake.protect_fails_in = 1 + (unsigned)random_below(&model.seed, 2);
            /* Without the host the allocator cannot undo what page_protect has begun. */
            fake.protect_fails_for = op == OP_PROTECT ? 1 : (unsigned)random_below(&model.seed, 3);
        }
        switch (op) {
        case 0:
        case 1:
            step_alloc(n);
            break;
        case 2:
            step_alloc(1);
            break;
        case 3:
        case 4:
            step_map(n);
            break;
        case 5:
            step_map_at(page, n);
            break;
        case 6:
            step_extend(page, n);
            break;
        case 7:
            step_unmap(page, n);
            break;
        case 8:
        case 9:
            step_free(page, n);
            break;
        case OP_PROTECT:
            step_protect(page, n);
            break;
        default:
            step_discard(page, n);
        }
        fake.protect_fails_in = 0;
        if (i % 64 == 0)
            check_all();
    }
    check_all();
    check_coalesced();
}

static void agrees_with_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        random_steps(8192, 5000, seed, false);
    for (uint64_t seed = 5; seed <= 20; seed++)
        random_steps(256, 3000, seed, false);
    for (uint64_t seed = 21; seed <= 40; seed++)
        random_steps(33, 1000, seed, false);
}

static void agrees_when_the_host_refuses(void **state)
{
    (void)state;
    for (uint64_t seed = 51; seed <= 60; seed++)
        random_steps(256, 3000, seed, true);
}

static void takes_13_bytes_a_page(void **state)
{
    (void)state;
    static const struct {
        size_t pages, managed;
    } cases[] = {{0, 0}, {1, 0}, {2, 1}, {32, 31}, {256, 255}, {4096, 4083}, {4194304, 4181034}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct page_counts counts;
        fake_reset();
        fake_heap(cases[i].pages, PAGE_SIZE);
        page_start(plat_info.heap, plat_info.heap_len);
        page_count(&counts);
        assert_int_equal(counts.total, cases[i].managed);
        assert_int_equal(counts.used[PAGE_FREE], cases[i].managed);
    }
}

/* 16 GiB: the tables have 53 MiB, of which the start must touch next to nothing. */
static void starts_in_constant_time(void **state)
{
    (void)state;
    size_t pages = 4194304, resident = 0;
    start(pages, 1);
    assert_int_equal(fake.protects, 1);
    for (char *p = plat_info.heap; p < model.base; p += PAGE_SIZE)
        resident += fake_resident(p);
    assert_in_range(resident, 1, 8);
    assert_non_null(page_alloc(1));
    assert_ptr_equal(page_brk_start(), address(model.pages / 8));
    assert_int_equal(page_map_at(address(model.pages / 8), 1, RW, PAGE_BRK), 0);
    for (char *p = plat_info.heap; p < model.base; p += PAGE_SIZE)
        resident += fake_resident(p);
    assert_in_range(resident, 1, 24);
}

static void nothing_to_manage(void **state)
{
    (void)state;
    void *p;
    for (size_t pages = 0; pages < 2; pages++) {
        start(pages, 1);
        assert_int_equal(model.pages, 0);
        assert_null(page_alloc(1));
        assert_int_equal(page_map(1, RW, PAGE_ANON, &p), -ENOMEM);
        assert_int_equal(page_map_at(plat_info.heap, 1, RW, PAGE_ANON), -ENOMEM);
        assert_int_equal(page_extend(plat_info.heap, 1, RW, PAGE_BRK), -ENOMEM);
        assert_int_equal(page_protect(plat_info.heap, 1, RW), -ENOMEM);
        assert_null(page_brk_start());
        page_unmap(plat_info.heap, 1);
        page_report();
    }
    fake_reset();
    fake_heap(64, PAGE_SIZE);
    fake.protect_fails_in = 1; /* the host does not give the tables */
    page_start(plat_info.heap, plat_info.heap_len);
    fake.protect_fails_in = 0;
    assert_null(page_alloc(1));
}

static void every_page_can_be_had(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 32, 256};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        start(sizes[i], 1);
        for (size_t n = 0; n < model.pages; n++)
            step_alloc(1);
        assert_null(page_alloc(1));
        check_all();
        check_coalesced();
    }
}

static void odd_lengths(void **state)
{
    (void)state;
    void *p;
    start(64, 1);
    static const size_t lengths[] = {
        0, 64, (size_t)1 << 32, ((size_t)1 << 32) + 1, SIZE_MAX / PAGE_SIZE, SIZE_MAX};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        assert_null(page_alloc(lengths[i]));
        assert_int_equal(page_map(lengths[i], RW, PAGE_ANON, &p), -ENOMEM);
        assert_int_equal(page_map_at(address(3), lengths[i], RW, PAGE_ANON), -ENOMEM);
        assert_int_equal(page_extend(address(3), lengths[i], RW, PAGE_BRK), -ENOMEM);
        assert_int_equal(page_protect(address(3), lengths[i], RW), -ENOMEM);
        assert_int_equal(page_discard(address(3), lengths[i]), -ENOMEM);
    }
    assert_int_equal(page_map_at(address(0), model.pages, RW, PAGE_ANON), 0);
    page_unmap(NULL, SIZE_MAX); /* also what lies outside */
    assert_int_equal(page_map(model.pages, RW, PAGE_ANON, &p), 0);
    page_unmap(address(model.pages - 1), SIZE_MAX);
    struct page_counts counts;
    page_count(&counts);
    assert_int_equal(counts.used[PAGE_FREE], 1);
}

static void executable_memory(void **state)
{
    (void)state;
    void *p, *q;
    start(64, 1);
    assert_int_equal(page_map(2, PROT_READ | PROT_EXEC, PAGE_ANON, &p), -EACCES);
    p = address(20);
    assert_int_equal(page_map_at(p, 2, RW, PAGE_ANON), 0);
    note_alloc(number(p), 2, RW, PAGE_ANON);
    assert_int_equal(page_protect(p, 1, PROT_READ | PROT_EXEC), -EACCES);
    assert_int_equal(page_map_at(p, 2, PROT_READ | PROT_EXEC, PAGE_ANON), -EACCES);
    check_all();
    fake.jit = true;
    assert_int_equal(page_map(2, RW | PROT_EXEC, PAGE_ANON, &q), -EACCES);
    assert_int_equal(page_map_at(p, 2, RW | PROT_EXEC, PAGE_ANON), -EACCES);
    check_all();
    assert_int_equal(page_protect(p, 1, PROT_READ | PROT_EXEC), 0);
    model.page[number(p)].prot = PROT_READ | PROT_EXEC;
    check_all();
    assert_int_equal(page_map_at(p, 2, PROT_READ | PROT_EXEC, PAGE_ANON), 0);
    note_alloc(number(p), 2, PROT_READ | PROT_EXEC, PAGE_ANON);
    page_unmap(p, 1);
    note_free(number(p), 1);
    assert_int_equal(page_map_at(p, 2, PROT_READ | PROT_EXEC, PAGE_ANON), 0); /* one of them free */
    note_alloc(number(p), 2, PROT_READ | PROT_EXEC, PAGE_ANON);
    check_all();
    fake.protect_fails_in = 2; /* after the permission, before the pages are there */
    char *end = (char *)p + 2 * PAGE_SIZE;
    assert_int_equal(page_map_at(end - PAGE_SIZE, 2, PROT_READ | PROT_EXEC, PAGE_ANON), -ENOMEM);
    fake.protect_fails_in = 0;
    note_free(number(p) + 1, 1);
    assert_int_equal(fake_prot(end - PAGE_SIZE), PROT_NONE);
    assert_int_equal(fake_prot(end), PROT_NONE);
    check_all();
    check_coalesced();
}

static void misuse_is_found(void **state)
{
    (void)state;
    void *q;
    start(64, 1);
    char *p = page_alloc(4);
    assert_true(FAKE_ENDS(page_free(p + 1, 1), FAKE_CRASHED));
    assert_true(FAKE_ENDS(page_free(p, 5), FAKE_CRASHED));
    assert_true(FAKE_ENDS(page_free(p, 0), FAKE_CRASHED));
    assert_true(FAKE_ENDS(page_free(plat_info.heap, 1), FAKE_CRASHED));
    page_free(p, 4);
    assert_true(FAKE_ENDS(page_free(p, 4), FAKE_CRASHED));
    p = page_alloc(1);
    page_free(p, 1);
    assert_true(FAKE_ENDS(page_free(p, 1), FAKE_CRASHED));
    assert_int_equal(page_map(1, RW, PAGE_ANON, &q), 0);
    assert_true(FAKE_ENDS(page_free(q, 1), FAKE_CRASHED));
}

/* The point of committing ahead and of the pool: calls to the host are far fewer than calls to
 * here. */
static void host_is_seldom_called(void **state)
{
    (void)state;
    start(65536, 1);
    void *p, *kept[1024];
    for (size_t i = 0; i < 1024; i++)
        kept[i] = page_alloc(1);
    assert_in_range(fake.protects, 1, 1 + 1024 / 16 + 1);
    fake.protects = 0;
    for (size_t i = 0; i < 32 * 1024; i++)
        assert_int_equal(page_map(1, RW, PAGE_ANON, &p), 0);
    assert_in_range(fake.protects, 1, 32 * 1024 / 512 + 2);
    fake.protects = fake.releases = 0;
    for (size_t i = 0; i < 10000; i++)
        page_free(page_alloc(1 + i % 40), 1 + i % 40);
    assert_in_range(fake.protects + fake.releases, 0, 8);
    for (size_t i = 0; i < 1024; i++)
        page_free(kept[i], 1);
    assert_in_range(fake.releases, 2, 64); /* most went back, many at once */
    size_t resident = 0;
    for (size_t i = 0; i < 1024; i++)
        resident += fake_resident(kept[i]);
    assert_in_range(resident, 0, 256 + 64);
}

static void report_says_who_holds_what(void **state)
{
    (void)state;
    void *p;
    start(65, 1); /* one page of tables */
    assert_non_null(page_alloc(2));
    assert_int_equal(page_map(8, RW, PAGE_ANON, &p), 0);
    assert_int_equal(page_map(4, RW, PAGE_STACK, &p), 0);
    page_report();
    assert_string_equal(fake.log, "pith: memory in KiB: 256 in all, library OS 8, mmap 32, brk 0, "
                                  "stacks 16, free 200 (200 in one piece)\n");
}

static void brk_has_room(void **state)
{
    (void)state;
    void *p;
    start(4096, 1);
    char *brk = page_brk_start();
    assert_int_equal(page_map_at(brk, 1, RW, PAGE_BRK), 0);
    for (size_t i = 0; i < 1000; i++) {
        assert_non_null(page_alloc(1));
        assert_int_equal(page_map(1, RW, PAGE_ANON, &p), 0);
    }
    assert_int_equal(page_extend(brk + PAGE_SIZE, 1500, RW, PAGE_BRK), 0);

    start(64, 1); /* where the eighth is taken there is another place */
    assert_non_null(page_alloc(16));
    brk = page_brk_start();
    assert_in_range((uintptr_t)brk, (uintptr_t)address(16), (uintptr_t)address(24));
    assert_int_equal(page_map_at(brk, 20, RW, PAGE_BRK), 0);
}

/* Locks last until the pages are unmapped, and are seen where runs are asked for. */
static void locks(void **state)
{
    (void)state;
    struct page_run run;
    char *p;
    start(64, 1);
    assert_int_equal(page_map(4, RW, PAGE_COMMON, (void **)&p), 0);
    page_lock(p + PAGE_SIZE, 2, true);
    assert_int_equal(page_protect(p, 4, PROT_READ), 0);
    assert_int_equal(page_prot_at(p + PAGE_SIZE), PROT_READ);
    assert_true(page_run_at(p + PAGE_SIZE, &run));
    assert_true(run.locked && run.pages == 2 && run.use == PAGE_COMMON);
    assert_true(page_run_at(p, &run));
    assert_true(!run.locked && run.pages == 1);
    page_lock(p, 2, false);
    assert_true(page_run_at(p, &run));
    assert_true(!run.locked && run.pages == 2);
    page_unmap(p, 4);
    assert_int_equal(page_map_at(p, 4, RW, PAGE_ANON), 0);
    assert_true(page_run_at(p, &run));
    assert_true(!run.locked && run.pages >= 4);
    page_lock(plat_info.heap, 64, true); /* free pages and those of the library OS are left alone */
    void *own = page_alloc(1);
    assert_non_null(own);
    assert_true(page_run_at(own, &run) && !run.locked);
    page_free(own, 1);
}

/* What lend_end was called for last: what may be read still can be. */
static struct {
    const char *start;
    size_t len;
    unsigned count;
} ended;

void lend_end(const void *addr, size_t len)
{
    ended.start = addr;
    ended.len = len;
    ended.count++;
    if (page_allows(addr, 1, PROT_READ))
        (void)*(const volatile char *)addr;
}

static void assert_ended(const char *start, size_t pages, unsigned count)
{
    assert_ptr_equal(ended.start, start);
    assert_int_equal(ended.len, pages * PAGE_SIZE);
    assert_int_equal(ended.count, count);
}

/* Whoever has lent the program's pages is told before it takes them away, and only then. */
static void lent_pages(void **state)
{
    char *p;

    (void)state;
    start(64, 1);
    assert_int_equal(page_map(8, RW, PAGE_ANON, (void **)&p), 0);
    ended.count = 0;
    assert_int_equal(page_protect(p, 8, PROT_READ), 0);
    page_lock(p, 8, true);
    page_lock(p, 8, false);
    assert_int_equal(ended.count, 0);
    assert_int_equal(page_protect(p + PAGE_SIZE, 1, PROT_NONE), 0);
    assert_ended(p + PAGE_SIZE, 1, 1);
    assert_int_equal(page_protect(p, 8, RW), 0);
    assert_int_equal(ended.count, 1);
    assert_int_equal(page_discard(p, 2), 0);
    assert_ended(p, 2, 2);
    page_hide(p + 2 * PAGE_SIZE, 1);
    assert_ended(p + 2 * PAGE_SIZE, 1, 3);
    page_unmap(p + 3 * PAGE_SIZE, 2);
    assert_ended(p + 3 * PAGE_SIZE, 2, 4);
    assert_true(page_is_available(p, 8)); /* before it is said: copies may take pages, even there */
    assert_ended(p, 8, 5);
    ended.count = 0;
    assert_int_equal(page_map_at(p, 8, RW, PAGE_ANON), 0);
    assert_true(ended.count > 0);
    assert_ended(p, 8, ended.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(agrees_when_the_host_refuses),
        cmocka_unit_test(takes_13_bytes_a_page),
        cmocka_unit_test(starts_in_constant_time),
        cmocka_unit_test(nothing_to_manage),
        cmocka_unit_test(every_page_can_be_had),
        cmocka_unit_test(odd_lengths),
        cmocka_unit_test(executable_memory),
        cmocka_unit_test(misuse_is_found),
        cmocka_unit_test(host_is_seldom_called),
        cmocka_unit_test(report_says_who_holds_what),
        cmocka_unit_test(brk_has_room),
        cmocka_unit_test(locks),
        cmocka_unit_test(lent_pages),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
