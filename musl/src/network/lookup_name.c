/* SPDX-License-Identifier: MIT
 *
 * The addresses of a name, for getaddrinfo and gethostbyname: a number, /etc/hosts, "localhost" and
 * what is below it (RFC 6761 6.3), or DNS (RFC 1035, RFC 3596), in this order; then sorted as RFC
 * 6724 says. Errors are those of getaddrinfo.
 *
 * A name with at least (ndots) dots, or a final dot, is asked for as it is; another one first with
 * each domain of the search list, until a server knows the name. */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lookup.h"
#include "stdio_impl.h"

/* Waits for a network that is still coming up: libos/net/inet. */
__attribute__((__weak__)) void inet_ready_names(void);

enum { MAX_NAME = 255, MAX_QUERY = 280, MAX_SEARCH = 256 };
/* MAXADDRS addresses with a chain of CNAMEs before them. */
enum { MAX_ANSWER = 2048 };
enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, CLASS_IN = 1, NO_SUCH_NAME = 3 };

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Whether a name from outside may be given to programs as that of a host. */
static int is_host(const char *name)
{
    const char *p = name;

    while (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80 || (*p && strchr("-_.", *p)))
        p++;
    return p != name && !*p;
}

static int constant(struct address *buf, int family, int loopback)
{
    int n = 0;

    if (family != AF_INET6) {
        buf[n] = (struct address){.family = AF_INET};
        if (loopback)
            memcpy(buf[n].addr, (unsigned char[]){127, 0, 0, 1}, 4);
        n++;
    }
    if (family != AF_INET) {
        buf[n] = (struct address){.family = AF_INET6};
        buf[n].addr[15] = (unsigned char)loopback;
        n++;
    }
    return n;
}

/* Reads the next word of a line into (out); of one that is too long, the beginning, and (*cut) is
 * set. Returns 0 at the end of the line, which it leaves behind. */
static int get_word(FILE *f, char out[MAX_NAME + 1], int *cut)
{
    size_t n = 0;
    int c;

    do
        c = getc(f);
    while (c != '\n' && isspace(c));
    *cut = 0;
    for (; c != EOF && c != '#' && !isspace(c); c = getc(f)) {
        if (n < MAX_NAME)
            out[n++] = (char)c;
        else
            *cut = 1;
    }
    out[n] = 0;
    if (n == 0) {
        while (c != '\n' && c != EOF)
            c = getc(f);
        return 0;
    }
    if (c != EOF)
        ungetc(c, f);
    return 1;
}

/* Reads the names of a line. Returns whether (name) is one of them; (first) becomes the first. */
static int line_names(FILE *f, const char *name, char first[MAX_NAME + 1])
{
    char word[MAX_NAME + 1];
    int cut, found = 0, n = 0;

    *first = 0;
    for (; get_word(f, word, &cut); n++) {
        if (n == 0 && !cut)
            memcpy(first, word, strlen(word) + 1);
        found |= !cut && !strcasecmp(word, name);
    }
    return found;
}

static int from_hosts(struct address buf[static MAXADDRS], char canon[static MAX_NAME + 1],
                      const char *name, int family)
{
    char word[MAX_NAME + 1], first[MAX_NAME + 1];
    unsigned char file_buf[1032];
    int n = 0, other = 0, named = 0, cut;
    FILE file, *f = __fopen_rb_ca("/etc/hosts", &file, file_buf, sizeof file_buf);

    if (!f)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : EAI_SYSTEM;
    while (n < MAXADDRS && !feof(f) && !ferror(f)) {
        if (!get_word(f, word, &cut) || !line_names(f, name, first) || cut)
            continue;
        int got = __lookup_ipliteral(&buf[n], word, family);
        if (got < 0)
            other = EAI_NONAME;
        if (got <= 0)
            continue;
        n++;
        if (!named && is_host(first)) {
            memcpy(canon, first, strlen(first) + 1);
            named = 1;
        }
    }
    __fclose_ca(f);
    /* A name that is there with addresses of the other family only is not looked for elsewhere. */
    return n ? n : other;
}

static int is_localhost(const char *name)
{
    static const char local[] = "localhost";
    size_t len = strlen(name), want = sizeof local - 1;

    if (len && name[len - 1] == '.')
        len--;
    if (len < want || strncasecmp(name + len - want, local, want) != 0)
        return 0;
    return len == want || name[len - want - 1] == '.';
}

/* What the records of an answer are added to. */
struct result {
    struct address *addrs;
    char *canon;
    int n, answer_len;
};

static int add_record(void *arg, int type, const void *data, int len, const void *answer)
{
    struct result *r = arg;
    const unsigned char *start = answer;
    char name[MAX_NAME + 1];

    if (type == TYPE_CNAME) {
        if (__dn_expand(start, start + r->answer_len, data, name, sizeof name) > 0 && is_host(name))
            memcpy(r->canon, name, strlen(name) + 1);
        return 0;
    }
    if (len != (type == TYPE_A ? 4 : 16) || r->n == MAXADDRS)
        return -1;
    r->addrs[r->n] = (struct address){.family = type == TYPE_A ? AF_INET : AF_INET6};
    memcpy(r->addrs[r->n].addr, data, (size_t)len);
    r->n++;
    return 0;
}

