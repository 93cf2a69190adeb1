/* SPDX-License-Identifier: MIT
 *
 * Local ports, of one transport each: who may bind what, and ephemeral ports (RFC 6056, algorithm
 * 3: offsets by a keyed hash of the peer). Rules as Linux's: SO_REUSEADDR, SO_REUSEPORT, addresses
 * and "any", IPV6_V6ONLY. */
#ifndef PITH_IP_PORT_H
#define PITH_IP_PORT_H

#include "base/base.h"
#include "wire/addr.h"

/* One binding, inside a socket. */
struct ip_port {
    struct ip_addr local; /* unset or 0.0.0.0: any */
    uint32_t scope;
    uint16_t port;
    bool v6_only, reuse_addr, reuse_port, listening;
    bool by_connect; /* connect chose the port: other connections may use it too */
    struct ip_port *next;
};

#define PORT_CHAINS 256

/* The table of one transport; zero at first. */
struct ip_port_table {
    struct ip_port *chain[PORT_CHAINS];
    uint8_t key[16]; /* random, set with the first use */
};

/* Ephemeral ports: 32768 to 60999, as Linux's. */
extern uint16_t ip_port_first, ip_port_last;

/* Binds (p) to p->port, or with 0 to an ephemeral port, which is then set. -EADDRINUSE. */
must_check int ip_port_bind(struct ip_port_table *t, struct ip_port *p);

/* An ephemeral port for a connection to (ends->remote); others may use the same port for other
 * peers: (taken) says whether all of ends, with the local port to try, exists. -EADDRNOTAVAIL. */
must_check int ip_port_connect(struct ip_port_table *t, struct ip_port *p, struct ip_ends *ends,
                               bool (*taken)(void *arg, const struct ip_ends *ends), void *arg);

/* listen: the bind rules of listeners hold from now on. -EADDRINUSE. */
must_check int ip_port_listen(struct ip_port_table *t, struct ip_port *p);

void ip_port_release(struct ip_port_table *t, struct ip_port *p);

#endif
