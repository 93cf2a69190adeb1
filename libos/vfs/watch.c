/* SPDX-License-Identifier: MIT
 *
 * The list of those who watch a file: hardly ever more than one. */
#include "vfs/watch.h"

void watch_add(struct file_watch *w, struct file *f, void (*gone)(struct file_watch *w))
{
    w->waiter.queue = NULL;
    w->file = f;
    w->gone = gone;
    w->next = f->watches;
    w->link = &f->watches;
    if (w->next)
        w->next->link = &w->next;
    f->watches = w;
}

void watch_remove(struct file_watch *w)
{
    wait_remove(&w->waiter);
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
}

void file_watches_gone(struct file *f)
{
    while (f->watches)
        f->watches->gone(f->watches);
}
