/* SPDX-License-Identifier: MIT
 *
 * Mapping an image, in few steps: a start should cost little. MAP_POPULATE does not pay: measured,
 * a page costs as much that way as by the fault of its first use, and not every page is used. The
 * file may be changed or cut at any time: its headers were judged from a copy, and a fault on what
 * is gone ends in a report (signals.c). */
#include "monitor/process/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/image.h"

#define NO_ASLR_BASE 0x10000000000ull

static int read_file(const struct image_source *src, uint64_t offset, void *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(src->fd, (char *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        done += (size_t)n;
    }
    return 0;
}

/* Descriptors below 3 are the guest's, even those that the caller left closed. Not O_CLOEXEC: there
 * is no exec, and libc would make a second call for it. */
static int open_above_stdio(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fd > STDERR_FILENO)
        return fd < 0 ? -errno : fd;
    int higher = fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
    int err = errno;
    close(fd);
    return higher < 0 ? -err : higher;
}

int load_open(struct machine *m, const char *path, const char **why)
{
    int fd = open_above_stdio(path);
    if (fd < 0) {
        *why = strerror(-fd);
        return fd;
    }
    struct stat st;
    int err = fstat(fd, &st) ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (err) {
        *why = strerror(-err);
        goto close_fd;
    }
    struct image_source src = {.read = read_file, .fd = fd, .size = (uint64_t)st.st_size};
    if (!S_ISREG(st.st_mode)) {
        *why = "not an image: not a regular file";
        err = -ENOEXEC;
        goto close_fd;
    }
    err = image_parse(&src, &m->image, why);
    if (err)
        goto close_fd;

    void *file = mmap(NULL, (size_t)src.size, PROT_READ, MAP_PRIVATE, fd, 0);
    m->file = file == MAP_FAILED ? NULL : file;
    m->file_len = (size_t)src.size;
    return fd;

close_fd:
    close(fd);
    return err;
}

/* A random multiple of IMAGE_ALIGN in the middle of the address space, away from what the kernel
 * places. */
static uint64_t random_base(uint64_t random, uint64_t span)
{
    const uint64_t low = 0x100000000000ull, high = 0x500000000000ull;
    uint64_t base = low + random % ((high - low - span) / IMAGE_ALIGN) * IMAGE_ALIGN;
    uint64_t window = 1ull << 32, into = base % window, mem_len = span / 2;
    return mem_len <= window && into > window - mem_len ? base - into : base;
}

static int reserve(struct machine *m, uint64_t random, bool no_aslr)
{
    uint64_t span = 2 * m->layout.mem_len;
    for (int tries = 0; tries < 8; tries++) {
        uint64_t base = no_aslr ? NO_ASLR_BASE : random_base(random, span);
        if (!m->backend->reserve(m, base, span))
            return 0;
        random = random * 6364136223846793005ull + 1442695040888963407ull;
    }
    return -ENOMEM;
}

static bool map_segment(struct machine *m, int fd, unsigned which, int prot)
{
    const struct image_segment *s = &m->image.seg[which];
    if (s->file_len == 0)
        return true;
    return mmap(m->mem + s->addr, s->file_len, prot, MAP_PRIVATE | MAP_FIXED, fd,
                (off_t)s->offset) != MAP_FAILED;
}

/* Maps the text for (prot), its first page without what the file has there of the constants. */
static bool map_text(struct machine *m, int fd, int prot)
{
    const struct image_segment *s = &m->image.seg[IMAGE_TEXT];
    if (s->lead == 0)
        return map_segment(m, fd, IMAGE_TEXT, prot);
    if (!map_segment(m, fd, IMAGE_TEXT, PROT_READ | PROT_WRITE))
        return false;
    memset(m->mem + s->addr, PITH_TEXT_FILL, s->lead);
    return mprotect(m->mem + s->addr, s->file_len, prot) == 0;
}

/* What is not in the file: the rest of the data's last page, its zero pages, the boot and shared
 * areas, and the stack. */
static bool map_zero(struct machine *m)
{
    const struct layout *l = &m->layout;
    const struct image_segment *s = &m->image.seg[IMAGE_DATA];
    uint64_t file_end = s->addr + s->file_len, start = align_up(file_end, PAGE_SIZE);
    uint64_t end = align_up(s->addr + s->mem_len, PAGE_SIZE);

    if (end == l->boot.at)
        end = l->shared.at + l->shared.len; /* they follow at once: one call for both */
    else if (mprotect(m->mem + l->boot.at, l->boot.len + l->shared.len, PROT_READ | PROT_WRITE))
        return false;
    if ((end > start && mprotect(m->mem + start, end - start, PROT_READ | PROT_WRITE)) ||
        mprotect(m->mem + l->stack.at, l->stack.len, PROT_READ | PROT_WRITE))
        return false;
    /* The first touch of memory near the stack's start comes last: mprotect would look at each page
     * that the kernel then has an entry for. */
    if (s->mem_len > s->file_len)
        memset(m->mem + file_end, 0, start - file_end);
    return true;
}

/* Shared pages come from one mapping as long as the heap, so there can be no more of them. It is
 * writable, and at an address of its own: the guest gets at no more than by asking for it. */
static bool map_pool(struct machine *m)
{
    if (!m->image.shares)
        return true;
    void *pool = mmap(NULL, m->layout.heap.len, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    m->pool = (uint64_t)pool;
    return pool != MAP_FAILED;
}

int load_image(struct machine *m, int fd, uint64_t random, bool no_aslr, const char **why)
{
    const struct image *img = &m->image;
    int text = m->backend->in_process ? PROT_READ | PROT_EXEC : PROT_READ;
    *why = "the host does not give that much memory: choose less with -m, or raise its limit on "
           "address space (ulimit -v)";
    if (reserve(m, random, no_aslr) || !map_pool(m))
        return -ENOMEM;
    if (!map_segment(m, fd, IMAGE_CONST, PROT_READ) || !map_text(m, fd, text) ||
        !map_segment(m, fd, IMAGE_RELRO, PROT_READ | PROT_WRITE) ||
        !map_segment(m, fd, IMAGE_DATA, PROT_READ | PROT_WRITE) ||
        !map_segment(m, fd, IMAGE_ROOT, PROT_READ) || !map_zero(m)) {
        *why = strerror(errno);
        return -errno;
    }
    int err = image_relocate(img, m->mem, m->mem_base, why);
    if (err)
        return err;
    const struct image_segment *relro = &img->seg[IMAGE_RELRO];
    if (mprotect(m->mem + relro->addr, relro->mem_len, PROT_READ)) {
        *why = strerror(errno);
        return -errno;
    }
    return 0;
}

int load_seal(struct machine *m)
{
    return mprotect(m->mem + m->layout.boot.at, m->layout.boot.len, PROT_READ) ? -errno : 0;
}

void load_unmap_kernel_copy(const struct machine *m, uintptr_t entry)
{
    munmap((void *)(entry - m->image.entry), m->image.len);
}
