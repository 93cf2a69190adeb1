/* SPDX-License-Identifier: MIT
 *
 * What the parts of TCP share. Sequence numbers are numbers, not as on the wire, and compared
 * modulo 2^32. Names in comments are those of RFC 9293, 3.3.1. */
#ifndef PITH_TCP_INTERNAL_H
#define PITH_TCP_INTERNAL_H

#include <string.h>

#include "tcp/tcp.h"
#include "wire/tcp.h"

#define MSEC            (NSEC_PER_SEC / 1000)
#define RTO_MIN         (200 * MSEC) /* Linux's; RFC 6298 says 1 s */
#define RTO_MAX         (120 * NSEC_PER_SEC)
#define RTO_INITIAL     (1 * NSEC_PER_SEC)
#define RTO_FALLBACK    (3 * NSEC_PER_SEC) /* after a SYN that went again (RFC 6298, 5.7) */
#define DELACK_TIME     (40 * MSEC)
#define RECV_LIMIT_MIN  1152u
#define HOLD_TIME       (200 * MSEC) /* what is corked waits no longer */
#define TIME_WAIT       (60 * NSEC_PER_SEC)
#define MSS_MIN         48u
#define MSS_DEFAULT     536u
#define MSS_BLACK       512u                /* first tried in a black hole, then halves of it */
#define BLACK_TIME      (60 * NSEC_PER_SEC) /* at first, then twice as long each time */
#define MSS_BLACK_MIN   128u
#define RETRIES         15 /* of a segment before the connection is given up: some 15 minutes */
#define ORPHAN_RETRIES  8
#define SYN_RETRIES     6
#define SYN_ACK_RETRIES 5
#define SACKS_MAX       4
#define LIMIT_DEFAULT   (128u << 10) /* of queues, until they adapt */
#define LIMIT_AUTO      (4u << 20)   /* and what they adapt to at most */
#define QUICK_ACKS      16

#define WHEEL_BITS   8
#define WHEEL_SLOTS  (1u << WHEEL_BITS)
#define WHEEL_LEVELS 4
#define WHEEL_SHIFT  20 /* a tick is 2^20 ns, about a millisecond */

static inline bool seq_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* In the wheel while (prev) is not NULL. */
struct tcp_timer {
    struct tcp_timer *next, **prev;
    nsec_t at;
    void (*fn)(struct tcp *t, struct tcp_timer *timer);
};

