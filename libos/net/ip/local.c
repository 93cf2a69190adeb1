/* SPDX-License-Identifier: MIT
 *
 * Packets of this machine to itself. */
#include "iface/lend.h"
#include "ip/internal.h"

static struct pkt_queue queue;
static bool running;

/* What comes by an interface other than lo (its own groups and broadcasts) remembers it in cb. */
void ip_send_local(struct ip_iface *i, struct pkt *p)
{
    if (lend_settle && !(p = lend_settle(p)))
        return;
    if (!queue.last)
        pkt_queue_init(&queue);
    p->flags = (uint8_t)((p->flags & PKT_CSUM_PARTIAL ? PKT_CSUM_OK : 0) |
                         (p->flags & PKT_OURS) | PKT_LOOPBACK);
    *(struct ip_iface **)p->cb = i;
    pkt_queue_put(&queue, p);
}

void ip_run_local(void)
{
    struct pkt *p;

    if (running)
        return;
    running = true;
    do {
        while (queue.last && (p = pkt_queue_take(&queue))) {
            struct ip_iface *i = *(struct ip_iface **)p->cb;
            if (packet_local)
                packet_local(i, p);
            ip_input_one(i, p);
        }
        ip_protocols_done();
    } while (queue.first);
    running = false;
}
