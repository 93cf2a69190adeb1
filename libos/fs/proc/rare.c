/* SPDX-License-Identifier: MIT
 *
 * Names of /proc that few programs ask for: they come where a string of the program names one
 * (decision 62), and are put into the tree that is there. */
#include <errno.h>
#include <string.h>

#include "proc/internal.h"

/* Kept for whoever asks: nobody ends programs for want of memory but themselves. */
static int oom_score_adj;

static void oom_score(struct text *t)
{
    if (oom_score_adj < 0)
        text_char(t, '-');
    text_dec(t, (uint64_t)(oom_score_adj < 0 ? -oom_score_adj : oom_score_adj), 0, ' ');
    text_char(t, '\n');
}

static ssize_t oom_score_write(int number, const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-', digits = at;
    int value = 0;

    (void)number;
    for (; at < len && text[at] >= '0' && text[at] <= '9' && value <= 1000; at++)
        value = value * 10 + (text[at] - '0');
    if (at == digits || value > 1000 || (at < len && (text[at] != '\n' || at + 1 < len)))
        return -EINVAL;
    oom_score_adj = digits ? -value : value;
    return (ssize_t)len;
}

static const struct tree_node self[] = {
    SAYS("cgroup", "0::/"),
    SAYS("coredump_filter", "00000033"),
    SAYS("gid_map", "         0          0 4294967295"),
    {.name = "loginuid", .mode = S_IFREG | 0644, .says = "4294967295"},
    SAYS("oom_score", "0"),
    {.name = "oom_score_adj", .mode = S_IFREG | 0644, .text = oom_score, .write = oom_score_write},
    {.name = "sessionid", .mode = S_IFREG | 0444, .says = "4294967295"},
    SAYS("setgroups", "allow"),
    SAYS("timerslack_ns", "50000"),
    SAYS("uid_map", "         0          0 4294967295"),
    {.name = "wchan", .mode = S_IFREG | 0444, .says = "0"},
};

static const struct tree_node sys_fs_mqueue[] = {
    SAYS("msg_default", "10"),   SAYS("msg_max", "10"),     SAYS("msgsize_default", "8192"),
    SAYS("msgsize_max", "8192"), SAYS("queues_max", "256"),
};
static const struct tree_node sys_fs_inotify[] = {SAYS("max_user_instances", "1024")};

/* The limits are those that the calls keep to. */
static const struct tree_node sys_fs[] = {
    SAYS("file-max", "9223372036854775807"),
    FOLDER("inotify", sys_fs_inotify),
    FOLDER("mqueue", sys_fs_mqueue),
    SAYS("nr_open", "65536"),
    SAYS("overflowgid", "65534"),
    SAYS("overflowuid", "65534"),
    SAYS("protected_hardlinks", "1"),
};

static const struct tree_node sys_kernel[] = {
    SAYS("cap_last_cap", "40"),      SAYS("core_pattern", "core"), SAYS("domainname", "(none)"),
    SAYS("ngroups_max", "65536"),    SAYS("overflowgid", "65534"), SAYS("overflowuid", "65534"),
    SAYS("randomize_va_space", "2"), SAYS("threads-max", "32768"),
};

static const struct tree_node sys_net_core[] = {
    SAYS("rmem_default", "212992"),
    SAYS("rmem_max", "4194304"),
    SAYS("wmem_default", "212992"),
    SAYS("wmem_max", "4194304"),
};

static const struct tree_node sys_net_ipv4[] = {
    SAYS("ip_default_ttl", "64"),
    SAYS("ip_forward", "0"),
    SAYS("ip_local_port_range", "32768\t60999"),
    SAYS("tcp_available_congestion_control", "reno cubic"),
    SAYS("tcp_congestion_control", "cubic"),
    SAYS("tcp_fin_timeout", "60"),
    SAYS("tcp_keepalive_intvl", "75"),
    SAYS("tcp_keepalive_probes", "9"),
    SAYS("tcp_keepalive_time", "7200"),
    SAYS("tcp_rmem", "1152\t131072\t4194304"),
    SAYS("tcp_sack", "1"),
    SAYS("tcp_syncookies", "1"),
    SAYS("tcp_timestamps", "1"),
    SAYS("tcp_window_scaling", "1"),
    SAYS("tcp_wmem", "4608\t131072\t4194304"),
};

static const struct tree_node sys_net[] = {
    FOLDER("core", sys_net_core),
    FOLDER("ipv4", sys_net_ipv4),
};

static const struct tree_node sys_vm[] = {
    SAYS("max_map_count", "65530"),
    SAYS("mmap_min_addr", "65536"),
    SAYS("overcommit_ratio", "100"),
    SAYS("swappiness", "0"),
};

static const struct tree_node sys[] = {
    FOLDER("fs", sys_fs),
    FOLDER("kernel", sys_kernel),
    FOLDER("net", sys_net),
    FOLDER("vm", sys_vm),
};

static const struct tree_node top[] = {
    FOLDER("1", self),
    SAYS("cmdline", ""),
    {.name = "devices",
     .mode = S_IFREG | 0444,
     .says = "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n"
             "136 pts\n\nBlock devices:\n254 virtblk\n"},
    {.name = "modules", .mode = S_IFREG | 0444, .says = ""},
    SAYS("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"),
    FOLDER("sys", sys),
};

void proc_rare(struct tree_node *root)
{
    (void)tree_add(root, top, ARRAY_LEN(top));
}
