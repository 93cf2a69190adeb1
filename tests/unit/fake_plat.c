/* SPDX-License-Identifier: MIT
 *
 * The platform for tests on the host; see fake_plat.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/log.h"
#include "fake_plat.h"
#include "iface/hold.h"
#include "iface/user.h"

struct fake fake;
struct plat_info plat_info;

static const uint8_t entropy[32] = {'f', 'i', 'x', 'e', 'd'};
static uint64_t generation = 1;

/* The heap's shared pages, in its order. */
static char *pool;

/* The heap: its mapping, which may be longer than the heap, and the protection of each page. */
static char *mapping;
static size_t mapping_len;
static unsigned char *prots;

void fake_reset(void)
{
    fake = (struct fake){.now = NSEC_PER_SEC, .wall = 1700000000 * NSEC_PER_SEC};
    plat_info.entropy = entropy;
    plat_info.generation = &generation;
}

static void die(const char *what)
{
    fprintf(stderr, "fake_plat: %s\n", what);
    abort();
}

void fake_heap(size_t pages, size_t align)
{
    if (mapping) {
        munmap(mapping, mapping_len);
        munmap(pool, mapping_len);
    }
    free(prots);
    prots = calloc(pages, 1);
    mapping_len = pages * PAGE_SIZE + align;
    mapping =
        mmap(NULL, mapping_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pool = mmap(NULL, mapping_len, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED || pool == MAP_FAILED || (!prots && pages))
        die("no memory for the heap");
    plat_info.heap = (char *)align_up((uintptr_t)mapping, align);
    plat_info.heap_len = pages * PAGE_SIZE;
    plat_info.mem_len = plat_info.heap_len;
}

static size_t heap_page(const void *addr, size_t len)
{
    uintptr_t heap = (uintptr_t)plat_info.heap;
    if ((uintptr_t)addr % PAGE_SIZE || len % PAGE_SIZE || len == 0 ||
        !range_inside((uintptr_t)addr, len, heap, plat_info.heap_len))
        die("not whole pages of the heap");
    return ((uintptr_t)addr - heap) / PAGE_SIZE;
}

/* Whether this call is to fail, as the test has set. */
static bool fails_now(void)
{
    if (fake.protect_fails_in == 0 || --fake.protect_fails_in > 0)
        return false;
    fake.protect_failures++;
    if (fake.protect_fails_for != 1)
        fake.protect_fails_in = 1;
    if (fake.protect_fails_for > 1)
        fake.protect_fails_for--;
    return true;
}

static void set_prot(size_t page, size_t n, int prot)
{
    if (mprotect(plat_info.heap + page * PAGE_SIZE, n * PAGE_SIZE, prot) != 0)
        die("mprotect failed");
    memset(prots + page, prot, n);
}

int plat_protect(void *addr, size_t len, int prot)
{
    size_t page = heap_page(addr, len);
    fake.protects++;
    if ((prot & PROT_EXEC) && ((prot & PROT_WRITE) || !fake.jit))
        return -EACCES;
    if (fails_now()) {
        set_prot(page, len / PAGE_SIZE / 2,
                 prot); /* as a host may that runs out of memory halfway */
        return -ENOMEM;
    }
    set_prot(page, len / PAGE_SIZE, prot);
    return 0;
}

void plat_release(void *addr, size_t len)
{
    size_t page = heap_page(addr, len);
    fake.releases++;
    if (mmap(addr, len, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
             0) != addr)
        die("release failed");
    memset(prots + page, PROT_NONE, len / PAGE_SIZE);
}

int plat_share(void *addr, void *from, size_t len)
{
    size_t page = heap_page(addr, len);
    fake.protects++;
    if (fails_now())
        return -ENOMEM;
    if (mremap(pool + heap_page(from, len) * PAGE_SIZE, 0, len, MREMAP_MAYMOVE | MREMAP_FIXED,
               addr) != addr)
        die("mremap failed");
    memset(prots + page, PROT_READ | PROT_WRITE, len / PAGE_SIZE);
    return 0;
}

void plat_release_shared(void *addr, size_t len)
{
    if (madvise(pool + heap_page(addr, len) * PAGE_SIZE, len, MADV_REMOVE) != 0)
        die("madvise failed");
    plat_release(addr, len);
}

int fake_prot(const void *addr)
{
    return prots[heap_page(addr, PAGE_SIZE)];
}

bool fake_resident(const void *addr)
{
    unsigned char state;
    heap_page(addr, PAGE_SIZE);
    if (mincore((void *)(uintptr_t)addr, PAGE_SIZE, &state) != 0)
        die("mincore failed");
    return state & 1;
}

nsec_t clock_monotonic(void)
{
    return fake.now;
}

nsec_t clock_recent(void)
{
    return fake.now;
}

nsec_t clock_wall(void)
{
    return fake.wall + fake.now;
}

int plat_poll(nsec_t deadline)
{
    fake.polls++;
    if (fake.poll)
        return fake.poll(deadline);
    if (fake.pending)
        return -EINTR;
    if (deadline == DEADLINE_NEVER)
        die("polled without a deadline, and nothing will happen");
    if (deadline > fake.now)
        fake.now = deadline;
    return 0;
}

void plat_log(const char *text, size_t len)
{
    len = min_size(len, sizeof(fake.log) - 1 - fake.log_len);
    memcpy(fake.log + fake.log_len, text, len);
    fake.log_len += len;
    fake.log[fake.log_len] = '\0';
}

static _Noreturn void end(enum fake_end how, int status, const char *reason)
{
    fake.ended = how;
    fake.status = status;
    snprintf(fake.reason, sizeof(fake.reason), "%s", reason);
    if (fake.catch_end)
        longjmp(fake.back, 1);
    fprintf(stderr, "%s", fake.log);
    die(*reason ? reason : "the machine ended");
    abort();
}

_Noreturn void plat_exit(int status)
{
    end(FAKE_EXITED, status, "");
}

_Noreturn void plat_die(int sig)
{
    end(FAKE_DIED, sig, "");
}

_Noreturn void plat_crash(int sig, const char *reason)
{
    end(FAKE_CRASHED, sig, reason);
}

void plat_signals_catch(uint64_t set)
{
    fake.caught = set;
}

uint64_t plat_signals_take(void)
{
    uint64_t set = fake.pending;
    fake.pending = 0;
    return set;
}

void plat_upcall_faults(uint64_t vectors)
{
    (void)vectors;
}

bool plat_set_thread_pointer(void *tp)
{
    fake.thread_pointer = tp;
    return true;
}

__attribute__((weak)) int plat_device_find(unsigned type, const char *name, struct plat_device *dev)
{
    (void)type;
    (void)name;
    (void)dev;
    return -ENODEV;
}

__attribute__((weak)) int plat_device_reach(const void *addr, size_t len, bool write)
{
    (void)addr;
    (void)len;
    (void)write;
    return 0;
}

__attribute__((weak)) void plat_device_stop(unsigned number)
{
    (void)number;
}

__attribute__((weak)) void assert_failed(const char *what, const char *file, int line)
{
    char text[sizeof(fake.reason)];
    snprintf(text, sizeof(text), "%s at %s:%d", what, file, line);
    plat_crash(6, text);
}

__attribute__((weak)) void log_line(const char *format, ...)
{
    char text[241];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    plat_log("pith: ", 6);
    plat_log(text, min_size((size_t)len, sizeof(text) - 1));
    plat_log("\n", 1);
}

/* As mm/user.c, for the page allocator: see mm/page.h. */
extern bool (*page_allows)(const void *addr, size_t len, int prot);
__attribute__((weak)) bool (*page_allows)(const void *addr, size_t len, int prot);

__attribute__((weak)) bool user_readable(const void *addr, size_t len)
{
    return addr || len == 0;
}

__attribute__((weak)) bool user_writable(const void *addr, size_t len)
{
    return addr || len == 0;
}

__attribute__((weak)) size_t user_prefix(const void *addr, size_t len, bool write)
{
    (void)write;
    return addr ? len : 0;
}

__attribute__((weak)) ssize_t user_string(const char *addr, size_t max)
{
    size_t len = addr ? strnlen(addr, max) : 0;

    return !addr ? -EFAULT : len == max ? -ENAMETOOLONG : (ssize_t)len;
}

__attribute__((weak)) uint32_t plat_hold;
