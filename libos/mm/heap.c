/* SPDX-License-Identifier: MIT
 *
 * The heap of the library OS. Each page of small objects holds one size, and starts with a header.
 * Free objects of a page are linked by their offsets; objects behind (fresh) were never used and
 * still are zero. A class keeps a list of its pages that have room. A page that becomes empty goes
 * back, unless it is the only one with room: a lone object that comes and goes does not cost a page
 * each time.
 *
 * A free object carries a mark. One that has it already when it is freed is looked for among the
 * page's free ones, so a double free is always found, at no cost for others. */
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "mm/heap.h"
#include "mm/page.h"

/* Sizes that fill a page well behind the header, all multiples of 16. */
static const uint16_t sizes[] = {16,  32,  48,  64,  80,  96,  112, 128, 160,  192,  224, 256,
                                 304, 336, 400, 448, 496, 576, 672, 800, 1008, 1344, 2032};

#define CLASSES   ARRAY_LEN(sizes)
#define FINE_STEP 16  /* sizes up to FINE_MAX are this far apart ... */
#define FINE_MAX  128 /* ... so that their class is found without a search */
#define LARGEST   2032

/* At the start of each page of small objects. */
struct heap_page {
    struct list node; /* on its class's list while it has room, else alone */
    uint32_t magic;   /* HEAP_MAGIC: not just any page */
    uint16_t class;   /* index of sizes */
    uint16_t used;    /* objects in use */
    uint16_t free;    /* offset of the first free object that was used before, or 0 */
    uint16_t fresh;   /* offset of the first object never used */
};

#define HEAP_MAGIC   0x70616568u
#define FIRST_OBJECT ((uint16_t)sizeof(struct heap_page))

/* What a free object holds. */
struct free_object {
    uint64_t next; /* offset of the next one in its page, or 0 */
    uint64_t mark; /* FREE_MARK, so that double frees show */
};

#define FREE_MARK 0x9d7f3b51c2a8e604u

_Static_assert(sizeof(struct heap_page) == 32, "the sizes are chosen for this header");
_Static_assert(sizeof(struct free_object) == FINE_STEP, "the smallest object holds it");

/* For each class the pages that have room; owned like the page allocator's state. A head whose next
 * is NULL was never used. */
static struct list classes[CLASSES];

static unsigned class_of(size_t size)
{
    if (size <= FINE_MAX)
        return size == 0 ? 0 : (unsigned)((size - 1) / FINE_STEP);
    unsigned class = FINE_MAX / FINE_STEP;
    while (sizes[class] < size)
        class ++;
    return class;
}

static bool has_room(const struct heap_page *page)
{
    return page->free != 0 || page->fresh + sizes[page->class] <= PAGE_SIZE;
}

static struct free_object *object_at(struct heap_page *page, uint64_t offset)
{
    return (struct free_object *)((char *)page + offset);
}

static struct heap_page *page_with_room(unsigned class)
{
    struct list *head = &classes[class];
    if (!head->next)
        list_init(head);
    if (!list_empty(head))
        return list_entry(head->next, struct heap_page, node);
    struct heap_page *page = page_alloc(1);
    if (page) {
        page->magic = HEAP_MAGIC;
        page->class = (uint16_t) class;
        page->fresh = FIRST_OBJECT;
        list_insert(head, &page->node);
    }
    return page;
}

static size_t whole_pages(size_t size)
{
    return size / PAGE_SIZE + (size % PAGE_SIZE != 0);
}

void *heap_alloc(size_t size)
{
    if (size > LARGEST)
        return page_alloc(whole_pages(size));
    unsigned class = class_of(size);
    struct heap_page *page = page_with_room(class);
    if (!page)
        return NULL;
    struct free_object *object = object_at(page, page->free);
    if (page->free != 0) {
        page->free = (uint16_t)object->next;
        memset(object, 0, sizes[class]);
    } else {
        object = object_at(page, page->fresh);
        page->fresh = (uint16_t)(page->fresh + sizes[class]);
    }
    page->used++;
    if (!has_room(page))
        list_remove(&page->node);
    return object;
}

static bool is_free(struct heap_page *page, const struct free_object *object)
{
    for (uint64_t at = page->free; at != 0; at = object_at(page, at)->next)
        if (object_at(page, at) == object)
            return true;
    return false;
}

void heap_free(void *p, size_t size)
{
    if (!p)
        return;
    if (size > LARGEST) {
        page_free(p, whole_pages(size));
        return;
    }
    size_t offset = (uintptr_t)p % PAGE_SIZE;
    struct heap_page *page = (struct heap_page *)((char *)p - offset);
    struct free_object *object = p;
    unsigned class = class_of(size);
    ASSERT(offset >= FIRST_OBJECT && page->magic == HEAP_MAGIC && page->class == class);
    ASSERT(offset < page->fresh && (uint32_t)(offset - FIRST_OBJECT) % sizes[class] == 0);
    ASSERT(object->mark != FREE_MARK || !is_free(page, object));

    if (!has_room(page))
        list_insert(&classes[class], &page->node);
    object->next = page->free;
    object->mark = FREE_MARK;
    page->free = (uint16_t)offset;
    page->used--;
    if (page->used == 0 && page->node.next != page->node.prev) {
        list_remove(&page->node);
        page->magic = 0;
        page_free(page, 1);
    }
}
