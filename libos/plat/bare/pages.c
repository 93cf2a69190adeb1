/* SPDX-License-Identifier: MIT
 *
 * Page tables (Intel SDM volume 3, 4.5). Memory is mapped where it is, but for
 * pages of the heap that show other ones (pages_share). Slot RECURSION of the top
 * table is the top table itself, so every table can be reached at an address that follows from the
 * one it maps, and needs no mapping of its own.
 *
 * An entry for memory is in one of four states:
 *   0                  inaccessible and without contents
 *   LAZY, its rights   accessible, but never touched: the first access zeroes and maps it
 * (pages_fault) PRESENT            mapped KEPT               inaccessible, contents kept
 * (PROT_NONE) The states are the same for 4 KiB pages and, with LARGE, for the 2 MiB of an entry
 * one level up. Heap starts as zero entries and the stack is lazy as a whole, so start-up costs the
 * same for any size of memory. Nothing is ever writable and executable. */
#include <errno.h>

#include "arch/ring0.h"
#include "bare/bare.h"
#include "bare/elf_image.h"

#define PRESENT  (1ull << 0)
#define WRITE    (1ull << 1)
#define UNCACHED (3ull << 3)
#define LARGE    (1ull << 7)
#define LAZY     (1ull << 9)
#define KEPT     (1ull << 10)
#define NO_EXEC  (1ull << 63)
#define ADDRESS  0x000ffffffffff000ull
#define RIGHTS   (WRITE | NO_EXEC)

#define LARGE_SIZE  (2ull << 20)
#define TABLES_KEPT 8 /* of page tables, that devices cannot have */

/* Where registers of devices can be: below what all CPUs can address, and not where the interrupt
 * controllers are. */
#define REGISTERS_MAX (1ull << 20)
#define REGISTERS_END (1ull << 46)
#define APICS         0xfec00000ull
#define APICS_END     0xff000000ull

#define TOP         3 /* level of the top table; 0: entries of 4 KiB pages */
#define RECURSION   510ull
#define WORDS       (PAGE_SIZE / 8)
#define ERROR_THERE 1u /* of a page fault: the page is present */
#define ERROR_WRITE 2u
#define ERROR_FETCH 16u

/* bare_entry's tables: the top one is needed here once more. */
uint64_t bare_first_tables[3 * WORDS] __attribute__((aligned(PAGE_SIZE)));

static uint64_t next_table; /* the next free page of bare_layout.tables */

/* The entry for (addr) on (level). The tables above it must be there. */
static volatile uint64_t *entry(uint64_t addr, int level)
{
    for (int i = 0; i <= level; i++)
        addr = 0xffff000000000000 | RECURSION << 39 | (addr & 0x0000ffffffffffff) >> 12 << 3;
    return (volatile uint64_t *)addr;
}

static uint64_t take_table(void)
{
    uint64_t page = next_table;

    if (page - bare_layout.tables >= bare_layout.tables_len)
        bare_refuse("out of memory for page tables: give the machine more memory");
    next_table += PAGE_SIZE;
    return page;
}

/* Makes the tables above (level) for (addr), where they are missing, and returns the entry. */
static volatile uint64_t *make_entry(uint64_t addr, int level)
{
    for (int l = TOP; l > level; l--) {
        volatile uint64_t *e = entry(addr, l);
        if (*e)
            continue;
        *e = take_table() | PRESENT | WRITE;
        zero_words((void *)((uintptr_t)entry(addr, l - 1) & ~PAGE_MASK), WORDS);
    }
    return entry(addr, level);
}

/* The entry that decides about (addr), a LARGE one or that of its page; NULL: a table is missing.
 */
static volatile uint64_t *find_entry(uint64_t addr, uint64_t *size)
{
    for (int l = TOP; l > 1; l--)
        if (!(*entry(addr, l) & PRESENT))
            return NULL;
    volatile uint64_t *e = entry(addr, 1);
    *size = LARGE_SIZE;
    if (*e & LARGE)
        return e;
    *size = PAGE_SIZE;
    return *e & PRESENT ? entry(addr, 0) : NULL;
}

static void map(uint64_t addr, uint64_t len, uint64_t bits)
{
    for (uint64_t end = addr + len; addr < end;) {
        bool large = addr % LARGE_SIZE == 0 && end - addr >= LARGE_SIZE;
        *make_entry(addr, large) = addr | bits | PRESENT | (large ? LARGE : 0);
        addr += large ? LARGE_SIZE : PAGE_SIZE;
    }
}

