/* SPDX-License-Identifier: MIT
 *
 * One loop without memory but two buffers: a frame in each direction, read, judged, and passed on
 * or dropped. A side that takes no more is waited for, so that nothing but the queues of the two
 * sides grows. */
#include "monitor/dev/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/sandbox/lockdown.h"

#define LENGTH    4u /* of passt's frames, in front of them */
#define FRAME_MAX (14u + 65535)

/* One direction. The bytes that lie there are those from (at) to (end). A stream (passt) has frames
 * behind their lengths, others a message a frame. */
struct lane {
    int from, to;
    bool from_stream, to_stream;
    enum packet_way way;
    bool ready; /* [at, end) is a frame, with the header of the side that it goes to */
    size_t at, end;
    size_t next; /* of a stream: bytes behind the frame that is (ready) */
    uint8_t bytes[2 * (PACKET_HEADER + FRAME_MAX + LENGTH)];
};

static struct {
    const char *name; /* of the device */
    struct packet_rules rules;
    struct lane lane[2];
    struct policy_told told; /* what was refused */
} gate;

/* One line for each thing that is refused, and no more than a few of them: the guest decides what
 * there is. */
static void tell(const struct packet_refused *why)
{
    char addr[INET6_ADDRSTRLEN] = "", port[16] = "";
    bool four = why->addr[10] == 0xff && why->addr[11] == 0xff;
    uint32_t h = policy_hash(POLICY_HASH_START, why->what, strlen(why->what));

    if (why->has_addr) {
        h = policy_hash(policy_hash(h, why->addr, 16), &why->port, sizeof(why->port));
        inet_ntop(four ? AF_INET : AF_INET6, why->addr + (four ? 12 : 0), addr, sizeof(addr));
    }
    h = policy_hash(h, why->name, strlen(why->name));
    if (!policy_is_new(&gate.told, h))
        return;
    if (why->port)
        snprintf(port, sizeof(port), " port %u", why->port);
    say("%s: the policy does not permit: %s%s%s%s%s%s%s", gate.name, why->what, *addr ? " " : "",
        addr, port, *why->name ? ": " : "", why->name,
        gate.told.count == POLICY_TOLD_MAX ? "; what else is dropped is not told any more" : "");
}

/* Judges the frame of (len) bytes at (frame), which has the guest's header in front if (header). */
static bool judge(const struct lane *l, const uint8_t *header, const uint8_t *frame, size_t len)
{
    struct packet_refused why;

    if (!packet_permitted(&gate.rules, l->way, frame, len, &why)) {
        tell(&why);
        return false;
    }
    if (header && !packet_header_sound(header, frame, len)) {
        why = (struct packet_refused){.what = "packet with a header that is not sound"};
        tell(&why);
        return false;
    }
    return true;
}

static _Noreturn void end(void)
{
    _exit(0);
}

/* A message: header and frame. */
static void take_message(struct lane *l)
{
    ssize_t n = read(l->from, l->bytes + LENGTH, PACKET_HEADER + FRAME_MAX);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        end();
    if (n <= (ssize_t)PACKET_HEADER)
        return;
    uint8_t *header = l->bytes + LENGTH, *frame = header + PACKET_HEADER;
    size_t len = (size_t)n - PACKET_HEADER;
    if (!judge(l, l->way == PACKET_OUT && !l->to_stream ? header : NULL, frame, len))
        return;
    l->ready = true;
    l->at = LENGTH;
    l->end = LENGTH + (size_t)n;
    if (l->to_stream) {
        l->at = PACKET_HEADER;
        uint32_t length = htonl((uint32_t)len);
        memcpy(l->bytes + l->at, &length, LENGTH);
    }
}

/* Room for the header in front of a stream's first frame. */
#define STREAM_AT (PACKET_HEADER - LENGTH)

/* The next frame of a stream, of what lies there: [at, at + next). */
static void take_frame(struct lane *l)
{
    uint32_t length;
    while (!l->ready && l->next >= LENGTH) {
        memcpy(&length, l->bytes + l->at, LENGTH);
        size_t len = ntohl(length);
        if (len > FRAME_MAX)
            end();
        if (l->next - LENGTH < len)
            break;
        uint8_t *frame = l->bytes + l->at + LENGTH;
        l->next -= LENGTH + len;
        if (judge(l, NULL, frame, len)) {
            l->ready = true;
            l->end = l->at + LENGTH + len;
            l->at -= STREAM_AT; /* over what was taken before, or the room in front */
            memset(l->bytes + l->at, 0, PACKET_HEADER);
        } else {
            l->at += LENGTH + len;
        }
    }
}

