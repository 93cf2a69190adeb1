/* SPDX-License-Identifier: MIT
 *
 * The memory calls: every error of the tables is what Linux answers, except where the row says
 * "here".
 *
 * sources: libos/posix/mem.c libos/mm/page.c libos/mm/runs.c libos/mm/fault.c
 * sources: libos/mm/share.c libos/posix/mapping.c tests/unit/fake_plat.c
 * uses: posix mm vfs */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "unit.h"
#include "fake_plat.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "vfs/fd.h"

#define RW   (PROT_READ | PROT_WRITE)
#define PAGE ((long)4096)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* The parts of the machine that are not the heap. */
static char image[4 * 4096] __attribute__((aligned(4096)));
static char stack[4 * 4096] __attribute__((aligned(4096)));

/* A file of which byte N is N + N / 256, given out in small pieces, and the descriptors on it. */
static size_t file_size;
static int file_error;

static ssize_t read_piece(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f;
    assert_int_equal(n, 1);
    if (file_error)
        return file_error;
    size_t len = min_size(min_size(iov->iov_len, 1000), *pos < file_size ? file_size - *pos : 0);
    for (size_t i = 0; i < len; i++, (*pos)++)
        ((unsigned char *)iov->iov_base)[i] = (unsigned char)(*pos + *pos / 256);
    return (ssize_t)len;
}

/* Not in the heap that each test begins anew. */
void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void heap_free(void *p, size_t size)
{
    (void)size;
    free(p);
}

/* The file's pages once it is mapped shared. */
#define FILE_PAGES 20
static char *pages[FILE_PAGES];
static unsigned shares_left = 1000;

static char *share(struct inode *inode, uint64_t first, uint64_t *n)
{
    (void)inode;
    *n = 1;
    if (!pages[first] && shares_left > 0 && (pages[first] = page_alloc_shared(1)))
        shares_left--;
    return pages[first];
}

static const struct file_ops ops = {.readv = read_piece, .map = mapping_of_file};
static const struct file_ops unmappable = {.readv = read_piece};
static const struct inode_ops inode_ops = {.share = share};
static struct inode regular = {.mode = S_IFREG, .refs = 1, .ops = &inode_ops},
                    folder = {.mode = S_IFDIR, .refs = 1}, zero = {.mode = S_IFCHR, .refs = 1};

enum { FD_READ, FD_WRITE, FD_BOTH, FD_FOLDER, FD_PIPE, FD_PATH, FD_ZERO, FD_CLOSED, FDS };
static struct file open_files[] = {
    [FD_READ] = {.ops = &ops, .inode = &regular, .refs = 1, .flags = O_RDONLY},
    [FD_WRITE] = {.ops = &ops, .inode = &regular, .refs = 1, .flags = O_WRONLY},
    [FD_BOTH] = {.ops = &ops, .inode = &regular, .refs = 1, .flags = O_RDWR},
    [FD_FOLDER] = {.ops = &unmappable, .inode = &folder, .refs = 1, .flags = O_RDONLY},
    [FD_PIPE] = {.ops = &unmappable, .refs = 1, .flags = O_RDWR, .mode = S_IFIFO},
    [FD_PATH] = {.ops = &ops, .inode = &regular, .refs = 1, .flags = O_PATH},
    [FD_ZERO] = {.ops = &ops, .inode = &zero, .refs = 1, .flags = O_RDWR},
};
static struct file *table[FDS];
struct fd_table fd_table = {table, FDS, FDS};

static int setup(void **state)
{
    (void)state;
    if (plat_info.heap) /* what the last test has mapped */
        assert_int_equal(pith_sys_munmap((long)plat_info.heap, (long)plat_info.heap_len), 0);
    fake_reset();
    fake_heap(1025, PAGE_SIZE);
    page_start(plat_info.heap, plat_info.heap_len);
    plat_info.image = image;
    plat_info.image_len = sizeof(image);
    plat_info.stack = stack;
    plat_info.stack_len = sizeof(stack);
    for (int i = 0; i < FD_CLOSED; i++)
        table[i] = &open_files[i];
    zero.rdev = makedev(1, 5);
    file_size = regular.size = 10000;
    file_error = 0;
    regular.mappings = NULL;
    memset(pages, 0, sizeof(pages));
    for (int i = 0; i < FD_CLOSED; i++)
        open_files[i].refs = 1;
    return 0;
}

static size_t used(enum page_use use)
{
    struct page_counts c;
    page_count(&c);
    return c.used[use];
}

static long map(long addr, long len, int prot, int flags)
{
    return pith_sys_mmap(addr, len, prot, flags, -1, 0);
}

