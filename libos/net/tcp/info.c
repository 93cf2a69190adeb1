/* SPDX-License-Identifier: MIT
 *
 * TCP_INFO, as Linux tells it. */
#include <netinet/tcp.h>

#include "tcp/internal.h"

static uint8_t linux_state(enum tcp_state state)
{
    static const uint8_t states[] = {[TCP_CLOSED_STATE] = TCP_CLOSE,
                                     [TCP_LISTEN_STATE] = TCP_LISTEN,
                                     [TCP_SYN_SENT_STATE] = TCP_SYN_SENT,
                                     [TCP_SYN_RCVD_STATE] = TCP_SYN_RECV,
                                     [TCP_ESTABLISHED_STATE] = TCP_ESTABLISHED,
                                     [TCP_FIN_WAIT1_STATE] = TCP_FIN_WAIT1,
                                     [TCP_FIN_WAIT2_STATE] = TCP_FIN_WAIT2,
                                     [TCP_CLOSE_WAIT_STATE] = TCP_CLOSE_WAIT,
                                     [TCP_CLOSING_STATE] = TCP_CLOSING,
                                     [TCP_LAST_ACK_STATE] = TCP_LAST_ACK,
                                     [TCP_TIME_WAIT_STATE] = TCP_TIME_WAIT};

    return states[state];
}

static uint32_t ms_since(const struct tcp_conn *c, nsec_t then)
{
    return (uint32_t)((c->t->now - then) / MSEC);
}

/* Bytes as segments, which Linux counts. */
static uint32_t segments(const struct tcp_conn *c, uint32_t bytes)
{
    return c->mss ? (bytes + c->mss - 1) / c->mss : 0;
}

/* What Linux has behind since 4.1 to 5.4, and some C libraries have not. */
struct more_info {
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retrans;
    uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

static void put_more(const struct tcp_conn *c, struct tcp_info *info)
{
    const size_t at = offsetof(struct tcp_info, tcpi_total_retrans) + sizeof(uint32_t);
    struct more_info more = {.bytes_acked = c->acked_bytes,
                             .bytes_received = c->received_bytes,
                             .notsent_bytes = tcp_left(c),
                             .min_rtt = (uint32_t)(c->min_rtt / 1000),
                             .bytes_sent = c->acked_bytes + (c->snd_nxt - c->snd_una),
                             .snd_wnd = c->snd_wnd};

    if (sizeof(*info) >= at + sizeof(more))
        memcpy((char *)info + at, &more, sizeof(more));
}

void tcp_get_info(const struct tcp_conn *c, struct tcp_info *info)
{
    memset(info, 0, sizeof(*info));
    info->tcpi_state = linux_state((enum tcp_state)c->state);
    info->tcpi_reordering = 3; /* what Linux begins with */
    if (c->listen) {
        info->tcpi_unacked = c->listen->waiting;
        info->tcpi_sacked = c->listen->backlog;
        return;
    }
    info->tcpi_ca_state = c->recovery == RECOVERY_LOSS   ? 4
                          : c->recovery == RECOVERY_FAST ? 3
                          : c->sacked || c->dup_acks     ? 1
                                                         : 0;
    info->tcpi_retransmits = info->tcpi_backoff = c->retries;
    info->tcpi_probes = c->keep_probes;
    info->tcpi_options =
        (uint8_t)((c->ts_on ? TCPI_OPT_TIMESTAMPS : 0) | (c->sack_on ? TCPI_OPT_SACK : 0) |
                  (c->scale_on ? TCPI_OPT_WSCALE : 0));
    info->tcpi_snd_wscale = c->snd_scale;
    info->tcpi_rcv_wscale = c->rcv_scale & 15;
    info->tcpi_rto = (uint32_t)(c->rto / 1000);
    info->tcpi_ato = DELACK_TIME / 1000;
    info->tcpi_snd_mss = c->mss;
    info->tcpi_rcv_mss = c->rcv_mss;
    info->tcpi_unacked = segments(c, c->snd_nxt - c->snd_una);
    info->tcpi_sacked = segments(c, c->sacked);
    info->tcpi_lost = segments(c, c->lost);
    info->tcpi_retrans = segments(c, c->again);
    info->tcpi_last_data_sent = ms_since(c, c->last_sent);
    info->tcpi_last_data_recv = ms_since(c, c->last_got);
    info->tcpi_last_ack_recv = ms_since(c, c->last_heard);
    info->tcpi_pmtu = c->path_max + (ip_is_v4(&c->ends.local) ? 20 : 40);
    info->tcpi_rcv_ssthresh = c->rcv_limit;
    info->tcpi_rtt = (uint32_t)(c->srtt / 1000);
    info->tcpi_rttvar = (uint32_t)(c->rttvar / 1000);
    info->tcpi_snd_ssthresh = c->ssthresh == UINT32_MAX ? 0x7fffffff : segments(c, c->ssthresh);
    info->tcpi_snd_cwnd = segments(c, c->cwnd);
    info->tcpi_advmss = tcp_own_mss(c) - tcp_usual_options(c);
    info->tcpi_rcv_space = c->rcv_limit;
    info->tcpi_total_retrans = c->retransmitted;
    put_more(c, info);
}
