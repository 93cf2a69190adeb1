/* SPDX-License-Identifier: MIT
 *
 * Names from /etc/hosts and /etc/services, which this program writes, and localhost. Prints each
 * check that fails, then "done". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void check(int holds, const char *what)
{
    if (!holds)
        printf("failed: %s\n", what);
}
#define CHECK(condition) check(condition, #condition)

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f && fputs(text, f) >= 0 && !fclose(f));
}

/* The addresses of a name, "ADDR:PORT " each, then the canonical name; or the error. */
static const char *look(const char *name, const char *service, int family, int flags)
{
    static char out[1000];
    struct addrinfo hints = {.ai_family = family,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = flags | AI_CANONNAME},
                    *list;
    int error = getaddrinfo(name, service, &hints, &list);

    if (error) {
        snprintf(out, sizeof out, "%d", error);
        return out;
    }
    *out = 0;
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        char host[64], port[16];

        CHECK(!getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port,
                           NI_NUMERICHOST | NI_NUMERICSERV));
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s:%s ", host, port);
    }
    snprintf(out + strlen(out), sizeof out - strlen(out), "%s", list->ai_canonname);
    freeaddrinfo(list);
    return out;
}

static void looks(const char *name, const char *service, int family, int flags, const char *want)
{
    const char *got = look(name, service, family, flags);

    if (strcmp(got, want) != 0)
        printf("failed: %s %s %d %x: %s, not %s\n", name, service, family, (unsigned)flags, got,
               want);
}

static void reverse(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(8765)};
    char host[64], service[64];

    inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
    CHECK(!getnameinfo((void *)&in, sizeof in, host, sizeof host, service, sizeof service, 0));
    CHECK(!strcmp(host, "known.test") && !strcmp(service, "some"));
    CHECK(!getnameinfo((void *)&in, sizeof in, NULL, 0, service, sizeof service, NI_DGRAM));
    CHECK(!strcmp(service, "other"));
    struct hostent *h = gethostbyaddr(&in.sin_addr, 4, AF_INET);
    CHECK(h && !strcmp(h->h_name, "known.test"));
    h = gethostbyname("KNOWN");
    CHECK(h && !strcmp(h->h_name, "known.test") && !strcmp(h->h_aliases[1], "KNOWN"));
    CHECK(h && h->h_addrtype == AF_INET && !memcmp(h->h_addr_list[0], "\xc0\0\2\7", 4));
    CHECK(h && !memcmp(h->h_addr_list[1], "\xc0\0\2\x8", 4) && !h->h_addr_list[2]);
}

int main(void)
{
    mkdir("/etc", 0755);
    /* Without files. */
    remove("/etc/hosts");
    looks("localhost", "80", AF_INET, 0, "127.0.0.1:80 localhost");
    looks("a.LOCALHOST.", "80", AF_INET6, 0, "::1:80 a.LOCALHOST.");
    looks("known", "80", AF_INET, AI_NUMERICHOST, "-2");

    write_file("/etc/services", "# none\nsome 8765/tcp alias # x\nother 8765/udp\n");
    write_file("/etc/hosts", "# known\n"
                             "192.0.2.7\tknown.test known\n"
                             "2001:db8::7 six.test six six6\n"
                             "no-address known\n"
                             "192.0.2.8 known\n"
                             "127.0.0.9 localhost\n"
                             "192.0.2.9 last");
    looks("known", "some", AF_INET, 0, "192.0.2.7:8765 192.0.2.8:8765 known.test");
    looks("known", "alias", AF_UNSPEC, 0, "192.0.2.7:8765 192.0.2.8:8765 known.test");
    looks("Known.Test", "1", AF_INET, 0, "192.0.2.7:1 known.test");
    looks("known", "1", AF_INET6, 0, "-2");
    looks("known", "1", AF_INET6, AI_V4MAPPED, "::ffff:192.0.2.7:1 ::ffff:192.0.2.8:1 known.test");
    looks("six6", "1", AF_UNSPEC, 0, "2001:db8::7:1 six.test");
    looks("six", "1", AF_INET, 0, "-2");
    looks("last", "1", AF_INET, 0, "192.0.2.9:1 last");
    looks("localhost", "1", AF_INET, 0, "127.0.0.9:1 localhost");
    looks("known", "other", AF_INET, 0, "-8");
    looks("known", "some", AF_INET, AI_NUMERICSERV, "-2");
    reverse();
    puts("done");
    return 0;
}
