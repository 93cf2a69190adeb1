/* SPDX-License-Identifier: MIT
 *
 * What becomes part of an image that may make netlink sockets: these, and the network that they tell
 * of (parts.c). */
struct sock_family;

extern const struct sock_family sock_family_netlink;
extern const void *const inet_parts[];
void ip_changed(void);

extern const void *const netlink_parts[];
const void *const netlink_parts[] = {
    &sock_family_netlink,
    inet_parts,
    (const void *)ip_changed,
};
