/* SPDX-License-Identifier: MIT
 *
 * The monitor's side of block devices, against drivers that obey and drivers that do not.
 *
 * sources: monitor/dev/block.c monitor/dev/queue.c monitor/core/say.c
 * uses:    monitor abi */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"
#include "monitor/dev/block.h"

#define MEM_BASE 0x10000000000ull
#define MEM_LEN  0x10000u
#define SECTORS  64u
#define HIDDEN   0xf000u /* this page of memory cannot be accessed, as far as probe_copy goes */

static struct queue_rings rings;
static char *mem;
static struct disks ds;
static struct disk *const disk = &ds.dev[0];

bool probe_copy(void *to, const void *from, size_t len)
{
    char *hidden = mem + HIDDEN;
    if (((char *)to + len > hidden && (char *)to < hidden + 4096) ||
        ((const char *)from + len > hidden && (const char *)from < hidden + 4096))
        return false;
    memcpy(to, from, len);
    return true;
}

static int start(void **state)
{
    (void)state;
    memset(&rings, 0, sizeof(rings));
    ds = (struct disks){.count = 1};
    *disk = (struct disk){
        .name = "test",
        .path = "",
        .fd = memfd_create("disk", MFD_CLOEXEC),
        .size = SECTORS * SECTOR,
        .queue = {
            .rings = &rings, .mem = mem, .mem_base = MEM_BASE, .mem_len = MEM_LEN, .mixed = true}};
    return disk->fd < 0 || ftruncate(disk->fd, (off_t)disk->size) ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    return close(disk->fd);
}

static void describe(unsigned i, unsigned at, uint32_t len, uint16_t flags, uint16_t next)
{
    rings.desc[i] = (struct queue_desc){MEM_BASE + at, len, flags, next};
}

static void offer(uint16_t head)
{
    rings.avail.ring[rings.avail.idx % QUEUE_SIZE] = head;
    rings.avail.idx++;
}

/* Memory: the header at 0, the status at 16, data from 4096 on. */
static void header(uint32_t type, uint64_t sector)
{
    memcpy(mem, &type, 4);
    memcpy(mem + 8, &sector, 8);
    mem[16] = 0x55;
}

/* Makes a request of (len) bytes at memory + 4096 available, and has it served. Returns the used
 * length. */
static int32_t request(uint32_t type, uint64_t sector, uint32_t len)
{
    header(type, sector);
    describe(0, 0, 16, 1, 1);
    describe(1, 4096, len, type == 1 ? 1 : 3, 2);
    describe(2, 16, 1, 2, 0);
    offer(0);
    uint16_t before = rings.used.idx;
    assert_int_equal(disks_serve(&ds), 1);
    assert_int_equal((uint16_t)(rings.used.idx - before), 1);
    return (int32_t)rings.used.ring[before % QUEUE_SIZE].len;
}

static void reads_and_writes(void **state)
{
    char buf[1024];
    (void)state;
    memset(mem + 4096, 'a', 1024);
    assert_int_equal(request(1, 3, 1024), 1);
    assert_int_equal(mem[16], 0);
    assert_int_equal(pread(disk->fd, buf, 1024, 3 * 512), 1024);
    assert_memory_equal(buf, mem + 4096, 1024);
    memset(mem + 4096, 0, 1024);
    assert_int_equal(request(0, 4, 512), 513);
    assert_memory_equal(buf, mem + 4096, 512);
    assert_int_equal(mem[16], 0);
    assert_int_equal(request(0, SECTORS - 1, 512), 513);
    assert_int_equal(request(0, SECTORS, 0), 1);
    assert_int_equal(request(4, 0, 0), 1);
    assert_int_equal(mem[16], 0);
    assert_int_equal(request(99, 0, 512), 1);
    assert_int_equal(mem[16], 2);
    assert_false(disk->stopped);
}