/* Asks for the addresses of exactly this name, of both families at once. (canon) may be (name).
 * Returns their number, 0 if there is no such name, or an error. */
static int from_dns(struct address buf[static MAXADDRS], char canon[static MAX_NAME + 1],
                    const char *name, int family, const struct resolvconf *conf)
{
    unsigned char queries[2][MAX_QUERY], answers[2][MAX_ANSWER];
    const unsigned char *qp[2] = {queries[0], queries[1]};
    unsigned char *ap[2] = {answers[0], answers[1]};
    int qlens[2], alens[2] = {0, 0}, n = 0, error = EAI_NONAME;
    struct result r = {.addrs = buf, .canon = canon};

    for (int type = TYPE_A; type; type = type == TYPE_A ? TYPE_AAAA : 0) {
        if (family == (type == TYPE_A ? AF_INET6 : AF_INET))
            continue;
        qlens[n] = __res_mkquery(0, name, CLASS_IN, type, NULL, 0, NULL, queries[n], MAX_QUERY);
        if (qlens[n] < 0)
            return 0;
        queries[n++][3] = 0; /* AD is not looked at */
    }
    if (n == 2 && !memcmp(queries[0], queries[1], 2))
        queries[1][1] ^= 1;
    if (__res_msend_rc(n, qp, qlens, ap, alens, MAX_ANSWER, conf) < 0)
        return EAI_SYSTEM;
    for (int i = 0; i < n; i++)
        if (alens[i] && (answers[i][3] & 15) == NO_SUCH_NAME)
            return 0;
    for (int i = 0; i < n; i++) {
        int before = r.n;

        r.answer_len = alens[i];
        if (!alens[i])
            error = EAI_AGAIN;
        else if (__dns_parse(answers[i], alens[i], add_record, &r) < 0 && r.n == before &&
                 error == EAI_NONAME)
            error = EAI_FAIL;
    }
    /* The addresses of one family are better than none: some servers never answer for the other. */
    return r.n ? r.n : error;
}

/* Joins name and domain in (out). Returns 0 if that is too long. */
static int join(char out[static MAX_NAME + 1], const char *name, size_t len, const char *domain,
                size_t domain_len)
{
    if (len + 1 + domain_len > MAX_NAME)
        return 0;
    memcpy(out, name, len);
    out[len] = '.';
    memcpy(out + len + 1, domain, domain_len);
    out[len + 1 + domain_len] = 0;
    return 1;
}

static int from_search(struct address buf[static MAXADDRS], char canon[static MAX_NAME + 1],
                       const char *name, int family)
{
    char search[MAX_SEARCH] = "", plain[MAX_NAME + 1];
    struct resolvconf conf;
    size_t len = strlen(name), dots = 0;
    int final_dot = name[len - 1] == '.';

    if (inet_ready_names)
        inet_ready_names();
    if (__get_resolv_conf(&conf, search, sizeof search) < 0)
        return EAI_SYSTEM;
    for (size_t i = 0; i < len; i++)
        dots += name[i] == '.';
    len -= (size_t)final_dot;
    if (len == 0 || name[len - 1] == '.')
        return EAI_NONAME;
    if (dots >= conf.ndots || final_dot)
        *search = 0;
    for (char *p = search; *(p += strspn(p, " \t\r\n\v\f"));) {
        size_t n = strcspn(p, " \t\r\n\v\f"), domain = n - (p[n - 1] == '.');

        if (domain && join(canon, name, len, p, domain)) {
            int got = from_dns(buf, canon, canon, family, &conf);
            if (got)
                return got;
        }
        p += n;
    }
    memcpy(plain, name, len);
    plain[len] = 0;
    memcpy(canon, plain, len + 1);
    return from_dns(buf, canon, plain, family, &conf);
}

/* Destination address selection, RFC 6724 6, without the rules 3, 4 and 7, for which a program
 * would have to know more of the interfaces. */

/* The policy table of RFC 6724 2.1, without what has been given up (::/96, fec0::/10, 3ffe::/16).
 * The last line fits all. */
static const struct policy {
    unsigned char prefix[16];
    unsigned char bits, precedence, label;
} policies[] = {
    {{[15] = 1}, 128, 50, 0}, {{[10] = 0xff, [11] = 0xff}, 96, 35, 4},
    {{0x20, 0x01}, 32, 5, 5}, {{0x20, 0x02}, 16, 30, 2},
    {{0xfc}, 7, 3, 13},       {{0}, 0, 40, 1},
};

static int common_bits(const unsigned char *a, const unsigned char *b)
{
    int n = 0;

    while (n < 128 && !((a[n / 8] ^ b[n / 8]) & 0x80 >> n % 8))
        n++;
    return n;
}

