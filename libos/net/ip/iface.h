/* SPDX-License-Identifier: MIT
 *
 * Interfaces: devices as IP sees them, with addresses, routes and memberships. Index 1 is the
 * loopback "lo", which is always there; those of devices follow as "eth0", "eth1", ... */
#ifndef PITH_IP_IFACE_H
#define PITH_IP_IFACE_H

#include "base/base.h"
#include "iface/netdev.h"
#include "iface/timer.h"
#include "wire/addr.h"
#include "wire/ether.h"

enum ip_addr_state {
    IP_ADDR_TENTATIVE, /* not to be used yet */
    IP_ADDR_PREFERRED,
    IP_ADDR_DEPRECATED,
    IP_ADDR_DUPLICATE,
};

struct ip_iface_addr {
    struct ip_addr addr;
    uint8_t prefix; /* bits of the network, of 32 or 128 */
    enum ip_addr_state state;
    bool dynamic;                        /* from DHCP or SLAAC */
    nsec_t preferred_until, valid_until; /* DEADLINE_NEVER */
    nsec_t detect_until; /* IPv6, or dynamic: until then duplicate address detection goes on, while
                            the address is used already ("optimistic", RFC 4429); 0: it is over */
    struct ip_iface_addr *next;
};

struct ip_group;

struct ip_iface {
    char name[16];
    unsigned index;
    struct netdev *dev; /* NULL: loopback */
    uint16_t mtu6;      /* of IPv6, as routers say; 0: (mtu) */
    uint16_t mtu;       /* may be smaller than the device's */
    bool up;
    bool promiscuous;
    struct ip_iface_addr *addrs;
    struct ip_group *groups;
    uint8_t hop_limit; /* of routers' advertisements; 64 */
    nsec_t reachable_time, retrans_timer;
    struct ip_iface *next;
    /* The link layer's, NULL for the loopback. output: sends (p), from its IP header on, to the
     * neighbour (hop), or resolves that first; takes it. link_header: writes the header for packets
     * to (hop); false if its address is not known yet. announce: (addr) is ours now. */
    void (*output)(struct ip_iface *i, const struct ip_addr *hop, struct pkt *p);
    bool (*link_header)(struct ip_iface *i, const struct ip_addr *hop, struct wire_ether *header);
    void (*announce)(struct ip_iface *i, const struct ip_addr *addr);
};

/* Sets up (i), whose device is set, as an Ethernet link. Implemented by link/. */
void ethernet_attach(struct ip_iface *i);

/* Ask whether an address is free (RFC 4862, 5.4.2; RFC 5227, 2.1.1). By link/. */
void arp_probe(struct ip_iface *i, const struct ip_addr *addr);
void ndp_probe(struct ip_iface *i, const struct ip_addr *addr);

/* ff02::1:ffxx:xxxx, the group in which the owner of (addr) is asked for. In group.c. */
struct ip_addr ip_solicited_node(const struct ip_addr *addr);

/* Duplicate address detection: somebody else has, or asks for, (addr): if detection goes on for it,
 * it is not ours any more, and the answer is true. And whether it goes on. */
bool ip_dad_conflict(struct ip_iface *i, const struct ip_addr *addr);
bool ip_addr_is_optimistic(const struct ip_iface *i, const struct ip_addr *addr);

/* Something that ends by itself, an address or a route, does so at (at). */
void ip_deadline(nsec_t at);

/* Gives an address new lifetimes. */
void ip_addr_set_lifetimes(struct ip_iface_addr *a, nsec_t preferred_until, nsec_t valid_until);

/* Hook of DHCP: detection has found that somebody else has (addr), which goes; weak. */
#define IP_HOOK __attribute__((weak, visibility("hidden")))
IP_HOOK void dhcp_conflict(struct ip_iface *i, const struct ip_addr *addr);

/* Starts to get addresses for (i), beside everything else. In dhcp/, weak: linked where something
 * names it; and in link/. */
IP_HOOK void dhcp_start(struct ip_iface *i);
void slaac_start(struct ip_iface *i);

/* What the first lease of (i) still lacks, in words (static text). NULL: it has come, or nobody asked
 * for one. Weak. */
IP_HOOK const char *dhcp_pending(const struct ip_iface *i);

/* The link is there again, perhaps another one: who has been started asks anew. */
IP_HOOK void dhcp_again(struct ip_iface *i);
void slaac_again(struct ip_iface *i);

extern struct ip_iface *ip_ifaces;

struct ip_iface *ip_iface_by_index(unsigned index);
struct ip_iface *ip_iface_by_name(const char *name);

/* Adds an address and the route to its network. It is used at once; duplicate address detection of
 * IPv6's and of dynamic ones starts, and takes it away if somebody else has it. When (valid_until)
 * comes it goes. -EEXIST, -ENOMEM, -EINVAL. */
must_check int ip_iface_add_addr(struct ip_iface *i, const struct ip_addr *addr, unsigned prefix,
                                 bool dynamic, nsec_t preferred_until, nsec_t valid_until);
int ip_iface_del_addr(struct ip_iface *i, const struct ip_addr *addr, unsigned prefix);

/* The network of (addr): its first (bits) of 128. And the lower half of an IPv6 address: the
 * modified EUI-64 of the device (RFC 4291, appendix A). */