static char *map_ok(long len, int prot)
{
    long at = map(0, len, prot, ANON);
    assert_true(at > 0 && at % PAGE == 0);
    return (char *)at;
}

static void mmap_errors(void **state)
{
    (void)state;
    const long heap = (long)plat_info.heap, end = heap + (long)plat_info.heap_len;
    char *mine = map_ok(PAGE, RW), *kernel = page_alloc(1);
    const struct {
        long addr, len, prot, flags, fd, off, result;
    } rows[] = {
        {0, 0, RW, ANON, -1, 0, -EINVAL},
        {0, PAGE, RW, ANON, -1, 1, -EINVAL},
        {0, 0, RW, MAP_PRIVATE, -1, 0, -EBADF},
        {0, PAGE, RW, MAP_PRIVATE, FD_CLOSED, 0, -EBADF},
        {0, PAGE, RW, MAP_PRIVATE, FDS, 0, -EBADF},
        {0, PAGE, PROT_READ, MAP_PRIVATE, FD_PATH, 0, -EBADF},
        {0, PAGE, RW, MAP_ANONYMOUS, -1, 0, -EINVAL},
        {0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0, -EINVAL},
        {0, PAGE, RW, MAP_ANONYMOUS | MAP_TYPE, -1, 0, -EINVAL},
        {0, -1, RW, ANON, -1, 0, -ENOMEM},
        {0, LONG_MIN, RW, ANON, -1, 0, -ENOMEM},
        {0, 0x7fffffffffffl, RW, ANON, -1, 0, -ENOMEM},
        {0, (long)plat_info.heap_len, RW, ANON, -1, 0, -ENOMEM},
        {0, PAGE, RW, ANON | MAP_HUGETLB, -1, 0, -ENOMEM},
        {0, PAGE, RW, ANON | MAP_32BIT, -1, 0, -ENOMEM},     /* here */
        {0, PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0, -EINVAL}, /* here */
        {heap + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0, -EINVAL},
        {0, PAGE, RW, ANON | MAP_FIXED, -1, 0, -EPERM},
        {0xf000, PAGE, RW, ANON | MAP_FIXED, -1, 0, -EPERM},
        {0x7fffffffe000, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},
        {-PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},
        {end, PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},          /* here */
        {heap, PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},         /* here: tables */
        {(long)kernel, PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM}, /* here */
        {(long)image, PAGE, RW, ANON | MAP_FIXED, -1, 0, -ENOMEM},  /* here */
        {(long)mine, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -EEXIST},
        {(long)mine - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -EEXIST},
        {(long)kernel, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -EEXIST},
        {(long)image, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -EEXIST},
        {(long)stack, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -EEXIST},
        {0x10000, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0, -ENOMEM}, /* here */
        {0, PAGE, PROT_READ, MAP_PRIVATE, FD_WRITE, 0, -EACCES},
        {0, PAGE, RW, MAP_SHARED, FD_READ, 0, -EACCES},
        {0, PAGE, RW, MAP_SHARED, FD_WRITE, 0, -EACCES},
        {0, PAGE, PROT_READ, MAP_PRIVATE, FD_FOLDER, 0, -ENODEV},
        {0, PAGE, PROT_READ, MAP_PRIVATE, FD_PIPE, 0, -ENODEV},
        {0, PAGE, PROT_READ, MAP_PRIVATE, FD_READ, -PAGE, -EOVERFLOW},
        {0, 2 * PAGE, PROT_READ, MAP_PRIVATE, FD_READ, 0x7ffffffffffff000, -EOVERFLOW},
        {0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, FD_BOTH, 0, -EOPNOTSUPP},
        {0, 10 * PAGE, PROT_READ, MAP_PRIVATE | MAP_TYPE, FD_READ, 0, -EINVAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        long result = pith_sys_mmap(rows[i].addr, rows[i].len, rows[i].prot, rows[i].flags,
                                    rows[i].fd, rows[i].off);
        if (result != rows[i].result)
            fail_msg("row %zu: %ld, not %ld", i, result, rows[i].result);
        assert_int_equal(used(PAGE_ANON), 1);
    }
}

static void mmap_gives_memory(void **state)
{
    (void)state;
    char *a = map_ok(1, RW), *b = map_ok(3 * PAGE + 1, PROT_READ);
    assert_int_equal(used(PAGE_ANON), 5);
    a[PAGE - 1] = 1;
    assert_int_equal(b[4 * PAGE - 1], 0);
    long at = map(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE);
    assert_true(at > 0);
    *(char *)at = 1;
    assert_true(map(0, 2 * PAGE, RW, ANON | MAP_STACK) > 0);
    assert_int_equal(used(PAGE_STACK), 2);
    at = map(0, 5 * PAGE, PROT_NONE, ANON);
    assert_int_equal(fake_prot((char *)at), PROT_NONE);
    /* bits of prot that nobody knows are ignored, as on Linux */
    at = map(0, PAGE, RW | 0x100, ANON);
    assert_int_equal(fake_prot((char *)at), RW);
}

static void mmap_at_addresses(void **state)
{
    (void)state;
    char *a = map_ok(4 * PAGE, RW);
    memset(a, 7, 4 * 4096);
    assert_int_equal(map((long)a + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED), (long)a + PAGE);
    assert_int_equal(a[PAGE - 1], 7);
    assert_int_equal(a[PAGE], 0);
    assert_int_equal(a[3 * PAGE - 1], 0);
    assert_int_equal(a[3 * PAGE], 7);
    /* a hint is taken if that place is free, rounded up to a page, else passed over */
    char *hint = a - 64 * PAGE;
    assert_int_equal(map((long)hint - 5, PAGE, RW, ANON), (long)hint);
    long at = map((long)hint, PAGE, RW, ANON);
    assert_true(at > 0 && at != (long)hint);
    assert_true(map(0x10000, PAGE, RW, ANON) > 0);
    assert_true(map(-1, PAGE, RW, ANON) > 0);
    hint -= 64 * PAGE;
    assert_int_equal(map((long)hint, PAGE, RW, ANON | MAP_FIXED_NOREPLACE), (long)hint);
}

static void executable_memory_is_explained_once(void **state)
{
    (void)state;
    char *a = map_ok(PAGE, RW);
    assert_int_equal(map(0, PAGE, PROT_READ | PROT_EXEC, ANON), -EACCES);
    assert_string_equal(fake.log, "pith: executable memory is refused: run the image with "
                                  "--allow-jit to allow it\n");
    assert_int_equal(pith_sys_mprotect((long)a, PAGE, PROT_READ | PROT_EXEC), -EACCES);
    assert_int_equal(pith_sys_mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, FD_READ, 0),
                     -EACCES);
    assert_int_equal(strlen(fake.log), fake.log_len);
    assert_null(strchr(strchr(fake.log, '\n') + 1, '\n'));
    assert_int_equal(used(PAGE_ANON), 1);
    fake.jit = true;
    assert_int_equal(pith_sys_mprotect((long)a, PAGE, PROT_READ | PROT_EXEC), 0);
    assert_int_equal(pith_sys_mprotect((long)a, PAGE, RW | PROT_EXEC), -EACCES);
}

