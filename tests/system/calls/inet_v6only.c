/* SPDX-License-Identifier: MIT
 *
 * Sockets of both families on one port: what IPV6_V6ONLY and SO_REUSEADDR let bind and listen do.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/socket.h>
#include "calls.h"

static int sock(int family, int type)
{
    return socket(family, type, 0);
}
static int bind4(int s, uint32_t a, int port)
{
    struct sockaddr_in x = {AF_INET, htons(port), {htonl(a)}};
    return bind(s, (void *)&x, sizeof x);
}
static int bind6(int s, const struct in6_addr *a, int port)
{
    struct sockaddr_in6 x = {AF_INET6, htons(port), 0, *a, 0};
    return bind(s, (void *)&x, sizeof x);
}
static int port_of(int s)
{
    struct sockaddr_in6 x;
    socklen_t n = sizeof x;
    getsockname(s, (void *)&x, &n);
    return ntohs(x.sin6_port);
}
static void v6(int type)
{
    int on = 1, off = 0;
    struct in6_addr mapped = IN6ADDR_ANY_INIT;
    mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
    mapped.s6_addr[12] = 127;
    mapped.s6_addr[15] = 1;
    for (int only = 0; only < 2; only++)
        for (int reuse = 0; reuse < 2; reuse++) {
            printf("-- type %d v6only %d reuse %d\n", type, only, reuse);
            int a = sock(AF_INET6, type), b = sock(AF_INET, type), c = sock(AF_INET, type),
                d = sock(AF_INET6, type), e = sock(AF_INET6, type), f = sock(AF_INET6, type);
            T(setsockopt(a, IPPROTO_IPV6, IPV6_V6ONLY, only ? &on : &off, sizeof on));
            int fds[] = {a, b, c, d, e, f};
            for (int i = 0; i < 6; i++)
                if (reuse)
                    setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            T(bind6(a, &in6addr_any, 0));
            int p = port_of(a);
            T(bind4(b, INADDR_ANY, p));
            T(bind4(c, INADDR_LOOPBACK, p));
            T(bind6(d, &in6addr_loopback, p));
            T(bind6(e, &mapped, p));
            T(setsockopt(f, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
            T(bind6(f, &in6addr_any, p));
            T(setsockopt(a, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
            for (int i = 0; i < 6; i++)
                close(fds[i]);
            a = sock(AF_INET6, type), b = sock(AF_INET, type), c = sock(AF_INET6, type),
            d = sock(AF_INET6, type);
            int g[] = {a, b, c, d};
            for (int i = 0; i < 4; i++)
                if (reuse)
                    setsockopt(g[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            T(bind4(b, INADDR_LOOPBACK, 0));
            p = port_of(b);
            T(setsockopt(a, IPPROTO_IPV6, IPV6_V6ONLY, only ? &on : &off, sizeof on));
            T(bind6(c, &in6addr_loopback, p));
            T(bind6(d, &mapped, p));
            T(bind6(a, &in6addr_any, p));
            if (type == SOCK_STREAM) {
                T(listen(b, 1));
                T(listen(a, 1));
                T(listen(c, 1));
                T(listen(d, 1));
            }
            for (int i = 0; i < 4; i++)
                close(g[i]);
        }
}
int main(void)
{
    v6(SOCK_STREAM);
    v6(SOCK_DGRAM);
    return 0;
}
