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

#define TEXT(file, makes)                                                                          \
    {                                                                                              \
        .name = file, .mode = S_IFREG | 0444, .text = makes                                        \
    }
#define FOLDER(folder, nodes)                                                                      \
    {                                                                                              \
        .name = folder, .mode = S_IFDIR | 0555, .children = nodes, .count = ARRAY_LEN(nodes)       \
    }
#define LINK(link, to)                                                                             \
    {                                                                                              \
        .name = link, .mode = S_IFLNK | 0777, .target = to                                         \
    }

static const struct tree_node sys_kernel_random[] = {
    TEXT("boot_id", proc_boot_id),
    TEXT("uuid", proc_uuid),
};

static const struct tree_node sys_kernel[] = {
    TEXT("hostname", proc_hostname),     TEXT("osrelease", proc_osrelease),
    TEXT("ostype", proc_ostype),         TEXT("pid_max", proc_pid_max),
    FOLDER("random", sys_kernel_random),
};

static const struct tree_node sys_net_core[] = {TEXT("somaxconn", proc_somaxconn)};
static const struct tree_node sys_net[] = {FOLDER("core", sys_net_core)};
static const struct tree_node sys_vm[] = {TEXT("overcommit_memory", proc_overcommit)};

static const struct tree_node sys[] = {
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
    return tree_start(fs, &root);
}

struct fs proc_fs = {.type = "proc", .dev = makedev(0, 4), .start = proc_start};
