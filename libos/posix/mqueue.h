/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues, for mq_notify, which is linked only where it is used. */
#ifndef PITH_POSIX_MQUEUE_H
#define PITH_POSIX_MQUEUE_H

#include <mqueue.h>
#include <signal.h>

#include "base/list.h"
#include "iface/fs.h"

struct mqueue {
    struct list node; /* of those that have a name, or an empty list */
    struct list messages;
    struct mq_attr attr; /* mq_flags is not used */
    struct wait_queue wait;
    unsigned files, receivers; /* open, and waiting for a message */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    unsigned char name_len;
    char name[255];
    /* Set by mq_notify: tells the program that the empty queue has got a message. */
    void (*notify)(struct mqueue *q);
    struct sigevent event;
    struct file *listener; /* SIGEV_THREAD: the pipe of libc's thread, held; else NULL */
};

/* Ends the notification of (q), if there is one. */
void mqueue_forget(struct mqueue *q);

/* The queue of descriptor (fd), NULL: EBADF. */
struct mqueue *mqueue_get(long fd);

#endif