struct tcp_wheel {
    uint64_t tick;    /* all timers of earlier ticks have run */
    uint64_t soonest; /* nothing is to be done before this tick; what was may be cancelled */
    unsigned count;
    struct tcp_timer *slot[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* bit: the slot is not empty */
};

/* In pkt.cb of a piece of the send queue. Those before conn.unsent were all sent. */
struct tcp_sent {
    nsec_t at; /* sent last */
    uint32_t seq;
    uint8_t flags; /* SENT_* */
};

#define SENT_SACKED  (1u << 0)
#define SENT_LOST    (1u << 1) /* taken to be lost */
#define SENT_AGAIN   (1u << 2) /* and sent again since */
#define SENT_RETRANS (1u << 3) /* was ever retransmitted: no RTT from it without timestamps */

/* In pkt.cb of a packet in a receive queue, its headers taken away. */
struct tcp_got {
    uint32_t seq;
    uint32_t memory; /* of all its pieces */
    bool fin;
};

static inline struct tcp_sent *sent_of(struct pkt *p)
{
    return (struct tcp_sent *)p->cb;
}

static inline struct tcp_got *got_of(struct pkt *p)
{
    return (struct tcp_got *)p->cb;
}

struct tcp_block {
    uint32_t start, end;
};

/* A segment that came, taken apart. */
struct tcp_segment {
    uint32_t seq, ack, len; /* (len): payload */
    uint32_t window;        /* as it stands in the header */
    uint32_t size;          /* payload of the largest of the segments that it is made of */
    uint16_t urgent;
    uint8_t flags;
    bool has_ts;
    uint32_t ts_val, ts_ecr;
    uint8_t sack_count;
    bool sack_ok; /* of a SYN, as are: */
    uint16_t mss; /* 0: not said */
    int8_t scale; /* -1: none */
    struct tcp_block sack[SACKS_MAX];
    uint32_t iss; /* of a SYN that ends TIME-WAIT: what we begin with, else 0 */
};

/* RFC 9438. */
struct tcp_cubic {
    nsec_t epoch;    /* start of the current growth, later by the time in which there was none */
    nsec_t grown;    /* when it grew last; (epoch) 0: not yet */
    uint32_t w_max;  /* bytes */
    uint32_t w_est;  /* what Reno would have */
    uint32_t k;      /* ms until the plateau is reached */
    uint32_t origin; /* bytes at the plateau */
};

/* RFC 9406. Times in us; UINT32_MAX: none yet. */
struct tcp_hystart {
    uint32_t end;      /* the round is over once this is acknowledged */
    uint32_t now, was; /* least round trip of this round and of the one before */
    uint32_t base;     /* conservative slow start: what led to it */
    uint8_t samples;   /* of this round */
    uint8_t rounds;    /* of conservative slow start, the running one included; 0: not in it */
};

enum tcp_recovery { RECOVERY_NONE, RECOVERY_FAST, RECOVERY_LOSS };
/* F-RTO (RFC 5682): off, the ACK of what the time-out sent is awaited, that of new segments is. */
enum { FRTO_OFF, FRTO_FIRST, FRTO_SECOND };
enum { RTX_NONE, RTX_RTO, RTX_TLP, RTX_REORDER, RTX_PERSIST, RTX_HOLD };

/* A listener's. */
struct tcp_listen {
    struct tcp_conn *first, **last; /* to accept, by accept_next */
    unsigned backlog, waiting;      /* (waiting): in that queue */
    unsigned half_open;             /* of those in SYN-RCVD, and that wait for data */
    bool v6_only, reuse;
    nsec_t cookies_until; /* cookies were sent: ACKs may bring them back until then */
};

/* What is found by both its ends: the start of connections, and of what TIME-WAIT keeps of them. */
struct tcp_entry {
    struct tcp_entry *next; /* in its chain */
    struct ip_ends ends;
};

struct tcp_table {
    struct tcp_entry **chain;
    unsigned mask, count; /* (mask) + 1 chains */
};

/* What each segment needs comes first. */
struct tcp_conn {
    union {
        struct tcp_entry entry;
        struct {
            struct tcp_conn *hash_next;
            struct ip_ends ends;
        };
    };
    struct tcp *t;

    uint8_t state; /* enum tcp_state */
    uint8_t recovery;
    uint8_t snd_scale, rcv_scale;
    uint8_t retries;     /* of what is sent again and again: RTO, SYN, probes */
    uint8_t keep_probes; /* sent without an answer */
    uint8_t quick;       /* ACKs that are not to be delayed */
    uint8_t dup_acks;    /* without SACK */
    uint8_t rtx_kind;    /* RTX_* */
    uint8_t sack_count;
    uint8_t frto;      /* FRTO_* */
    bool frto_arrived; /* a block is of what was not sent again since the time-out */
    bool ts_on, sack_on, scale_on;
    bool fin_queued, fin_sent, fin_acked;
    bool fin_got, recv_shut;
    bool closed_by_user;          /* orphan */
    bool ack_now;                 /* at the end of the batch at the latest */
    bool ack_listed;              /* on t->ackers */
    bool wants_room;              /* the user is to be told of room */
    bool pingpong;                /* answers carry our ACKs */
    bool more;                    /* the user will soon send more */
    bool urgent_got, urgent_read; /* rcv_up holds; its byte was read out of line */
    bool urgent_out;
    bool rack_reordered, tlp_out, tlp_retrans;
    bool dsack_out;    /* dsack is to be told */
    bool dsack_in;     /* the segment that is looked at tells of a duplicate */
    bool cwnd_limited; /* the window was in use when the ACK came */
    bool counted;      /* as half open */
    bool in_table;
    bool was_passive; /* opened by the peer */

