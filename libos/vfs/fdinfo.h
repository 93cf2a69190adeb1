/* SPDX-License-Identifier: MIT
 *
 * What /proc/self/fdinfo tells of files of some kinds. Weak: defined where there are such files. */
#ifndef PITH_VFS_FDINFO_H
#define PITH_VFS_FDINFO_H

#include <time.h>

#include "iface/fs.h"

#define FDINFO_HOOK __attribute__((weak, visibility("hidden")))

/* False: (f) is none of that kind. */
FDINFO_HOOK bool eventfd_look(const struct file *f, uint64_t *count, bool *semaphore);
FDINFO_HOOK bool signalfd_look(const struct file *f, uint64_t *mask);

struct fdinfo_timer {
    int clock;
    unsigned flags; /* of the last timerfd_settime */
    uint64_t ticks;
    struct itimerspec setting;
};
FDINFO_HOOK bool timerfd_look(const struct file *f, struct fdinfo_timer *timer);

/* Call (each) for all that (f) watches; nothing for files of another kind. */
FDINFO_HOOK void epoll_look(const struct file *f, void *arg,
                            void (*each)(void *arg, int fd, const struct file *target,
                                         uint32_t events, uint64_t data));
FDINFO_HOOK void inotify_look(const struct file *f, void *arg,
                              void (*each)(void *arg, int wd, const struct inode *inode,
                                           uint32_t mask));

#endif
