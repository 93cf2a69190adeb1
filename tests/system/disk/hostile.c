/* SPDX-License-Identifier: MIT
 *
 * usage: hostile CASE
 * Breaks the rules of the first disk's queue behind the driver's back: the device table is found as the library
 * OS finds it. Then reads the disk through the driver, and says what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct queue {
    void *desc, *avail, *used;
    unsigned size;
};

/* libos/iface/plat.h */
struct device {
    unsigned type;
    const char *name;
    uint64_t features;
    const volatile void *config;
    size_t config_len;
    struct queue queue[3];
};
int pith_plat_device_at(unsigned type, unsigned index, struct device *dev);
int pith_plat_poll(int64_t deadline);

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

static struct desc *desc;
static uint16_t *avail; /* flags, idx, ring */

static void offer(uint16_t head)
{
    avail[2 + avail[1] % 16] = head;
    avail[1]++;
}

static void describe(int i, const void *addr, uint32_t len, int flags, int next)
{
    desc[i] = (struct desc){(uintptr_t)addr, len, (uint16_t)flags, (uint16_t)next};
}

int main(int argc, char **argv)
{
    static struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    static char data[512], status;
    static struct desc table[20];
    struct device dev;
    char *hidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (argc < 2 || pith_plat_device_at(2, 0, &dev))
        return 2;
    desc = dev.queue[0].desc;
    avail = dev.queue[0].avail;
    switch (atoi(argv[1])) {
    case 0: /* a chain that loops */
        describe(0, &header, 16, 1, 0);
        offer(0);
        break;
    case 1: /* the index runs backwards */
        avail[1]--;
        break;
    case 2: /* a pointer to nowhere */
        describe(0, (void *)16, 16, 1, 1);
        describe(1, &status, 1, 2, 0);
        offer(0);
        break;
    case 3: /* no header */
        describe(0, &status, 1, 2, 0);
        offer(0);
        break;
    case 4: /* no status */
        describe(0, &header, 16, 0, 0);
        offer(0);
        break;
    case 5: /* the header cannot be read */
        describe(0, hidden, 16, 1, 1);
        describe(1, &status, 1, 2, 0);
        offer(0);
        break;
    case 6: /* the status cannot be written */
        describe(0, &header, 16, 1, 1);
        describe(1, data, 512, 3, 2);
        describe(2, hidden, 1, 2, 0);
        offer(0);
        break;
    case 7: /* a table that names itself */
        table[0] = (struct desc){(uintptr_t)table, 32, 4, 0};
        describe(0, table, 32, 4, 0);
        offer(0);
        break;
    case 8: /* a head that there is not */
        offer(999);
        break;
    }
    pith_plat_poll(0);
    int fd = open("/dev/vda", O_RDWR);
    printf("read: %zd", read(fd, data, 512));
    printf(" %s\n", strerror(errno));
    printf("write: %zd", write(fd, data, 512));
    printf(" %s\n", strerror(errno));
    int other = open("/dev/vdb", O_RDWR);
    printf("other: %zd\n", read(other, data, 512));
    return 0;
}
