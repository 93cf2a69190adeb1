/* SPDX-License-Identifier: MIT
 *
 * Unix sockets: streams and packets against simple models while memory runs out at random, the
 * collector of sockets in flight against a naive search, a script with each of its allocations
 * failing in turn, and /dev/log.
 *
 * sources: tests/unit/fake_policy.c libos/vfs/permit.c
 * sources: libos/net/sock/sock.c libos/net/sock/message.c libos/net/sock/option.c
 * sources: libos/net/unix/family.c libos/net/unix/name.c libos/net/unix/stream.c
 * sources: libos/net/unix/packet.c libos/net/unix/queue.c libos/net/unix/control.c
 * sources: libos/net/unix/flight.c libos/net/unix/log.c
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c
 * sources: libos/vfs/open.c libos/vfs/path.c libos/thread/wait.c libos/thread/thread.c
 * sources: tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: sock unix vfs mm thread */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include "fake_mm.h"
#include "fake_plat.h"
#include "unix/internal.h"
#include "vfs/fd.h"
#include "vfs/path.h"

struct file *const stdio_files[3];

struct fs *root_start(void)
{
    return NULL;
}

/* Free large pieces that are kept: pages that stay out. */
#define SPARE_PAGES (4 * 16)

static int start(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static size_t heap_at_start;

static int start_counting(void **state)
{
    start(state);
    heap_at_start = fake_mm.heap_bytes;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_mm.fail_percent = 0;
    return fake_mm.heap_bytes != heap_at_start || fake_mm.pages > SPARE_PAGES || flight_count;
}

static struct socket *fresh(int type)
{
    struct socket *s;
    assert_int_equal(sock_family_unix.create(type, 0, &s), 0);
    return s;
}

static void drop(struct socket *s)
{
    s->ops->release(s);
    inode_put(&s->inode);
}

static void make_pair(int type, struct socket *s[2])
{
    s[0] = fresh(type);
    s[1] = fresh(type);
    assert_int_equal(s[0]->ops->pair(s[0], s[1]), 0);
}

static long put(struct socket *s, const void *buf, size_t n)
{
    struct iovec iov = {(void *)buf, n};
    struct sock_msg m = {.iov = &iov, .iov_count = 1, .len = n, .flags = MSG_NOSIGNAL};
    return s->ops->send(s, &m);
}

static long get(struct socket *s, void *buf, size_t n, unsigned flags)
{
    /* In two pieces, so that copies have to go from one to the next. */
    struct iovec iov[2] = {{buf, n / 3}, {(char *)buf + n / 3, n - n / 3}};
    struct sock_msg m = {.iov = iov, .iov_count = 2, .len = n, .flags = flags};
    return s->ops->recv(s, &m);
}

static void test_stream(void **state)
{
    (void)state;
    static unsigned char buf[400000], out[400000];
    uint64_t seed = 5, written = 0, taken = 0;
    struct socket *s[2];

    make_pair(SOCK_STREAM, s);
    for (int i = 0; i < 30000; i++) {
        size_t n = random_below(&seed, random_below(&seed, 3) ? 99 : 40000);
        size_t held = written - taken;
        fake_mm.fail_percent = i % 4000 < 2000 ? 0 : 50;
        if (random_below(&seed, 2)) {
            for (size_t j = 0; j < n; j++)
                buf[j] = (unsigned char)((written + j) * 7 + (written + j) / 256);
            long r = put(s[0], buf, n);
            if (r < 0)
                assert_true((r == -EAGAIN && held > 150000) ||
                            (r == -ENOMEM && fake_mm.fail_percent));
            else
                written += (uint64_t)r;
            assert_true(r <= (long)n && written - taken < 212992 * 3 / 2);
        } else {
            bool peek = random_below(&seed, 4) == 0;
            long r = get(s[1], out, n, peek ? MSG_PEEK : 0);
            if (held == 0)
                assert_int_equal(r, -EAGAIN);
            else
                assert_int_equal(r, n < held ? n : held);
            for (long j = 0; j < r; j++) {
                uint64_t at = taken + (uint64_t)j;
                assert_int_equal(out[j], (unsigned char)(at * 7 + at / 256));
            }
            if (r > 0 && !peek)
                taken += (uint64_t)r;
        }
        assert_int_equal(to_unix(s[1])->queue_bytes, written - taken);
    }
    drop(s[0]);
    drop(s[1]);
}

#define PACKETS 64

static void test_packets(void **state)
{
    (void)state;
    static unsigned char buf[70000];
    uint64_t seed = 6;
    size_t lens[PACKETS], first = 0, count = 0;
    struct socket *s[2];

    make_pair(SOCK_SEQPACKET, s);
    for (int i = 0; i < 20000; i++) {
        size_t n = random_below(&seed, random_below(&seed, 3) ? 99 : 70000);
        fake_mm.fail_percent = i % 4000 < 2000 ? 0 : 50;
        if (random_below(&seed, 2) && count < PACKETS) {
            memset(buf, (int)(n * 3), n);
            long r = put(s[0], buf, n);
            if (r < 0) {
                assert_true((r == -EAGAIN && count > 2) || (r == -ENOBUFS && fake_mm.fail_percent));
                continue;
            }
            assert_int_equal(r, n);
            lens[(first + count++) % PACKETS] = n;
        } else if (count == 0) {
            assert_int_equal(get(s[1], buf, n, 0), -EAGAIN);
        } else {
            size_t len = lens[first];
            bool whole = random_below(&seed, 2);
            long r = get(s[1], buf, n, whole ? MSG_TRUNC : 0);
            assert_int_equal(r, whole ? len : n < len ? n : len);
            for (size_t j = 0; j < (n < len ? n : len); j++)
                assert_int_equal(buf[j], (unsigned char)(len * 3));
            first = (first + 1) % PACKETS;
            count--;
        }
    }
    drop(s[1]);
    drop(s[0]);
}

/* The collector. Node (i) is a socket with an abstract name, and holds a probe in its own queue
 * that is gone when its messages are. */
#define NODES    24
#define IN_QUEUE 40

static struct node {
    bool made, open, gone;
    int fd;
    struct socket *sock;
    struct file probe;
    int queue[IN_QUEUE]; /* nodes in its queue; one a message */
    int queued;
} nodes[NODES];

static void probe_release(struct file *f)
{
    container_of(f, struct node, probe)->gone = true;
}

static const struct file_ops probe_ops = {.release = probe_release};

static socklen_t name_node(int i, struct sockaddr_storage *addr)
{
    struct sockaddr_un *un = (struct sockaddr_un *)addr;

    memset(addr, 0, sizeof(*addr));
    un->sun_family = AF_UNIX;
    un->sun_path[1] = 'n';
    un->sun_path[2] = (char)('a' + i);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 3);
}