static void take_stream(struct lane *l, bool may_read)
{
    take_frame(l);
    if (l->ready || !may_read)
        return;
    memmove(l->bytes + STREAM_AT, l->bytes + l->at, l->next);
    l->at = STREAM_AT;
    ssize_t n = read(l->from, l->bytes + l->at + l->next, sizeof(l->bytes) - l->at - l->next);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        end();
    l->next += n > 0 ? (size_t)n : 0;
    take_frame(l);
}

/* Passes the frame on that is ready, as far as the other side takes it now. */
static void give(struct lane *l)
{
    ssize_t n = write(l->to, l->bytes + l->at, l->end - l->at);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
        end();
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (l->to_stream && n > 0 && (size_t)n < l->end - l->at) {
        l->at += (size_t)n;
        return;
    }
    /* What a device refuses is lost, as packets are. */
    l->ready = false;
    l->at = l->end;
}

/* Frames that are worth a loop before the other lane has its turn. */
#define BATCH 64

/* What lies there of a stream is passed on in any case: nobody would tell of it any more. */
static void run_lane(struct lane *l)
{
    for (int i = 0;; i++) {
        if (!l->ready && l->from_stream)
            take_stream(l, i < BATCH);
        else if (!l->ready && i < BATCH)
            take_message(l);
        if (!l->ready)
            return;
        give(l);
        if (l->ready)
            return;
    }
}

static _Noreturn void serve(void)
{
    for (;;) {
        struct pollfd fd[2];
        for (int i = 0; i < 2; i++) {
            const struct lane *l = &gate.lane[i];
            fd[i] = (struct pollfd){l->ready ? l->to : l->from, l->ready ? POLLOUT : POLLIN, 0};
        }
        if (poll(fd, 2, -1) < 0 && errno != EINTR)
            end();
        for (int i = 0; i < 2; i++)
            if (fd[i].revents)
                run_lane(&gate.lane[i]);
    }
}

/* The gate's process: (device) is the host's side, (machine) the other. */
static _Noreturn void be_gate(int device, int machine, bool stream)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
    const char *what = "setting up its socket";

    /* The machine may live on after a signal to all of its group; its end ends the gate. */
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGSEGV, SIG_DFL); /* the monitor's reports are about guests */
    signal(SIGBUS, SIG_DFL);
    dup2(device, 3);
    dup2(machine, 4);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    struct lane *out = &gate.lane[0], *in = &gate.lane[1];
    out->from = in->to = 4;
    out->to = in->from = 3;
    out->to_stream = in->from_stream = stream;
    out->way = PACKET_OUT;
    in->way = PACKET_IN;
    in->at = STREAM_AT;
    int err = fcntl(4, F_SETFL, O_NONBLOCK) ? -errno : lockdown_gate(5, &what);
    if (err) {
        say("%s: the gate of its policy: %s: %s", gate.name, what, strerror(-err));
        _exit(1);
    }
    char go = 0; /* the monitor waits for this */
    if (write(4, &go, 1) == 1)
        serve();
    _exit(1);
}

static int refuse(const struct net *n, int err, const char *step)
{
    say("%s: the gate of its policy: %s: %s", n->name, step, strerror(-err));
    return err;
}

int gate_open(struct net *n, const struct packet_rules *rules)
{
    int pair[2];
    char go;

    gate.name = n->name;
    gate.rules = *rules;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return refuse(n, -errno, "making its socket");
    int ours = fcntl(pair[0], F_DUPFD_CLOEXEC, NET_FD_APART);
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, NET_FD_APART);
    close(pair[0]);
    close(pair[1]);
    pid_t pid = ours < 0 || theirs < 0 ? -1 : fork();
    if (pid < 0)
        return refuse(n, -errno, "starting it");
    if (pid == 0)
        be_gate(n->fd, theirs, n->stream);
    close(theirs);
    close(n->fd);
    n->fd = ours;
    n->stream = false;
    if (read(ours, &go, 1) != 1)
        return refuse(n, -EIO, "starting it");
    if (fcntl(ours, F_SETFL, O_NONBLOCK))
        return refuse(n, -errno, "setting up its socket");
    return 0;
}
