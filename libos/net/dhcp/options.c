/* SPDX-License-Identifier: MIT
 *
 * Options (RFC 2132), which can be in three places (option 52) and in several parts (RFC 3396). */
#include "dhcp/options.h"

#include "wire/domains.h"

/* A place of options. */
struct area {
    const uint8_t *at;
    size_t len;
};

struct message {
    struct area area[3];
    unsigned areas;
};

/* Appends what (a) has of option (code) to (to). Returns the new length; SIZE_MAX: not sound or too
 * long. */
static size_t collect(const struct area *a, uint8_t code, uint8_t *to, size_t size, size_t used,
                      bool *found)
{
    for (size_t at = 0; at < a->len && a->at[at] != DHCP_OPT_END;) {
        const uint8_t *o = a->at + at;
        if (o[0] == DHCP_OPT_PAD) {
            at++;
            continue;
        }
        if (a->len - at < 2 || o[1] > a->len - at - 2)
            return SIZE_MAX;
        if (o[0] == code) {
            if (o[1] > size - used)
                return SIZE_MAX;
            memcpy(to + used, o + 2, o[1]);
            used += o[1];
            *found = true;
        }
        at += 2u + o[1];
    }
    return used;
}

/* Option (code) with all its parts in (to): its length, 0 if it is not there or not sound. */
static size_t option(const struct message *m, uint8_t code, uint8_t *to, size_t size)
{
    bool found = false;
    size_t used = 0;

    for (unsigned i = 0; i < m->areas; i++) {
        used = collect(&m->area[i], code, to, size, used, &found);
        if (used == SIZE_MAX)
            return 0;
    }
    return found ? used : 0;
}

/* One of exactly 4 bytes, as on the wire; (none) if there is none. */
static uint32_t number(const struct message *m, uint8_t code, uint32_t none)
{
    uint8_t bytes[4];
    uint32_t n;

    if (option(m, code, bytes, sizeof(bytes)) != sizeof(bytes))
        return none;
    memcpy(&n, bytes, sizeof(n));
    return n;
}

/* Whether a host can have, or be, this address. */
static bool is_host(uint32_t address)
{
    uint8_t first = ((const uint8_t *)&address)[0];

    return first != 0 && first != 127 && first < 224;
}