bool pages_map_device(uint64_t addr)
{
    uint64_t used = next_table - bare_layout.tables;

    if (bare_layout.tables_len - used < TABLES_KEPT * PAGE_SIZE)
        return false;
    map(align_down(addr, PAGE_SIZE), PAGE_SIZE, WRITE | NO_EXEC | UNCACHED);
    return true;
}

bool pages_map_registers(uint64_t addr, uint64_t len)
{
    const struct bare_layout *l = &bare_layout;

    if (len == 0 || len > REGISTERS_MAX || addr < l->heap + l->heap_len || addr >= REGISTERS_END ||
        (addr < APICS_END && addr + len > APICS))
        return false;
    for (uint64_t at = align_down(addr, PAGE_SIZE); at < addr + len; at += PAGE_SIZE)
        if (!pages_map_device(at))
            return false;
    return true;
}

uint64_t pages_take(size_t n)
{
    struct bare_layout *l = &bare_layout;
    uint64_t at = l->heap;

    if (l->heap_len / PAGE_SIZE / 4 < n) /* the program's memory must not become devices' */
        return 0;
    map(at, n * PAGE_SIZE, WRITE | NO_EXEC);
    zero_words((void *)at, n * WORDS);
    l->heap += n * PAGE_SIZE;
    l->heap_len -= n * PAGE_SIZE;
    return at;
}

static uint64_t segment_bits(const Elf64_Phdr *ph)
{
    return (ph->p_flags & PF_W ? WRITE : 0) | (ph->p_flags & PF_X ? 0 : NO_EXEC);
}

static void map_image(void)
{
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)bare_layout.image;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(bare_layout.image + elf->e_phoff);

    for (unsigned i = 0; i < elf->e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD)
            continue;
        uint64_t at = align_down(ph[i].p_vaddr, PAGE_SIZE);
        uint64_t end = align_up(ph[i].p_vaddr + ph[i].p_memsz, PAGE_SIZE);
        map(bare_layout.image + at, end - at, segment_bits(&ph[i]));
    }
}

/* The new tables are built through slot RECURSION of the old ones, where they look as they will
 * when they are in force: the addresses that entry() makes are the same. */
void pages_start(void)
{
    const struct bare_layout *l = &bare_layout;

    next_table = l->tables;
    uint64_t top = take_table();
    zero_words((void *)top, WORDS);
    ((uint64_t *)top)[RECURSION] = top | PRESENT | WRITE | NO_EXEC;
    bare_first_tables[RECURSION] = top | PRESENT | WRITE;
    map_image();
    map(l->args, l->args_len, NO_EXEC);
    make_entry(l->stack + l->stack_len - 1, 0);
    cr3_write(top);
}

static bool in_stack(uint64_t addr)
{
    return range_inside(addr, 1, bare_layout.stack, bare_layout.stack_len);
}

/* Turns the LARGE entry for (addr) into a table of 4 KiB pages in the same state. */
static void split(uint64_t addr)
{
    volatile uint64_t *large = entry(addr, 1);
    uint64_t old = *large & ~LARGE, at = addr & ~(LARGE_SIZE - 1);

    *large = take_table() | PRESENT | WRITE;
    for (uint64_t i = 0; i < WORDS; i++)
        *entry(at + i * PAGE_SIZE, 0) = (old & ~ADDRESS) | (at + i * PAGE_SIZE);
    cr3_write(cr3_read());
}

/* The entry to change for what begins at (addr) with (left) bytes, and how much it covers. (make):
 * a missing table is made; else NULL is returned for it. */
static volatile uint64_t *unit(uint64_t addr, uint64_t left, bool make, uint64_t *size)
{
    bool whole = addr % LARGE_SIZE == 0 && left >= LARGE_SIZE;
    volatile uint64_t *e = make_entry(addr, 1);

    *size = LARGE_SIZE - addr % LARGE_SIZE;
    if (*e & LARGE) {
        if (whole)
            return e;
        split(addr);
    } else if (*e == 0) {
        if (!make)
            return NULL;
        if (whole)
            return e;
    }
    *size = PAGE_SIZE;
    return make_entry(addr, 0);
}

