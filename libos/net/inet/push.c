/* SPDX-License-Identifier: MIT
 *
 * Small writes to other machines are sent just before the next crossing to the host, which is when
 * the device would take them anyway: what a program writes in several calls becomes one segment
 * (header and body of an answer, say), without Nagle's delay. A program that computes instead of
 * waiting sends at the next tick. */
#include "inet/stream.h"
#include "iface/wait.h"

#define PUSH_BYTES (16u << 10) /* as much is worth a segment of its own at once */

static struct stream *pending;

static void before_crossing(void)
{
    if (!pending)
        return;
    inet_tcp_now();
    while (pending) {
        struct stream *t = pending;
        pending = t->push_next;
        t->push_pending = false;
        tcp_push(t->conn, false, false);
    }
    ip_run_local();
}

void inet_push(struct stream *t)
{
    if (tcp_path(t->conn)->local) {
        tcp_push(t->conn, false, false);
        return;
    }
    if (tcp_unsent(t->conn) >= PUSH_BYTES) /* what is no full segment may become one */
        tcp_push(t->conn, true, false);
    if (t->push_pending || tcp_unsent(t->conn) == 0)
        return;
    t->push_pending = true;
    t->push_next = pending;
    pending = t;
}

void inet_push_start(void)
{
    static struct wait_source source = {.before = before_crossing};

    wait_source_add(&source);
}

void inet_push_forget(struct stream *t)
{
    struct stream **at = &pending;

    if (!t->push_pending)
        return;
    while (*at != t)
        at = &(*at)->push_next;
    *at = t->push_next;
    t->push_pending = false;
}
