/* SPDX-License-Identifier: MIT
 *
 * What becomes part of an image whose program makes netlink sockets itself: besides what is to be
 * read (netlink_parts.c) what changes things. */
struct nlmsghdr;

extern const void *const netlink_parts[];
int nl_change(const struct nlmsghdr *h);

extern const void *const netlink_all_parts[];
const void *const netlink_all_parts[] = {
    netlink_parts,
    (const void *)nl_change,
};
