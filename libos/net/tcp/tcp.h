/* SPDX-License-Identifier: MIT
 *
 * TCP (RFC 9293): the protocol, and nothing else. Segments, time and the calls of users come in;
 * segments and wake-ups go out by tcp_ops. It knows no device, no clock, no thread and no socket,
 * and is built and tested on the host.
 *
 * RFC 7323 (window scaling, timestamps, PAWS), 2018 and 6675 (SACK), 8985 (RACK-TLP), 9438
 * (CUBIC), 5681 and 6582 (NewReno), 6298 (retransmission time-out), 3042, 6928, 5961 (challenge
 * ACKs), 6528 (initial sequence numbers), 4821 (black holes), 6191 (reuse of TIME-WAIT), 5482 (user
 * time-out), 1191 and 8201 (path MTU), 5682 (F-RTO), 9406 (HyStart++); SYN cookies.
 *
 * Nothing here blocks. No function calls back into its caller but by tcp_ops; output and event may
 * not call functions of this header. Errors are negative Linux error numbers. */
#ifndef PITH_TCP_TCP_H
#define PITH_TCP_TCP_H

#include <errno.h>
#include <sys/types.h>

#include "base/base.h"
#include "iface/clock.h"
#include "iface/pkt.h"
#include "wire/addr.h"
#include "wire/path.h"

struct tcp;
struct tcp_conn;
struct tcp_info; /* netinet/tcp.h's */

enum tcp_state {
    TCP_CLOSED_STATE,
    TCP_LISTEN_STATE,
    TCP_SYN_SENT_STATE,
    TCP_SYN_RCVD_STATE,
    TCP_ESTABLISHED_STATE,
    TCP_FIN_WAIT1_STATE,
    TCP_FIN_WAIT2_STATE,
    TCP_CLOSE_WAIT_STATE,
    TCP_CLOSING_STATE,
    TCP_LAST_ACK_STATE,
    TCP_TIME_WAIT_STATE,
};

/* What may have changed for a user: event's bits. */
#define TCP_EVENT_READ   (1u << 0) /* bytes, the peer's FIN, or a connection to accept */
#define TCP_EVENT_WRITE  (1u << 1) /* room in the send queue, or connected */
#define TCP_EVENT_ERROR  (1u << 2) /* it failed: tcp_error */
#define TCP_EVENT_CLOSED (1u << 3) /* reached CLOSED or TIME-WAIT; nothing more will come */
#define TCP_EVENT_URGENT (1u << 4) /* urgent data: SIGURG, POLLPRI */

struct tcp_ops {
    /* Sends (p), a segment that starts with its TCP header, checksum field zero: fills in the
     * checksum, or leaves it to the device; with p->gso set, cuts it up or leaves that to the
     * device. There is PKT_HEADROOM less the TCP header in front. The packet becomes its own. */
    void (*output)(struct tcp *t, const struct ip_ends *ends, struct net_path *path, struct pkt *p);
    /* The most bytes of TCP header and payload that a packet to there takes now, at least 88; and
     * in (*gso) the most that output takes at once where it cuts (65,483 or so), else the same; in
     * (*own) the most that our side takes, whatever is known of the way to there.
     * -EHOSTUNREACH, -ENETUNREACH: there is no way. */
    int (*mtu)(struct tcp *t, const struct ip_ends *ends, struct net_path *path, unsigned *gso,
               unsigned *own);
    /* Tells the user of (c), or of a listener. Not called for connections without a user. */
    void (*event)(void *user, unsigned events);
    /* Memory for connections, zeroed; NULL: none. The same size is named when it is freed. */
    void *(*alloc)(size_t size);
    void (*free)(void *p, size_t size);
    void (*random)(void *buf, size_t len);
};

/* A whole TCP. */
struct tcp *tcp_new(const struct tcp_ops *ops, void *user);
/* For tests: frees every connection without a word but those that are over and not closed yet. */
void tcp_delete(struct tcp *t);
void *tcp_user(const struct tcp *t);

/* The time now, which never goes back: to be told before any other call of a batch. */
void tcp_set_time(struct tcp *t, nsec_t now);

/* When tcp_run is to be called next; DEADLINE_NEVER if nothing waits for time. */
nsec_t tcp_next(const struct tcp *t);

/* Does what is due: retransmissions, probes, delayed ACKs, ends of TIME-WAIT. */
void tcp_run(struct tcp *t);

/* A segment (p) came, from its TCP header on, checksum checked, hdr_len and gso as the device said
 * (several segments in one). Takes (p), whose first piece need not hold the header. */
void tcp_input(struct tcp *t, const struct ip_ends *ends, struct pkt *p);

/* The batch of tcp_input is at its end: ACKs that waited for more segments of it are sent. */
void tcp_input_done(struct tcp *t);

