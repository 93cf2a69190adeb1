/* SPDX-License-Identifier: MIT
 *
 * Reading a policy (abi/policy.h): one text for everybody who enforces it, so that all of them mean
 * the same. Freestanding and without state. */
#ifndef PITH_ABI_POLICY_MATCH_H
#define PITH_ABI_POLICY_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/policy.h"

#define POLICY_TEXT_AT offsetof(struct pith_policy_text, text)

/* The first rule, and the one behind (r): NULL at the end. Of a sound policy. */
static inline const struct pith_policy_net *policy_rule(const struct pith_policy *p,
                                                        const struct pith_policy_net *r)
{
    const uint8_t *at = r ? (const uint8_t *)r + 4u * r->words : (const uint8_t *)(p + 1);

    return at < (const uint8_t *)p + p->size ? (const struct pith_policy_net *)at : NULL;
}

static inline const struct pith_policy_text *policy_text(const struct pith_policy_net *r)
{
    return (const struct pith_policy_text *)r;
}

static inline bool policy_is_net(unsigned kind)
{
    return kind == PITH_POLICY_LISTEN || kind == PITH_POLICY_CONNECT;
}

/* Whether the first (bits) of two addresses agree. */
static inline bool policy_same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned i = 0;

    for (; i < bits / 8; i++)
        if (a[i] != b[i])
            return false;
    return bits % 8 == 0 || ((a[i] ^ b[i]) >> (8 - bits % 8)) == 0;
}

static inline bool policy_net_sound(const struct pith_policy_net *r, size_t left)
{
    if (left < sizeof(*r) || r->words * 4u != sizeof(*r) || r->prefix > 128 || r->first > r->last ||
        r->reserved || (r->protocol != 6 && r->protocol != 17 && r->protocol != 1))
        return false;
    for (unsigned bit = r->prefix; bit < 128; bit++)
        if (r->addr[bit / 8] & (0x80 >> bit % 8))
            return false;
    return r->protocol != 1 || (r->first == 0 && r->last == 65535);
}

static inline bool policy_text_sound(const struct pith_policy_text *t, size_t left)
{
    if (t->words * 4u > left || t->len == 0 || POLICY_TEXT_AT + t->len > t->words * 4u)
        return false;
    for (unsigned i = 0; i < t->len; i++)
        if ((unsigned char)t->text[i] <= ' ' || t->text[i] == 0x7f)
            return false;
    return t->kind == PITH_POLICY_WRITE ? t->text[0] == '/' : t->text[0] != '/';
}

/* Whether the (len) bytes at (p), aligned to 8, are a policy that the others here may be called
 * with. */
static inline bool policy_sound(const struct pith_policy *p, size_t len)
{
    if (len < sizeof(*p) || p->magic != PITH_POLICY_MAGIC || p->version != PITH_POLICY_VERSION ||
        p->size < sizeof(*p) || p->size > len || p->size > PITH_POLICY_MAX || p->size % 4 ||
        p->devices & ~PITH_POLICY_DEVICES || p->any >> PITH_POLICY_KINDS || p->reserved)
        return false;
    for (size_t at = sizeof(*p); at < p->size;) {
        const struct pith_policy_net *r = (const void *)((const char *)p + at);
        size_t left = p->size - at;
        if (left < 8 || r->words < 2 || r->kind >= PITH_POLICY_KINDS || p->any >> r->kind & 1)
            return false;
        if (!(policy_is_net(r->kind) ? policy_net_sound(r, left)
                                     : policy_text_sound(policy_text(r), left)))
            return false;
        at += 4u * r->words;
    }
    return true;
}

/* Whether nothing of (kind) is permitted. */
static inline bool policy_none(const struct pith_policy *p, unsigned kind)
{
    if (p->any >> kind & 1)
        return false;
    for (const struct pith_policy_net *r = policy_rule(p, NULL); r; r = policy_rule(p, r))
        if (r->kind == kind)
            return false;
    return true;
}

/* The line that says that (device), which is not permitted, is not: of a network, that may be one
 * about what is done with it. 0: none. */
static inline unsigned policy_device_line(const struct pith_policy *p, unsigned device)
{
    unsigned line = p->devices_line;

    for (unsigned kind = 0; kind <= PITH_POLICY_LOOKUP && !line && device == PITH_POLICY_NET;
         kind++)
        line = p->kind_line[kind];
    return line;
}

/* Whether any part of (p) says something about networks. */
static inline bool policy_limits_net(const struct pith_policy *p)
{
    unsigned net = 1u << PITH_POLICY_LISTEN | 1u << PITH_POLICY_CONNECT | 1u << PITH_POLICY_LOOKUP;

    return (p->any & net) != net;
}

