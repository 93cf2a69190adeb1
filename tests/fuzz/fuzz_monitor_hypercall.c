/* SPDX-License-Identifier: MIT
 *
 * All calls of the monitor with any numbers, arguments and queues: what reaches the back end is
 * checked, page tables hold what was allowed and nothing else, devices touch guest memory only.
 * The input is a row of steps: a call, or a change of a few bytes of memory, where the queues are.
 *
 * sources: monitor/core/hypercall.c monitor/core/upcall.c monitor/kvm/tables.c
 * sources: monitor/dev/console.c monitor/dev/queue.c monitor/dev/block.c monitor/dev/net.c
 * sources: monitor/dev/net_user.c monitor/dev/busy_poll.c monitor/dev/moderation.c monitor/dev/net_trace.c
 * uses: monitor abi */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/crash.h"
#include "monitor/core/hypercall.h"
#include "monitor/core/say.h"
#include "monitor/core/upcall.h"
#include "monitor/kvm/tables.h"

#define MEM_BASE  (0x10000000000ull - TABLES_REGION)
#define MEM_LEN   (4 * TABLES_REGION)
#define HEAP_AT   (64ull << 10)
#define TABLES_AT 0x3000u
#define TABLES    64
#define PHYS      (8 * TABLES_REGION)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct machine m;
static char *area; /* guest memory, and 64 KiB on both sides */
static uint64_t pages[TABLES][512];
static struct tables tables;
static jmp_buf ended;

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

void say(const char *format, ...)
{
    (void)format;
}

long say_bytes(const void *text, size_t len)
{
    volatile char sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = (char)(sum + ((const char *)text)[i]);
    return (long)len;
}

/* Whatever waits is woken by a signal. What is read and written is real. */
long wait_call(const uint64_t *due, long number, long a, long b, long c, long d)
{
    if (number == SYS_ppoll)
        m.shared->pending = 1;
    if (*due)
        return -EINTR;
    long n = syscall(number, a, b, c, d, 0, 0);
    return n < 0 ? -errno : n;
}

void crash_report_trace(const struct machine *machine, uint64_t rip, uint64_t rsp, uint64_t rbp)
{
    (void)machine, (void)rip, (void)rsp, (void)rbp;
}

static int64_t now(void)
{
    return 1000;
}

static long change(uint64_t addr, uint64_t len, uint64_t flags)
{
    uint64_t heap = m.mem_base + m.layout.heap.at;
    if (addr % PAGE_SIZE || len % PAGE_SIZE || !len ||
        !range_inside(addr, len, heap, m.layout.heap.len))
        abort();
    return tables_map(&tables, addr, flags ? PHYS + (addr - m.mem_base) : 0, len, flags);
}

static long protect(struct machine *machine, uint64_t addr, uint64_t len, unsigned prot)
{
    (void)machine;
    if (prot > 7 || ((prot & PITH_PROT_EXEC) && ((prot & PITH_PROT_WRITE) || !m.allow_jit)))
        abort();
    return change(addr, len, tables_flags(prot));
}

static long release(struct machine *machine, uint64_t addr, uint64_t len, bool shared)
{
    (void)machine, (void)shared;
    return change(addr, len, 0);
}

static long share(struct machine *machine, uint64_t addr, uint64_t from, uint64_t len)
{
    (void)machine;
    if (from % PAGE_SIZE ||
        !range_inside(from, len, m.mem_base + m.layout.heap.at, m.layout.heap.len))
        abort();
    return change(addr, len, tables_flags(PITH_PROT_READ | PITH_PROT_WRITE));
}

static __attribute__((noreturn)) void die(const struct machine *machine, int sig)
{
    (void)machine;
    longjmp(ended, 1 + (sig < 0 || sig > 127));
}

static __attribute__((noreturn)) void crash(struct machine *machine, int sig, uint64_t reason,
                                            uint64_t len, const struct guest_frame *frame)
{
    (void)reason, (void)len, (void)frame;
    die(machine, sig);
}

static void pass_on(uint64_t set)
{
    (void)set;
}

/* Every page of guest memory leads to itself, and no page elsewhere. */
static void check_tables(void)
{
    for (uint64_t at = 0; at < MEM_LEN + TABLES_REGION; at += PAGE_SIZE) {
        uint64_t e = tables.top, virt = MEM_BASE + at;
        for (int shift = 39; shift >= 12 && (e & PTE_PRESENT); shift -= 9) {
            e = pages[((e & 0xffffffffff000) - TABLES_AT) / PAGE_SIZE][virt >> shift & 511];
            if (shift == 21 && (e & PTE_LARGE)) {
                e = e & PTE_PRESENT
                        ? (e & ~PTE_LARGE) + virt % TABLES_REGION / PAGE_SIZE * PAGE_SIZE
                        : 0;
                break;
            }
        }
        if (!(e & PTE_PRESENT))
            continue;
        if ((e & 0xffffffffff000) != PHYS + at || at >= MEM_LEN || at < HEAP_AT ||
            ((e & PTE_WRITE) && !(e & PTE_NX)) || (!(e & PTE_NX) && !m.allow_jit))
            abort();
    }
}

