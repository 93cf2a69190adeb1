/* SPDX-License-Identifier: MIT
 *
 * What becomes part of an image that may make internet sockets. Elsewhere these are weak, so that
 * other images have none of them; here they are not. */
struct ip_iface;
struct netdev;
struct sock_family;
struct tree_node;

extern const struct sock_family sock_family_inet, sock_family_inet6;
void dhcp_start(struct ip_iface *i);
void process_ends(void);
struct inode;
struct text;
int etc_start(struct inode *etc, void (*hostname)(struct text *t));
long sock_interface_ioctl(unsigned long request, long arg);
int netdev_get(unsigned index, struct netdev **dev);

extern const struct tree_node proc_net; /* the first of several */

extern const void *const inet_parts[], *const inet_proc_parts[];
const void *const inet_parts[] = {
    &sock_family_inet,
    &sock_family_inet6,
    (const void *)dhcp_start,
    (const void *)netdev_get,
    (const void *)process_ends,
    (const void *)etc_start,
    (const void *)sock_interface_ioctl,
};

/* Nothing names this: the linker finds what is in it for /proc, which names it weakly, and leaves it
 * out where there is no /proc. */
const void *const inet_proc_parts[] = {&proc_net};