/* Sends descriptor (fd) to node (i). */
static long send_fd(struct socket *from, int i, int fd)
{
    struct sockaddr_storage addr;
    struct {
        struct cmsghdr h;
        int fd;
    } control = {
        .h = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS},
        .fd = fd};
    struct iovec iov = {&fd, 1};
    struct sock_msg m = {.iov = &iov,
                         .iov_count = 1,
                         .len = 1,
                         .name = &addr,
                         .name_len = name_node(i, &addr),
                         .control = &control,
                         .control_len = CMSG_LEN(sizeof(int))};
    return from->ops->send(from, &m);
}

static void make_node(struct socket *sender, int i)
{
    struct node *n = &nodes[i];
    struct sockaddr_storage addr;
    socklen_t len = name_node(i, &addr);

    *n = (struct node){.made = true, .open = true};
    n->sock = fresh(SOCK_DGRAM);
    to_unix(n->sock)->backlog = IN_QUEUE;
    assert_int_equal(n->sock->ops->bind(n->sock, &addr, len), 0);
    n->fd = fd_install(sock_file(n->sock, 0), 0, false);
    n->probe = (struct file){.ops = &probe_ops, .refs = 1, .kind = FILE_STATIC};
    int fd = fd_install(&n->probe, 0, false);
    assert_int_equal(send_fd(sender, i, fd), 1);
    fd_close(fd);
}

static void reach_node(bool *reached, int i)
{
    if (reached[i])
        return;
    reached[i] = true;
    for (int j = 0; j < nodes[i].queued; j++)
        reach_node(reached, nodes[i].queue[j]);
}

static void find_reachable(bool *reached)
{
    memset(reached, 0, NODES * sizeof(*reached));
    for (int i = 0; i < NODES; i++)
        if (nodes[i].made && nodes[i].open)
            reach_node(reached, i);
}

