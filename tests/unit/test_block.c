/* SPDX-License-Identifier: MIT
 *
 * The block driver over a fake device: one that keeps to virtio 1.2 with different features, and
 * ones that do not. The driver is included whole, to be started afresh for every test.
 *
 * sources: libos/virtio/virtq.c libos/virtio/class.c libos/thread/wait.c
 * sources: tests/unit/fake_plat.c tests/unit/fake_mm.c libos/thread/thread.c
 * uses:    virtio thread mm abi */
#include "unit.h"
#include "fake_mm.h"
#include "fake_plat.h"
#include "fake_virtio.h"

#include "../../libos/virtio/block.c"

#define SECTORS (8u << 11) /* 8 MiB */

enum trick {
    HONEST,
    SILENT,        /* uses nothing */
    NO_STATUS,     /* uses buffers without a word */
    ODD_STATUS,    /* says what is not defined */
    TOO_LONG,      /* claims to have written more than there was room for */
    WRONG_CHAIN,   /* uses a chain that is not in flight */
    TWICE,         /* uses each chain twice */
    AHEAD,         /* moves its index further than it used */
    FAIL_SECOND,   /* answers the second request of a poll with the error */
    ONE_AT_A_TIME, /* serves one request a poll */
};

static struct {
    enum trick trick;
    int32_t error; /* used length of what fails */
    unsigned chains, parts_max, crossings, flushes, stops;
    const char *serial; /* 20 bytes, or NULL: the request is not known */
    const void *unreachable;
    uint8_t bytes[SECTORS * SECTOR];
} host;

static struct fake_queue queue;
static struct pith_block_config config;
static struct plat_device device;

/* The descriptors of the chain at (head), direct or indirect. */
static unsigned chain_of(int head, struct fake_desc *d)
{
    unsigned n = 0;

    if (queue.desc[head].flags & 4) {
        n = queue.desc[head].len / sizeof(*d);
        memcpy(d, (void *)(uintptr_t)queue.desc[head].addr, queue.desc[head].len);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(!!(d[i].flags & 1), i + 1 < n);
            assert_true(i + 1 == n || d[i].next == i + 1);
        }
        return n;
    }
    for (int at = head;; at = queue.desc[at].next) {
        d[n++] = queue.desc[at];
        assert_true(n <= FAKE_QUEUE_MAX);
        if (!(queue.desc[at].flags & 1))
            return n;
    }
}

static uint32_t carry_out(int head, bool fails)
{
    struct fake_desc d[FAKE_QUEUE_MAX];
    unsigned n = chain_of(head, d);
    uint32_t type, written = 1;
    uint64_t sector;

    host.parts_max = n > host.parts_max ? n : host.parts_max;
    assert_true(n >= 2 && d[0].len == 16 && d[n - 1].len == 1 && (d[n - 1].flags & 2));
    memcpy(&type, (void *)(uintptr_t)d[0].addr, 4);
    memcpy(&sector, (void *)(uintptr_t)(d[0].addr + 8), 8);
    host.flushes += type == 4;
    if (type == 8) {
        assert_true(n == 3 && d[1].len == 20 && (d[1].flags & 2));
        memcpy((void *)(uintptr_t)d[1].addr, host.serial ? host.serial : "xxxx",
               host.serial ? 20 : 4);
        *(uint8_t *)(uintptr_t)d[2].addr = host.serial ? 0 : 2;
        return 21;
    }
    for (unsigned i = 1; i + 1 < n; i++) {
        void *at = (void *)(uintptr_t)d[i].addr;
        uint8_t *disk = host.bytes + sector * SECTOR;
        assert_true(sector * SECTOR + d[i].len <= sizeof(host.bytes) && d[i].len % SECTOR == 0);
        assert_int_equal(!!(d[i].flags & 2), type == 0);
        if (type == 0)
            memcpy(at, disk, d[i].len);
        else
            memcpy(disk, at, d[i].len);
        written += type == 0 ? d[i].len : 0;
        sector += d[i].len / SECTOR;
    }
    if (host.trick != NO_STATUS)
        *(uint8_t *)(uintptr_t)d[n - 1].addr = host.trick == ODD_STATUS ? 7 : fails;
    return fails ? (uint32_t)host.error : written;
}