static void check_file_bytes(const unsigned char *p, size_t pos, size_t len)
{
    for (size_t i = 0; i < len; i++, pos++)
        assert_int_equal(p[i], pos < file_size ? (unsigned char)(pos + pos / 256) : 0);
}

static void private_mappings_are_copies(void **state)
{
    (void)state;
    long at = pith_sys_mmap(0, 20000, RW, MAP_PRIVATE, FD_BOTH, 0);
    assert_true(at > 0);
    check_file_bytes((void *)at, 0, 3 * 4096);
    assert_int_equal(page_fault_kind((uintptr_t)at + 3 * 4096), PAGE_FAULT_BEYOND);
    memset((void *)at, 1, 3 * 4096);
    assert_int_equal(pith_sys_madvise(at, 3 * PAGE, MADV_DONTNEED), 0);
    check_file_bytes((void *)at, 0, 3 * 4096);
    at = pith_sys_mmap(0, 5000, PROT_READ, MAP_PRIVATE, FD_READ, PAGE);
    assert_true(at > 0);
    check_file_bytes((void *)at, 4096, 2 * 4096);
    assert_int_equal(fake_prot((void *)at), PROT_READ);
    assert_int_equal(pith_sys_mmap(at, PAGE, RW, MAP_PRIVATE | MAP_FIXED, FD_READ, 2 * PAGE), at);
    check_file_bytes((void *)at, 2 * 4096, 4096);
    assert_int_equal(open_files[FD_READ].refs, 3);
    at = pith_sys_mmap(0, 2 * PAGE, RW, MAP_SHARED, FD_ZERO, 0);
    assert_true(at > 0);
    assert_int_equal(*(char *)at, 0);

    size_t before = used(PAGE_ANON);
    file_error = -EIO;
    assert_int_equal(pith_sys_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, FD_READ, 0), -EIO);
    assert_int_equal(used(PAGE_ANON), before);
    assert_int_equal(open_files[FD_READ].refs, 3);
}

static long shared(long len, int prot, long pos)
{
    return pith_sys_mmap(0, len, prot, MAP_SHARED, FD_BOTH, pos);
}

