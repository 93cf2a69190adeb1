/* SPDX-License-Identifier: MIT
 *
 * What becomes part of an image that may make packet sockets: these, and the network whose frames
 * they are (parts.c). */
struct ip_iface;
struct pkt;
struct isock;
struct sock_family;

extern const struct sock_family sock_family_packet;
extern const void *const inet_parts[];
int inet_filter_option(struct isock *i, int name, const void *value, unsigned len);
void packet_local(const struct ip_iface *i, const struct pkt *p);

extern const void *const packet_parts[];
const void *const packet_parts[] = {
    &sock_family_packet,
    inet_parts,
    (const void *)packet_local,
    (const void *)inet_filter_option,
};
