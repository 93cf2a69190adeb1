/* SPDX-License-Identifier: MIT
 *
 * Each packet is one block, written by one call behind what is there, straight from where the packet
 * lies. The file is open all the time: a trace is whole up to the last packet however the machine
 * ends. */
#include "monitor/dev/net_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/core/sys.h"

#define HERE     (-1l)

#define LINK_ETHERNET 1
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_DEVICE  1u
#define BLOCK_PACKET  6u
#define ORDER_MAGIC   0x1a2b3c4du
#define OPT_NAME      2
#define OPT_ABOUT     3
#define OPT_TSRESOL   9
#define OPT_FLAGS     2 /* of a packet */

static struct {
    int fd; /* 0: no trace, or it has ended */
    const char *path;
    int (*gettime)(int clock, struct timespec *ts);
} trace;

struct section {
    uint32_t type, len, magic;
    uint16_t major, minor;
    uint64_t section_len;
    uint32_t len_again;
} __attribute__((packed));

struct packet_start {
    uint32_t type, len, device, time_high, time_low, captured, original;
};

struct packet_end {
    uint16_t flags_code, flags_len;
    uint32_t flags;
    uint32_t end_of_options;
    uint32_t len_again;
};

/* Appends an option with its padding. Returns its length. */
static size_t put_option(uint8_t *to, uint16_t code, const void *value, size_t len)
{
    uint16_t head[2] = {code, (uint16_t)len};

    memcpy(to, head, sizeof(head));
    memcpy(to + sizeof(head), value, len);
    memset(to + sizeof(head) + len, 0, align_up(len, 4) - len);
    return sizeof(head) + align_up(len, 4);
}

/* The description of device (n): named as the program names it. */
static size_t put_device(uint8_t *to, const struct net *n)
{
    char name[] = "eth0", about[5 + 16 + 1] = "user"; /* IFNAMSIZ with its end */
    const uint8_t nanoseconds = 9;
    const uint16_t link[2] = {LINK_ETHERNET, 0};
    const uint32_t type = BLOCK_DEVICE, no_limit = 0;
    size_t at = 8;

    name[3] = n->name[3];
    if (n->host) {
        memcpy(about, "tap:", 4);
        strncpy(about + 4, n->host, sizeof(about) - 5);
    }
    memcpy(to + at, link, sizeof(link));
    memcpy(to + at + 4, &no_limit, 4);
    at += 8;
    at += put_option(to + at, OPT_NAME, name, strlen(name));
    at += put_option(to + at, OPT_ABOUT, about, strlen(about));
    at += put_option(to + at, OPT_TSRESOL, &nanoseconds, 1);
    memset(to + at, 0, 4); /* the end of options */
    at += 4;
    uint32_t len = (uint32_t)at + 4;
    memcpy(to, &type, 4);
    memcpy(to + 4, &len, 4);
    memcpy(to + at, &len, 4);
    return len;
}

static int refuse(const char *path, int err)
{
    say("--net-trace %s: %s", path, strerror(-err));
    return err;
}

int net_trace_open(const struct nets *ns, int (*gettime)(int clock, struct timespec *ts))
{
    const struct section section = {BLOCK_SECTION, sizeof(section), ORDER_MAGIC,    1, 0,
                                    ~0ull /* not known yet */,      sizeof(section)};
    uint8_t start[sizeof(section) + NETS_MAX * 96];
    size_t len = sizeof(section);

    if (!ns->trace)
        return 0;
    int fd = open(ns->trace, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0)
        return refuse(ns->trace, -errno);
    int apart = fcntl(fd, F_DUPFD_CLOEXEC, NET_FD_APART);
    int err = apart < 0 ? -errno : 0;
    close(fd);
    if (err)
        return refuse(ns->trace, err);
    memcpy(start, &section, sizeof(section));
    for (unsigned i = 0; i < ns->count; i++)
        len += put_device(start + len, &ns->dev[i]);
    ssize_t done = write(apart, start, len);
    if (done != (ssize_t)len)
        return refuse(ns->trace, done < 0 ? -errno : -ENOSPC);
    signal(SIGXFSZ, SIG_IGN); /* a limit of the file's length is an error of the write, then */
    trace.fd = apart;
    trace.path = ns->trace;
    trace.gettime = gettime;
    return 0;
}

int net_trace_place(unsigned fd)
{
    if (!trace.fd)
        return 0;
    if (dup2(trace.fd, (int)fd) < 0)
        return -errno;
    close(trace.fd);
    trace.fd = (int)fd;
    return 1;
}

/* Copies the (len) bytes behind (skip) of (from), as parts. Returns how many parts. */
static int select_parts(struct iovec *to, const struct iovec *from, int count, size_t skip,
                        size_t len)
{
    int n = 0;

    for (int i = 0; i < count && len > 0; i++) {
        size_t off = min_size(skip, from[i].iov_len);
        size_t here = min_size(from[i].iov_len - off, len);
        skip -= off;
        len -= here;
        if (here > 0)
            to[n++] = (struct iovec){(char *)from[i].iov_base + off, here};
    }
    return n;
}

static void write_block(struct iovec *iov, int count, size_t len)
{
    long done;

    do
        done = sys6(SYS_pwritev2, trace.fd, (long)iov, count, HERE, HERE, 0);
    while (done == -EINTR);
    if (done == (long)len)
        return;
    say("--net-trace %s: the trace ends here%s: %s", trace.path,
        done > 0 ? ", within a packet" : "",
        done >= 0            ? "no room for all of it"
        : done == -EFAULT    ? "a packet is in memory that cannot be read"
                             : strerror((int)-done));
    trace.fd = 0;
}

void net_trace(const struct net *n, enum net_trace_way way, const struct iovec *iov, int count,
               size_t skip, size_t len)
{
    static const char zeros[4];
    struct iovec all[NET_TRACE_PARTS + 3];
    struct timespec ts = {0, 0};

    if (!trace.fd || count > NET_TRACE_PARTS)
        return;
    size_t padding = align_up(len, 4) - len;
    uint32_t total =
        (uint32_t)(sizeof(struct packet_start) + len + padding + sizeof(struct packet_end));
    trace.gettime(CLOCK_REALTIME, &ts);
    uint64_t time = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    struct packet_start start = {BLOCK_PACKET,   total,         (uint32_t)(n->name[3] - '0'),
                                 (uint32_t)(time >> 32), (uint32_t)time, (uint32_t)len,
                                 (uint32_t)len};
    struct packet_end end = {OPT_FLAGS, 4, way, 0, total};
    int parts = 0;
    all[parts++] = (struct iovec){&start, sizeof(start)};
    parts += select_parts(all + parts, iov, count, skip, len);
    if (padding)
        all[parts++] = (struct iovec){(char *)zeros, padding};
    all[parts++] = (struct iovec){&end, sizeof(end)};
    write_block(all, parts, total);
}
