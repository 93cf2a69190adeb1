/* SPDX-License-Identifier: MIT
 *
 * What the programs with wrong and unusual arguments share. */
#ifndef WRONG_H
#define WRONG_H

#define _GNU_SOURCE
#include <dirent.h>
#include <limits.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>
#include "calls.h"

static inline struct timespec *tsp(long sec, long nsec)
{
    static struct timespec t;
    t = (struct timespec){sec, nsec};
    return &t;
}

static inline struct timeval *tvp(long sec, long usec)
{
    static struct timeval t;
    t = (struct timeval){sec, usec};
    return &t;
}

#endif