struct ip_addr ip_network(const struct ip_addr *addr, unsigned bits);
void ip_eui64(const struct netdev *dev, struct ip_addr *addr);

/* Whose address this is: NULL if nobody's. (any_state): also tentative ones. */
struct ip_iface *ip_addr_owner(const struct ip_addr *addr, bool any_state);

/* The address of (i) to speak from to (to) by way of (hop). */
bool ip_source(const struct ip_iface *i, const struct ip_addr *to, const struct ip_addr *hop,
               struct ip_addr *from);

/* Whether (addr) is the broadcast address of one of our networks, or 255.255.255.255. */
bool ip_addr_is_broadcast(const struct ip_addr *addr);

/* Routes: longest prefix first, then lowest metric. */
struct ip_route {
    struct ip_addr to;
    uint8_t prefix; /* of 128; IPv4's is 96 more */
    uint8_t origin; /* RTPROT_* of Linux: KERNEL 2, BOOT 3, STATIC 4, RA 9, DHCP 16 */
    uint16_t mtu;   /* 0, or less than the version's least, 68 or 1280: the interface's */
    uint32_t metric;
    struct ip_addr gateway; /* unset: on the link */
    struct ip_iface *iface;
    nsec_t valid_until; /* then it goes; DEADLINE_NEVER */
    bool failed;        /* the gateway has not answered: others of the same prefix come first */
    struct ip_route *next;
};
extern struct ip_route *ip_routes;
must_check int ip_route_add(const struct ip_route *r); /* a copy; -EEXIST, -ENOMEM, -ENETUNREACH */
int ip_route_del(const struct ip_route *r);            /* of its origin, 0: of any; -ESRCH */

/* The neighbour (addr) on (i) answers, or has not answered (RFC 4861, 6.3.6). By link/. */
void ip_neighbour_answers(struct ip_iface *i, const struct ip_addr *addr, bool answers);

/* Which sources of a group are wanted: those, or all but those. */
struct ip_filter {
    bool include;
    unsigned count;
    const struct ip_addr *source;
};

/* Joins and leaves a multicast group on (i), of all sources, for the network itself; joins count.
 * IGMPv2/v3 and MLDv2 reports are sent. -ENOMEM, -EINVAL, -ENOBUFS (too many); leave:
 * -EADDRNOTAVAIL. */
must_check int ip_group_join(struct ip_iface *i, const struct ip_addr *group);
int ip_group_leave(struct ip_iface *i, const struct ip_addr *group);
bool ip_group_joined(const struct ip_iface *i, const struct ip_addr *group);

/* The same for all sockets together: there is one membership more or less (joins: 1, -1), or none
 * (0), and (f) is what they want now. Errors are ip_group_join's, and leaving has none. */
int ip_group_set(struct ip_iface *i, const struct ip_addr *group, int joins,
                 const struct ip_filter *f);

/* Tells routers of it (IGMP, MLD), of a change of the wanted sources (RFC 9776, 4.2.13): (source)
 * for the last two, else NULL. In link/. */
enum ip_group_record {
    IP_GROUP_IS_INCLUDE = 1,
    IP_GROUP_IS_EXCLUDE,
    IP_GROUP_TO_INCLUDE,
    IP_GROUP_TO_EXCLUDE,
    IP_GROUP_ALLOW,
    IP_GROUP_BLOCK
};
void ip_group_report(struct ip_iface *i, const struct ip_addr *group, enum ip_group_record record,
                     const struct ip_addr *source);

struct ip_group {
    struct ip_addr addr;
    unsigned count;          /* memberships */
    unsigned own;            /* of them, of ip_group_join */
    struct ip_filter wanted; /* its sources are the group's own */
    struct ip_group *next;
};
const struct ip_group *ip_group_of(const struct ip_iface *i, const struct ip_addr *group);

/* Starts the network of this machine: loopback, then devices with their addresses as
 * plat_info.settings say (docs/network.md): static, DHCP, SLAAC. Once; by the first socket of an
 * internet family, or at boot where the program has such sockets. Returns 0, -ENOMEM. */
must_check int ip_start(void);

/* (p), from its IP header on, is about to come by (i) from this machine itself: for packet sockets.
 */
IP_HOOK void packet_local(const struct ip_iface *i, const struct pkt *p);

/* Addresses or routes are others now. */
void ip_tables_changed(void);

/* Called whenever addresses, routes or interfaces change, for netlink sockets. Weak. */
__attribute__((weak, visibility("hidden"))) void ip_changed(void);

/* DNS servers and domains from settings, DHCP and routers (RFC 8106), best first. */
#define IP_DNS_MAX 3
struct ip_names {
    struct ip_addr server[IP_DNS_MAX];
    unsigned count;
    char search[256];
    char hostname[65];
};
extern struct ip_names ip_names;

/* What one of those who know names says now, in place of what it said before: at most IP_DNS_MAX
 * servers are taken; (search): "" or domains with a space between two. In the order of the enum,
 * the first are the best. */
enum ip_names_source { IP_NAMES_SETTINGS, IP_NAMES_DHCP, IP_NAMES_ROUTER, IP_NAMES_SOURCES };
/* Called when they, or addresses or routes, have become others; weak, of inet/etc.c. */
IP_HOOK void ip_told(void);

void ip_names_set(enum ip_names_source source, const struct ip_addr *server, unsigned count,
                  const char *search);

#endif
