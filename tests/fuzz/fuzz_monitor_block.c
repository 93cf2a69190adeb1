/* SPDX-License-Identifier: MIT
 *
 * The monitor's side of a block device, whose rings and memory are the input: whatever they hold,
 * nothing outside guest memory is written, the file keeps its size, and no more buffers are used
 * than were available.
 *
 * sources: monitor/dev/block.c monitor/dev/queue.c
 * uses: monitor abi */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/block.h"

#define MEM_BASE 0x10000000000ull
#define SECTORS  8

static struct {
    char before[4096];
    char mem[8192];
    char after[4096];
} area;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

void say(const char *format, ...)
{
    (void)format;
}

/* Half of the addresses are brought near memory, or next to nothing would be accepted. */
static void bring_near(struct queue_desc *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (d[i].addr & 1)
            d[i].addr = MEM_BASE + (d[i].addr >> 1) % (sizeof(area.mem) + 2);
}

static void check(int fd)
{
    static const char clean[4096];
    struct stat st;
    if (memcmp(area.before, clean, sizeof(clean)) || memcmp(area.after, clean, sizeof(clean)))
        abort();
    if (fstat(fd, &st) || st.st_size != SECTORS * SECTOR)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct queue_rings rings;
    static int fd = -1;
    struct disks ds = {.count = 1};
    if (fd < 0 && ((fd = memfd_create("disk", 0)) < 0 || ftruncate(fd, SECTORS * SECTOR)))
        abort();
    ds.dev[0] = (struct disk){.name = "",
                              .read_only = len & 1,
                              .fd = fd,
                              .size = SECTORS * SECTOR,
                              .queue = {.rings = &rings,
                                        .mem = area.mem,
                                        .mem_base = MEM_BASE,
                                        .mem_len = sizeof(area.mem),
                                        .mixed = true}};
    memset(&rings, 0, sizeof(rings));
    memcpy(&rings, bytes, min_size(len, sizeof(rings)));
    bring_near(rings.desc, QUEUE_SIZE);
    memset(area.mem, 0, sizeof(area.mem));
    if (len > sizeof(rings))
        memcpy(area.mem, bytes + sizeof(rings), min_size(len - sizeof(rings), sizeof(area.mem)));
    bring_near((struct queue_desc *)area.mem, QUEUE_SIZE);
    uint16_t before = rings.used.idx;
    int used = disks_serve(&ds);
    if (used > (int)QUEUE_SIZE)
        abort();
    if (used > 0 && rings.used.idx != used)
        abort();
    if (used == 0 && rings.used.idx != before)
        abort();
    check(fd);
    return 0;
}
