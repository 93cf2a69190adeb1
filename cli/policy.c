/* SPDX-License-Identifier: MIT
 *
 * Compiled policies: printing, and what two of them permit together. */
#include <arpa/inet.h>
#include <string.h>

#include "policy.h"

static const char *const kind_names[] = {"listen", "connect", "lookup", "write"};

bool policy_add(struct policy *p, const void *rule)
{
    size_t len = 4u * ((const struct pith_policy_net *)rule)->words;

    if (len > sizeof(p->bytes) - p->head.size)
        return false;
    memcpy(p->bytes + p->head.size, rule, len);
    p->head.size = (uint16_t)(p->head.size + len);
    return true;
}

static void address_text(const struct pith_policy_net *r, char *buf, size_t size)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool four = r->prefix >= 96 && memcmp(r->addr, mapped, sizeof(mapped)) == 0;
    unsigned full = four ? 32 : 128, prefix = four ? r->prefix - 96u : r->prefix;
    char addr[INET6_ADDRSTRLEN];

    if (r->prefix == 0)
        snprintf(buf, size, "any");
    else if (inet_ntop(four ? AF_INET : AF_INET6, r->addr + (four ? 12 : 0), addr, sizeof(addr)))
        snprintf(buf, size, prefix == full ? "%s" : "%s/%u", addr, prefix);
}

void policy_rule_text(const struct pith_policy_net *r, char *buf, size_t size)
{
    char addr[INET6_ADDRSTRLEN + 4] = "";
    const struct pith_policy_text *t = policy_text(r);

    if (!policy_is_net(r->kind)) {
        snprintf(buf, size, "%s %.*s", kind_names[r->kind], t->len, t->text);
        return;
    }
    address_text(r, addr, sizeof(addr));
    if (r->protocol == 1)
        snprintf(buf, size, "%s icmp %s", kind_names[r->kind], addr);
    else if (r->first <= 1 && r->last == 65535)
        snprintf(buf, size, "%s %s %s any", kind_names[r->kind], r->protocol == 6 ? "tcp" : "udp",
                 addr);
    else
        snprintf(buf, size, r->first == r->last ? "%s %s %s %u" : "%s %s %s %u-%u",
                 kind_names[r->kind], r->protocol == 6 ? "tcp" : "udp", addr, r->first, r->last);
}

void policy_print(FILE *out, const struct policy *p)
{
    static const char *const devices[] = {"net", "disk", "console"};
    const struct pith_policy *h = &p->head;
    char text[320];

    for (unsigned kind = 0; kind < PITH_POLICY_KINDS; kind++) {
        if (h->any >> kind & 1)
            fprintf(out, "%s any\n", kind_names[kind]);
        else if (policy_none(h, kind))
            fprintf(out, "%s none\n", kind_names[kind]);
        for (const struct pith_policy_net *r = policy_rule(h, NULL); r; r = policy_rule(h, r)) {
            if (r->kind != kind)
                continue;
            policy_rule_text(r, text, sizeof(text));
            fprintf(out, "%s\n", text);
        }
    }
    if (h->memory_max)
        fprintf(out, h->memory_max % 1024 ? "memory %llu\n" : "memory %lluK\n",
                (unsigned long long)(h->memory_max % 1024 ? h->memory_max : h->memory_max >> 10));
    fputs("devices", out);
    for (unsigned i = 0; i < ARRAY_LEN(devices); i++)
        if (h->devices >> i & 1)
            fprintf(out, " %s", devices[i]);
    fputs(h->devices ? "\n" : " none\n", out);
}

/* Makes (out), at first (b), what (a) and (b) both permit. False: nothing. */
static bool meet_net(struct pith_policy_net *out, const struct pith_policy_net *a)
{
    unsigned common = out->prefix < a->prefix ? out->prefix : a->prefix;

    if (out->protocol != a->protocol || !policy_same_bits(out->addr, a->addr, common) ||
        out->first > a->last || a->first > out->last)
        return false;
    if (a->prefix > out->prefix) {
        out->prefix = a->prefix;
        memcpy(out->addr, a->addr, sizeof(out->addr));
    }
    out->first = out->first > a->first ? out->first : a->first;
    out->last = out->last < a->last ? out->last : a->last;
    return true;
}