static const struct policy *policy_of(const unsigned char *addr)
{
    const struct policy *p = policies;

    while (common_bits(addr, p->prefix) < p->bits)
        p++;
    return p;
}

/* RFC 6724 3.1 and 3.2. */
static int scope_of(const unsigned char *a)
{
    enum { LINK = 2, SITE = 5, GLOBAL = 14 };

    if (a[0] == 0xff)
        return a[1] & 15;
    if (!memcmp(a, mapped, 12))
        return a[12] == 127 || (a[12] == 169 && a[13] == 254) ? LINK : GLOBAL;
    if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || !memcmp(a, policies[0].prefix, 16))
        return LINK;
    return a[0] == 0xfe && (a[1] & 0xc0) == 0xc0 ? SITE : GLOBAL;
}

/* Writes the address from which the system would send to (a). Returns 0 if it would not. */
static int source_of(const struct address *a, unsigned char source[16])
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } to = {.sa.sa_family = (sa_family_t)a->family};
    socklen_t len = a->family == AF_INET6 ? sizeof to.in6 : sizeof to.in;
    int fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP), known = 0;

    if (fd < 0)
        return 0;
    if (a->family == AF_INET6) {
        to.in6.sin6_port = htons(9);
        to.in6.sin6_scope_id = a->scopeid;
        memcpy(&to.in6.sin6_addr, a->addr, 16);
    } else {
        to.in.sin_port = htons(9);
        memcpy(&to.in.sin_addr, a->addr, 4);
    }
    if (!connect(fd, &to.sa, len) && !getsockname(fd, &to.sa, &len)) {
        known = 1;
        memcpy(source, a->family == AF_INET6 ? (void *)&to.in6.sin6_addr : (void *)mapped, 12);
        if (a->family == AF_INET6)
            memcpy(source, &to.in6.sin6_addr, 16);
        else
            memcpy(source + 12, &to.in.sin_addr, 4);
    }
    close(fd);
    return known;
}

/* A larger key goes first. */
static int key_of(const struct address *a)
{
    unsigned char to[16], source[16];
    int key;

    if (a->family == AF_INET6) {
        memcpy(to, a->addr, 16);
    } else {
        memcpy(to, mapped, 12);
        memcpy(to + 12, a->addr, 4);
    }
    const struct policy *p = policy_of(to);
    int scope = scope_of(to), usable = source_of(a, source);

    key = usable << 30;
    if (usable) {
        key |= (scope_of(source) == scope) << 29;
        key |= (policy_of(source)->label == p->label) << 28;
        key |= common_bits(source, to) << 8;
    }
    return key | p->precedence << 20 | (15 - scope) << 16;
}

static void sort(struct address *buf, int n)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    for (int i = 0; i < n; i++) {
        struct address a = buf[i];
        int k = i;

        a.sortkey = key_of(&a);
        /* Stable: equal ones stay in the order of the answer. */
        for (; k > 0 && buf[k - 1].sortkey < a.sortkey; k--)
            buf[k] = buf[k - 1];
        buf[k] = a;
    }
    pthread_setcancelstate(state, NULL);
}

static int count(const struct address *buf, int n, int family)
{
    int found = 0;

    for (int i = 0; i < n; i++)
        found += buf[i].family == family;
    return found;
}

/* AI_V4MAPPED: makes IPv6 addresses of those of IPv4, which are left out if there are real ones and
 * not AI_ALL. Returns the number that is left. */
static int map(struct address *buf, int n, int flags)
{
    int drop = !(flags & AI_ALL) && count(buf, n, AF_INET6) > 0, kept = 0;

    for (int i = 0; i < n; i++) {
        if (buf[i].family == AF_INET) {
            if (drop)
                continue;
            memcpy(buf[i].addr + 12, buf[i].addr, 4);
            memcpy(buf[i].addr, mapped, 12);
            buf[i].family = AF_INET6;
        }
        buf[kept++] = buf[i];
    }
    return kept;
}

int __lookup_name(struct address buf[static MAXADDRS], char canon[static MAX_NAME + 1],
                  const char *name, int family, int flags)
{
    int n, all = family == AF_INET6 && flags & AI_V4MAPPED;

    *canon = 0;
    if (all)
        family = AF_UNSPEC;
    if (!name) {
        n = constant(buf, family, !(flags & AI_PASSIVE));
    } else {
        size_t len = strnlen(name, MAX_NAME);

        if (len == 0 || len == MAX_NAME)
            return EAI_NONAME;
        memcpy(canon, name, len + 1);
        n = __lookup_ipliteral(buf, name, family);
        if (!n && !(flags & AI_NUMERICHOST)) {
            n = from_hosts(buf, canon, name, family);
            if (n <= 0 && n != EAI_SYSTEM && is_localhost(name))
                n = constant(buf, family, 1);
            if (!n)
                n = from_search(buf, canon, name, family);
        }
    }
    if (n <= 0)
        return n ? n : EAI_NONAME;
    if (all)
        n = map(buf, n, flags);
    if (n > 1 && count(buf, n, AF_INET) < n)
        sort(buf, n);
    return n;
}