static void shared_mappings_are_one(void **state)
{
    (void)state;
    char *a = (char *)shared(5 * PAGE, RW, 0), *b = (char *)shared(2 * PAGE, PROT_READ, PAGE);
    assert_int_equal(used(PAGE_FILE), 5);
    assert_int_equal(used(PAGE_BEYOND), 2);
    strcpy(a + PAGE, "both");
    assert_string_equal(b, "both");
    assert_string_equal(pages[1], "both");
    assert_int_equal(pith_sys_mprotect((long)b, PAGE, RW), 0);
    strcpy(b, "back");
    assert_string_equal(a + PAGE, "back");

    /* The file ends earlier, then later. */
    mapping_truncated(&regular, 4097);
    file_size = regular.size = 4097;
    assert_int_equal(page_fault_kind((uintptr_t)a + 2 * 4096), PAGE_FAULT_BEYOND);
    assert_string_equal(a + PAGE, "back");
    assert_int_equal(page_fault_kind((uintptr_t)b + 4096), PAGE_FAULT_BEYOND);
    regular.size = 5 * 4096;
    mapping_grown(&regular, 4097);
    strcpy(a + 2 * PAGE, "again");
    assert_string_equal(b + PAGE, "again");
    assert_int_equal(used(PAGE_BEYOND), 0);

    /* Cut in the middle: what is left goes on. */
    assert_int_equal(pith_sys_munmap((long)a + PAGE, 3 * PAGE), 0);
    assert_int_equal(open_files[FD_BOTH].refs, 4);
    a[4 * PAGE] = 'x';
    assert_int_equal(pages[4][0], 'x');
    assert_int_equal(pith_sys_munmap((long)a, 5 * PAGE), 0);
    assert_int_equal(open_files[FD_BOTH].refs, 2);
    assert_string_equal(b, "back");
    a = (char *)pith_sys_mremap((long)b, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
    assert_string_equal(a + PAGE, "again");
    assert_int_equal(
        pith_sys_mremap((long)b, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (long)a), (long)a);
    assert_string_equal(a + PAGE, "again");
    assert_int_equal(pith_sys_munmap((long)b, 2 * PAGE), 0);
    assert_int_equal(pith_sys_munmap((long)a, 2 * PAGE), 0);
    assert_int_equal(open_files[FD_BOTH].refs, 1);
    assert_null(regular.mappings);
}

/* What the mappings of the file should be, whatever failed before. */
static void check_usable(void)
{
    struct page_counts c;
    page_count(&c);
    assert_int_equal(c.used[PAGE_FILE] + c.used[PAGE_BEYOND] + c.used[PAGE_ANON], 0);
    assert_null(regular.mappings);
    assert_int_equal(open_files[FD_BOTH].refs, 1);
    char *a = (char *)shared(PAGE, RW, 0);
    assert_true((long)a > 0);
    a[0]++;
    assert_int_equal(a[0], pages[0][0]);
    assert_int_equal(pith_sys_munmap((long)a, PAGE), 0);
}

static void unmap_all(long at, long len)
{
    if (at > 0)
        assert_int_equal(pith_sys_munmap(at, len), 0);
}

/* Each call to the host fails in turn, in the middle of everything. */
static void failures_leave_all_usable(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 40; i++) {
        fake.protect_fails_in = i;
        fake.protect_fails_for = 1;
        long a = shared(5 * PAGE, PROT_READ, 0), p = -1, q = -1;
        if (a > 0) {
            p = pith_sys_mmap(0, 3 * PAGE, PROT_READ, MAP_PRIVATE, FD_BOTH, 0);
            q = pith_sys_mremap(a, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
            (void)pith_sys_mprotect(a, 5 * PAGE, RW);
            (void)pith_sys_madvise(p > 0 ? p : a, 3 * PAGE, MADV_DONTNEED);
            long moved = pith_sys_mremap(a, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, 0);
            a = moved > 0 ? moved : a;
        }
        fake.protect_fails_in = 0;
        unmap_all(a, 6 * PAGE);
        unmap_all(p, 3 * PAGE);
        unmap_all(q, 2 * PAGE);
        check_usable();
    }
    /* No memory for the file's pages. */
    shares_left = 0;
    pages[2] = NULL;
    assert_int_equal(shared(3 * PAGE, RW, 0), -ENOMEM);
    shares_left = 1000;
    check_usable();
}

static void munmap_arguments(void **state)
{
    (void)state;
    char *a = map_ok(4 * PAGE, RW);
    const long at = (long)a;
    const struct {
        long addr, len, result;
    } rows[] = {
        {at + 1, PAGE, -EINVAL},
        {at, 0, -EINVAL},
        {at, -1, -EINVAL},
        {at, -PAGE, -EINVAL},
        {-PAGE, PAGE, -EINVAL},
        {at, 0x7fffffffffff, -EINVAL},
        {0x7ffffffff000, PAGE, -EINVAL},
        {LONG_MIN, 1, -EINVAL},
        {0, PAGE, 0},
        {0x7fffffffe000, PAGE, 0},
        {(long)image, PAGE, 0},
        {at + PAGE, 1, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (pith_sys_munmap(rows[i].addr, rows[i].len) != rows[i].result)
            fail_msg("row %zu", i);
    assert_int_equal(used(PAGE_ANON), 3);
    assert_int_equal(fake_prot(a + PAGE), PROT_NONE);
    assert_int_equal(fake_prot(a + 2 * PAGE), RW);
    assert_int_equal(pith_sys_munmap(at, 4 * PAGE), 0); /* over the hole */
    assert_int_equal(used(PAGE_ANON), 0);
}

static void mprotect_arguments(void **state)
{
    (void)state;
    const long at = (long)map_ok(4 * PAGE, RW), hole = at - PAGE;
    const struct {
        long addr, len, prot, result;
    } rows[] = {
        {at + 1, PAGE, RW, -EINVAL},
        {at + 1, 0, RW, -EINVAL},
        {at, 0, RW, 0},
        {at, 0, 0x100, 0},
        {at, PAGE, 0x100, -EINVAL},
        {at, PAGE, PROT_READ | PROT_GROWSDOWN, -EINVAL},
        {at, -1, RW, -ENOMEM},
        {at, -PAGE, RW, -ENOMEM},
        {hole, 2 * PAGE, PROT_READ, -ENOMEM},
        {at, 5 * PAGE, PROT_READ, -ENOMEM},
        {0, PAGE, PROT_READ, -ENOMEM},
        {(long)image, PAGE, RW, -EACCES}, /* here */
        {(long)stack, PAGE, RW, -EACCES}, /* here */
        {at, PAGE + 1, PROT_READ, 0},
        {at + 3 * PAGE, 1, PROT_NONE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        long result = pith_sys_mprotect(rows[i].addr, rows[i].len, rows[i].prot);
        if (result != rows[i].result)
            fail_msg("row %zu: %ld, not %ld", i, result, rows[i].result);
    }
    assert_int_equal(fake_prot((char *)at), PROT_READ);
    assert_int_equal(fake_prot((char *)at + PAGE), PROT_READ);
    assert_int_equal(fake_prot((char *)at + 2 * PAGE), RW);
    assert_int_equal(fake_prot((char *)at + 3 * PAGE), PROT_NONE);
}

static void mremap_arguments(void **state)
{
    (void)state;
    const long at = (long)map_ok(4 * PAGE, RW), other = (long)map_ok(8 * PAGE, RW) + 2 * PAGE;
    assert_int_equal(pith_sys_munmap(other - 2 * PAGE, 2 * PAGE), 0);
    assert_int_equal(pith_sys_munmap(other + PAGE, 5 * PAGE), 0);
    const struct {
        long addr, old, new, flags, to, result;
    } rows[] = {
        {at, PAGE, PAGE, 8, 0, -EINVAL},
        {at, PAGE, PAGE, MREMAP_FIXED, other, -EINVAL},
        {at, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, 0, -EINVAL},
        {at + 1, PAGE, PAGE, 0, 0, -EINVAL},
        {at, PAGE, 0, 0, 0, -EINVAL},
        {at, PAGE, -1, MREMAP_MAYMOVE, 0, -EINVAL},
        {at, 0, PAGE, MREMAP_MAYMOVE, 0, -EINVAL},
        {at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other + 1, -EINVAL},
        {at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at, -EINVAL},
        {at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at - PAGE, -EINVAL},
        {at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x7ffffffff000, -EINVAL},
        {at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0, -EPERM},
        {other - PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other - PAGE, -EINVAL},
        {other - PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at, -EFAULT},
        {at, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, 0, -EFAULT},
        {at, -PAGE, PAGE, MREMAP_MAYMOVE, 0, -EINVAL},
        {other - PAGE, 2 * PAGE, PAGE, 0, 0, -EFAULT},
        {other - PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0, -EFAULT},
        {(long)image, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0, -EFAULT}, /* here */
        {at, PAGE, 2 * PAGE, 0, 0, -ENOMEM},
        {at, PAGE, (long)plat_info.heap_len, MREMAP_MAYMOVE, 0, -ENOMEM},
        {at, PAGE, 0x7fffffffe000, MREMAP_MAYMOVE, 0, -ENOMEM},
        {at, 4 * PAGE, 4 * PAGE, 0, 0, at},
        {at, 4 * PAGE, 3 * PAGE + 1, 0, 0, at},
        {other, 1, 3 * PAGE, 0, 0, other},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        long result =
            pith_sys_mremap(rows[i].addr, rows[i].old, rows[i].new, rows[i].flags, rows[i].to);
        if (result != rows[i].result)
            fail_msg("row %zu: %ld, not %ld", i, result, rows[i].result);
    }
    assert_int_equal(used(PAGE_ANON), 7);
}

static void mremap_keeps_contents(void **state)
{
    (void)state;
    static const int prots[] = {RW, PROT_READ, PROT_NONE, PROT_WRITE};
    for (size_t i = 0; i < sizeof(prots) / sizeof(*prots); i++) {
        char *a = map_ok(3 * PAGE, RW);
        a[1] = 1;
        a[3 * PAGE - 1] = 3;
        assert_int_equal(pith_sys_mprotect((long)a, 3 * PAGE, prots[i]), 0);
        char *guard = (char *)map((long)a + 3 * PAGE, PAGE, PROT_NONE, ANON);
        char *b = (char *)pith_sys_mremap((long)a, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, 0);
        assert_true((long)b > 0 && a != b);
        assert_int_equal(fake_prot(a), PROT_NONE);
        char *c = b - 100 * PAGE;
        assert_int_equal(
            pith_sys_mremap((long)b, 5 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (long)c),
            (long)c);
        assert_int_equal(fake_prot(b + 4 * PAGE), PROT_NONE);
        assert_int_equal(fake_prot(c + PAGE), prots[i]);
        assert_int_equal(pith_sys_mprotect((long)c, 3 * PAGE, PROT_READ), 0);
        assert_int_equal(c[1], 1);
        assert_int_equal(c[PAGE], 0);
        assert_int_equal(c[3 * PAGE - 1], 3);
        pith_sys_munmap((long)c, 3 * PAGE);
        pith_sys_munmap((long)guard, PAGE);
    }
    assert_int_equal(used(PAGE_ANON), 0);
}

/* A move that the host does not allow leaves the old mapping as it was. */
static void mremap_that_fails(void **state)
{
    (void)state;
    for (unsigned fails = 1; fails <= 3; fails++) {
        char *a = map_ok(3 * PAGE, RW);
        a[5] = 5;
        assert_int_equal(pith_sys_mprotect((long)a, 3 * PAGE, PROT_NONE), 0);
        fake.protect_failures = 0;
        fake.protect_fails_in = fails;
        fake.protect_fails_for = fails == 1 ? 2 : 1; /* the first one is tried again with less */
        long b = pith_sys_mremap((long)a, 3 * PAGE, 50 * PAGE, MREMAP_MAYMOVE, 0);
        fake.protect_fails_in = 0;
        if (fake.protect_failures == 0)
            fail_msg("mremap made fewer calls than %u", fails);
        assert_int_equal(b, -ENOMEM);
        assert_int_equal(used(PAGE_ANON), 3);
        assert_int_equal(fake_prot(a), PROT_NONE);
        assert_int_equal(fake_prot(a + 2 * PAGE), PROT_NONE);
        assert_int_equal(pith_sys_mprotect((long)a, 3 * PAGE, RW), 0);
        assert_int_equal(a[5], 5);
        pith_sys_munmap((long)a, 3 * PAGE);
    }
}

static void madvise_arguments(void **state)
{
    (void)state;
    const long at = (long)map_ok(4 * PAGE, RW);
    const struct {
        long addr, len, advice, result;
    } rows[] = {
        {at, PAGE, -1, -EINVAL},
        {at, PAGE, 5, -EINVAL},
        {at, PAGE, 7, -EINVAL},
        {at, PAGE, MADV_REMOVE, -EINVAL},
        {at, PAGE, 99, -EINVAL},
        {at + 1, PAGE, MADV_NORMAL, -EINVAL},
        {at, -1, MADV_NORMAL, -EINVAL},
        {at, -2 * PAGE, MADV_NORMAL, -EINVAL},
        {at, 0, MADV_DONTNEED, 0},
        {0, 0, MADV_NORMAL, 0},
        {0, PAGE, MADV_NORMAL, -ENOMEM},
        {0, PAGE, MADV_DONTNEED, -ENOMEM},
        {at, 5 * PAGE, MADV_WILLNEED, -ENOMEM},
        {at, 4 * PAGE, MADV_WILLNEED, 0},
        {at, 4 * PAGE, MADV_HUGEPAGE, 0},
        {at, 4 * PAGE, MADV_RANDOM, 0},
        {at, 4 * PAGE, MADV_DONTDUMP, 0},
        {(long)image, PAGE, MADV_WILLNEED, 0},
        {(long)stack, 4 * PAGE, MADV_NORMAL, 0},
        {(long)image, PAGE, MADV_DONTNEED, -EINVAL}, /* here */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (pith_sys_madvise(rows[i].addr, rows[i].len, rows[i].advice) != rows[i].result)
            fail_msg("row %zu", i);
}

static void madvise_discards(void **state)
{
    (void)state;
    char *a = map_ok(4 * PAGE, RW);
    memset(a, 1, 4 * 4096);
    assert_int_equal(pith_sys_madvise((long)a + PAGE, PAGE, MADV_DONTNEED), 0);
    assert_int_equal(a[0], 1);
    assert_int_equal(a[PAGE], 0);
    assert_false(fake_resident(a + PAGE) && a[PAGE]);
    assert_int_equal(a[2 * PAGE], 1);
    assert_int_equal(pith_sys_munmap((long)a + PAGE, PAGE), 0);
    assert_int_equal(pith_sys_madvise((long)a, 3 * PAGE + 1, MADV_FREE), -ENOMEM);
    assert_int_equal(a[0], 0); /* what is there is dropped all the same */
    assert_int_equal(a[3 * PAGE], 0);
    a[0] = 1;
    assert_int_equal(fake_prot(a + PAGE), PROT_NONE);
}

static void brk_grows_and_shrinks(void **state)
{
    (void)state;
    long start = pith_sys_brk(0);
    assert_true(start > 0 && start % PAGE == 0);
    assert_int_equal(used(PAGE_BRK), 0);
    assert_int_equal(pith_sys_brk(start + 10), start + 10);
    assert_int_equal(used(PAGE_BRK), 1);
    *(char *)start = 1;
    assert_int_equal(pith_sys_brk(start + 100 * PAGE), start + 100 * PAGE);
    assert_int_equal(used(PAGE_BRK), 100);
    assert_int_equal(((char *)start)[100 * PAGE - 1], 0);
    assert_int_equal(*(char *)start, 1);
    assert_int_equal(pith_sys_brk(0), start + 100 * PAGE);
    assert_int_equal(pith_sys_brk(start - 1), start + 100 * PAGE);
    assert_int_equal(pith_sys_brk(-1), start + 100 * PAGE);
    assert_int_equal(pith_sys_brk(LONG_MAX), start + 100 * PAGE);
    assert_int_equal(pith_sys_brk(start + (long)plat_info.heap_len), start + 100 * PAGE);
    assert_int_equal(pith_sys_brk(start + PAGE + 1), start + PAGE + 1);
    assert_int_equal(used(PAGE_BRK), 2);
    assert_int_equal(fake_prot((char *)start + 2 * PAGE), PROT_NONE);
    long wall = map(start + 5 * PAGE, PAGE, RW, ANON | MAP_FIXED);
    assert_int_equal(wall, start + 5 * PAGE);
    assert_int_equal(pith_sys_brk(start + 6 * PAGE), start + PAGE + 1);
    assert_int_equal(pith_sys_brk(start + 5 * PAGE), start + 5 * PAGE);
    assert_int_equal(pith_sys_brk(start), start);
    assert_int_equal(used(PAGE_BRK), 0);
}

static void questions_about_memory(void **state)
{
    (void)state;
    unsigned char vec[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    const long at = (long)map_ok(4 * PAGE, RW), v = (long)vec;
    assert_int_equal(pith_sys_mprotect(at, PAGE, PROT_READ), 0);
    assert_int_equal(pith_sys_mincore(at + 1, PAGE, v), -EINVAL);
    assert_int_equal(pith_sys_mincore(at, 5 * PAGE, v), -ENOMEM);
    assert_int_equal(pith_sys_mincore(at, -1, v), -ENOMEM);
    assert_int_equal(pith_sys_mincore(at, 0, v), 0);
    assert_int_equal(vec[0], 9);
    assert_int_equal(pith_sys_mincore(at, 3 * PAGE + 1, v), 0);
    assert_memory_equal(vec, "\1\1\1\1\11", 5);
    assert_int_equal(pith_sys_mincore((long)image, PAGE, v), 0);

    assert_int_equal(pith_sys_msync(at, PAGE, 8), -EINVAL);
    assert_int_equal(pith_sys_msync(at, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
    assert_int_equal(pith_sys_msync(at + 1, PAGE, MS_SYNC), -EINVAL);
    assert_int_equal(pith_sys_msync(at, -1, MS_SYNC), 0);
    assert_int_equal(pith_sys_msync(at, 5 * PAGE, MS_SYNC), -ENOMEM);
    assert_int_equal(pith_sys_msync(0, 0, MS_SYNC), 0);
    assert_int_equal(pith_sys_msync(at, 4 * PAGE, MS_ASYNC | MS_INVALIDATE), 0);
}

static void locking(void **state)
{
    (void)state;
    const long at = (long)map_ok(4 * PAGE, RW);
    assert_int_equal(pith_sys_mlock(at + 5, 4 * PAGE - 5), 0);
    assert_int_equal(pith_sys_mlock(at + 5, 4 * PAGE), -ENOMEM);
    assert_int_equal(pith_sys_mlock(at, -1), 0);
    assert_int_equal(pith_sys_mlock(at, -PAGE), -EINVAL);
    assert_int_equal(pith_sys_mlock(0, 0), 0);
    assert_int_equal(pith_sys_mlock((long)stack, 2 * PAGE), 0);
    assert_int_equal(pith_sys_munlock(at, 4 * PAGE), 0);
    assert_int_equal(pith_sys_munlock(0, PAGE), -ENOMEM);
    assert_int_equal(pith_sys_mlock2(at, PAGE, 2), -EINVAL);
    assert_int_equal(pith_sys_mlock2(at, PAGE, MLOCK_ONFAULT), 0);
    assert_int_equal(pith_sys_mlockall(0), -EINVAL);
    assert_int_equal(pith_sys_mlockall(8), -EINVAL);
    assert_int_equal(pith_sys_mlockall(MCL_ONFAULT), -EINVAL);
    assert_int_equal(pith_sys_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    assert_int_equal(pith_sys_munlockall(), 0);
}

static void faults_are_told_apart(void **state)
{
    (void)state;
    const uintptr_t mine = (uintptr_t)map_ok(2 * PAGE, PROT_NONE);
    void *kernel = page_alloc(1), *behind;
    assert_int_equal(page_map(1, RW, PAGE_BEYOND, &behind), 0);
    const struct {
        uintptr_t addr;
        enum page_fault_kind kind;
    } rows[] = {
        {mine, PAGE_FAULT_DENIED},
        {mine + 2 * PAGE - 1, PAGE_FAULT_DENIED},
        {(uintptr_t)image, PAGE_FAULT_DENIED},
        {(uintptr_t)stack + sizeof(stack) - 1, PAGE_FAULT_DENIED},
        {(uintptr_t)behind + 9, PAGE_FAULT_BEYOND},
        {(uintptr_t)kernel, PAGE_FAULT_UNMAPPED},
        {(uintptr_t)plat_info.heap, PAGE_FAULT_UNMAPPED},
        {(uintptr_t)plat_info.heap + plat_info.heap_len, PAGE_FAULT_UNMAPPED},
        {0, PAGE_FAULT_UNMAPPED},
        {UINTPTR_MAX, PAGE_FAULT_UNMAPPED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (page_fault_kind(rows[i].addr) != rows[i].kind)
            fail_msg("row %zu", i);
    assert_int_equal(pith_sys_munmap((long)mine, PAGE), 0);
    assert_int_equal(page_fault_kind(mine), PAGE_FAULT_UNMAPPED);
    assert_false(page_allows(behind, 1, PROT_READ));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* brk first: it keeps the place that it chose. */
        cmocka_unit_test_setup(brk_grows_and_shrinks, setup),
        cmocka_unit_test_setup(mmap_errors, setup),
        cmocka_unit_test_setup(mmap_gives_memory, setup),
        cmocka_unit_test_setup(mmap_at_addresses, setup),
        cmocka_unit_test_setup(executable_memory_is_explained_once, setup),
        cmocka_unit_test_setup(private_mappings_are_copies, setup),
        cmocka_unit_test_setup(shared_mappings_are_one, setup),
        cmocka_unit_test_setup(failures_leave_all_usable, setup),
        cmocka_unit_test_setup(munmap_arguments, setup),
        cmocka_unit_test_setup(mprotect_arguments, setup),
        cmocka_unit_test_setup(mremap_arguments, setup),
        cmocka_unit_test_setup(mremap_keeps_contents, setup),
        cmocka_unit_test_setup(mremap_that_fails, setup),
        cmocka_unit_test_setup(madvise_arguments, setup),
        cmocka_unit_test_setup(madvise_discards, setup),
        cmocka_unit_test_setup(questions_about_memory, setup),
        cmocka_unit_test_setup(locking, setup),
        cmocka_unit_test_setup(faults_are_told_apart, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