/* The length of the network's prefix; without a sound mask, that of the address's old class. */
static uint8_t prefix_of(const struct message *m, uint32_t address)
{
    uint32_t mask = be32(number(m, DHCP_OPT_MASK, 0));
    uint8_t first = ((const uint8_t *)&address)[0];

    if (mask && (~mask & (~mask + 1)) == 0)
        return (uint8_t)__builtin_popcount(mask);
    return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* Routes of RFC 3442, or else the first router. */
static void read_routes(const struct message *m, struct dhcp_offer *o)
{
    uint8_t bytes[DHCP_ROUTES_MAX * 9];
    size_t len = option(m, DHCP_OPT_ROUTES, bytes, sizeof(bytes));

    for (size_t at = 0; at < len && o->routes < DHCP_ROUTES_MAX;) {
        struct dhcp_route *r = &o->route[o->routes];
        size_t bits = bytes[at], n = (bits + 7) / 8;
        if (bits > 32 || n + 5 > len - at)
            break;
        uint32_t to = 0;
        memcpy(&to, bytes + at + 1, n);
        if (bits < 32)
            to &= be32(bits ? ~0u << (32 - bits) : 0);
        *r = (struct dhcp_route){.to = to, .bits = (uint8_t)bits};
        memcpy(&r->gateway, bytes + at + 1 + n, 4);
        at += n + 5;
        if (r->gateway == 0 || is_host(r->gateway))
            o->routes++;
    }
    if (len)
        return;
    len = option(m, DHCP_OPT_ROUTER, bytes, sizeof(bytes) & ~3u);
    if (len >= 4 && len % 4 == 0) {
        memcpy(&o->route[0].gateway, bytes, 4);
        o->routes = is_host(o->route[0].gateway);
    }
}

static void read_names(const struct message *m, struct dhcp_offer *o)
{
    uint8_t bytes[512];
    size_t len = option(m, DHCP_OPT_DNS, bytes, sizeof(bytes));

    for (size_t at = 0; len % 4 == 0 && at < len && o->dns_count < IP_DNS_MAX; at += 4) {
        uint32_t server;
        memcpy(&server, bytes + at, 4);
        if (is_host(server))
            o->dns[o->dns_count++] = ip_from_v4(server);
    }
    len = option(m, DHCP_OPT_SEARCH, bytes, sizeof(bytes));
    if (len && !wire_domains(bytes, len, o->search, sizeof(o->search)))
        o->search[0] = '\0';
    len = option(m, DHCP_OPT_DOMAIN, bytes, sizeof(bytes));
    while (len && bytes[len - 1] == '\0') /* some servers send the end of the string, too */
        len--;
    if (!o->search[0] && len < sizeof(o->search) && wire_is_domain((const char *)bytes, len))
        memcpy(o->search, bytes, len);
    len = option(m, DHCP_OPT_HOSTNAME, bytes, sizeof(bytes));
    while (len && bytes[len - 1] == '\0')
        len--;
    if (len < sizeof(o->hostname) && wire_is_domain((const char *)bytes, len))
        memcpy(o->hostname, bytes, len);
}

/* False: a lease of no use. */
static bool read_times(const struct message *m, struct dhcp_offer *o)
{
    o->lease = be32(number(m, DHCP_OPT_LEASE, 0));
    if (o->lease < DHCP_LEASE_MIN)
        return false;
    o->t1 = be32(number(m, DHCP_OPT_T1, 0));
    o->t2 = be32(number(m, DHCP_OPT_T2, 0));
    if (o->t2 < DHCP_LEASE_MIN / 2 || o->t2 > o->lease)
        o->t2 = (uint32_t)(o->lease * 7ull / 8);
    if (o->t1 < DHCP_LEASE_MIN / 2 || o->t1 > o->t2)
        o->t1 = (uint32_t)min_size(o->lease / 2, o->t2);
    return true;
}

/* Finds the places that hold options. False: this is no answer to us. */
static bool open_message(const uint8_t *bytes, size_t len, uint32_t xid, const uint8_t mac[6],
                         struct message *m)
{
    const struct wire_dhcp *h = (const struct wire_dhcp *)bytes;
    uint8_t overload;

    if (len < sizeof(*h) || h->op != 2 || h->htype != 1 || h->hlen != 6 || h->xid != xid ||
        memcmp(h->chaddr, mac, 6) != 0 || h->magic != be32(DHCP_MAGIC))
        return false;
    *m = (struct message){.area = {{bytes + sizeof(*h), len - sizeof(*h)}}, .areas = 1};
    if (option(m, DHCP_OPT_OVERLOAD, &overload, 1) == 1) {
        if (overload & 1)
            m->area[m->areas++] = (struct area){h->file, sizeof(h->file)};
        if (overload & 2)
            m->area[m->areas++] = (struct area){h->sname, sizeof(h->sname)};
    }
    return true;
}

bool dhcp_read(const uint8_t *bytes, size_t len, uint32_t xid, const uint8_t mac[6],
               struct dhcp_offer *o)
{
    struct message m;
    uint8_t mtu[2];

    *o = (struct dhcp_offer){.type = 0};
    if (!open_message(bytes, len, xid, mac, &m) || option(&m, DHCP_OPT_TYPE, &o->type, 1) != 1)
        return false;
    o->server = number(&m, DHCP_OPT_SERVER, 0);
    if (o->type == DHCP_NAK)
        return true;
    if ((o->type != DHCP_OFFER && o->type != DHCP_ACK) || !is_host(o->server))
        return false;
    o->address = ((const struct wire_dhcp *)bytes)->yiaddr;
    if (!is_host(o->address) || !read_times(&m, o))
        return false;
    o->prefix = prefix_of(&m, o->address);
    if (option(&m, DHCP_OPT_MTU, mtu, sizeof(mtu)) == 2 && get_be16(mtu) >= DHCP_MTU_MIN)
        o->mtu = get_be16(mtu);
    read_routes(&m, o);
    read_names(&m, o);
    return true;
}
