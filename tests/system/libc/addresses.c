/* SPDX-License-Identifier: MIT
 *
 * What getaddrinfo, getnameinfo and gethostbyname say of numbers, for all combinations of hints.
 * Asks no server, reads no file and does not depend on which addresses the machine has: results are
 * printed in the order of their text. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NUMERIC  (NI_NUMERICHOST | NI_NUMERICSERV | NI_NUMERICSCOPE)
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Those before the first "" are numbers; the rest only look like some. */
static const char *const nodes[] = {"127.0.0.1",
                                    "1",
                                    "0x7f.1",
                                    "1.2.3",
                                    "010.1.1.1",
                                    "255.255.255.255",
                                    "0",
                                    "4294967295",
                                    "::",
                                    "::1",
                                    "2001:DB8::a",
                                    "::ffff:1.2.3.4",
                                    "1:2:3:4:5:6:7:8",
                                    "fe80::1%2",
                                    "fe80::1%4294967295",
                                    "ff02::1%7",
                                    "::1%3",
                                    "",
                                    "256.1.1.1",
                                    "1.2.3.4.5",
                                    "1.2.3.",
                                    "1..2",
                                    "4294967296",
                                    "1::2::3",
                                    "12345::",
                                    ":1",
                                    "1:2:3:4:5:6:7",
                                    "1:2:3:4:5:6:7:8:9",
                                    "::1.2.3",
                                    "fe80::1%4294967296",
                                    "fe80::1%no-such-device",
                                    "2001:db8::1%no-such-device",
                                    "fe80::1%",
                                    "[::1]",
                                    "name",
                                    "a.b.",
                                    "."};
static const char *const services[] = {NULL, "0", "80",   "65535", "65536",
                                       "-1", "",  "0x50", "80 ",   "no-such-service"};
static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 99};
static const int types[][2] = {{0, 0},
                               {SOCK_STREAM, 0},
                               {SOCK_DGRAM, 0},
                               {SOCK_RAW, 0},
                               {0, IPPROTO_TCP},
                               {0, IPPROTO_UDP},
                               {SOCK_STREAM, IPPROTO_TCP},
                               {SOCK_STREAM, IPPROTO_UDP},
                               {SOCK_DGRAM, IPPROTO_UDP},
                               {SOCK_RAW, IPPROTO_ICMP},
                               {99, 0}};
static const int flags[] = {0,
                            AI_PASSIVE,
                            AI_CANONNAME,
                            AI_NUMERICSERV,
                            AI_V4MAPPED,
                            AI_V4MAPPED | AI_ALL,
                            AI_PASSIVE | AI_CANONNAME | AI_NUMERICSERV,
                            0x100000};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void print(const struct addrinfo *list)
{
    static char lines[64][300];
    size_t n = 0;

    for (const struct addrinfo *a = list; a && n < COUNT(lines); a = a->ai_next) {
        const struct sockaddr_in *in = (void *)a->ai_addr;
        const struct sockaddr_in6 *in6 = (void *)a->ai_addr;
        int v6 = a->ai_family == AF_INET6;
        char text[INET6_ADDRSTRLEN] = "?";

        inet_ntop(a->ai_family, v6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr, text,
                  sizeof text);
        snprintf(lines[n++], sizeof *lines, " %d/%d/%d %d %s %u port %d len %d %s", a->ai_family,
                 a->ai_socktype, a->ai_protocol, a->ai_addr->sa_family, text,
                 v6 ? in6->sin6_scope_id : 0, ntohs(in->sin_port), (int)a->ai_addrlen,
                 list->ai_canonname ? list->ai_canonname : "-");
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        puts(lines[i]);
}

static void ask(const char *node, const char *service, const struct addrinfo *hints)
{
    struct addrinfo *list = NULL;
    int error = getaddrinfo(node, service, hints, &list);

    printf("%s,%s: ", node ? node : "NULL", service ? service : "NULL");
    if (hints)
        printf("%d %d %d %x: ", hints->ai_family, hints->ai_socktype, hints->ai_protocol,
               (unsigned)hints->ai_flags);
    printf("%s\n", error ? gai_strerror(error) : "");
    if (!error) {
        print(list);
        freeaddrinfo(list);
    }
}

/* All combinations for a node that is no number would be many times the same error. */
static void ask_all(const char *node, int numeric)
{
    for (size_t f = 0; f < COUNT(families); f++) {
        for (size_t k = 0; k < COUNT(flags); k++) {
            struct addrinfo hints = {.ai_family = families[f],
                                     .ai_flags = flags[k] | (numeric ? 0 : AI_NUMERICHOST)};

            ask(node, numeric ? "80" : NULL, &hints);
        }
        for (size_t t = 0; numeric && t < COUNT(types); t++) {
            struct addrinfo hints = {
                .ai_family = families[f], .ai_socktype = types[t][0], .ai_protocol = types[t][1]};

            for (size_t s = 0; s < COUNT(services); s++)
                ask(node, services[s], &hints);
        }
    }
}

static void names_of(const char *node)
{
    static const int how[] = {0, NI_DGRAM, NI_NOFQDN, NI_NAMEREQD};
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *list;
    char host[64], service[16];

    if (getaddrinfo(node, "80", &hints, &list))
        return;
    for (size_t i = 0; i < COUNT(how); i++) {
        for (socklen_t size = 1; size < sizeof host; size++) {
            int error = getnameinfo(list->ai_addr, list->ai_addrlen, host, size, service,
                                    size < 5 ? size : 5, how[i] | NUMERIC);

            printf("%s %d %d: %s %s\n", node, how[i], (int)size, error ? gai_strerror(error) : host,
                   error ? "" : service);
        }
    }
    printf("%d %d\n",
           getnameinfo(list->ai_addr, list->ai_addrlen - 1, host, sizeof host, NULL, 0,
                       NI_NUMERICHOST),
           getnameinfo(&(struct sockaddr){.sa_family = AF_UNIX}, sizeof(struct sockaddr), host,
                       sizeof host, NULL, 0, NI_NUMERICHOST));
    freeaddrinfo(list);
}

static void host_of(const char *node, int family)
{
    struct hostent *h = gethostbyname2(node, family);
    char text[INET6_ADDRSTRLEN];

    printf("%s %d: ", node, family);
    if (!h) {
        printf("%s\n", hstrerror(h_errno));
        return;
    }
    printf("%s %s %d %d", h->h_name, h->h_aliases[0] ? h->h_aliases[0] : "-", h->h_addrtype,
           h->h_length);
    for (char **a = h->h_addr_list; *a; a++)
        printf(" %s", inet_ntop(h->h_addrtype, *a, text, sizeof text));
    puts("");
}

int main(void)
{
    int numeric = 1;

    ask(NULL, NULL, NULL);
    ask(NULL, "80", NULL);
    ask_all(NULL, 1);
    for (size_t i = 0; i < COUNT(nodes); i++) {
        numeric &= *nodes[i] != 0;
        ask_all(nodes[i], numeric);
        if (numeric) {
            names_of(nodes[i]);
            host_of(nodes[i], AF_INET);
            host_of(nodes[i], AF_INET6);
        }
    }
    return 0;
}
