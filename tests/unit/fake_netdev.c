/* SPDX-License-Identifier: MIT
 *
 * Network devices for tests (fake_netdev.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_netdev.h"
#include "fake_plat.h"
#include "random/random.h"

unsigned fake_netdevs;
struct netdev fake_netdev[NETDEV_MAX];
const char *const *fake_settings;
bool fake_random_zero;

static struct pkt_queue sent[NETDEV_MAX];

static void send(struct netdev *dev, struct pkt *list)
{
    for (struct pkt *p = list, *next; p; p = next) {
        next = p->next;
        pkt_queue_put(&sent[dev->index], p);
    }
}

int netdev_get(unsigned index, struct netdev **dev)
{
    static const struct netdev_ops ops = {send};

    if (index >= fake_netdevs)
        return -ENODEV;
    *dev = &fake_netdev[index];
    if (!(*dev)->ops) {
        **dev = (struct netdev){
            .ops = &ops,
            .name = "net",
            .mac = {2, [5] = (uint8_t)index},
            .mtu = 1500,
            .index = index,
            .link = true,
        };
        pkt_queue_init(&sent[index]);
    }
    return 0;
}

const char *plat_setting(const char *name, unsigned nth)
{
    size_t len = strlen(name);

    for (const char *const *s = fake_settings; s && *s; s++)
        if (strncmp(*s, name, len) == 0 && (*s)[len] == '=' && nth-- == 0)
            return *s + len + 1;
    return NULL;
}

void random_bytes(void *buf, size_t len)
{
    static uint64_t state = 1;

    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)buf)[i] = fake_random_zero ? 0 : (uint8_t)(state >> 40);
    }
}

void fake_netdev_receive(unsigned number, const void *frame, size_t len, size_t piece)
{
    struct netdev *dev = &fake_netdev[number];
    struct pkt *p = NULL;

    if (piece == 0 || piece > PKT_LARGE)
        piece = PKT_LARGE;
    for (size_t at = 0; at < len || !p;) {
        size_t n = min_size(piece, len - at);
        /* Room behind, as a device's buffers have. */
        struct pkt *q = pkt_alloc(0, p ? n : PKT_LARGE);
        if (!q) {
            pkt_free(p);
            return;
        }
        if (n)
            memcpy(q->data, (const char *)frame + at, n);
        q->len = q->total = (uint32_t)n;
        at += n;
        if (p)
            pkt_append(p, q);
        else
            p = q;
    }
    dev->input(dev, p);
}

size_t fake_netdev_sent(unsigned number, uint8_t frame[FAKE_FRAME])
{
    struct pkt *p = pkt_queue_take(&sent[number]);

    if (!p)
        return 0;
    size_t len = p->total;
    if (len > FAKE_FRAME || p->flags & PKT_CSUM_PARTIAL)
        abort();
    pkt_copy(p, 0, frame, len);
    pkt_free(p);
    return len;
}

unsigned fake_netdev_drop(unsigned number)
{
    unsigned count = sent[number].count;

    pkt_free_list(sent[number].first);
    pkt_queue_init(&sent[number]);
    return count;
}

void fake_netdev_pass(nsec_t time)
{
    nsec_t until = fake.now + time, next;

    while ((next = timer_next()) <= until) {
        if (next > fake.now)
            fake.now = next;
        timer_run(fake.now);
    }
    fake.now = until;
}