    /* Receiving. */
    uint32_t rcv_nxt, rcv_adv; /* RCV.NXT; RCV.NXT + RCV.WND as told */
    uint32_t ts_recent;
    uint32_t last_ack_sent;
    uint32_t unacked_in; /* bytes since our last ACK */
    uint32_t rcv_limit;  /* bytes of the receive buffer */
    uint32_t rcv_queued; /* bytes in order, not read */
    uint32_t rcv_mss;    /* the peer's segments, as seen */
    struct pkt *rcv_first, **rcv_last;
    struct pkt *ooo; /* out of order, by seq */

    /* Sending. */
    uint32_t snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2;
    uint32_t max_wnd;
    uint32_t write_seq;           /* behind the last byte queued */
    uint32_t mss;                 /* payload of a full segment, options taken off */
    uint32_t snd_sml;             /* behind the last segment that was not full */
    uint32_t gso_max;             /* payload of a packet that is to be cut */
    uint32_t sacked, lost, again; /* bytes that are SACKED, LOST, and LOST but sent again */
    uint32_t cwnd, ssthresh, cwnd_count;
    uint32_t round_flight; /* most that was in flight in this round trip, */
    uint32_t round_end;    /* which is over once this is acknowledged */
    uint32_t ts_offset;
    struct pkt *snd_first, *snd_last, *unsent;
    nsec_t last_sent, last_got, last_heard, ts_recent_at; /* (last_got): bytes */
    nsec_t srtt, rttvar, rto;

    /* Time: one timer, for the earliest of these or earlier; DEADLINE_NEVER where there is none. */
    nsec_t rtx_at, ack_at, keep_at;
    nsec_t rtx_base;   /* since when what is in flight waits for an ACK */
    nsec_t reorder_at; /* when the reordering window of some segment ends */
    struct tcp_timer timer;

    /* What is seldom needed. */
    void *user;
    struct tcp_conn *ack_next; /* t->ackers */
    uint32_t iss, irs, rcv_up;
    uint32_t snd_up; /* behind the urgent byte, if (urgent_out) */
    uint32_t ooo_memory, rcv_memory, snd_memory;
    struct tcp_block sacks[SACKS_MAX]; /* to tell, newest first */
    struct tcp_block dsack;
    uint32_t tune_seq;                /* the buffer is looked at again once rcv_nxt is there */
    struct pkt *at_packet, *at_piece; /* where tcp_recv_at was last: at offset at_off */
    uint32_t at_off;

    uint16_t mss_black; /* what gets through a black hole; 0: there is none */
    uint8_t black_times;
    nsec_t black_until;                   /* when it is tried whether it was one */
    uint16_t peer_mss, path_max, own_max; /* header and payload, as the path was asked last */
    uint32_t recover;                     /* recovery ends when this is acknowledged */
    uint32_t prr_delivered, prr_out, prr_flight;
    uint32_t undo_cwnd, undo_ssthresh; /* from before the last recovery; 0: not to be had again */
    uint32_t undo_ts, undo_una, undo_base; /* our timestamp, snd_una, (retransmitted) then */
    uint32_t undo_twice;                   /* segments of it that arrived twice */
    bool undo_first;                       /* nothing was acknowledged since */
    struct tcp_cubic cubic;
    struct tcp_hystart hystart;
    nsec_t min_rtt, min_rtt_at;
    nsec_t rack_at, rack_rtt; /* RFC 8985, 5.2 */
    uint32_t rack_end, rack_fack;
    uint8_t reo_steps, reo_left; /* for as many recoveries */
    uint32_t reo_round;          /* no more steps before this is acknowledged */
    uint32_t tlp_end;
    /* The blocks of the last ACK that had some, all of them SACKED; the piece where the last one of
     * them was looked for; and the end of the highest. */
    struct tcp_block seen[SACKS_MAX];
    struct pkt *seen_at;
    uint32_t sack_high;
    uint8_t seen_count;
    nsec_t stuck_since; /* first retransmission or probe without an answer; 0: none */
    nsec_t last_challenge;
    uint64_t acked_bytes, received_bytes;
    uint32_t retransmitted;