/* Whether (kind), LISTEN or CONNECT, permits (protocol) at (addr), IPv4 ones as IPv4-mapped, and
 * (port). */
static inline bool policy_permits_net(const struct pith_policy *p, unsigned kind, unsigned protocol,
                                      const uint8_t *addr, unsigned port)
{
    if (p->any >> kind & 1)
        return true;
    for (const struct pith_policy_net *r = policy_rule(p, NULL); r; r = policy_rule(p, r))
        if (r->kind == kind && r->protocol == protocol && port >= r->first && port <= r->last &&
            policy_same_bits(addr, r->addr, r->prefix))
            return true;
    return false;
}

static inline bool policy_same_text(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : a[i]) != b[i])
            return false;
    return true;
}

/* Whether the rule (t) covers (text) of (len) bytes: a name of any case, or an absolute path. A
 * rule's own text may be given, "*." in front included. */
static inline bool policy_covers_text(const struct pith_policy_text *t, const char *text,
                                      size_t len)
{
    size_t n = t->len;

    if (t->kind == PITH_POLICY_WRITE) {
        if (n == 1)
            return true;
        for (size_t i = 0; i < n; i++)
            if (i >= len || text[i] != t->text[i])
                return false;
        return len == n || text[n] == '/';
    }
    if (t->text[0] != '*' || n < 3)
        return len == n && policy_same_text(text, t->text, n);
    /* What the rule has behind "*", its dot included, must be the end of a longer name. */
    return len > n - 1 && policy_same_text(text + len - (n - 1), t->text + 1, n - 1);
}

/* Whether (kind), LOOKUP or WRITE, permits (text). */
static inline bool policy_permits_text(const struct pith_policy *p, unsigned kind, const char *text,
                                       size_t len)
{
    if (p->any >> kind & 1)
        return true;
    for (const struct pith_policy_net *r = policy_rule(p, NULL); r; r = policy_rule(p, r))
        if (r->kind == kind && policy_covers_text(policy_text(r), text, len))
            return true;
    return false;
}

#define POLICY_NAME_MAX 254u

/* Reads the name that a DNS query (RFC 1035, 4.1) of (len) bytes asks for, "a.b.c" without a NUL,
 * into (name). Only plain queries of one question are understood. Returns the name's length; 0: the
 * root; -1: not such a query. */
static inline int policy_query_name(const uint8_t *q, size_t len, char name[POLICY_NAME_MAX])
{
    size_t at = 12, n = 0;

    if (len < 12 || (q[2] & 0xf8) != 0 || q[4] != 0 || q[5] != 1 || q[6] | q[7] | q[8] | q[9])
        return -1;
    while (at < len && q[at] != 0) {
        size_t label = q[at++];
        if (label > 63 || label > len - at || n + label + 1 > POLICY_NAME_MAX)
            return -1;
        if (n)
            name[n++] = '.';
        for (; label; label--, at++) {
            if (q[at] <= ' ' || q[at] >= 0x7f || q[at] == '.')
                return -1;
            name[n++] = (char)q[at];
        }
    }
    return at < len && len - at >= 5 ? (int)n : -1;
}

static inline int policy_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a compiled policy from hexadecimal digits into (to), of PITH_POLICY_MAX bytes. Returns
 * their count; 0: that is something else, or too long. */
static inline size_t policy_from_hex(const char *hex, uint8_t *to)
{
    size_t n = 0;

    for (; *hex; hex += 2) {
        int high = policy_digit(hex[0]), low = high < 0 ? -1 : policy_digit(hex[1]);
        if (low < 0 || n == PITH_POLICY_MAX)
            return 0;
        to[n++] = (uint8_t)(high << 4 | low);
    }
    return n;
}

#define POLICY_TOLD_MAX 16u /* different refusals that are told */

/* What has been told of, by its hash (FNV-1a): a guest decides what there is to tell. Zeroed is
 * empty. */
struct policy_told {
    uint32_t hash[POLICY_TOLD_MAX];
    unsigned count;
};

#define POLICY_HASH_START 2166136261u
static inline uint32_t policy_hash(uint32_t h, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((const uint8_t *)bytes)[i]) * 16777619u;
    return h;
}

/* Whether (h) is not among what has been told of, and there is room: then it is now. */
static inline bool policy_is_new(struct policy_told *t, uint32_t h)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->hash[i] == h)
            return false;
    if (t->count == POLICY_TOLD_MAX)
        return false;
    t->hash[t->count++] = h;
    return true;
}

#endif