static void check_nodes(void)
{
    bool reached[NODES];

    find_reachable(reached);
    flight_collect();
    for (int i = 0; i < NODES; i++) {
        if (!nodes[i].made)
            continue;
        assert_int_equal(nodes[i].gone, !reached[i]);
        if (!reached[i])
            nodes[i].made = false;
    }
}

static void receive_node(int i)
{
    struct node *n = &nodes[i];
    _Alignas(16) char control[64];
    struct cmsghdr h;
    char c;
    struct iovec iov = {&c, 1};
    /* The probe stays first in the queue: peek behind it by taking it out and putting it back. */
    struct umsg *probe = queue_first(to_unix(n->sock));
    struct sock_msg m = {
        .iov = &iov, .iov_count = 1, .len = 1, .control = control, .control_len = sizeof(control)};

    if (n->queued == 0)
        return;
    list_remove(&probe->node);
    assert_int_equal(n->sock->ops->recv(n->sock, &m), 1);
    list_insert(to_unix(n->sock)->queue.next, &probe->node);
    memcpy(&h, control, sizeof(h));
    assert_int_equal(h.cmsg_type, SCM_RIGHTS);
    int fd, got = n->queue[0];
    memcpy(&fd, control + CMSG_LEN(0), sizeof(fd));
    assert_ptr_equal(fd_get(fd)->data, nodes[got].sock);
    memmove(n->queue, n->queue + 1, (size_t)--n->queued * sizeof(int));
    if (nodes[got].open) {
        fd_close(fd);
    } else {
        nodes[got].open = true;
        nodes[got].fd = fd;
    }
}

static void test_collector(void **state)
{
    (void)state;
    struct socket *sender = fresh(SOCK_DGRAM);
    uint64_t seed = 99;
    bool reached[NODES];

    sender->sndbuf = 1u << 30;
    for (int i = 0; i < 60000; i++) {
        int a = (int)random_below(&seed, NODES), b = (int)random_below(&seed, NODES);
        find_reachable(reached);
        switch (random_below(&seed, 8)) {
        case 0:
            if (!nodes[a].made)
                make_node(sender, a);
            break;
        case 1:
        case 2:
            if (nodes[a].made && nodes[a].open) {
                fd_close(nodes[a].fd);
                nodes[a].open = false;
            }
            break;
        case 3:
            if (nodes[a].made && nodes[a].open)
                receive_node(a);
            break;
        case 4:
            check_nodes();
            break;
        default:
            if (nodes[a].made && reached[a] && nodes[b].made && nodes[b].open &&
                nodes[a].queued < IN_QUEUE - 2) {
                assert_int_equal(send_fd(sender, a, nodes[b].fd), 1);
                nodes[a].queue[nodes[a].queued++] = b;
            }
        }
        /* What a close has collected is gone for good. */
        find_reachable(reached);
        for (int j = 0; j < NODES; j++) {
            assert_false(nodes[j].made && reached[j] && nodes[j].gone);
            if (nodes[j].gone)
                nodes[j].made = false;
        }
    }
    for (int i = 0; i < NODES; i++)
        if (nodes[i].made && nodes[i].open) {
            fd_close(nodes[i].fd);
            nodes[i].open = false;
        }
    check_nodes();
    assert_int_equal(flight_count, 0);
    drop(sender);
}

/* Two listening sockets, each in the queue of a connection that waits to be accepted by the other.
 */
static void test_listeners(void **state)
{
    (void)state;
    struct socket *l[2], *c[2];
    struct sockaddr_storage addr;
    int fds[2];

    for (int i = 0; i < 2; i++) {
        socklen_t len = name_node(i, &addr);
        l[i] = fresh(SOCK_STREAM);
        c[i] = fresh(SOCK_STREAM);
        assert_int_equal(l[i]->ops->bind(l[i], &addr, len), 0);
        assert_int_equal(l[i]->ops->listen(l[i], 5), 0);
        assert_int_equal(c[i]->ops->connect(c[i], &addr, len, DEADLINE_NOW), 0);
        fds[i] = fd_install(sock_file(l[i], 0), 0, false);
    }
    for (int i = 0; i < 2; i++) {
        struct {
            struct cmsghdr h;
            int fd;
        } control = {.h = {.cmsg_len = CMSG_LEN(sizeof(int)),
                           .cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_RIGHTS},
                     .fd = fds[1 - i]};
        struct iovec iov = {&fds, 1};
        struct sock_msg m = {.iov = &iov,
                             .iov_count = 1,
                             .len = 1,
                             .control = &control,
                             .control_len = CMSG_LEN(sizeof(int))};
        assert_int_equal(c[i]->ops->send(c[i], &m), 1);
    }
    fd_close(fds[0]);
    flight_collect();
    assert_int_equal(flight_count, 2);
    fd_close(fds[1]);
    flight_collect();
    assert_int_equal(flight_count, 0);
    assert_int_equal(c[0]->error, ECONNRESET);
    drop(c[0]);
    drop(c[1]);
}

