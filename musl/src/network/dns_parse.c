/* SPDX-License-Identifier: MIT
 *
 * Reads the answer to a query of one question (RFC 1035 4.1). The whole of it is checked before the
 * caller sees any of it. Only what answers the question counts: the records of the name that was
 * asked for, or of that to which its chain of CNAMEs leads (RFC 1034 3.6.2), in whatever order they
 * come. The data of a CNAME or PTR is a whole name inside of the message when the caller gets it.
 */
#include <string.h>
#include "lookup.h"

enum { HEADER_LEN = 12, FIXED = 10, MAX_NAME = 255, MAX_CHAIN = 16 };
enum { TYPE_CNAME = 5, TYPE_PTR = 12 };

struct message {
    const unsigned char *bytes;
    int len;
    int first;   /* where the answer section begins */
    int records; /* in it */
};

struct record {
    unsigned char owner[MAX_NAME];
    int owner_len, type, class, data, data_len, end;
};

static int get16(const unsigned char *p)
{
    return p[0] << 8 | p[1];
}

/* Writes the name at (at), uncompressed and in small letters, to (out), and its length to (*len).
 * Returns the offset after it; -1 if it is no name. A compression pointer has to point to before
 * the part of the name that it ends, so there are no loops. */
static int read_name(const struct message *m, int at, unsigned char out[MAX_NAME], int *len)
{
    int end = -1, n = 0, limit = at;

    for (;;) {
        if (at >= m->len)
            return -1;
        int c = m->bytes[at];

        if (c >= 0xc0) {
            if (at + 2 > m->len)
                return -1;
            if (end < 0)
                end = at + 2;
            at = get16(m->bytes + at) & 0x3fff;
            if (at < HEADER_LEN || at >= limit)
                return -1;
            limit = at;
            continue;
        }
        if (c > 63 || c + 1 > m->len - at || n + c + 1 > MAX_NAME)
            return -1;
        out[n++] = (unsigned char)c;
        for (int i = 1; i <= c; i++) {
            unsigned char ch = m->bytes[at + i];

            out[n++] = ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
        }
        at += c + 1;
        if (c == 0) {
            *len = n;
            return end < 0 ? at : end;
        }
    }
}

/* Reads the record at (at). Returns 0, or -1 if none is whole there. */
static int read_record(const struct message *m, int at, struct record *r)
{
    unsigned char name[MAX_NAME];
    int len;

    at = read_name(m, at, r->owner, &r->owner_len);
    if (at < 0 || FIXED > m->len - at)
        return -1;
    r->type = get16(m->bytes + at);
    r->class = get16(m->bytes + at + 2);
    r->data_len = get16(m->bytes + at + 8);
    r->data = at + FIXED;
    if (r->data_len > m->len - r->data)
        return -1;
    r->end = r->data + r->data_len;
    if ((r->type == TYPE_CNAME || r->type == TYPE_PTR) &&
        read_name(m, r->data, name, &len) != r->end)
        return -1;
    return 0;
}

/* Reads the record at (*at) and moves there to the next one. Returns whether it is one of (name) in
 * (class). */
static int next(const struct message *m, int *at, struct record *r, const unsigned char *name,
                int len, int class)
{
    if (read_record(m, *at, r) < 0)
        return 0;
    *at = r->end;
    return r->class == class && r->owner_len == len && !memcmp(r->owner, name, (size_t)len);
}

/* Counts the records, all of which have to be whole, but for the last ones of a message that was
 * cut. Returns 0 or -1. */
static int check(struct message *m)
{
    int at = m->first, announced = get16(m->bytes + 6);
    struct record r;

    for (m->records = 0; m->records < announced; m->records++) {
        if (read_record(m, at, &r) < 0)
            return m->bytes[2] & 2 ? 0 : -1;
        at = r.end;
    }
    return 0;
}

/* Moves (name) along its chain. Returns its new length; -1 if the chain does not end or (callback),
 * which gets each CNAME of it, does not want to go on. */
static int follow(const struct message *m, unsigned char name[MAX_NAME], int len, int class,
                  int (*callback)(void *, int, const void *, int, const void *), void *arg)
{
    struct record r;

    for (int links = 0; links < MAX_CHAIN; links++) {
        int at = m->first, i;

        for (i = 0; i < m->records; i++)
            if (next(m, &at, &r, name, len, class) && r.type == TYPE_CNAME)
                break;
        if (i == m->records)
            return len;
        if (callback(arg, r.type, m->bytes + r.data, r.data_len, m->bytes) < 0)
            return -1;
        read_name(m, r.data, name, &len);
    }
    return -1;
}

/* Calls callback(arg, type, data, length, message) for each record that answers the question.
 * Returns 0, also if the server found nothing; -1 if the message is not sound or (callback)
 * returned a negative number, after which it is not called again. */
int __dns_parse(const unsigned char *bytes, int len,
                int (*callback)(void *, int, const void *, int, const void *), void *arg)
{
    struct message m = {.bytes = bytes, .len = len};
    unsigned char name[MAX_NAME];
    int name_len, at, type, class;
    struct record r;

    if (len < HEADER_LEN)
        return -1;
    if (bytes[3] & 15)
        return 0;
    at = read_name(&m, HEADER_LEN, name, &name_len);
    if (get16(bytes + 4) != 1 || at < 0 || at + 4 > len)
        return -1;
    type = get16(bytes + at);
    class = get16(bytes + at + 2);
    m.first = at + 4;
    if (check(&m) < 0)
        return -1;
    if (type != TYPE_CNAME) {
        name_len = follow(&m, name, name_len, class, callback, arg);
        if (name_len < 0)
            return -1;
    }
    at = m.first;
    for (int i = 0; i < m.records; i++)
        if (next(&m, &at, &r, name, name_len, class) && (r.type == type || type == 255) &&
            callback(arg, r.type, bytes + r.data, r.data_len, bytes) < 0)
            return -1;
    return 0;
}
