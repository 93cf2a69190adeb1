/* SPDX-License-Identifier: MIT
 *
 * Boot area: struct pith_boot, device table, strings. Shared area: struct shared_area below, a page
 * for up to two disks. The device table lists consoles, then disks. */
#include "monitor/core/boot.h"

#include <string.h>
#include <sys/ioctl.h>

#include "abi/device.h"

struct shared_area {
    struct pith_shared shared;
    struct pith_console_config config[CONSOLES_MAX];
    struct queue_rings rings[CONSOLES_MAX][2];
    struct {
        struct pith_block_config config;
        struct queue_rings rings;
    } disk[];
};

/* Of a network device, behind the disks', each from a multiple of 16 on. */
struct net_area {
    struct pith_net_config config;
    char rings[] __attribute__((aligned(16)));
};

#define NET_AREA_LEN (sizeof(struct net_area) + 2 * queue_rings_len(NET_QUEUE_SIZE))

struct boot_area {
    struct pith_boot boot;
    struct pith_device device[]; /* the strings of (args) follow */
};

/* There is room for all consoles, whether they are there or not: how many there are shows late. */
static unsigned devices_max(const struct machine *m)
{
    return CONSOLES_MAX + m->disks.count + m->nets.count;
}

#define SETTING_NAME        "net0.ip="
#define SETTING_NAME_POLICY "policy="

static uint64_t settings_len(const struct boot_input *in)
{
    uint64_t len = 0;
    for (unsigned i = 0; i < in->setting_count; i++)
        len += (in->settings[i].net == SETTING_POLICY ? sizeof(SETTING_NAME_POLICY)
                                                      : sizeof(SETTING_NAME)) +
               strlen(in->settings[i].value);
    return len;
}

static uint64_t args_len(const struct boot_input *in)
{
    uint64_t len = 0;
    for (int i = 0; i < in->argc; i++)
        len += strlen(in->argv[i]) + 1;
    for (int i = 0; i < in->envc; i++)
        len += strlen(in->envp[i]) + 1;
    return len;
}

uint64_t boot_area_len(const struct machine *m, const struct boot_input *in)
{
    return sizeof(struct boot_area) + devices_max(m) * sizeof(struct pith_device) + args_len(in) +
           settings_len(in);
}

uint64_t shared_area_len(const struct machine *m)
{
    const struct shared_area *shared = NULL;
    return sizeof(*shared) + m->disks.count * sizeof(shared->disk[0]) + 16 +
           m->nets.count * NET_AREA_LEN;
}

/* The guest's address of something in guest memory. */
static pith_gaddr guest_addr(const struct machine *m, const void *p)
{
    return (pith_gaddr){m->mem_base + (uint64_t)((const char *)p - m->mem)};
}

static pith_gaddr area_addr(const struct machine *m, struct area a)
{
    return (pith_gaddr){m->mem_base + a.at};
}

static void write_args(char *to, const struct boot_input *in)
{
    for (int i = 0; i < in->argc + in->envc; i++) {
        const char *s = i < in->argc ? in->argv[i] : in->envp[i - in->argc];
        to = stpcpy(to, s) + 1;
    }
}

static void write_queue(const struct machine *m, struct pith_queue *pq, struct queue *q,
                        struct queue_rings *rings, bool writable)
{
    *q = (struct queue){.rings = rings,
                        .mem = m->mem,
                        .mem_base = m->mem_base,
                        .mem_len = m->layout.mem_len,
                        .writable = writable};
    pq->desc = guest_addr(m, rings->desc);
    pq->avail = guest_addr(m, &rings->avail);
    pq->used = guest_addr(m, &rings->used);
    pq->size = QUEUE_SIZE;
}

static void write_large_queue(const struct machine *m, struct pith_queue *pq, struct queue *q,
                              char *rings, bool writable)
{
    write_queue(m, pq, q, (struct queue_rings *)rings, writable);
    q->size = NET_QUEUE_SIZE;
    pq->avail = guest_addr(m, rings + queue_avail_at(NET_QUEUE_SIZE));
    pq->used = guest_addr(m, rings + queue_used_at(NET_QUEUE_SIZE));
    pq->size = NET_QUEUE_SIZE;
}

static void write_config(struct pith_console_config *config, const struct console *c)
{
    struct winsize size;
    if (c->in >= 0 && !ioctl(c->in, TIOCGWINSZ, &size))
        config->tty |= PITH_CONSOLE_TTY_IN;
    if (c->out >= 0 && !ioctl(c->out, TIOCGWINSZ, &size))
        config->tty |= PITH_CONSOLE_TTY_OUT;
    if (config->tty) {
        config->cols = size.ws_col;
        config->rows = size.ws_row;
    }
}

static void write_name(struct pith_device *dev, const char *name)
{
    memcpy(dev->name, name, min_size(strlen(name), sizeof(dev->name) - 1));
}

static void write_console(struct machine *m, struct shared_area *shared, struct pith_device *dev,
                          unsigned i)
{
    struct console *c = &m->consoles.dev[i];

    dev->type = PITH_DEVICE_CONSOLE;
    dev->config = guest_addr(m, &shared->config[i]);
    dev->config_len = sizeof(shared->config[i]);
    dev->features = PITH_CONSOLE_F_STATUS;
    write_name(dev, c->name);
    write_config(&shared->config[i], c);
    if (c->in >= 0)
        write_queue(m, &dev->queue[PITH_CONSOLE_RX], &c->rx, &shared->rings[i][PITH_CONSOLE_RX],
                    true);
    if (c->out >= 0)
        write_queue(m, &dev->queue[PITH_CONSOLE_TX], &c->tx, &shared->rings[i][PITH_CONSOLE_TX],
                    false);
}