static int serve(nsec_t deadline)
{
    int used = 0, head;

    bool hosted = device.features & PITH_BLOCK_F_STATUS;

    assert_int_equal(deadline, hosted ? 0 : fake.now + 30 * NSEC_PER_SEC);
    host.crossings++;
    if (host.trick == SILENT) {
        fake.now = hosted ? fake.now : deadline;
        return 0;
    }
    while ((head = fake_queue_fetch(&queue)) >= 0) {
        host.chains++;
        uint32_t len = carry_out(head, host.trick == FAIL_SECOND && used == 1);
        len = host.trick == TOO_LONG ? 1u << 30 : len;
        fake_queue_use(&queue, (uint32_t)head + (host.trick == WRONG_CHAIN ? 40 : 0), len);
        if (host.trick == TWICE)
            fake_queue_use(&queue, (uint32_t)head, len);
        used++;
        if (host.trick == ONE_AT_A_TIME)
            break;
    }
    if (host.trick == AHEAD)
        queue.used.idx += 5;
    return used;
}

int plat_device_at(unsigned type, unsigned index, struct plat_device *dev)
{
    assert_int_equal(type, 2);
    if (index > 0)
        return -ENODEV;
    *dev = device;
    return 0;
}

int plat_device_reach(const void *addr, size_t len, bool write)
{
    (void)write;
    assert_false(device.features & PITH_BLOCK_F_STATUS);
    return range_inside((uintptr_t)host.unreachable, 1, (uintptr_t)addr, len) ? -EFAULT : 0;
}

void plat_device_stop(unsigned number)
{
    assert_int_equal(number, 7);
    host.stops++;
}

#define HOSTED (F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_INDIRECT_DESC | PITH_BLOCK_F_STATUS)

static struct blkdev *begin(uint64_t features, unsigned size)
{
    struct blkdev *dev;

    fake_reset();
    fake.poll = serve;
    plat_info.mem = NULL;
    plat_info.mem_len = SIZE_MAX;
    if (disks[0])
        heap_free(disks[0], sizeof(*disks[0]));
    disks[0] = NULL;
    class.unsound = 0;
    memset(&host, 0, sizeof(host));
    for (size_t i = 0; i < sizeof(host.bytes); i += 4)
        *(uint32_t *)(host.bytes + i) = (uint32_t)i * 2654435761u;
    fake_queue_reset(&queue, size);
    config = (struct pith_block_config){.capacity = SECTORS, .seg_max = 14, .blk_size = 512};
    device = (struct plat_device){.type = 2,
                                  .number = 7,
                                  .name = "disk",
                                  .features = features,
                                  .config = &config,
                                  .config_len = sizeof(config),
                                  .queue = {fake_queue_plat(&queue)}};
    return blkdev_get(0, &dev) == 0 ? dev : NULL;
}

static int end(void **state)
{
    (void)state;
    if (disks[0])
        heap_free(disks[0], sizeof(*disks[0]));
    disks[0] = NULL;
    assert_int_equal(fake_mm.heap_bytes, 0);
    return 0;
}

static int transfer_one(struct blkdev *dev, enum blk_op op, uint64_t first, void *buf, size_t len)
{
    struct iovec iov = {buf, len};
    struct blk_request r = {.op = op, .first = first, .iov = &iov, .n = 1};
    int err = dev->ops->transfer(dev, &r, 1);

    assert_int_equal(err, r.result);
    return err;
}

static uint8_t buf[sizeof(host.bytes)];

static void reads_and_writes(void **state)
{
    static const uint64_t kinds[] = {HOSTED, HOSTED & ~F_INDIRECT_DESC, F_SEG_MAX, F_FLUSH, 0};
    static const unsigned sizes[] = {16, 64, 4};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds) * ARRAY_LEN(sizes); i++) {
        struct blkdev *dev = begin(kinds[i % ARRAY_LEN(kinds)], sizes[i / ARRAY_LEN(kinds)]);
        assert_non_null(dev);
        assert_int_equal(dev->blocks, SECTORS);
        assert_int_equal(dev->block_size, 512);
        memset(buf, 0, sizeof(buf));
        assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, sizeof(buf)), 0);
        assert_memory_equal(buf, host.bytes, sizeof(buf));
        memset(buf, 0xab, 1536);
        assert_int_equal(transfer_one(dev, BLK_WRITE, SECTORS - 3, buf, 1536), 0);
        assert_memory_equal(host.bytes + sizeof(host.bytes) - 1536, buf, 1536);
        assert_int_equal(dev->ops->flush(dev), 0);
        assert_int_equal(host.flushes, (device.features & F_FLUSH) != 0);
        assert_true(host.parts_max <= min_size(16, queue.size));
    }
}