static uint64_t changed(uint64_t old, uint64_t addr, unsigned prot)
{
    bool used = old & (PRESENT | KEPT);
    uint64_t memory = used ? old & ADDRESS : addr;

    if (prot == 0)
        return used ? memory | KEPT : 0;
    return memory | NO_EXEC | (prot & PITH_PROT_WRITE ? WRITE : 0) | (used ? PRESENT : LAZY);
}

static bool in_heap(uint64_t addr, uint64_t len)
{
    return addr % PAGE_SIZE == 0 && len % PAGE_SIZE == 0 &&
           range_inside(addr, len, bare_layout.heap, bare_layout.heap_len);
}

long pages_protect(uint64_t addr, uint64_t len, unsigned prot)
{
    if (!in_heap(addr, len))
        return -EINVAL;
    if (prot & PITH_PROT_EXEC)
        return -EACCES;
    for (uint64_t size; len > 0; addr += size, len -= min_size(size, len)) {
        volatile uint64_t *e = unit(addr, len, prot != 0, &size);
        if (!e)
            continue;
        uint64_t old = *e, now = changed(old, addr, prot);
        *e = now ? now | (size == LARGE_SIZE ? LARGE : 0) : 0;
        if (old & PRESENT)
            tlb_forget(addr);
    }
    return 0;
}

long pages_release(uint64_t addr, uint64_t len)
{
    if (!in_heap(addr, len))
        return -EINVAL;
    for (uint64_t size; len > 0; addr += size, len -= min_size(size, len)) {
        volatile uint64_t *e = unit(addr, len, false, &size);
        if (!e)
            continue;
        uint64_t old = *e;
        *e = 0;
        if (old & PRESENT)
            tlb_forget(addr);
    }
    return 0;
}

long pages_share(uint64_t addr, uint64_t from, uint64_t len)
{
    uint64_t size;

    if (!in_heap(addr, len) || !in_heap(from, len))
        return -EINVAL;
    if (addr == from)
        return pages_protect(addr, len, PITH_PROT_READ | PITH_PROT_WRITE);
    for (uint64_t at = 0; at < len; at += PAGE_SIZE) {
        (void)*(volatile char *)(from + at); /* there is memory from now on */
        *unit(addr + at, PAGE_SIZE, true, &size) = (from + at) | PRESENT | WRITE | NO_EXEC;
        tlb_forget(addr + at);
    }
    return 0;
}

bool pages_fault(uint64_t addr, uint64_t error)
{
    uint64_t size = PAGE_SIZE;

    if (error & (ERROR_THERE | ERROR_FETCH))
        return false;
    if (in_stack(addr))
        *make_entry(addr, 0) = LAZY | RIGHTS;
    volatile uint64_t *e = find_entry(addr, &size);
    if (!e || !(*e & LAZY) || ((error & ERROR_WRITE) && !(*e & WRITE)))
        return false;
    uint64_t at = align_down(addr, size), now = at | (*e & (RIGHTS | LARGE)) | PRESENT;
    *e = now | WRITE;
    zero_words((void *)at, size / 8);
    *e = now;
    if (!(now & WRITE))
        tlb_forget(at);
    return true;
}

bool pages_readable(uint64_t addr)
{
    uint64_t size;

    if (addr % 8 || addr >> 47)
        return false;
    volatile uint64_t *e = find_entry(addr, &size);
    return e && (*e & PRESENT);
}

long pages_reach(uint64_t addr, uint64_t len, bool write)
{
    uint64_t size = LARGE_SIZE, end = addr + len;
    volatile uint64_t *e = NULL;

    if (!range_inside(addr, len, bare_layout.image,
                      bare_layout.heap + bare_layout.heap_len - bare_layout.image))
        return -EFAULT;
    for (uint64_t at = addr; at < end; at = align_down(at, size) + size) {
        bool next = size == PAGE_SIZE && at % LARGE_SIZE != 0; /* in the same table */
        e = next ? e + 1 : find_entry(at, &size);
        if (!e || !(*e & PRESENT)) {
            if (!pages_fault(at, write ? ERROR_WRITE : 0))
                return -EFAULT;
            e = find_entry(at, &size);
        }
        if (write && !(*e & WRITE))
            return -EFAULT;
        if ((*e & ADDRESS) != align_down(at, size)) /* pages_share */
            return -EOPNOTSUPP;
    }
    return 0;
}
