/* SPDX-License-Identifier: MIT
 *
 * A long repeatable sequence of calls on Unix sockets of all types: sending, receiving, peeking,
 * shutting down, closing, passing descriptors, and connecting datagram sockets. The results of all
 * calls, and the bytes and descriptors that come, go into a digest.
 *
 * Sockets that carry others are never passed themselves, since Linux collects cycles at a time of
 * its choice; and rounds are short, since buffers are counted differently. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/uio.h>
#include "sockets.h"

#define SLOTS  16u
#define ROUNDS 1000u
#define STEPS  150u

enum kind { NONE, CARRIER, LEAF, OTHER };

static struct slot {
    int fd;
    enum kind kind;
    int type;
} slots[SLOTS];

static uint32_t seed = 7;

static unsigned pick(unsigned n)
{
    seed = seed * 1103515245u + 12345;
    return (seed >> 12) % n;
}

static uint64_t digest = 14695981039346656037u;
static unsigned calls, successes;
static bool verbose;

static void note(uint64_t value)
{
    digest = (digest ^ value) * 1099511628211u;
}

static void result(const char *what, int fd, long r)
{
    calls++;
    successes += r >= 0;
    note(r < 0 ? (uint64_t)errno << 32 : (uint64_t)r);
    if (verbose)
        printf("%s(%d) = %ld %s\n", what, fd, r, r < 0 ? strerror(errno) : "");
}

static struct slot *free_slot(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (slots[i].kind == NONE)
            return &slots[i];
    return NULL;
}

static unsigned free_slots(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SLOTS; i++)
        n += slots[i].kind == NONE;
    return n;
}

static void keep(int fd, enum kind kind, int type)
{
    struct slot *s = free_slot();

    note((uint64_t)fd);
    if (s)
        *s = (struct slot){fd, kind, type};
    else
        close(fd);
}

/* A descriptor that came in a message. */
static void keep_received(int fd)
{
    struct stat st;

    fstat(fd, &st);
    keep(fd, S_ISSOCK(st.st_mode) ? LEAF : OTHER, S_ISSOCK(st.st_mode) ? option(fd, SO_TYPE) : 0);
}

static void make_pair(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int type = types[pick(3)], fds[2];
    enum kind kind = pick(2) ? CARRIER : LEAF;

    if (free_slots() < 2)
        return;
    if (pick(5) == 0) {
        result("pipe", 0, pipe(fds));
        kind = OTHER;
    } else {
        result("socketpair", type, socketpair(AF_UNIX, type, 0, fds));
        if (pick(4) == 0)
            set_option(fds[0], SO_PASSCRED, 1);
    }
    keep(fds[0], kind, type);
    keep(fds[1], kind, type);
}

static const char *any_name(void)
{
    static const char *const names[] = {"@pith-random-a", "@pith-random-b", "@pith-random-c"};
    return names[pick(3)];
}

static void make_datagram(void)
{
    if (free_slots() < 1)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    result("bind", fd, bind_to(fd, any_name()));
    keep(fd, CARRIER, SOCK_DGRAM);
}

