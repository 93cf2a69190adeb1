/* SPDX-License-Identifier: MIT
 *
 * The driver of network devices, included whole, to be started afresh again and again, and what is
 * around it: the platform with one device, whose queues a test plays. */
#ifndef PITH_TESTS_NET_DRIVER_H
#define PITH_TESTS_NET_DRIVER_H

#include <assert.h>

#include "fake_mm.h"
#include "fake_pkt.h"
#include "fake_virtio.h"

#include "../../libos/virtio/net.c"

static struct fake_queue rx, tx;
static struct pith_net_config config;
static struct plat_device device;
static unsigned stops, polls;
static bool serving; /* the device takes what is sent during a poll */
static nsec_t time_now = 1000;

int plat_device_at(unsigned type, unsigned index, struct plat_device *to)
{
    assert(type == PITH_DEVICE_NET);
    if (index > 0)
        return -ENODEV;
    *to = device;
    return 0;
}

void plat_device_stop(unsigned number)
{
    (void)number;
    stops++;
}

int plat_poll(nsec_t deadline)
{
    int head;

    assert(deadline < time_now + NSEC_PER_SEC);
    if (deadline > time_now)
        time_now = deadline;
    polls++;
    while (serving && (head = fake_queue_fetch(&tx)) >= 0)
        fake_queue_use(&tx, (uint32_t)head, 0);
    return 0;
}

int wait_poll(nsec_t deadline)
{
    return plat_poll(deadline);
}

void wait_serve(void)
{
    (void)plat_poll(DEADLINE_NOW);
}

void wait_source_add(struct wait_source *s)
{
    (void)s;
}

void timer_set(struct timer *t, nsec_t at, void (*fn)(struct timer *t))
{
    t->at = at;
    t->fn = fn;
    t->armed = true;
}

void timer_cancel(struct timer *t)
{
    t->armed = false;
}

nsec_t clock_monotonic(void)
{
    return time_now;
}

void upcall_start(void)
{
}

void log_line(const char *format, ...)
{
    (void)format;
}

/* The driver's device with all that it has: a driver's stays for ever. */
static void throw_away(void)
{
    struct net *n = nets[0];

    nets[0] = NULL;
    net_count = 0;
    class.unsound = 0;
    if (!n)
        return;
    for (unsigned i = 0; i < SLOTS_MAX; i++) {
        pkt_free(n->rx_pkt[i]);
        pkt_free(n->tx_pkt[i]);
    }
    pkt_free_list(n->backlog.first);
    heap_free(n, sizeof(*n));
}

/* Describes a device with queues of these sizes, new and honest. */
static void describe(unsigned rx_size, unsigned tx_size)
{
    throw_away();
    stops = polls = 0;
    serving = true;
    fake_queue_reset(&rx, rx_size);
    fake_queue_reset(&tx, tx_size);
    config = (struct pith_net_config){.mac = {2, 0, 0, 0, 0, 1}, .status = 1, .mtu = 1500};
    device = (struct plat_device){
        .type = PITH_DEVICE_NET,
        .name = "net0",
        .features = F_MAC | F_MTU | F_MRG_RXBUF | F_STATUS | F_CSUM | F_GUEST_CSUM | F_HOST_TSO4,
        .config = &config,
        .config_len = sizeof(config),
    };
    device.queue[PITH_NET_RX] = fake_queue_plat(&rx);
    device.queue[PITH_NET_TX] = fake_queue_plat(&tx);
}

#endif