/* ICMP told that a segment with sequence number (seq), as a number, did not arrive: (err) is
 * -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -ENOPROTOOPT ..., hard or soft (RFC 5461); -EMSGSIZE:
 * the next hop's MTU, of the IP packet's, is (mtu), 0 if not said. What does not fit a connection
 * and its window is ignored. */
void tcp_unreachable(struct tcp *t, const struct ip_ends *ends, uint32_t seq, int err,
                     unsigned mtu);

/* Whether a connection with these ends exists: local ports may be used by several connections. */
bool tcp_exists(const struct tcp *t, const struct ip_ends *ends);

/* The same, but TIME-WAIT that RFC 6191 allows to be taken over is none. */
bool tcp_ends_taken(const struct tcp *t, const struct ip_ends *ends);

/* Options of a connection; a listener's are inherited. Changed by tcp_set_options. */
struct tcp_options {
    uint32_t send_limit, recv_limit;   /* bytes queued; 0: adapt within the default limits */
    uint32_t recv_least;               /* bytes that the buffer takes where it adapts */
    uint16_t mss;                      /* TCP_MAXSEG, 0: by the path */
    bool no_delay;                     /* TCP_NODELAY */
    bool cork;                         /* TCP_CORK */
    bool quick_ack;                    /* TCP_QUICKACK */
    bool keep_alive;                   /* SO_KEEPALIVE */
    bool urgent_inline;                /* SO_OOBINLINE */
    bool reno;                         /* TCP_CONGESTION "reno"; else "cubic" */
    uint8_t syn_count;                 /* TCP_SYNCNT, 0: 6 */
    uint8_t keep_count;                /* TCP_KEEPCNT, 0: 9 */
    uint32_t keep_idle, keep_interval; /* s; 0: 7200, 75 */
    uint32_t user_timeout;             /* TCP_USER_TIMEOUT, ms; 0: RFC 9293's */
    uint32_t defer_accept;             /* s; TCP_DEFER_ACCEPT */
    int32_t linger2;                   /* s; TCP_LINGER2: 0: 60; negative: no FIN-WAIT-2 */
    uint32_t window_clamp;             /* TCP_WINDOW_CLAMP, 0: none */
    uint32_t not_sent_low;             /* TCP_NOTSENT_LOWAT, 0: none */
    struct net_path path;              /* ttl, tos, no_frag, use_iface */
};

/* The send and receive limits that hold where options say nothing, and the most of all. */
#define TCP_SEND_LIMIT_MIN 4608u
#define TCP_LIMIT_MAX      (8u << 20)

/* Starts a connection (SYN-SENT). (ends) are whole: local address and port are the caller's choice
 * and not taken. -ENOMEM, -EHOSTUNREACH and its like. A reference to the connection is the user's
 * until tcp_close or tcp_abort. */
must_check int tcp_connect(struct tcp *t, const struct ip_ends *ends,
                           const struct tcp_options *options, void *user, struct tcp_conn **out);

/* A listener on (local) with any address or one, and port (ends->local_port); several may have the
 * same where (reuse), and new connections spread over them by hash. (v6_only): IPv4 does not reach
 * an unset address. -EADDRINUSE, -ENOMEM. */
must_check int tcp_listen(struct tcp *t, const struct ip_ends *ends, bool v6_only, bool reuse,
                          unsigned backlog, const struct tcp_options *options, void *user,
                          struct tcp_conn **out);
void tcp_set_backlog(struct tcp_conn *listener, unsigned backlog);

/* The next established connection, which is the caller's from now on, with (user). NULL: none. */
struct tcp_conn *tcp_accept(struct tcp_conn *listener, void *user);
bool tcp_can_accept(const struct tcp_conn *listener);
/* Whether half of what the backlog lets wait does. */
bool tcp_backlog_presses(const struct tcp_conn *listener);

enum tcp_state tcp_state(const struct tcp_conn *c);
const struct ip_ends *tcp_ends(const struct tcp_conn *c);
struct net_path *tcp_path(struct tcp_conn *c);
struct tcp_options *tcp_options(struct tcp_conn *c);
void tcp_options_changed(struct tcp_conn *c); /* acts on what was changed there */
void tcp_flush(struct tcp_conn *c);           /* sends what is corked, this once */
void tcp_get_info(const struct tcp_conn *c, struct tcp_info *info);

/* Why it failed, -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, -EHOSTUNREACH ..., and clears it; 0: it
 * has not. */
int tcp_error(struct tcp_conn *c);

/* Sending. Bytes that may be queued now by the limit: 0: none. A user is told of room again once
 * a third of the limit is free, after a call that had less room than it wanted. */
size_t tcp_send_room(const struct tcp_conn *c);

/* Whether so much is free. If not, the user is told once it is. */
bool tcp_can_send(struct tcp_conn *c);

