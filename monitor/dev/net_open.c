/* SPDX-License-Identifier: MIT
 *
 * Opening network devices, before the sandbox closes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/net_user.h"

#define HEADER_LEN   12

static int refuse(const struct net *n, int err, const char *step, const char *advice)
{
    say("--net tap:%s: %s: %s%s", n->host, step, strerror(-err), advice);
    return err;
}

/* The device must be there, up or not: one that we made would vanish with us, and nobody would have
 * given it an address. Sets the MTU. */
static int look_up(struct net *n)
{
    struct ifreq r = {.ifr_mtu = 0};
    strncpy(r.ifr_name, n->host, IFNAMSIZ - 1);
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return refuse(n, -errno, "cannot look for the device", "");
    int err = ioctl(s, SIOCGIFMTU, &r) ? -errno : 0;
    close(s);
    if (err)
        return refuse(n, err, "looking for the device in this network namespace",
                      ": make it with pith net up NAME, or ip tuntap add dev NAME mode tap "
                      "vnet_hdr");
    n->mtu = (uint16_t)min_size((size_t)r.ifr_mtu, 65535);
    return 0;
}

static int attach(struct net *n, int fd)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int header = HEADER_LEN;
    unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    strncpy(r.ifr_name, n->host, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &r))
        return refuse(n, -errno, "attaching to the device",
                      errno == EBUSY    ? ": another program uses it"
                      : errno == EINVAL ? ": it must be of mode tap, with vnet_hdr and without "
                                          "multi_queue"
                                        : ": its owner (ip tuntap ... user NAME) or root may");
    if (ioctl(fd, TUNSETVNETHDRSZ, &header))
        return refuse(n, -errno, "setting the length of the header", "");
    n->offloads = ioctl(fd, TUNSETOFFLOAD, offloads) == 0;
    return 0;
}

static int open_tap(struct net *n)
{
    if (strlen(n->host) >= IFNAMSIZ)
        return refuse(n, -ENAMETOOLONG, "looking for the device", "");
    int err = look_up(n);
    if (err)
        return err;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return refuse(n, -errno, "opening /dev/net/tun", "");
    n->fd = fcntl(fd, F_DUPFD_CLOEXEC, NET_FD_APART);
    if (n->fd < 0)
        return refuse(n, -errno, "moving its descriptor", "");
    close(fd);
    return attach(n, n->fd);
}

static int open_one(const struct nets *ns, struct net *n)
{
    if (getrandom(n->mac, sizeof(n->mac), 0) != (ssize_t)sizeof(n->mac))
        return refuse(n, -EIO, "no random numbers from the host", "");
    n->mac[0] = (uint8_t)((n->mac[0] & 0xfe) | 2); /* one station, administered locally */
    return n->host ? open_tap(n) : net_user_open(ns, n);
}

int nets_open(struct nets *ns)
{
    int err = 0;
    for (unsigned i = 0; i < ns->count && !err; i++)
        err = open_one(ns, &ns->dev[i]);
    if (ns->count)
        (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* a rest (moderation.h) is as long as it says */
    return err;
}

int nets_place(struct nets *ns, unsigned first_fd)
{
    for (unsigned i = 0; i < ns->count; i++) {
        int to = (int)(first_fd + i);
        if (dup2(ns->dev[i].fd, to) < 0)
            return -errno;
        close(ns->dev[i].fd);
        ns->dev[i].fd = to;
    }
    return 0;
}
