/* SPDX-License-Identifier: MIT
 *
 * The text of a policy. The grammar stands in docs/policy.md: lines of words, one statement a line. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "policy.h"

#define TEXT_MAX  (64 * 1024)
#define LINES_MAX 65535

struct word {
    const char *at;
    size_t len;
};

struct parse {
    const char *name;
    const char *line_start, *at, *line_end;
    unsigned line;
    struct policy *p;
    uint16_t none[PITH_POLICY_KINDS]; /* line of "none" of that kind */
    struct fault *f;
};

/* The fault at (where), a place of the line at hand. */
static int fail(struct parse *s, const char *where, const char *expected)
{
    size_t len = 0;
    while (where + len < s->line_end && where[len] > ' ' && where[len] < 0x7f && len < 60)
        len++;
    if (len == 0)
        return fault_set(s->f, EXIT_USAGE, "%.200s:%u:%u: expected %s", s->name, s->line,
                         (unsigned)(where - s->line_start) + 1, expected);
    return fault_set(s->f, EXIT_USAGE, "%.200s:%u:%u: expected %s, not %.*s", s->name, s->line,
                     (unsigned)(where - s->line_start) + 1, expected, (int)len, where);
}

/* The next word of the line; its length is 0 at the end. */
static struct word next(struct parse *s)
{
    while (s->at < s->line_end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
    struct word w = {s->at, 0};
    if (s->at < s->line_end && *s->at == '#')
        return w;
    while (s->at < s->line_end && *s->at != ' ' && *s->at != '\t' && *s->at != '\r')
        s->at++;
    w.len = (size_t)(s->at - w.at);
    return w;
}

static bool is(struct word w, const char *text)
{
    return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

/* Reads a number up to (max) at *s, before (end), and moves it past that. */
static bool number(const char **s, const char *end, uint64_t max, uint64_t *n)
{
    const char *start = *s;
    for (*n = 0; *s < end && **s >= '0' && **s <= '9'; (*s)++) {
        *n = *n * 10 + (uint64_t)(**s - '0');
        if (*n > max)
            return false;
    }
    return *s != start;
}

static int parse_address(struct parse *s, struct word w, struct pith_policy_net *r)
{
    static const char expected[] = "an address ADDR or ADDR/LEN, of IPv4 or IPv6, or any";
    char text[INET6_ADDRSTRLEN];
    uint64_t len;

    if (is(w, "any"))
        return 0;
    const char *slash = memchr(w.at, '/', w.len), *end = w.at + w.len;
    size_t n = slash != NULL ? (size_t)(slash - w.at) : w.len;
    if (n == 0 || n >= sizeof(text))
        return fail(s, w.at, expected);
    memcpy(text, w.at, n);
    text[n] = '\0';
    bool six = memchr(text, ':', n) != NULL;
    if (!six) {
        r->addr[10] = r->addr[11] = 0xff;
    }
    if (inet_pton(six ? AF_INET6 : AF_INET, text, r->addr + (six ? 0 : 12)) != 1)
        return fail(s, w.at, expected);
    len = six ? 128 : 32;
    slash = slash != NULL ? slash + 1 : NULL;
    if (slash != NULL && (!number(&slash, end, len, &len) || slash != end))
        return fail(s, w.at + n + 1, six ? "a length of 0 to 128" : "a length of 0 to 32");
    r->prefix = (uint8_t)(len + (six ? 0 : 96));
    for (unsigned bit = r->prefix; bit < 128; bit++)
        if (r->addr[bit / 8] & (0x80 >> bit % 8))
            return fail(s, w.at, "an address without bits behind its length");
    return 0;
}

static int parse_ports(struct parse *s, struct word w, struct pith_policy_net *r)
{
    const char *at = w.at, *end = w.at + w.len;
    uint64_t first, last;

    if (is(w, "any")) {
        r->first = 1;
        r->last = 65535;
        return 0;
    }
    bool sound = number(&at, end, 65535, &first) && first > 0;
    last = first;
    if (sound && at < end && *at == '-') {
        at++;
        sound = number(&at, end, 65535, &last) && last >= first;
    }
    if (!sound || at != end)
        return fail(s, w.at, "a port of 1 to 65535, a range like 8000-8080, or any");
    r->first = (uint16_t)first;
    r->last = (uint16_t)last;
    return 0;
}

static int add(struct parse *s, const void *rule)
{
    if (policy_add(s->p, rule))
        return 0;
    return fault_set(s->f, EXIT_USAGE, "%.200s:%u:1: the policy is too long: compiled it may have %u "
                     "bytes, which is some %u lines",
                     s->name, s->line, PITH_POLICY_MAX,
                     (unsigned)(PITH_POLICY_MAX / sizeof(struct pith_policy_net)));
}

/* "none" and "any" stand alone: whatever else is said of (kind) contradicts them. True: (w) is one of them, with
 * *result. */
static bool take_all(struct parse *s, unsigned kind, struct word w, int *result)
{
    struct pith_policy *h = &s->p->head;
    bool none = is(w, "none"), any = is(w, "any");

    *result = 0;
    if (h->kind_line[kind] && (none || any || s->none[kind] || h->any >> kind & 1)) {
        *result = fault_set(s->f, EXIT_USAGE,
                            "%.200s:%u:%u: none and any are all that may be said of a kind, and line %u "
                            "is about this one too",
                            s->name, s->line, (unsigned)(w.at - s->line_start) + 1,
                            h->kind_line[kind]);
        return true;
    }
    if (!h->kind_line[kind])
        h->kind_line[kind] = (uint16_t)s->line;
    if (none)
        s->none[kind] = (uint16_t)s->line;
    if (any)
        h->any |= (uint8_t)(1u << kind);
    return none || any;
}

static int parse_net(struct parse *s, unsigned kind)
{
    struct pith_policy_net r = {.kind = (uint8_t)kind, .words = sizeof(r) / 4,
                                .line = (uint16_t)s->line, .last = 65535};
    struct word w = next(s);
    int err;

    if (take_all(s, kind, w, &err))
        return err;
    if (is(w, "tcp"))
        r.protocol = 6;
    else if (is(w, "udp"))
        r.protocol = 17;
    else if (is(w, "icmp"))
        r.protocol = 1;
    else
        return fail(s, w.at, "tcp, udp, icmp, none or any");
    w = next(s);
    err = w.len ? parse_address(s, w, &r)
                : fail(s, w.at, "an address ADDR or ADDR/LEN, of IPv4 or IPv6, or any");
    if (!err && r.protocol != 1)
        err = parse_ports(s, next(s), &r);
    return err ? err : add(s, &r);
}

static bool sound_name(struct word w)
{
    size_t at = w.len > 2 && w.at[0] == '*' && w.at[1] == '.' ? 2 : 0, label = 0;

    /* "any" and "none" in any case would print as if they meant all names, or none. */
    if (w.len > 253 || at == w.len || (w.len == 3 && strncasecmp(w.at, "any", 3) == 0) ||
        (w.len == 4 && strncasecmp(w.at, "none", 4) == 0))
        return false;
    for (; at < w.len; at++) {
        char c = w.at[at];
        if (c == '.' ? label == 0 : !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                      (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

/* Whether (w) is an absolute path without empty, "." and ".." names. */
static bool sound_path(struct word w)
{
    if (w.len == 0 || w.len > 250 || w.at[0] != '/')
        return false;
    for (size_t at = 1, n; at < w.len; at += n + 1) {
        const char *name = w.at + at, *slash = memchr(name, '/', w.len - at);
        n = slash != NULL ? (size_t)(slash - name) : w.len - at;
        if (n == 0 || (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'))))
            return false;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
                return false;
    }
    return w.len == 1 || w.at[w.len - 1] != '/';
}

static int parse_texts(struct parse *s, unsigned kind)
{
    static const char *const expected[] = {
        [PITH_POLICY_LOOKUP] = "a name like host.example.org or *.example.org, none or any",
        [PITH_POLICY_WRITE] = "a path like /var/log, without /, . or .. to spare, none or any"};
    struct word w = next(s);
    int err;

    if (take_all(s, kind, w, &err))
        return err;
    do {
        union {
            struct pith_policy_text t;
            char bytes[POLICY_TEXT_AT + 256];
        } r = {.t = {.kind = (uint8_t)kind, .line = (uint16_t)s->line, .len = (uint8_t)w.len}};
        if (!(kind == PITH_POLICY_LOOKUP ? sound_name(w) : sound_path(w)))
            return fail(s, w.at, expected[kind]);
        r.t.words = (uint8_t)((POLICY_TEXT_AT + w.len + 3) / 4);
        for (size_t i = 0; i < w.len; i++) {
            bool big = kind == PITH_POLICY_LOOKUP && w.at[i] >= 'A' && w.at[i] <= 'Z';
            r.bytes[POLICY_TEXT_AT + i] = (char)(big ? w.at[i] + 32 : w.at[i]);
        }
        err = add(s, &r);
        w = next(s);
    } while (!err && w.len);
    return err;
}

static int twice(struct parse *s, const char *what, unsigned line)
{
    return fault_set(s->f, EXIT_USAGE, "%.200s:%u:1: line %u has said %s already", s->name,
                     s->line, line, what);
}

static int parse_memory(struct parse *s)
{
    struct pith_policy *h = &s->p->head;
    struct word w = next(s);
    const char *at = w.at, *end = w.at + w.len;
    uint64_t n;

    if (h->memory_line)
        return twice(s, "memory", h->memory_line);
    bool sound = number(&at, end, 1ull << 40, &n);
    unsigned shift = 0;
    if (sound && at < end) {
        const char *unit = memchr("KkMmGg", *at++, 6);
        sound = unit != NULL;
        shift = sound ? 10 * (1 + (unsigned)strcspn("KMG", (char[]){(char)(*unit & ~0x20), 0})) : 0;
    }
    if (!sound || at != end || n > (1ull << 40) >> shift || n << shift < 64 << 10)
        return fail(s, w.at, "a size of 64K to 1024G, in bytes or with K, M or G");
    h->memory_max = n << shift;
    h->memory_line = (uint16_t)s->line;
    return 0;
}

static const char *const device_names[] = {"net", "disk", "console"};

static int parse_devices(struct parse *s)
{
    struct pith_policy *h = &s->p->head;
    static const char expected[] = "net, disk or console; or none alone";

    if (h->devices_line)
        return twice(s, "devices", h->devices_line);
    h->devices_line = (uint16_t)s->line;
    h->devices = 0;
    struct word w = next(s);
    if (is(w, "none"))
        return 0;
    do {
        size_t i = 0;
        while (i < ARRAY_LEN(device_names) && !is(w, device_names[i]))
            i++;
        if (i == ARRAY_LEN(device_names))
            return fail(s, w.at, expected);
        h->devices |= (uint8_t)(1u << i);
        w = next(s);
    } while (w.len);
    return 0;
}

static int parse_line(struct parse *s)
{
    static const struct {
        const char *word;
        int (*parse)(struct parse *s, unsigned kind);
        unsigned kind;
    } kinds[] = {{"listen", parse_net, PITH_POLICY_LISTEN},
                 {"connect", parse_net, PITH_POLICY_CONNECT},
                 {"lookup", parse_texts, PITH_POLICY_LOOKUP},
                 {"write", parse_texts, PITH_POLICY_WRITE}};
    for (const char *c = s->at; c < s->line_end; c++)
        if (((unsigned char)*c < ' ' && *c != '\t' && *c != '\r') || *c == 0x7f)
            return fail(s, c, "a text, without control characters");
    struct word w = next(s);
    int err = 1;

    if (w.len == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (is(w, kinds[i].word))
            err = kinds[i].parse(s, kinds[i].kind);
    if (is(w, "memory"))
        err = parse_memory(s);
    else if (is(w, "devices"))
        err = parse_devices(s);
    if (err > 0)
        return fail(s, w.at, "listen, connect, lookup, write, memory or devices");
    if (err < 0)
        return err;
    w = next(s);
    return w.len ? fail(s, w.at, "the end of the line") : 0;
}

/* Without a line about devices: all but a network that could not be used. */
static void derive_devices(struct policy *p)
{
    struct pith_policy *h = &p->head;

    if (h->devices_line)
        return;
    h->devices = PITH_POLICY_DEVICES;
    if (policy_none(h, PITH_POLICY_LISTEN) && policy_none(h, PITH_POLICY_CONNECT) &&
        policy_none(h, PITH_POLICY_LOOKUP))
        h->devices &= (uint8_t)~PITH_POLICY_NET;
}

int policy_parse(const char *name, const char *text, size_t len, struct policy *p, struct fault *f)
{
    struct parse s = {.name = name, .p = p, .f = f};
    const char *end = text + len;

    *p = (struct policy){.head = {.magic = PITH_POLICY_MAGIC,
                                  .version = PITH_POLICY_VERSION,
                                  .size = sizeof(p->head)}};
    for (const char *at = text; at < end; at = s.line_end + 1) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        s.line_start = s.at = at;
        s.line_end = newline != NULL ? newline : end;
        if (s.line++ == LINES_MAX)
            return fault_set(f, EXIT_USAGE, "%.200s: more than %u lines", name, LINES_MAX);
        if (parse_line(&s) != 0)
            return -1;
    }
    derive_devices(p);
    return 0;
}

int policy_load(const char *name, struct policy *p, struct fault *f)
{
    static char text[TEXT_MAX];
    size_t len = 0;
    ssize_t n = 1;
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && n > 0 && len < sizeof(text)) {
        n = read(fd, text + len, sizeof(text) - len);
        len += n > 0 ? (size_t)n : 0;
    }
    int err = errno;
    if (fd >= 0)
        close(fd);
    if (fd < 0 || n < 0)
        return fault_set(f, EXIT_HOST, "cannot read the policy %.200s: %s", name, strerror(err));
    if (len == sizeof(text))
        return fault_set(f, EXIT_USAGE, "%.200s: a policy has less than 64 KiB", name);
    return policy_parse(name, text, len, p, f);
}