/* Where the next bytes can be put without a packet of their own being made for few: at most (want),
 * for which there must be room, at (*at); 0: no memory. Then tcp_send_commit says how many were put
 * there. Nothing is sent before tcp_push. */
size_t tcp_send_space(struct tcp_conn *c, size_t want, uint8_t **at);
void tcp_send_commit(struct tcp_conn *c, size_t n);

/* Queues a packet of bytes that are elsewhere (sendfile, MSG_ZEROCOPY), each piece with its
 * memory's reference, given back once all of it is acknowledged. */
void tcp_send_pieces(struct tcp_conn *c, struct pkt *p);

/* Gives what send queues have of memory for which (goes) says true a copy in other memory. A
 * connection that finds none is reset, -ENOBUFS. */
void tcp_settle(struct tcp *t, bool (*goes)(const struct pkt_mem *mem));

/* Sends what windows allow. (more): the caller has more soon (MSG_MORE): no part of a segment is
 * sent. (urgent): the last byte is urgent (MSG_OOB). */
void tcp_push(struct tcp_conn *c, bool more, bool urgent);
bool tcp_has_sent(const struct tcp_conn *c);    /* bytes, ever */
size_t tcp_unsent(const struct tcp_conn *c);  /* bytes never sent (SIOCOUTQNSD) */
size_t tcp_unacked(const struct tcp_conn *c); /* bytes queued or in flight (SIOCOUTQ) */

/* Receiving. Bytes there in order; a run of them from (off) on in (*at): its length, 0: there are
 * none. tcp_recv_done takes (n) away, and tells the peer of the room when that is worth a
 * segment. */
size_t tcp_recv_len(const struct tcp_conn *c);
size_t tcp_recv_at(const struct tcp_conn *c, size_t off, const uint8_t **at);
void tcp_recv_done(struct tcp_conn *c, size_t n);
/* The peer has no room to send more than a segment: nobody should wait for more before reading. */
bool tcp_recv_stalled(const struct tcp_conn *c);
bool tcp_recv_ended(const struct tcp_conn *c); /* FIN came, all before it is there */

/* The urgent byte (RFC 6093), as BSD has it: one byte out of line. The offset of the mark from the
 * next byte to read: -1: none. tcp_recv_urgent: 0 and the byte; -EINVAL none, -EAGAIN not here
 * yet. */
ssize_t tcp_urgent_mark(const struct tcp_conn *c);
int tcp_recv_urgent(struct tcp_conn *c, bool peek, uint8_t *byte);

/* No more bytes will be sent: FIN follows those queued. */
void tcp_shutdown_send(struct tcp_conn *c);
/* What comes is dropped, as if read, and what is there stays; after tcp_shutdown_send it makes it a reset. */
void tcp_shutdown_recv(struct tcp_conn *c);

/* The user has gone: no more events; (c) is not to be used again. Unread bytes make it a reset (RFC
 * 9293, 3.10.4 and 2525, 2.17), else what is queued is still sent. A listener resets those that
 * wait. tcp_abort: a reset in any case (SO_LINGER 0). */
void tcp_close(struct tcp_conn *c);
void tcp_abort(struct tcp_conn *c);

/* For the end of the program: tcp_close for every connection that a user still has. Returns whether
 * some have bytes, or their FIN, still to be acknowledged. May be called again and again. */
bool tcp_close_all(struct tcp *t);

/* Whether the peer has all and (c) lingers no longer; for SO_LINGER, before tcp_close. */
bool tcp_all_acked(const struct tcp_conn *c);

/* Counters, as in /proc/net/snmp and netstat; all of the whole TCP. */
struct tcp_counts {
    uint64_t active_opens, passive_opens, attempt_fails, resets_in_state, established;
    uint64_t in_segments, out_segments, retransmitted, in_errors, out_resets;
    uint64_t cookies_sent, cookies_failed, cookies_good, listen_overflows, listen_drops;
    uint64_t fast_retransmits, timeouts, tail_probes, spurious, challenge_acks, paws_rejected;
    uint64_t time_waits, orphans, memory, memory_drops;
};
const struct tcp_counts *tcp_counts(const struct tcp *t);

/* The user of (c); NULL: it has none, or none any more. */
void *tcp_conn_user(const struct tcp_conn *c);

/* Calls (fn) for each connection and listener, for /proc/net/tcp. */
void tcp_each(struct tcp *t, void (*fn)(void *arg, const struct tcp_conn *c), void *arg);

/* And for each that is in TIME-WAIT and nobody's any more. */
void tcp_each_wait(const struct tcp *t, void (*fn)(void *arg, const struct ip_ends *ends),
                   void *arg);

/* The most memory of all connections and their queues, in bytes. Beyond, the longest queue of bytes
 * out of order goes first, then new connections are refused, then windows stay closed. */
void tcp_set_memory(struct tcp *t, size_t limit);

#endif