    int error, soft_error; /* (soft_error): of ICMP, while snd_una is soft_una */
    uint32_t soft_una;
    struct tcp_options options;
    struct tcp_conn *accept_next;
    struct tcp_conn *listener; /* while nobody has accepted it */
    struct tcp_listen *listen;
};

_Static_assert(sizeof(struct tcp_conn) <= 1024, "10,000 of them are little");

/* Instead of a connection that is over (RFC 9293, 3.6.1). */
struct tcp_time_wait {
    struct tcp_entry entry;
    struct tcp_timer timer;
    uint32_t rcv_nxt, snd_nxt, ts_recent, ts_offset;
    uint16_t window; /* as in a header */
    bool ts_on;
    nsec_t last_challenge;
    struct net_path path;
};

struct tcp {
    struct tcp_ops ops;
    void *user;
    nsec_t now;
    struct tcp_table conns, waits;
    struct tcp_conn *listeners; /* by hash_next */
    struct tcp_conn *ackers;
    struct tcp_conn *recent; /* found last; NULL: none */
    uint64_t hash_key[2];
    uint64_t secret[2]; /* of sequence numbers and cookies */
    size_t memory_limit;
    nsec_t challenge_second;
    unsigned challenge_count;
    struct tcp_counts counts; /* (memory): of connections and queues */
    struct tcp_wheel wheel;
};

/* wheel.c */
void tcp_timer_set(struct tcp *t, struct tcp_timer *timer, nsec_t at);
void tcp_timer_cancel(struct tcp *t, struct tcp_timer *timer);
nsec_t tcp_wheel_next(const struct tcp *t);
void tcp_wheel_run(struct tcp *t);

/* table.c */
uint64_t tcp_hash(const struct tcp *t, const struct ip_ends *ends);
struct tcp_entry *tcp_table_find(const struct tcp *t, const struct tcp_table *table,
                                 const struct ip_ends *ends);
void tcp_table_insert(struct tcp *t, struct tcp_table *table, struct tcp_entry *e);
void tcp_table_remove(struct tcp *t, struct tcp_table *table, struct tcp_entry *e);
struct tcp_conn *tcp_find(struct tcp *t, const struct ip_ends *ends);
/* The connections of chain (i), by hash_next. */
static inline struct tcp_conn *tcp_chain(const struct tcp *t, unsigned i)
{
    return (struct tcp_conn *)t->conns.chain[i];
}
struct tcp_conn *tcp_conn_new(struct tcp *t, const struct ip_ends *ends,
                              const struct tcp_options *options);
void tcp_conn_insert(struct tcp_conn *c);
void tcp_conn_remove(struct tcp_conn *c); /* from the table */
void tcp_conn_free(struct tcp_conn *c);   /* with its queues, from all tables and lists */
bool tcp_memory_full(const struct tcp *t);
void tcp_shed_memory(struct tcp *t); /* takes the longest queue of bytes out of order */

/* options.c */
bool tcp_parse(struct pkt *p, struct tcp_segment *s); /* and takes the header off */
size_t tcp_put_syn_options(struct tcp_conn *c, uint8_t *at, bool ack);
size_t tcp_put_options(struct tcp_conn *c, uint8_t *at, bool blocks);
uint32_t tcp_ts_now(const struct tcp *t, uint32_t offset);

/* isn.c */
uint64_t tcp_siphash(const uint64_t key[2], const void *data, size_t len);
uint32_t tcp_isn(struct tcp *t, const struct ip_ends *ends);
uint32_t tcp_ts_offset(struct tcp *t, const struct ip_ends *ends);
uint32_t tcp_cookie(struct tcp *t, const struct ip_ends *ends, uint32_t irs, uint16_t mss);
/* The MSS that it holds; 0: it is not one of ours, or too old. */
uint16_t tcp_cookie_check(struct tcp *t, const struct ip_ends *ends, uint32_t cookie, uint32_t irs);

/* listen.c */
struct tcp_conn *tcp_find_listener(const struct tcp *t, const struct ip_ends *ends);
void tcp_listen_input(struct tcp_conn *l, const struct ip_ends *ends, struct tcp_segment *s,
                      struct pkt *p);
/* (c) is established, and has data or need not wait for any; false: no room to accept it. */
bool tcp_listen_ready(struct tcp_conn *c);
void tcp_listen_gone(struct tcp_conn *c); /* (c) leaves its listener's queues */
void tcp_listen_close(struct tcp_conn *l);

/* input.c */
void tcp_event(struct tcp_conn *c, unsigned events);
/* Ends it with an error, 0: none: the user is told. (c) is gone then if it has no user. */
void tcp_end(struct tcp_conn *c, int err, enum tcp_state last);
void tcp_process(struct tcp_conn *c, struct tcp_segment *s, struct pkt *p);
void tcp_challenge_ack(struct tcp_conn *c);
bool tcp_may_challenge(struct tcp *t, nsec_t *last);
void tcp_set_state(struct tcp_conn *c, enum tcp_state state);
/* Takes over what the peer's SYN says. */
void tcp_learn_syn(struct tcp_conn *c, const struct tcp_segment *s);

/* receive.c */
void tcp_receive(struct tcp_conn *c, const struct tcp_segment *s, struct pkt *p);
/* The same of bytes that follow, all in the window, where none are out of order. */
void tcp_receive_next(struct tcp_conn *c, const struct tcp_segment *s, struct pkt *p);
void tcp_drop_received(struct tcp_conn *c);
uint32_t tcp_drop_ooo(struct tcp_conn *c); /* bytes of memory that it freed */
/* The window to be told now, in bytes, as the header can say it; and RCV.ADV becomes that. */
uint32_t tcp_take_window(struct tcp_conn *c);
/* The bytes that the options give the receive buffer; 0: it adapts. */
uint32_t tcp_recv_limit(const struct tcp_options *o);
void tcp_set_recv_limit(struct tcp_conn *c); /* as the options say */

/* ack.c */
bool tcp_ack(struct tcp_conn *c, const struct tcp_segment *s); /* false: the segment is dropped */
uint32_t tcp_flight(const struct tcp_conn *c);
void tcp_detect_losses(struct tcp_conn *c);
void tcp_mark_all_lost(struct tcp_conn *c);
/* A recovery begins: keeps what is needed to undo it. */
void tcp_may_undo(struct tcp_conn *c, bool may);

/* queue.c */
bool tcp_split(struct tcp_conn *c, struct pkt *p, uint32_t len); /* false: no memory */
void tcp_free_first(struct tcp_conn *c);                         /* the first piece, uncounted */
void tcp_trim_first(struct tcp_conn *c, uint32_t ack); /* takes its bytes up to (ack) away */
/* (n) bytes of (p) leave the counts of those that are lost or have arrived. */
void tcp_uncount(struct tcp_conn *c, struct pkt *p, uint32_t n);
void tcp_free_send_queue(struct tcp_conn *c);
uint32_t tcp_send_limit(const struct tcp_conn *c);
void tcp_tell_room(struct tcp_conn *c);

/* congestion.c */
void tcp_cc_init(struct tcp_conn *c);
void tcp_cc_acked(struct tcp_conn *c, uint32_t bytes);
void tcp_cc_rtt(struct tcp_conn *c, nsec_t rtt); /* of bytes just acknowledged */
void tcp_cc_enter_recovery(struct tcp_conn *c);
void tcp_cc_recovery_ack(struct tcp_conn *c, uint32_t delivered, bool safe, bool first);
void tcp_cc_timeout(struct tcp_conn *c);
void tcp_cc_idle(struct tcp_conn *c);
uint32_t tcp_cc_initial_window(const struct tcp_conn *c);

/* output.c */
void tcp_output(struct tcp_conn *c);
bool tcp_send_again(struct tcp_conn *c, struct pkt *piece); /* a segment from there on */
bool tcp_send_new(struct tcp_conn *c, bool force); /* a probe's: one segment; false: none */
void tcp_send_ack(struct tcp_conn *c);
void tcp_send_syn(struct tcp_conn *c);
void tcp_send_probe(struct tcp_conn *c); /* an ACK with an old number: it is answered */
void tcp_send_rst(struct tcp_conn *c);
bool tcp_send_fin(struct tcp_conn *c);
/* The answer to what belongs to no connection (RFC 9293, 3.10.7.1). */
void tcp_reset_for(struct tcp *t, const struct ip_ends *ends, const struct tcp_segment *s,
                   struct net_path *path);
struct raw_segment {
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    const uint8_t *options;
    size_t options_len;
};
void tcp_send_raw(struct tcp *t, const struct ip_ends *ends, struct net_path *path,
                  const struct raw_segment *r);
uint8_t tcp_scale_for(const struct tcp_options *o);
int tcp_update_mss(struct tcp_conn *c);         /* asks the path: 0, or an error: there is none */
uint16_t tcp_own_mss(const struct tcp_conn *c); /* what our SYN says */
void tcp_want_ack(struct tcp_conn *c, bool now);

/* timer.c */
void tcp_arm(struct tcp_conn *c);     /* after one of the deadlines has been set to a time */
void tcp_arm_rtx(struct tcp_conn *c); /* as what is in flight and queued demands */
void tcp_arm_keep(struct tcp_conn *c);
void tcp_conn_timeout(struct tcp *t, struct tcp_timer *timer);
void tcp_measure(struct tcp_conn *c, nsec_t rtt);
/* What the echo of our timestamp says of the round trip; 0: nothing. */
nsec_t tcp_rtt_of_ts(const struct tcp_conn *c, const struct tcp_segment *s);

/* timewait.c */
struct tcp_time_wait *tcp_find_wait(const struct tcp *t, const struct ip_ends *ends);
void tcp_wait_free(struct tcp *t, struct tcp_time_wait *w);
/* The connection, or its user's part, is over but for TIME-WAIT. */
void tcp_enter_time_wait(struct tcp_conn *c);
/* Returns true if the segment is dealt with; else it is a SYN that may open the connection anew. */
bool tcp_wait_input(struct tcp *t, struct tcp_time_wait *w, const struct tcp_segment *s);
bool tcp_wait_reusable(const struct tcp *t, const struct tcp_time_wait *w);

/* Memory that a piece takes. */
static inline uint32_t piece_memory(const struct pkt *p)
{
    return (uint32_t)sizeof(*p) + p->size;
}

/* Bytes that were never sent. */
static inline uint32_t tcp_left(const struct tcp_conn *c)
{
    return c->fin_sent ? 0 : c->write_seq - c->snd_nxt;
}

/* What (s), whose ACK is not too old, says of the peer's window. */
static inline void tcp_learn_window(struct tcp_conn *c, const struct tcp_segment *s)
{
    /* With new bytes acknowledged, it is never an old one, even if it was overtaken. */
    if (seq_lt(c->snd_una, s->ack) || seq_lt(c->snd_wl1, s->seq) ||
        (c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack))) {
        c->snd_wnd = s->window << c->snd_scale;
        c->snd_wl1 = s->seq;
        c->snd_wl2 = s->ack;
        if (c->snd_wnd > c->max_wnd)
            c->max_wnd = c->snd_wnd;
    }
}

static inline bool tcp_is_reno(const struct tcp_conn *c)
{
    return c->options.reno;
}

/* How many bytes of options each segment has but for blocks: none, or timestamps. */
#define USUAL_OPTIONS_LEN 12u

static inline uint32_t tcp_usual_options(const struct tcp_conn *c)
{
    return c->ts_on ? USUAL_OPTIONS_LEN : 0;
}

#endif
