/* SPDX-License-Identifier: MIT
 *
 * The names of /proc. There is one process, with number 1. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "mm/heap.h"
#include "proc/internal.h"
#include "proc/proc.h"
#include "thread/thread.h"

#define LINK(link, to)                                                                             \
    {                                                                                              \
        .name = link, .mode = S_IFLNK | 0777, .target = to                                         \
    }

static const struct tree_node sys_kernel_random[] = {
    TEXT("boot_id", proc_boot_id),
    TEXT("uuid", proc_uuid),
};

/* The limits are those that the calls keep to (posix/, vfs/pipe.h). */
static const struct tree_node sys_kernel[] = {
    TEXT("hostname", proc_hostname),
    TEXT("osrelease", proc_osrelease),
    SAYS("ostype", "Linux"),
    SAYS("pid_max", "32768"),
    SAYS("msgmax", "8192"),
    SAYS("msgmnb", "16384"),
    SAYS("msgmni", "32000"),
    SAYS("sem", "32000\t1024000000\t500\t32000"),
    SAYS("shmall", "18446744073692774399"), /* ULONG_MAX - (1 << 24) */
    SAYS("shmmax", "18446744073692774399"),
    SAYS("shmmni", "4096"),
    FOLDER("random", sys_kernel_random),
};

static const struct tree_node sys_fs_inotify[] = {
    SAYS("max_queued_events", "16384"),
    SAYS("max_user_watches", "65536"),
};

static const struct tree_node sys_fs[] = {
    SAYS("aio-max-nr", "65536"),
    SAYS("pipe-max-size", "1048576"),
    FOLDER("inotify", sys_fs_inotify),
};

static const struct tree_node sys_net_core[] = {SAYS("somaxconn", "4096")};
static const struct tree_node sys_net[] = {FOLDER("core", sys_net_core)};

static const struct tree_node sys_vm[] = {
    SAYS("overcommit_memory", "2"), /* memory that is promised is there */
};

static const struct tree_node sys[] = {
    FOLDER("fs", sys_fs),
    FOLDER("kernel", sys_kernel),
    FOLDER("net", sys_net),
    FOLDER("vm", sys_vm),
};

static ssize_t thread_self_link(struct inode *inode, char *buf, size_t size)
{
    struct text t = {0};

    (void)inode;
    text_str(&t, "1/task/");
    text_dec(&t, (uint64_t)thread_self->tid, 0, ' ');
    if (t.failed)
        return -ENOMEM;
    size_t n = min_size(size, t.len);
    memcpy(buf, t.buf, n);
    heap_free(t.buf, t.size);
    return (ssize_t)n;
}

/* Without a network, /proc/net and what it leads to are left out, the last of each. */
static struct tree_node top[] = {
    {.name = "1", .mode = S_IFDIR | 0555, .children = proc_self, .count = PROC_SELF_COUNT},
    LINK("self", "1"),
    {.name = "thread-self", .mode = S_IFLNK | 0777, .readlink = thread_self_link},
    LINK("mounts", "self/mounts"),
    TEXT("cpuinfo", proc_cpuinfo),
    TEXT("filesystems", proc_filesystems),
    TEXT("loadavg", proc_loadavg),
    TEXT("meminfo", proc_meminfo),
    TEXT("stat", proc_stat),
    TEXT("uptime", proc_uptime),
    TEXT("version", proc_version),
    FOLDER("sys", sys),
    LINK("net", "self/net"),
};

static struct tree_node root = {
    .name = "",
    .mode = S_IFDIR | 0555,
    .children = top,
    .count = ARRAY_LEN(top),
};

static int proc_start(struct fs *fs)
{
    top[0].count = PROC_SELF_COUNT - !proc_net;
    root.count = ARRAY_LEN(top) - !proc_net;
    if (proc_more)
        proc_more(&top[0]);
    if (proc_rare)
        proc_rare(&root);
    if (proc_sysvipc)
        proc_sysvipc(&root);
    return tree_start(fs, &root);
}

struct fs proc_fs = {.type = "proc", .dev = makedev(0, 4), .start = proc_start};
