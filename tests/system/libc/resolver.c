/* SPDX-License-Identifier: MIT
 *
 * Lookups over the loopback interface: a thread of this program is the name server of its
 * /etc/resolv.conf, after one that is not there. Knows, below two.test, "plain" with one address of
 * each family, "big" with 40 of each, for which it wants TCP, and "alias" for "plain"; and the
 * names of addresses. Prints each check that fails, then "done". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { A = 1, CNAME = 5, PTR = 12, AAAA = 28, MAX = 4096 };

static int udp, tcp;

static void check(int holds, const char *what)
{
    if (!holds)
        printf("failed: %s\n", what);
}
#define CHECK(condition) check(condition, #condition)

static size_t put_record(unsigned char *p, int type, const void *data, size_t len)
{
    memcpy(p,
           (unsigned char[]){0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 9, 0,
                             (unsigned char)len},
           12);
    memcpy(p + 12, data, len);
    return 12 + len;
}

/* Makes the query an answer. Returns its length. */
static size_t answer(unsigned char *m, size_t len, int over_tcp)
{
    unsigned char addr[16] = {0x20, 1, 0x0d, 0xb8};
    char name[256] = "";
    int type = m[len - 3], size = type == A ? 4 : 16, n = 0;

    if (dn_expand(m, m + len, m + 12, name, sizeof name) < 0)
        return 0;
    m[2] |= 0x80;
    m[3] = 0x80;
    if (type == A)
        memcpy(addr, "\xc0\0\2", 3);
    if (type == PTR) {
        len += put_record(m + len, PTR, "\3ptr\4test", 10);
        n = 1;
    } else if (!strcmp(name, "alias.two.test")) {
        len += put_record(m + len, CNAME, "\5plain\3two\4test", 16);
        len += put_record(m + len, type, addr, (size_t)size);
        /* The owner of the address is where the CNAME points to: its data. */
        m[len - (size_t)size - 11] = (unsigned char)(len - (size_t)size - 12 - 16);
        n = 2;
    } else if (!strcmp(name, "big.two.test") && !over_tcp) {
        m[2] |= 2;
    } else if (!strcmp(name, "big.two.test") || !strcmp(name, "plain.two.test")) {
        for (int want = *name == 'b' ? 40 : 1; n < want;) {
            addr[size - 1] = (unsigned char)++n;
            len += put_record(m + len, type, addr, (size_t)size);
        }
    } else {
        m[3] = 0x83;
    }
    m[7] = (unsigned char)n;
    return len;
}

static void *serve(void *arg)
{
    struct pollfd p[2] = {{udp, POLLIN, 0}, {tcp, POLLIN, 0}};
    unsigned char m[2 + MAX];
    struct sockaddr_in from;

    while (poll(p, 2, -1) > 0) {
        socklen_t len = sizeof from;

        if (p[0].revents) {
            ssize_t n = recvfrom(udp, m, 512, 0, (void *)&from, &len);
            CHECK(n > 16);
            sendto(udp, m, answer(m, (size_t)n, 0), 0, (void *)&from, len);
        }
        if (p[1].revents) {
            int fd = accept(tcp, NULL, NULL);
            CHECK(recv(fd, m, 2, MSG_WAITALL) == 2);
            size_t n = (size_t)(m[0] << 8 | m[1]);
            CHECK(n < 512 && recv(fd, m + 2, n, MSG_WAITALL) == (ssize_t)n);
            n = answer(m + 2, n, 1);
            m[0] = (unsigned char)(n >> 8);
            m[1] = (unsigned char)n;
            CHECK(send(fd, m, n + 2, 0) == (ssize_t)n + 2);
            close(fd);
        }
    }
    return arg;
}

static int count(const char *name, int family, const char *want_canon)
{
    struct addrinfo hints = {.ai_family = family,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_CANONNAME},
                    *list;
    int error = getaddrinfo(name, "80", &hints, &list), n = 0;

    if (error)
        return error;
    for (struct addrinfo *a = list; a; a = a->ai_next)
        n += family == AF_UNSPEC || a->ai_family == family;
    if (strcmp(list->ai_canonname, want_canon) != 0)
        printf("failed: %s is %s\n", name, list->ai_canonname);
    freeaddrinfo(list);
    return n;
}

static void names(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)};
    unsigned char m[MAX];
    char host[64];

    CHECK(count("plain", AF_UNSPEC, "plain.two.test") == 2);
    CHECK(count("plain.two.test", AF_INET, "plain.two.test") == 1);
    CHECK(count("alias", AF_UNSPEC, "plain.two.test") == 2);
    CHECK(count("big", AF_INET, "big.two.test") == 40);
    CHECK(count("big", AF_INET6, "big.two.test") == 40);
    CHECK(count("big", AF_UNSPEC, "big.two.test") == 48);
    CHECK(count("nobody", AF_UNSPEC, "") == EAI_NONAME);
    struct hostent *h = gethostbyname("plain");
    CHECK(h && !memcmp(h->h_addr_list[0], "\xc0\0\2\1", 4) && !h->h_addr_list[1]);
    CHECK(!getnameinfo((void *)&in, sizeof in, host, sizeof host, NULL, 0, NI_NAMEREQD));
    CHECK(!strcmp(host, "ptr.test"));
    int n = res_query("big.two.test", 1, A, m, sizeof m);
    CHECK(n == 12 + 14 + 4 + 40 * 16 && !(m[2] & 2));
    CHECK(res_query("big.two.test", 1, A, m, 100) == 100 && m[2] & 2);
    CHECK(res_query("nobody", 1, A, m, sizeof m) == -1 && h_errno == HOST_NOT_FOUND);
}

static void *often(void *arg)
{
    for (int i = 0; i < 20; i++) {
        CHECK(count("plain", AF_UNSPEC, "plain.two.test") == 2);
        CHECK(count("big", AF_INET6, "big.two.test") == 40);
    }
    return arg;
}

int main(void)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t server, t[4];

    mkdir("/etc", 0755);
    FILE *f = fopen("/etc/resolv.conf", "w");
    fputs("nameserver ::1\nnameserver 127.0.0.1\n"
          "search one.test two.test\noptions timeout:10 attempts:1\n",
          f);
    fclose(f);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    tcp = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(!bind(udp, (void *)&in, sizeof in) && !bind(tcp, (void *)&in, sizeof in));
    CHECK(!listen(tcp, 8) && !pthread_create(&server, NULL, serve, NULL));
    names();
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&t[i], NULL, often, NULL));
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    puts("done");
    return 0;
}