/* Feature bits of virtio 1.2, 5.2.3 and 6. */
#define BLK_F_SEG_MAX   (1ull << 2)
#define BLK_F_RO        (1ull << 5)
#define BLK_F_BLK_SIZE  (1ull << 6)
#define BLK_F_FLUSH     (1ull << 9)
#define F_INDIRECT_DESC (1ull << 28)
#define F_VERSION_1     (1ull << 32)

static void write_disk(struct machine *m, struct shared_area *shared, struct pith_device *dev,
                       unsigned i)
{
    struct disk *d = &m->disks.dev[i];

    dev->type = PITH_DEVICE_BLOCK;
    dev->config = guest_addr(m, &shared->disk[i].config);
    dev->config_len = sizeof(shared->disk[i].config);
    dev->features = BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | F_INDIRECT_DESC | F_VERSION_1 |
                    PITH_BLOCK_F_STATUS | (d->read_only ? BLK_F_RO : 0);
    write_name(dev, d->name);
    shared->disk[i].config = (struct pith_block_config){
        .capacity = d->size / SECTOR,
        .seg_max = QUEUE_SIZE - 2, /* header and status take one each */
        .blk_size = SECTOR,
    };
    write_queue(m, &dev->queue[0], &d->queue, &shared->disk[i].rings, false);
    d->queue.mixed = true;
}

/* Feature bits of virtio 1.2, 5.1.3. */
#define NET_F_CSUM       (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU        (1ull << 3)
#define NET_F_MAC        (1ull << 5)
#define NET_F_GUEST_TSO4 (1ull << 7)
#define NET_F_GUEST_TSO6 (1ull << 8)
#define NET_F_HOST_TSO4  (1ull << 11)
#define NET_F_HOST_TSO6  (1ull << 12)
#define NET_F_MRG_RXBUF  (1ull << 15)
#define NET_F_STATUS     (1ull << 16)
#define NET_F_OFFLOADS                                                                             \
    (NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_HOST_TSO4 |       \
     NET_F_HOST_TSO6)

static void write_net(struct machine *m, struct net_area *area, struct pith_device *dev,
                      struct net *n)
{
    char *rings = area->rings;

    dev->type = PITH_DEVICE_NET;
    dev->config = guest_addr(m, &area->config);
    dev->config_len = sizeof(area->config);
    dev->features = NET_F_MTU | NET_F_MAC | NET_F_MRG_RXBUF | NET_F_STATUS | F_VERSION_1 |
                    (n->offloads ? NET_F_OFFLOADS : 0);
    write_name(dev, n->name);
    area->config = (struct pith_net_config){.status = 1, .max_pairs = 1, .mtu = n->mtu};
    memcpy(area->config.mac, n->mac, sizeof(n->mac));
    write_large_queue(m, &dev->queue[PITH_NET_RX], &n->rx, rings, true);
    write_large_queue(m, &dev->queue[PITH_NET_TX], &n->tx, rings + queue_rings_len(NET_QUEUE_SIZE),
                      false);
}

static void write_settings(char *to, const struct boot_input *in)
{
    for (unsigned i = 0; i < in->setting_count; i++) {
        char *name = to;
        bool policy = in->settings[i].net == SETTING_POLICY;
        to = stpcpy(to, policy ? SETTING_NAME_POLICY : SETTING_NAME);
        if (!policy)
            name[3] = (char)('0' + in->settings[i].net);
        to = stpcpy(to, in->settings[i].value) + 1;
    }
}

void boot_write(struct machine *m, const struct boot_input *in)
{
    const struct layout *l = &m->layout;
    struct boot_area *area = (struct boot_area *)(m->mem + l->boot.at);
    struct shared_area *shared = (struct shared_area *)(m->mem + l->shared.at);
    const struct image_segment *root = &m->image.seg[IMAGE_ROOT];

    m->shared = &shared->shared;
    char *args = (char *)&area->device[devices_max(m)];
    for (unsigned i = 0; i < m->consoles.count; i++)
        write_console(m, shared, &area->device[i], i);
    for (unsigned i = 0; i < m->disks.count; i++)
        write_disk(m, shared, &area->device[m->consoles.count + i], i);
    char *net = (char *)align_up((uintptr_t)&shared->disk[m->disks.count], 16);
    for (unsigned i = 0; i < m->nets.count; i++, net += NET_AREA_LEN)
        write_net(m, (struct net_area *)net, &area->device[m->consoles.count + m->disks.count + i],
                  &m->nets.dev[i]);
    write_args(args, in);
    char *settings = args + args_len(in);
    write_settings(settings, in);

    area->boot = (struct pith_boot){
        .magic = PITH_BOOT_MAGIC,
        .version = PITH_ABI_VERSION,
        .size = sizeof(struct pith_boot),
        .mem = {m->mem_base},
        .mem_len = l->mem_len,
        .image = area_addr(m, l->image),
        .image_len = l->image.len,
        .stack = area_addr(m, l->stack),
        .stack_len = l->stack.len,
        .heap = area_addr(m, l->heap),
        .heap_len = l->heap.len,
        .root = {root->mem_len ? m->mem_base + root->addr : 0},
        .root_len = root->mem_len,
        .args = guest_addr(m, args),
        .args_len = args_len(in),
        .argc = (uint32_t)in->argc,
        .envc = (uint32_t)in->envc,
        .devices = guest_addr(m, area->device),
        .device_count = m->consoles.count + m->disks.count + m->nets.count,
        .enforced = in->enforced,
        .features = in->features,
        .shared = guest_addr(m, shared),
        .hypercall = {in->hypercall},
        .clock = in->clock,
        .settings = guest_addr(m, settings),
        .settings_len = settings_len(in),
    };
    memcpy(area->boot.entropy, in->entropy, sizeof(in->entropy));
}