/* One of everything; whatever fails, nothing may be left behind. */
static void script(void)
{
    struct socket *l, *c, *acc = NULL, *s[2];
    struct sockaddr_storage addr;
    socklen_t len = name_node(3, &addr);
    char buf[5000] = "";

    if (sock_family_unix.create(SOCK_STREAM, 0, &l))
        return;
    if (sock_family_unix.create(SOCK_STREAM, 0, &c) == 0) {
        if (l->ops->bind(l, &addr, len) == 0 && l->ops->listen(l, 1) == 0 &&
            c->ops->connect(c, &addr, len, DEADLINE_NOW) == 0 &&
            l->ops->accept(l, DEADLINE_NOW, &acc) == 0) {
            struct file *f = sock_file(acc, 0);
            if (f) {
                put(c, buf, sizeof(buf));
                get(acc, buf, 100, 0);
                file_put(f);
            } else {
                drop(acc);
            }
        }
        drop(c);
    }
    drop(l);
    if (sock_family_unix.create(SOCK_DGRAM, 0, &s[0]))
        return;
    if (sock_family_unix.create(SOCK_DGRAM, 0, &s[1]) == 0) {
        s[0]->ops->pair(s[0], s[1]);
        put(s[0], buf, sizeof(buf));
        put(s[0], buf, 1);
        drop(s[1]);
    }
    drop(s[0]);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 40; i++) {
        fake_mm.fail_at = fake_mm.allocations + i;
        script();
        fake_mm.fail_at = 0;
        assert_int_equal(fake_mm.heap_bytes, heap_at_start);
    }
}

static void log_text(struct socket *s, const char *text)
{
    fake.log_len = 0;
    assert_int_equal(put(s, text, strlen(text)), strlen(text));
}

static void test_log(void **state)
{
    (void)state;
    struct socket *s = fresh(SOCK_DGRAM);
    struct usock *log = log_socket();

    usock_hold(log);
    set_peer(to_unix(s), log);
    log_text(s, "<11>Nov 25 08:13:15 prog[1]: hello\n");
    assert_string_equal(fake.log, "syslog user.err: Nov 25 08:13:15 prog[1]: hello\n");
    log_text(s, "<191>x");
    assert_string_equal(fake.log, "syslog local7.debug: x\n");
    log_text(s, "<192>x");
    assert_string_equal(fake.log, "syslog : <192>x\n");
    log_text(s, "no priority\nsecond line\x1b[2J\n\n");
    assert_string_equal(fake.log, "syslog : no priority?second line?[2J\n");
    static const char *const odd[] = {"<", "<1", "<>x", "<12345>", "<1x>", ""};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        log_text(s, odd[i]);
        assert_non_null(strstr(fake.log, odd[i]));
    }
    char big[3000];
    memset(big, 'b', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    log_text(s, big);
    assert_int_equal(fake.log[fake.log_len - 1], '\n');
    assert_true(fake.log_len > 1000 && fake.log_len <= 1200);
    assert_int_equal(to_unix(s)->charged, 0);
    heap_at_start += sizeof(struct usock) + sizeof(struct uname);
    drop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stream, start_counting, stop),
        cmocka_unit_test_setup_teardown(test_packets, start_counting, stop),
        cmocka_unit_test_setup_teardown(test_collector, start_counting, stop),
        cmocka_unit_test_setup_teardown(test_listeners, start_counting, stop),
        cmocka_unit_test_setup_teardown(test_no_memory, start_counting, stop),
        cmocka_unit_test_setup_teardown(test_log, start_counting, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
