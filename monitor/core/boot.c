/* SPDX-License-Identifier: MIT
 *
 * Boot area: struct pith_boot, device table, strings. Shared area: struct shared_area below, one
 * page. */
#include "monitor/core/boot.h"

#include <string.h>
#include <sys/ioctl.h>

#include "abi/device.h"

struct shared_area {
    struct pith_shared shared;
    struct pith_console_config config[CONSOLES_MAX];
    struct queue_rings rings[CONSOLES_MAX][2];
};

struct boot_area {
    struct pith_boot boot;
    struct pith_device device[CONSOLES_MAX];
    char args[];
};

static uint64_t args_len(const struct boot_input *in)
{
    uint64_t len = 0;
    for (int i = 0; i < in->argc; i++)
        len += strlen(in->argv[i]) + 1;
    for (int i = 0; i < in->envc; i++)
        len += strlen(in->envp[i]) + 1;
    return len;
}

uint64_t boot_area_len(const struct boot_input *in)
{
    return sizeof(struct boot_area) + args_len(in);
}

uint64_t shared_area_len(void)
{
    return sizeof(struct shared_area);
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

static void write_device(struct machine *m, struct shared_area *shared, struct boot_area *boot,
                         unsigned i)
{
    struct console *c = &m->consoles.dev[i];
    struct pith_device *dev = &boot->device[i];

    dev->type = PITH_DEVICE_CONSOLE;
    dev->config = guest_addr(m, &shared->config[i]);
    dev->config_len = sizeof(shared->config[i]);
    dev->features = PITH_CONSOLE_F_STATUS;
    memcpy(dev->name, c->name, min_size(strlen(c->name), sizeof(dev->name) - 1));
    write_config(&shared->config[i], c);
    if (c->in >= 0)
        write_queue(m, &dev->queue[PITH_CONSOLE_RX], &c->rx, &shared->rings[i][PITH_CONSOLE_RX],
                    true);
    if (c->out >= 0)
        write_queue(m, &dev->queue[PITH_CONSOLE_TX], &c->tx, &shared->rings[i][PITH_CONSOLE_TX],
                    false);
}

void boot_write(struct machine *m, const struct boot_input *in)
{
    const struct layout *l = &m->layout;
    struct boot_area *area = (struct boot_area *)(m->mem + l->boot.at);
    struct shared_area *shared = (struct shared_area *)(m->mem + l->shared.at);
    const struct image_segment *root = &m->image.seg[IMAGE_ROOT];

    m->shared = &shared->shared;
    for (unsigned i = 0; i < m->consoles.count; i++)
        write_device(m, shared, area, i);
    write_args(area->args, in);

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
        .args = guest_addr(m, area->args),
        .args_len = args_len(in),
        .argc = (uint32_t)in->argc,
        .envc = (uint32_t)in->envc,
        .devices = guest_addr(m, area->device),
        .device_count = m->consoles.count,
        .enforced = in->enforced,
        .shared = guest_addr(m, shared),
        .hypercall = {in->hypercall},
        .clock = in->clock,
    };
    memcpy(area->boot.entropy, in->entropy, sizeof(in->entropy));
}