/* 8 MiB are 8 pieces, queued before one crossing; many requests too. */
static void one_crossing(void **state)
{
    struct blk_request r[16];
    struct iovec iov[16];
    struct blkdev *dev = begin(HOSTED, 16);

    (void)state;
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, sizeof(buf)), 0);
    assert_int_equal(host.chains, 8);
    assert_int_equal(host.crossings, 1);
    for (unsigned i = 0; i < 16; i++) {
        iov[i] = (struct iovec){buf + 512 * i, 512};
        r[i] = (struct blk_request){.op = BLK_READ, .first = 100 * i, .iov = &iov[i], .n = 1};
    }
    assert_int_equal(dev->ops->transfer(dev, r, 16), 0);
    assert_int_equal(host.chains, 24);
    assert_int_equal(host.crossings, 2);
    for (unsigned i = 0; i < 16; i++)
        assert_memory_equal(buf + 512 * i, host.bytes + 51200 * i, 512);
    host.trick = ONE_AT_A_TIME;
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 5 << 20), 0);
    assert_memory_equal(buf, host.bytes, 5 << 20);
}

/* Vectors of more pieces than the device takes, some of them empty. */
static void long_vectors(void **state)
{
    struct iovec iov[100];
    struct blk_request r = {.op = BLK_WRITE, .first = 7, .iov = iov, .n = 100};
    struct blkdev *dev = begin(HOSTED, 16);
    size_t at = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        iov[i] = (struct iovec){buf + at, 512 * (i % 4)};
        at += iov[i].iov_len;
    }
    for (size_t i = 0; i < at; i++)
        buf[i] = (uint8_t)(i / 512 + i);
    assert_int_equal(dev->ops->transfer(dev, &r, 1), 0);
    assert_memory_equal(host.bytes + 7 * 512, buf, at);
    assert_true(host.parts_max <= 16);
}

static void refused(void **state)
{
    struct blkdev *dev = begin(HOSTED | F_RO, 16);

    (void)state;
    assert_true(dev->read_only);
    assert_int_equal(transfer_one(dev, BLK_WRITE, 0, buf, 512), -EROFS);
    dev = begin(HOSTED, 16);
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 100), -EINVAL);
    assert_int_equal(transfer_one(dev, BLK_READ, SECTORS, buf, 512), -EINVAL);
    assert_int_equal(transfer_one(dev, BLK_READ, SECTORS - 1, buf, 1024), -EINVAL);
    assert_int_equal(transfer_one(dev, BLK_READ, UINT64_MAX, buf, 512), -EINVAL);
    plat_info.mem = (char *)buf;
    plat_info.mem_len = 1024;
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf + 513, 512), -EFAULT);
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf - 1, 512), -EFAULT);
    assert_int_equal(host.chains, 0);
    plat_info.mem_len = SIZE_MAX / 2;
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 512), 0);
}

static void bad_descriptions(void **state)
{
    static const struct pith_block_config bad[] = {
        {.capacity = 8, .blk_size = 0},
        {.capacity = 8, .blk_size = 513},
        {.capacity = 8, .blk_size = 256},
        {.capacity = 8, .blk_size = 1u << 31},
        {.capacity = 8, .blk_size = 131072},
        {.capacity = UINT64_MAX, .blk_size = 512},
        {.capacity = 8, .blk_size = 4096, .size_max = 4095},
    };
    struct blkdev *dev;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        begin(HOSTED, 16);
        end(state);
        config = bad[i];
        device.features |= bad[i].size_max ? F_SIZE_MAX : 0;
        assert_int_equal(blkdev_get(0, &dev), -EIO);
        assert_int_equal(blkdev_get(0, &dev), -EIO);
        assert_int_equal(host.stops, 1);
        assert_string_equal(
            fake.log, "pith: disk 0: what it says of itself makes no sense: it is not used\n");
    }
    class.unsound = 0;
    device.config_len = 8;
    assert_int_equal(blkdev_get(0, &dev), -EIO);
    assert_null(begin(HOSTED & ~F_INDIRECT_DESC, 2));
    assert_null(begin(HOSTED, 0));
    assert_int_equal(blkdev_get(1, &dev), -ENODEV);
    assert_int_equal(blkdev_get(1000, &dev), -ENODEV);
}

