/* SPDX-License-Identifier: MIT
 *
 * Those who hear of what happens to an open file, on its queue, until it goes: items of epolls
 * (vfs/epoll.c) and the owner of its signals (posix/async.c). */
#ifndef PITH_VFS_WATCH_H
#define PITH_VFS_WATCH_H

#include "vfs/fd.h"

/* In memory of whoever watches. */
struct file_watch {
    struct waiter waiter; /* to be put on the queue of (file) */
    struct file *file;
    struct file_watch *next, **link;    /* file->watches, and what points here */
    void (*gone)(struct file_watch *w); /* the file goes: must call watch_remove */
};

/* Makes (w) one of the watches of (f). */
void watch_add(struct file_watch *w, struct file *f, void (*gone)(struct file_watch *w));

/* Takes (w) off its file and off the queue. */
void watch_remove(struct file_watch *w);

#endif