static void errors(void **state)
{
    static const struct {
        uint32_t type;
        uint64_t sector;
        uint32_t len;
    } bad[] = {
        {0, SECTORS, 512},
        {0, SECTORS - 1, 1024},
        {0, SECTORS + 1, 0},
        {0, UINT64_MAX, 512},
        {0, UINT64_MAX / 512, 512},
        {0, 1ull << 55, 512},
        {1, SECTORS, 512},
        {1, UINT64_MAX, 512},
        {0, 0, 511},
        {1, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(request(bad[i].type, bad[i].sector, bad[i].len), -EINVAL);
        assert_int_equal(mem[16], 1);
    }
    disk->read_only = true;
    assert_int_equal(request(1, 0, 512), -EROFS);
    assert_int_equal(request(0, 0, 512), 513);
    assert_int_equal(request(4, 0, 0), 1);
    assert_int_equal(ftruncate(disk->fd, 1000), 0);
    assert_int_equal(request(0, 1, 512), -EIO);
    assert_int_equal(request(0, 0, 512), 513);
    disk->read_only = false;
    assert_int_equal(request(1, 0, 512), 1);
    int fd = disk->fd;
    disk->fd = -1;
    assert_int_equal(request(1, 0, 512), -EBADF);
    assert_int_equal(request(4, 0, 0), -EBADF);
    disk->fd = fd;
    assert_int_equal(lseek(disk->fd, 0, SEEK_END), 1000);
    assert_false(disk->stopped);
}

/* Header and data in one buffer, the header in pieces, the status behind the data
 * (virtio 1.2, 2.7.4.2). */
static void any_framing(void **state)
{
    char buf[512];
    (void)state;
    header(1, 2);
    for (unsigned i = 16; i < 528; i++)
        mem[i] = (char)i;
    describe(0, 0, 3, 1, 1);
    describe(1, 3, 0, 1, 2);
    describe(2, 3, 5, 1, 3);
    describe(3, 8, 20, 1, 4);
    describe(4, 28, 500, 1, 5);
    describe(5, 1000, 1, 2, 0);
    offer(0);
    assert_int_equal(disks_serve(&ds), 1);
    assert_int_equal(mem[1000], 0);
    assert_int_equal(pread(disk->fd, buf, 512, 1024), 512);
    assert_memory_equal(buf, mem + 16, 512);
    header(0, 2);
    describe(0, 0, 16, 1, 1);
    describe(1, 4096, 100, 3, 2);
    describe(2, 5000, 413, 2, 0);
    mem[5412] = 9;
    offer(0);
    assert_int_equal(disks_serve(&ds), 1);
    assert_int_equal(rings.used.ring[1].len, 513);
    assert_memory_equal(buf, mem + 4096, 100);
    assert_memory_equal(buf + 100, mem + 5000, 412);
    assert_int_equal(mem[5412], 0);
}

/* One poll serves a whole queue of indirect requests. */
static void batch(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        struct queue_desc *table = (struct queue_desc *)(mem + 1024 + i * 64);
        uint32_t type = 1;
        uint64_t sector = 2 * i;
        memcpy(mem + i * 16, &type, 4);
        memcpy(mem + i * 16 + 8, &sector, 8);
        memset(mem + 4096 + i * 512, (int)i + 1, 512);
        table[0] = (struct queue_desc){MEM_BASE + i * 16, 16, 1, 1};
        table[1] = (struct queue_desc){MEM_BASE + 4096 + i * 512, 512, 1, 2};
        table[2] = (struct queue_desc){MEM_BASE + 3000 + i, 1, 2, 0};
        describe(i, 1024 + i * 64, 48, 4, 0);
        offer((uint16_t)i);
    }
    assert_int_equal(disks_serve(&ds), QUEUE_SIZE);
    assert_int_equal(disks_serve(&ds), 0);
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        char c;
        assert_int_equal(pread(disk->fd, &c, 1, 1024 * i), 1);
        assert_int_equal(c, i + 1);
        assert_int_equal(mem[3000 + i], 0);
    }
}

/* The device stops, uses nothing, and stays so. */
static void stopped(void)
{
    uint16_t used = rings.used.idx;
    assert_int_equal(disks_serve(&ds), 0);
    assert_true(disk->stopped);
    assert_int_equal(rings.used.idx, used);
    header(0, 0);
    describe(0, 0, 16, 1, 1);
    describe(1, 4096, 513, 2, 0);
    offer(0);
    assert_int_equal(disks_serve(&ds), 0);
    assert_int_equal(rings.used.idx, used);
}

static void malformed(void **state)
{
    /* Descriptors of a chain, as address, length, flags. */
    static const struct {
        struct {
            uint32_t at, len;
            uint16_t flags;
        } d[3];
    } bad[] = {
        {{{0, 16, 0}}},                             /* no status */
        {{{0, 15, 1}, {16, 1, 2}}},                 /* short header */
        {{{16, 1, 2}}},                             /* no header */
        {{{0, 16, 1}, {16, 0, 2}}},                 /* a status of no bytes */
        {{{0, 16, 1}, {4096, 512, 3}, {16, 0, 2}}}, /* the same behind data */
        {{{0, 16, 1}, {16, 1, 3}, {4096, 512, 0}}}, /* the wrong order */
        {{{HIDDEN, 16, 1}, {16, 1, 2}}},            /* a header that cannot be read */
        {{{HIDDEN - 8, 16, 1}, {16, 1, 2}}},        /* half of it */
        {{{0, 16, 1}, {HIDDEN, 1, 2}}},             /* a status that cannot be written */
        {{{0, 16, 1}, {MEM_LEN, 1, 2}}},            /* outside */
        {{{HIDDEN, 48, 4}}},                        /* an indirect table that cannot be read */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(stop(state) | start(state), 0);
        header(0, 0);
        for (unsigned j = 0; j < 3; j++)
            describe(j, bad[i].d[j].at, bad[i].d[j].len, bad[i].d[j].flags, (uint16_t)(j + 1));
        offer(0);
        stopped();
    }
}

static void one_stops_alone(void **state)
{
    static struct queue_rings other;
    (void)state;
    memset(&other, 0, sizeof(other));
    ds.count = 2;
    ds.dev[1] = *disk;
    ds.dev[1].queue.rings = &other;
    other.avail.idx = 0xffff;
    assert_int_equal(request(0, 0, 512), 513);
    assert_true(ds.dev[1].stopped);
    assert_int_equal(request(0, 0, 512), 513);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_and_writes, start, stop),
        cmocka_unit_test_setup_teardown(errors, start, stop),
        cmocka_unit_test_setup_teardown(any_framing, start, stop),
        cmocka_unit_test_setup_teardown(batch, start, stop),
        cmocka_unit_test_setup_teardown(malformed, start, stop),
        cmocka_unit_test_setup_teardown(one_stops_alone, start, stop),
    };
    mem = calloc(1, MEM_LEN);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(mem);
    return failed;
}