/* Whether (outer) permits all that (inner) does. */
static bool covers(const struct pith_policy_net *outer, const struct pith_policy_net *inner)
{
    if (outer->kind != inner->kind)
        return false;
    if (!policy_is_net(outer->kind))
        return policy_covers_text(policy_text(outer), policy_text(inner)->text,
                                  policy_text(inner)->len) ||
               (outer->words == inner->words && policy_text(outer)->len == policy_text(inner)->len &&
                memcmp(policy_text(outer)->text, policy_text(inner)->text,
                       policy_text(inner)->len) == 0);
    return outer->protocol == inner->protocol && outer->prefix <= inner->prefix &&
           policy_same_bits(outer->addr, inner->addr, outer->prefix) &&
           outer->first <= inner->first && outer->last >= inner->last;
}

/* Adds what the rule (r) of one policy and (other) permit both. */
static bool add_common(struct policy *out, const struct pith_policy_net *r,
                       const struct pith_policy *other)
{
    if (other->any >> r->kind & 1)
        return policy_add(out, r);
    for (const struct pith_policy_net *o = policy_rule(other, NULL); o; o = policy_rule(other, o)) {
        struct pith_policy_net met;
        bool fits = true;
        if (o->kind != r->kind)
            continue;
        if (policy_is_net(r->kind)) {
            met = *r;
            fits = !meet_net(&met, o) || policy_add(out, &met);
        } else if (covers(o, r)) {
            fits = policy_add(out, r);
        } else if (covers(r, o)) {
            fits = policy_add(out, o);
        }
        if (!fits)
            return false;
    }
    return true;
}

bool policy_narrow(struct policy *out, const struct policy *a, const struct policy *b)
{
    const struct pith_policy *ha = &a->head, *hb = &b->head;

    *out = (struct policy){.head = *hb};
    out->head.size = sizeof(*hb);
    out->head.any = ha->any & hb->any;
    out->head.devices = ha->devices & hb->devices;
    if (ha->memory_max && (!hb->memory_max || ha->memory_max < hb->memory_max))
        out->head.memory_max = ha->memory_max;
    for (const struct pith_policy_net *r = policy_rule(hb, NULL); r; r = policy_rule(hb, r))
        if (!add_common(out, r, ha))
            return false;
    for (const struct pith_policy_net *r = policy_rule(ha, NULL); r; r = policy_rule(ha, r))
        if (hb->any >> r->kind & 1 && !policy_add(out, r))
            return false;
    return true;
}

/* Whether the rule (r) is inside one rule of (p). */
static bool inside(const struct pith_policy *p, const struct pith_policy_net *r)
{
    if (p->any >> r->kind & 1)
        return true;
    for (const struct pith_policy_net *o = policy_rule(p, NULL); o; o = policy_rule(p, o))
        if (covers(o, r))
            return true;
    return false;
}

static void tell(FILE *out, const char *name, unsigned line, const char *text)
{
    fprintf(out,
            "pith: %s:%u: %s: the image's policy permits less; this line has no effect beyond it\n",
            name, line, text);
}

unsigned policy_tell_wider(FILE *out, const char *name, const struct policy *a,
                           const struct policy *b)
{
    const struct pith_policy *ha = &a->head, *hb = &b->head;
    char text[320];
    unsigned told = 0;

    for (unsigned kind = 0; kind < PITH_POLICY_KINDS; kind++) {
        if (!(hb->any & ~ha->any) || !((hb->any & ~ha->any) >> kind & 1))
            continue;
        snprintf(text, sizeof(text), "%s any", kind_names[kind]);
        tell(out, name, hb->kind_line[kind], text);
        told++;
    }
    for (const struct pith_policy_net *r = policy_rule(hb, NULL); r; r = policy_rule(hb, r)) {
        if (inside(ha, r))
            continue;
        policy_rule_text(r, text, sizeof(text));
        tell(out, name, r->line, text);
        told++;
    }
    if (ha->memory_max && hb->memory_max > ha->memory_max) {
        tell(out, name, hb->memory_line, "memory");
        told++;
    }
    if (hb->devices_line && hb->devices & ~ha->devices) {
        tell(out, name, hb->devices_line, "devices");
        told++;
    }
    return told;
}

void policy_hex(const struct policy *p, char text[2 * PITH_POLICY_MAX + 1])
{
    for (size_t i = 0; i < p->head.size; i++)
        sprintf(text + 2 * i, "%02x", p->bytes[i]);
}