static struct queue queue(unsigned n, bool writable, bool mixed)
{
    return (struct queue){.rings = (struct queue_rings *)(m.mem + n * PAGE_SIZE),
                          .mem = m.mem,
                          .mem_base = MEM_BASE,
                          .mem_len = MEM_LEN,
                          .writable = writable,
                          .mixed = mixed};
}

static void start(bool allow_jit)
{
    static const struct backend backend = {.protect = protect,
                                           .release = release,
                                           .share = share,
                                           .die = die,
                                           .crash = crash,
                                           .pass_on = pass_on};
    static struct pith_shared shared;
    shared.pending = 0;
    static int null = -1, zero, disk;
    if (null < 0) {
        null = open("/dev/null", O_WRONLY);
        zero = open("/dev/zero", O_RDONLY);
        disk = memfd_create("disk", 0);
        area = mmap(NULL, MEM_LEN + 2 * HEAP_AT, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (null < 0 || zero < 0 || disk < 0 || area == MAP_FAILED || ftruncate(disk, 8192))
            abort();
    }
    memset(pages, 0, (tables.count + 1) * PAGE_SIZE);
    tables = (struct tables){.page = pages, .addr = TABLES_AT, .max = TABLES};
    memset(area + HEAP_AT, 0, HEAP_AT);
    m = (struct machine){
        .name = "", .backend = &backend, .allow_jit = allow_jit, .shared = &shared, .pool = 1};
    m.mem = area + HEAP_AT;
    m.mem_base = MEM_BASE;
    m.layout.mem_len = MEM_LEN;
    m.layout.heap = (struct area){HEAP_AT, MEM_LEN - HEAP_AT};
    m.image.upcalls = true;
    m.image.seg[IMAGE_DATA] = (struct image_segment){.addr = 4 * PAGE_SIZE, .mem_len = PAGE_SIZE};
    m.consoles = (struct consoles){.count = 2, .pending = &shared.pending, .now = now};
    m.consoles.dev[0] = (struct console){.name = "", .in = zero, .out = null};
    m.consoles.dev[0].rx = queue(0, true, false);
    m.consoles.dev[0].tx = queue(1, false, false);
    m.consoles.dev[1] = (struct console){.name = "", .in = -1, .out = null};
    m.consoles.dev[1].tx = queue(2, false, false);
    m.disks.count = 1;
    m.disks.dev[0] =
        (struct disk){.name = "", .fd = disk, .size = 8192, .queue = queue(3, false, true)};
}

/* A number as the input says, in half of the cases near what the monitor compares with. */
static uint64_t argument(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p + 1, sizeof(v));
    const uint64_t near[] = {MEM_BASE,
                             MEM_BASE + HEAP_AT,
                             MEM_BASE + MEM_LEN,
                             MEM_LEN - HEAP_AT,
                             TABLES_REGION,
                             MEM_BASE + TABLES_REGION,
                             0,
                             PAGE_SIZE};
    return p[0] & 8
               ? v
               : near[p[0] & 7] + (p[0] >> 5) * PAGE_SIZE * (v & 0xff) + (p[0] & 16 ? v >> 56 : 0);
}

/* A tick or a fault anywhere: what it writes lies in the data of the image. */
static void interrupt(const uint8_t *p)
{
    uint64_t rip, rsp;
    struct pith_upcall_frame at = {.rip = argument(p + 1),
                                   .vector = p[0] & 0x40 ? PITH_UPCALL_NO_FAULT : p[19] % 34};
    if (upcall_begin(&m, &at, &rip, &rsp) &&
        !range_inside(rsp, sizeof(at), MEM_BASE + 4 * PAGE_SIZE, PAGE_SIZE))
        abort();
}

#define STEP 28u

/* The queues lie at the start of memory; their addresses are brought near it in half of the cases.
 */
static void poke(const uint8_t *p)
{
    uint64_t at = (p[1] | (unsigned)p[2] << 8) % (5 * PAGE_SIZE / 8) * 8, v = argument(p + 3);
    if (p[0] & 64) /* the indices, or next to nothing would be available */
        at = (p[1] & 3) * PAGE_SIZE + sizeof(((struct queue_rings *)0)->desc);
    memcpy(m.mem + at, &v, sizeof(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char clean[HEAP_AT];
    start(len & 1);
    int how = setjmp(ended);
    if (how > 1)
        abort();
    for (; !how && len >= STEP; bytes += STEP, len -= STEP) {
        long number = bytes[0] & 0x0f;
        if (bytes[0] & 0x80)
            poke(bytes);
        else if (number == PITH_HC_EXIT)
            interrupt(bytes);
        else
            hypercall_serve(&m, bytes[0] & 0x40 ? (long)argument(bytes + 1) | 16 : number,
                            (long)argument(bytes + 1), (long)argument(bytes + 10),
                            (long)argument(bytes + 19) & (bytes[0] & 0x20 ? 7 : -1l),
                            &(struct guest_frame){0, 0, 0});
    }
    check_tables();
    if (memcmp(area, clean, HEAP_AT) || memcmp(area + HEAP_AT + MEM_LEN, clean, HEAP_AT))
        abort();
    return 0;
}