static void send_some(struct slot *s)
{
    char data[300], control[CMSG_SPACE(3 * sizeof(int))] = {0};
    struct iovec iov[2] = {{data, 1 + pick(150)}, {data + 150, pick(150)}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 1 + (int)pick(2)};
    int fds[3], n = 0;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(pick(26) + 'a');
    for (unsigned want = s->kind == CARRIER && pick(3) == 0 ? 1 + pick(3) : 0; want > 0; want--) {
        const struct slot *other = &slots[pick(SLOTS)];
        if (other->kind == LEAF || other->kind == OTHER)
            fds[n++] = other->fd;
    }
    if (n > 0) {
        struct cmsghdr h = {0};
        h.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
        h.cmsg_level = SOL_SOCKET;
        h.cmsg_type = SCM_RIGHTS;
        memcpy(control, &h, sizeof(h));
        memcpy(control + CMSG_LEN(0), fds, (size_t)n * sizeof(int));
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int));
    }
    if (s->type == SOCK_DGRAM && pick(3) == 0)
        m.msg_name = at(any_name(), &m.msg_namelen);
    if (verbose && n)
        printf("%d files\n", n);
    result("sendmsg", s->fd, sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void receive_some(struct slot *s)
{
    static const int some_flags[] = {
        0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_PEEK | MSG_TRUNC};
    static const unsigned rooms[] = {0, 20, 24, 64};
    char data[600], control[64];
    struct sockaddr_un name;
    struct iovec iov[2] = {{data, 1 + pick(300)}, {data + 300, pick(300)}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 1 + (int)pick(2)};

    m.msg_controllen = rooms[pick(4)];
    m.msg_control = m.msg_controllen ? control : NULL;
    m.msg_name = &name;
    m.msg_namelen = sizeof(name);
    int flags = some_flags[pick(7)];
    /* Linux gives files of later messages, too, when a stream is peeked at. */
    if (s->type == SOCK_STREAM && s->kind == CARRIER)
        flags &= ~MSG_PEEK;
    ssize_t n = recvmsg(s->fd, &m, flags | MSG_DONTWAIT);
    result("recvmsg", s->fd, n);
    if (n < 0)
        return;
    note((uint64_t)m.msg_flags << 32 | m.msg_controllen << 16 | m.msg_namelen);
    if (verbose)
        printf("  asked %x: flags %x control %u name %u\n", (unsigned)flags, (unsigned)m.msg_flags,
               (unsigned)m.msg_controllen, m.msg_namelen);
    for (ssize_t i = 0, left = n; i < m.msg_iovlen; i++)
        for (size_t j = 0; j < iov[i].iov_len && left > 0; j++, left--)
            note((unsigned char)((char *)iov[i].iov_base)[j]);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        note(c->cmsg_len << 8 | (unsigned)c->cmsg_type);
        for (size_t at = CMSG_LEN(sizeof(int)); c->cmsg_type == SCM_RIGHTS && at <= c->cmsg_len;
             at += sizeof(int)) {
            int fd;
            memcpy(&fd, (char *)c + at - sizeof(int), sizeof(fd));
            keep_received(fd);
        }
    }
}

static void reconnect(struct slot *s)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (s->type != SOCK_DGRAM)
        return;
    if (pick(3) == 0)
        result("disconnect", s->fd, connect(s->fd, &none, sizeof(none)));
    else
        result("connect", s->fd, connect_to(s->fd, any_name()));
}

static void look(struct slot *s)
{
    int n = -1;

    result("poll", s->fd, bits(s->fd));
    result("FIONREAD", s->fd, ioctl(s->fd, FIONREAD, &n));
    note((uint64_t)n);
    if (s->kind != OTHER)
        result("SO_ERROR", s->fd, option(s->fd, SO_ERROR));
}

static void step(void)
{
    struct slot *s = &slots[pick(SLOTS)];
    unsigned what = pick(20);

    if (what < 3 || s->kind == NONE) {
        if (pick(4))
            make_pair();
        else
            make_datagram();
    } else if (what == 3) {
        result("close", s->fd, close(s->fd));
        s->kind = NONE;
    } else if (what == 4 && free_slots() > 0) {
        int fd = dup(s->fd);
        result("dup", s->fd, fd);
        keep(fd, s->kind, s->type);
    } else if (what < 7) {
        look(s);
    } else if (s->kind == OTHER) {
        return;
    } else if (what == 7 && pick(3) == 0) {
        result("shutdown", s->fd, shutdown(s->fd, (int)pick(3)));
    } else if (what == 8) {
        reconnect(s);
    } else if (what < 14) {
        send_some(s);
    } else {
        receive_some(s);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    verbose = argc > 1;
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < STEPS; i++)
            step();
        for (unsigned i = 0; i < SLOTS; i++) {
            if (slots[i].kind != NONE)
                close(slots[i].fd);
            slots[i].kind = NONE;
        }
        if (round % 50 == 49 || verbose)
            printf("%u: %u calls, %u worked, digest %016llx\n", round, calls, successes,
                   (unsigned long long)digest);
    }
    return 0;
}
