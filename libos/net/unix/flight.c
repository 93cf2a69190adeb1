/* SPDX-License-Identifier: MIT
 *
 * Sockets in flight. A socket whose descriptors are all closed lives on while it is in a message.
 * If that message is in its own queue, or in that of another such socket, and so on, nobody can
 * ever receive it: such cycles are found here, and broken.
 *
 * A suspect is a socket that nothing but messages refers to. It can be reached if one of these is
 * in the queue of a socket that is no suspect, or of a suspect that can be reached. What is waiting
 * to be accepted counts as part of the listening socket. */
#include "unix/internal.h"

/* All sockets with flights. */
static struct list flying = LIST_INIT(flying);

size_t flight_count;

/* The Unix socket behind (f), or NULL. */
static struct usock *usock_of(const struct file *f)
{
    struct socket *s = sock_of_file(f);

    return s && s->domain == AF_UNIX ? to_unix(s) : NULL;
}

void flight_begin(struct file *f)
{
    struct usock *u = usock_of(f);

    flight_count++;
    if (u && u->flights++ == 0)
        list_insert(&flying, &u->flight);
}

void flight_end(struct file *f)
{
    struct usock *u = usock_of(f);

    flight_count--;
    if (u && --u->flights == 0)
        list_remove(&u->flight);
}

typedef void (*child_fn)(struct usock *child, struct list *work);

/* Calls (fn) for each suspect that is in a message in the queue of (u) itself. */
static void each_in_queue(struct usock *u, child_fn fn, struct list *work)
{
    for (struct umsg *q = queue_first(u); q; q = queue_next(u, q)) {
        for (unsigned i = 0; q->files && i < q->files->count; i++) {
            struct usock *child = usock_of(q->files->files[i]);
            if (child && child->suspect)
                fn(child, work);
        }
    }
}

static void each_child(struct usock *u, child_fn fn, struct list *work)
{
    if (u->state != UNIX_LISTENING) {
        each_in_queue(u, fn, work);
        return;
    }
    list_for_each(node, &u->queue) each_in_queue(list_entry(node, struct usock, node), fn, work);
}

static void count_inside(struct usock *child, struct list *work)
{
    (void)work;
    child->inside++;
}

static void reach(struct usock *u, struct list *work)
{
    if (u->reachable)
        return;
    u->reachable = true;
    list_remove(&u->flight);
    list_insert(work, &u->flight);
}

static struct usock *flying_one(struct list *node)
{
    return list_entry(node, struct usock, flight);
}

/* Finds out which sockets in flight can be reached. */
static void mark(void)
{
    struct list work = LIST_INIT(work), reached = LIST_INIT(reached), *next;

    list_for_each(node, &flying)
    {
        struct usock *u = flying_one(node);
        u->suspect = u->sock.file->refs == u->flights;
        u->reachable = !u->suspect;
        u->inside = 0;
    }
    list_for_each(node, &flying) if (flying_one(node)->suspect)
        each_child(flying_one(node), count_inside, NULL);
    for (struct list *node = flying.next; node != &flying; node = next) {
        next = node->next;
        if (flying_one(node)->inside < flying_one(node)->flights)
            reach(flying_one(node), &work);
    }
    while (!list_empty(&work)) {
        struct list *node = work.next;
        list_remove(node);
        list_insert(&reached, node);
        each_child(flying_one(node), reach, &work);
    }
    while (!list_empty(&reached)) {
        struct list *node = reached.next;
        list_remove(node);
        list_insert(&flying, node);
    }
}

/* Takes the files out of the messages in the queue of (u) itself, onto a list. */
static void take_files(struct usock *u, struct ufiles **list)
{
    for (struct umsg *q = queue_first(u); q; q = queue_next(u, q)) {
        if (q->files) {
            q->files->next = *list;
            *list = q->files;
            q->files = NULL;
        }
    }
}

void flight_collect(void)
{
    static bool collecting;
    struct ufiles *lost = NULL, *next;

    if (collecting || list_empty(&flying))
        return;
    collecting = true;
    mark();
    list_for_each(node, &flying)
    {
        struct usock *u = flying_one(node);
        if (u->reachable)
            continue;
        if (u->state != UNIX_LISTENING)
            take_files(u, &lost);
        else
            list_for_each(waiting, &u->queue)
                take_files(list_entry(waiting, struct usock, node), &lost);
    }
    /* Closing the last one of a socket leads to its release, and that back here. */
    for (; lost; lost = next) {
        next = lost->next;
        files_drop(lost);
    }
    collecting = false;
}