static void errors_of_the_device(void **state)
{
    static const struct {
        int32_t used;
        int want;
    } answers[] = {{-ENOSPC, -ENOSPC}, {-EIO, -EIO}, {1, -EIO}, {-4096, -EIO}, {INT32_MIN, -EIO}};
    struct iovec iov = {buf, 512};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct blkdev *dev = begin(HOSTED, 16);
        struct blk_request r[3];
        for (unsigned j = 0; j < 3; j++)
            r[j] = (struct blk_request){.op = BLK_READ, .first = j, .iov = &iov, .n = 1};
        host.trick = FAIL_SECOND;
        host.error = answers[i].used;
        assert_int_equal(dev->ops->transfer(dev, r, 3), answers[i].want);
        assert_int_equal(r[0].result, 0);
        assert_int_equal(r[1].result, answers[i].want);
        assert_int_equal(r[2].result, 0);
        assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 512), 0);
    }
    /* Without the feature, a used length is no error number. */
    struct blkdev *dev = begin(HOSTED & ~PITH_BLOCK_F_STATUS, 16);
    struct blk_request r[2] = {{.iov = &iov, .n = 1}, {.iov = &iov, .n = 1}};
    host.trick = FAIL_SECOND;
    host.error = -ENOSPC;
    assert_int_equal(dev->ops->transfer(dev, r, 2), -EIO);
}

/* Whatever the device does, every request ends, with EIO; and nothing is in flight afterwards. A
 * device that no monitor stops is stopped, once, with a message. */
static void hostile(void **state)
{
    static const struct {
        enum trick trick;
        bool for_good;
    } tricks[] = {{SILENT, true},      {NO_STATUS, false}, {ODD_STATUS, false}, {TOO_LONG, false},
                  {WRONG_CHAIN, true}, {TWICE, true},      {AHEAD, true}};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(tricks); i++) {
        bool hosted = i % 2;
        struct blkdev *dev = begin(hosted ? HOSTED : HOSTED & ~PITH_BLOCK_F_STATUS, 16);
        size_t lines = 0;
        host.trick = tricks[i / 2].trick;
        int first = transfer_one(dev, BLK_READ, 0, buf, 3 << 20);
        int second = transfer_one(dev, BLK_READ, 0, buf, 3 << 20);
        if (first != -EIO && second != -EIO)
            fail_msg("trick %u: %d, then %d", tricks[i / 2].trick, first, second);
        assert_int_equal(disks[0]->in_flight, 0);
        host.trick = HONEST;
        int later = transfer_one(dev, BLK_WRITE, 0, buf, 512);
        assert_int_equal(later, tricks[i / 2].for_good ? -EIO : 0);
        assert_int_equal(dev->ops->flush(dev), later);
        for (size_t j = 0; j < fake.log_len; j++)
            lines += fake.log[j] == '\n';
        assert_int_equal(lines, tricks[i / 2].for_good && !hosted);
        assert_int_equal(host.stops, lines);
    }
}

/* Memory that the program may not access is refused before the device hears of it. */
static void out_of_reach(void **state)
{
    struct blkdev *dev = begin(F_SEG_MAX, 16);

    (void)state;
    host.unreachable = buf + 700;
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 1024), -EFAULT);
    assert_int_equal(host.chains, 0);
    assert_int_equal(transfer_one(dev, BLK_READ, 0, buf, 512), 0);
}

static const char *name_for(const char *serial)
{
    struct blkdev *dev;

    begin(HOSTED & ~PITH_BLOCK_F_STATUS, 16);
    end(NULL);
    device.name = "";
    host.serial = serial;
    assert_int_equal(blkdev_get(0, &dev), 0);
    return dev->name;
}

static void serial_numbers(void **state)
{
    (void)state;
    assert_string_equal(name_for("data\0garbage         "), "data");
    assert_string_equal(name_for("A_b-9.z0123456789012"), "A_b-9.z0123456789012");
    assert_string_equal(name_for("\0..................."), "");
    assert_string_equal(name_for("..\0................."), "");
    assert_string_equal(name_for("a/b\0................"), "");
    assert_string_equal(name_for("a b\0................"), "");
    assert_string_equal(name_for(NULL), "");
    assert_int_equal(host.chains, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_and_writes, end),
        cmocka_unit_test_teardown(one_crossing, end),
        cmocka_unit_test_teardown(long_vectors, end),
        cmocka_unit_test_teardown(refused, end),
        cmocka_unit_test_teardown(bad_descriptions, end),
        cmocka_unit_test_teardown(errors_of_the_device, end),
        cmocka_unit_test_teardown(hostile, end),
        cmocka_unit_test_teardown(out_of_reach, end),
        cmocka_unit_test_teardown(serial_numbers, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
