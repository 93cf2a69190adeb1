/* SPDX-License-Identifier: MIT
 *
 * /proc/net: headers, and the lines of the program's own sockets. */
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "inet.h"

static char text[1 << 20];

static char *slurp(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        printf("%s: %s\n", name, strerror(errno));
    while (fd >= 0 && len < sizeof(text) - 1 &&
           (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    return text;
}

static void header(const char *name)
{
    char *t = slurp(name);
    int lines = strcmp(name, "/proc/net/dev") == 0 ? 2 : 1;

    for (; lines > 0; lines--) {
        size_t n = strcspn(t, "\n");
        printf("%s (%zu) |%.*s|\n", name, n, (int)n, t);
        t += n + (t[n] == '\n');
    }
}

/* The line of the socket (fd), found by its inode, as far as it is the same everywhere. */
static void line(const char *name, const char *what, int fd)
{
    char local[50], remote[50], rest[400];
    unsigned state, uid;
    unsigned long out, in, inode;
    struct stat st;
    int found = 0;

    fstat(fd, &st);
    for (char *t = strtok(slurp(name), "\n"); t; t = strtok(NULL, "\n")) {
        if (sscanf(t, " %*d: %49s %49s %x %lx:%lx %*x:%*x %*x %u %*d %lu %399[^\n]", local, remote,
                   &state, &out, &in, &uid, &inode, rest) != 8 ||
            inode != st.st_ino)
            continue;
        if (strtoul(strchr(remote, ':') + 1, NULL, 16) >= 32768)
            strcpy(strchr(remote, ':'), ":some");
        if (strtoul(strchr(local, ':') + 1, NULL, 16) >= 32768)
            strcpy(strchr(local, ':'), ":some");
        printf("%s %s: %s %s %02X %lx:%lx %u, %zu characters\n", name, what, local, remote, state,
               out, in, uid, strstr(name, "6") ? 0 : strlen(t));
        found++;
    }
    printf("found %d\n", found);
}

static void sockets(void)
{
    int l = listener(7301), s[2], u = socket(AF_INET, SOCK_DGRAM, 0),
        v = socket(AF_INET6, SOCK_DGRAM, 0);
    int m = socket(AF_INET6, SOCK_STREAM, 0), w = socket(AF_INET6, SOCK_STREAM, 0), c;

    pair(l, 7301, s);
    T(send(s[0], "abcde", 5, 0));
    ready_soon(s[1], POLLIN);
    c = socket(AF_INET, SOCK_STREAM, 0);
    T(connect4(c, "127.0.0.1", 7301));
    line("/proc/net/tcp", "listener", l);
    line("/proc/net/tcp", "client", s[0]);
    line("/proc/net/tcp", "server", s[1]);
    line("/proc/net/tcp6", "not there", s[1]);
    T(shutdown(s[0], SHUT_WR));
    usleep(200000);
    line("/proc/net/tcp", "client", s[0]);
    line("/proc/net/tcp", "server", s[1]);
    T(bind4(u, "127.0.0.1", 7302));
    line("/proc/net/udp", "bound", u);
    T(connect4(u, "127.0.0.1", 7303));
    line("/proc/net/udp", "connected", u);
    T(bind6(v, "::1", 7302));
    line("/proc/net/udp6", "bound", v);
    set(m, SOL_SOCKET, SO_REUSEADDR, 1);
    T(bind6(m, "::", 7304));
    T(listen(m, 3));
    line("/proc/net/tcp6", "listener", m);
    T(connect6(w, "::1", 7304));
    line("/proc/net/tcp6", "client", w);
    close(w);
    w = socket(AF_INET6, SOCK_STREAM, 0);
    T(connect6(w, "::ffff:127.0.0.1", 7304)); /* a connection of IPv4, and a socket of IPv6 */
    line("/proc/net/tcp6", "client", w);
    line("/proc/net/tcp", "not there", w);
    close(l), close(s[0]), close(s[1]), close(c), close(u), close(v), close(m), close(w);
}

/* The lines of Unix sockets with these inodes, and of names. */
static void unix_lines(const char *what, int fd)
{
    struct stat st;
    unsigned long inode;
    unsigned refs, protocol, flags, type, state;
    int end;

    fstat(fd, &st);
    for (char *t = strtok(slurp("/proc/net/unix"), "\n"); t; t = strtok(NULL, "\n"))
        if (sscanf(t, "%*x: %x %x %x %x %x %lu%n", &refs, &protocol, &flags, &type, &state, &inode,
                   &end) == 6 && inode == st.st_ino)
            printf("unix %s: %08X %08X %08X %04X %02X|%s|\n", what, refs, protocol, flags, type,
                   state, t + end);
}

static void unix_sockets(void)
{
    struct sockaddr_un named = {.sun_family = AF_UNIX, .sun_path = "proc_net.sock"};
    struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0proc_net\0name"};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 14);
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    int d = socket(AF_UNIX, SOCK_DGRAM, 0), e = socket(AF_UNIX, SOCK_DGRAM, 0), p[2];

    unix_lines("new", l);
    T(bind(l, (struct sockaddr *)&named, sizeof(named)));
    unix_lines("bound", l);
    T(listen(l, 2));
    unix_lines("listens", l);
    T(connect(c, (struct sockaddr *)&named, sizeof(named)));
    unix_lines("connected", c);
    int a = accept(l, NULL, NULL);
    unix_lines("accepted", a);
    unix_lines("listens", l);
    T(bind(d, (struct sockaddr *)&abstract, len));
    unix_lines("bound", d);
    T(connect(e, (struct sockaddr *)&abstract, len));
    unix_lines("connected", e);
    T(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
    unix_lines("pair", p[0]);
    close(p[1]);
    unix_lines("alone", p[0]);
    close(p[0]), close(l), close(c), close(a), close(d), close(e);
    unlink(named.sun_path);
}

static void interfaces(void)
{
    unsigned long n[16];
    char name[20];
    int count = 0;

    slurp("/proc/net/dev");
    char *lo = strstr(text, " lo:");
    need(lo, "a line of lo");
    for (char *t = lo + 4; count < 16 && sscanf(t, " %lu", &n[count]) == 1; count++) {
        t += strspn(t, " ");
        t += strcspn(t, " \n");
    }
    printf("lo has %d counters, errors %lu %lu\n", count, n[2], n[10]);
    unsigned index, bits, scope, flags;
    char addr[40];
    for (char *t = strtok(slurp("/proc/net/if_inet6"), "\n"); t; t = strtok(NULL, "\n"))
        if (sscanf(t, "%39s %x %x %x %x %19s", addr, &index, &bits, &scope, &flags, name) == 6 &&
            strcmp(name, "lo") == 0)
            printf("%s\n", t);
}

int main(void)
{
    static const char *const names[] = {"tcp", "tcp6", "udp", "udp6", "dev", "route", "arp"};
    char path[40];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "/proc/net/%s", names[i]);
        header(path);
    }
    T(readlink("/proc/net", path, sizeof(path)));
    sockets();
    header("/proc/net/unix");
    unix_sockets();
    interfaces();
    return 0;
}
