/* SPDX-License-Identifier: MIT
 *
 * TCP's recovery from loss and its congestion control: packet scripts (tcp_script.h), named after
 * what they hold TCP to.
 *
 * sources: $(TCP_TEST) tests/unit/tcp_script.c tests/unit/tcp_link.c tests/unit/tcp_watch.c
 * sources: tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include <netinet/tcp.h>

#include "unit.h"
#include "tcp_script.h"

/* Sends (n) segments of 1,000 bytes with a round trip of 100 ms known. */
static void send_segments(bool passive, const char *options, unsigned n)
{
    script_open(&it, passive, options, 65535);
    script(&it, "push 1000", "> AP 1(1000)", "quiet 100", "< A 1(0) ack 1001 win 65535");
    char line[32];
    snprintf(line, sizeof(line), "push %u", n * 1000);
    script_inject(&it, line);
    script_take(&it, 1001, n > 10 ? 10 : n, 1000);
}

/* Three duplicates: the first unacknowledged segment goes again, before any time-out. */
static void rfc5681_3_2_fast_retransmit(void **state)
{
    (void)state;
    it.options.reno = true;
    send_segments(true, "mss 1000", 10);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535", "quiet 1",
           "< A 1(0) ack 1001 win 65535", "quiet 1", "< A 1(0) ack 1001 win 65535",
           "> A 1001(1000)", "quiet 1", "< A 1(0) ack 11001 win 65535", "quiet 2000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->fast_retransmits, 1);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
}

/* A duplicate is one with no data, no new window, and something in flight (RFC 5681, 2). */
static void rfc5681_2_what_is_a_duplicate(void **state)
{
    (void)state;
    it.options.reno = true;
    send_segments(true, "mss 1000", 10);
    script(&it, "quiet 1", "< A 1(0) ack 1001 win 65534", "< A 1(0) ack 1001 win 65533",
           "< A 1(0) ack 1001 win 65532", "< A 1(0) ack 1001 win 65531", "quiet 10");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->fast_retransmits, 0);
    script(&it, "< A 1(0) ack 11001 win 65535");
}

/* RFC 6582: a partial ACK in recovery retransmits the next hole. */
static void rfc6582_3_2_partial_ack(void **state)
{
    (void)state;
    it.options.reno = true;
    send_segments(true, "mss 1000", 10);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535", "< A 1(0) ack 1001 win 65535",
           "< A 1(0) ack 1001 win 65535", "> A 1001(1000)", "< A 1(0) ack 1001 win 65535",
           "quiet 100", "< A 1(0) ack 4001 win 65535", "> A 4001(1000)", "quiet 90",
           "< A 1(0) ack 11001 win 65535", "quiet 2000");
}

/* RFC 3042: the first two duplicates let a new segment go each. */
static void rfc3042_limited_transmit(void **state)
{
    (void)state;
    it.options.reno = true;
    send_segments(true, "mss 1000", 15);
    uint32_t next = 11001;
    /* The ACK of the first segment has grown the window by one more. */
    if (it.sent) {
        script(&it, "> A 11001(1000)");
        next = 12001;
    }
    char line[64];
    script_inject(&it, "< A 1(0) ack 1001 win 65535");
    snprintf(line, sizeof(line), "> A %u(1000)", next);
    script_lines(&it, __FILE__, __LINE__, (const char *const[]){line, NULL});
    script_inject(&it, "< A 1(0) ack 1001 win 65535");
    snprintf(line, sizeof(line), "> A %u(1000)", next + 1000);
    script_lines(&it, __FILE__, __LINE__, (const char *const[]){line, NULL});
    script(&it, "< A 1(0) ack 1001 win 65535", "> A 1001(1000)");
    script_inject(&it, "< A 1(0) ack 16001 win 65535");
    script_drop(&it);
}

/* RFC 6675: only what the blocks leave out goes again. */
static void rfc6675_holes(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 10);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535 sack 2001-3001", "quiet 1",
           "< A 1(0) ack 1001 win 65535 sack 2001-3001,4001-5001", "quiet 1",
           "< A 1(0) ack 1001 win 65535 sack 2001-3001,4001-6001", "> A 1001(1000)");
    script_inject(&it, "< A 1(0) ack 1001 win 65535 sack 2001-3001,4001-11001");
    /* The second hole follows as soon as the window has room: 3001, at once. */
    script(&it, "> A 3001(1000)", "quiet 20", "< A 1(0) ack 11001 win 65535", "quiet 2000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 2);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
}

/* RFC 8985, 6.2: lost is what was sent a reordering window (a quarter of the least RTT) before what
 * has arrived; here the second flight shows that the first's hole is lost, with one block. */
static void rfc8985_6_2_rack(void **state)
{
    (void)state;
    it.options.no_delay = true;
    send_segments(true, "mss 1012 sackok ts 1000", 2);
    script(&it, "quiet 50", "push 1000", "> AP 3001(1000)", "quiet 99",
           "< A 1(0) ack 1001 win 65535 ts 1150 sack 3001-4001", "> @0 A 1001(1000)",
           "> A 2001(1000)");
    script_inject(&it, "quiet 1");
    script_drop(&it);
    script_inject(&it, "< A 1(0) ack 4001 win 65535 ts 1250");
    script_drop(&it);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
}

/* A hole younger than the reordering window waits for its end, a timer. */
static void rfc8985_6_2_reordering_timer(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 2);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535 sack 2001-3001", "> @25 A 1001(1000)",
           "quiet 50", "< A 1(0) ack 3001 win 65535", "quiet 2000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
}

/* Reordering that is over before the timer costs nothing. */
static void reordering_is_no_loss(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 2);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535 sack 2001-3001", "quiet 15",
           "< A 1(0) ack 3001 win 65535", "quiet 2000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 0);
}

/* RFC 8985, 7: the end of a flight is sent again after two round trips as a probe; its ACK leads to
 * recovery without a time-out. */
static void rfc8985_7_tail_loss_probe(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 5);
    /* PTO is 2 * SRTT, of 100 ms. */
    script(&it, "> @200 A 5001(1000)");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->tail_probes, 1);
    script_inject(&it, "quiet 101");
    script_drop(&it);
    script_inject(&it, "< A 1(0) ack 1001 win 65535 sack 5001-6001");
    world_run(&it.w, 50 * MSEC);
    /* The four before are lost. */
    assert_non_null(it.sent);
    assert_int_equal(it.sent->seq, 1001);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
    script_drop(&it);
}

static void a_probe_sends_new_data_if_there_is_some(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 10);
    script(&it, "push 10", "> @200 A 11001(10)");
    script_inject(&it, "< A 1(0) ack 11011 win 65535");
    script_drop(&it);
}

/* RFC 6298, 5: RTO is at least 200 ms here, doubles, and an ACK sets it back. */
static void rfc6298_5_backoff(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "push 100", "> AP 1(100)");
    nsec_t at = it.last.at, gap[6];
    for (unsigned i = 0; i < 6; i++) {
        while (!it.sent && world_step(&it.w, it.w.now + 100 * NSEC_PER_SEC))
            ;
        assert_non_null(it.sent);
        assert_int_equal(it.sent->seq, 1);
        assert_int_equal(it.sent->len, 100);
        gap[i] = it.sent->at - at;
        at = it.sent->at;
        script_drop(&it);
    }
    for (unsigned i = 2; i < 6; i++)
        assert_in_range(gap[i], gap[i - 1] * 19 / 10, gap[i - 1] * 21 / 10);
    assert_true(tcp_counts(it.w.host[0].tcp)->timeouts >= 5);
    script(&it, "< A 1(0) ack 101 win 65535", "quiet 100000");
}

/* After a time-out the window is one segment, and slow start goes on to half of what was out. */
static void rfc5681_3_1_after_a_timeout(void **state)
{
    struct tcp_info info;

    (void)state;
    it.options.reno = true;
    send_segments(true, "mss 1000", 10);
    while (!it.sent && world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    while (tcp_counts(it.w.host[0].tcp)->timeouts == 0 &&
           world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    script_drop(&it);
    tcp_get_info(it.end.c, &info);
    assert_int_equal(info.tcpi_snd_cwnd, 1);
    assert_in_range(info.tcpi_snd_ssthresh, 5, 6);
    script(&it, "< A 1(0) ack 2001 win 65535", "> A 2001(1000)", "> A 3001(1000)");
    script_inject(&it, "< A 1(0) ack 11001 win 65535");
    script_drop(&it);
}

/* A connection whose segments are never acknowledged ends, after minutes. */
static void rfc9293_3_8_3_gives_up(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000", 65535);
    script_inject(&it, "push 1000");
    nsec_t start = it.w.now;
    while (tcp_state(it.end.c) == TCP_ESTABLISHED_STATE &&
           world_step(&it.w, start + 3600 * NSEC_PER_SEC))
        ;
    assert_in_range((it.w.now - start) / NSEC_PER_SEC, 100, 1800);
    script_drop(&it);
    script(&it, "state CLOSED", "error 110");
}

/* RFC 9438, 4.6 and 5681: after a loss 0.7, Reno a half. */
static void rfc9438_4_6_decrease(void **state)
{
    struct tcp_info info;

    for (unsigned reno = 0; reno < 2; reno++) {
        it.options.reno = reno;
        send_segments(true, "mss 1000 sackok", 10);
        script(&it, "quiet 100");
        script_inject(&it, "< A 1(0) ack 1001 win 65535 sack 2001-11001");
        script(&it, "> A 1001(1000)");
        world_run(&it.w, 100 * MSEC);
        script_inject(&it, "< A 1(0) ack 11001 win 65535");
        script_drop(&it);
        tcp_get_info(it.end.c, &info);
        if (reno)
            assert_in_range(info.tcpi_snd_ssthresh, 5, 6);
        else
            assert_in_range(info.tcpi_snd_ssthresh, 7, 8);
        assert_in_range(info.tcpi_snd_cwnd, 2, info.tcpi_snd_ssthresh + 1);
        if (!reno) {
            script_teardown(state);
            script_setup(state);
        }
    }
}

/* Blocks of nonsense: below, above, backwards, of what was never sent. */
static void blocks_that_cannot_be(void **state)
{
    (void)state;
    send_segments(true, "mss 1000 sackok", 4);
    script(&it, "< A 1(0) ack 1001 win 65535 sack 5001-9001", "quiet 10",
           "< A 1(0) ack 1001 win 65535 sack 3001-2001", "quiet 10",
           "< A 1(0) ack 1001 win 65535 sack 4000000000-4000000100", "quiet 10");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 0);
    script(&it, "< A 1(0) ack 5001 win 65535", "quiet 1000", "push 1", "> AP 5001(1)",
           "< A 1(0) ack 5002 win 65535");
}

/* RFC 9293, 3.10.7.4: an ACK of what was never sent is answered and dropped. */
static void an_ack_of_what_was_never_sent(void **state)
{
    (void)state;
    send_segments(true, "mss 1000", 2);
    script(&it, "< A 1(0) ack 3002 win 65535", "> A 3001(0) ack 1", "< A 1(0) ack 3001 win 65535",
           "quiet 1000");
}

/* RFC 1191: the segment that did not fit goes again, smaller, at once, and no window is lost. */
static void rfc1191_path_mtu(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 2920", "> A 1(1460)", "> A 1461(1460)");
    it.w.host[0].mtu = 980; /* IP told by the next hop's 1000 */
    script(&it, "unreach 1 90 1000", "> A 1(960)", "> A 961(960)", "> A 1921(960)", "> AP 2881(40)",
           "< A 1(0) ack 2921 win 65535", "push 1000", "> A 2921(960)");
    script(&it, "> AP 3881(40)", "< A 1(0) ack 3921 win 65535");
}

/* Of what is not in flight, or larger than what is used: ignored. */
static void path_mtu_of_others(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 2920", "> A 1(1460)", "> A 1461(1460)", "unreach 5000 90 1000",
           "unreach 1 90 2000", "quiet 10", "< A 1(0) ack 2921 win 65535");
}

/* RFC 4821: large segments vanish, small ones do not, and nobody says why. */
static bool larger_than_600(struct tcp_world *w, const struct wire_tcp *h, size_t payload)
{
    (void)w;
    (void)h;
    return payload > 600;
}

/* How long it takes to send (n) bytes over such a way; a minute at the most. */
static nsec_t transfer(struct link_way way, uint32_t n)
{
    static struct tcp_world w;
    struct link_end listener, a, b;
    uint32_t sent = 0, got = 0;

    world_start(&w, 4);
    w.way[0] = w.way[1] = way;
    link_listen(&w, 1, 80, NULL, &listener);
    link_connect(&w, 0, 1000, 80, NULL, &a);
    world_run(&w, NSEC_PER_SEC);
    b = (struct link_end){.w = &w};
    b.c = tcp_accept(listener.c, &b);
    assert_non_null(b.c);
    nsec_t start = w.now;
    do {
        sent += (uint32_t)link_put(&a, sent, n - sent);
        tcp_push(a.c, false, false);
        got += (uint32_t)link_read(&b, got, n);
    } while (got < n && world_step(&w, start + 60 * NSEC_PER_SEC));
    assert_int_equal(got, n);
    nsec_t took = w.now - start;
    tcp_abort(a.c);
    tcp_abort(b.c);
    tcp_close(listener.c);
    world_end(&w);
    return took;
}

static void rfc4821_black_hole(void **state)
{
    (void)state;
    transfer((struct link_way){.filter = larger_than_600}, 20000);
}

/* A way of 10 ms whose packets arrive up to 5 ms later, in any order: nothing is lost on it, and no
 * window falls for long. */
static void reordering_is_no_congestion(void **state)
{
    (void)state;
    nsec_t took = transfer((struct link_way){.delay = 10 * MSEC, .jitter = 5 * MSEC}, 2000000);
    assert_true(took < 500 * MSEC);
}

/* The clock of the RTT is Karn's: what was sent again measures nothing without timestamps. */
static void rfc6298_3_karn(void **state)
{
    struct tcp_info before, after;

    (void)state;
    send_segments(true, "mss 1000", 1);
    tcp_get_info(it.end.c, &before);
    assert_in_range(before.tcpi_rtt, 99000, 103000);
    while (tcp_counts(it.w.host[0].tcp)->timeouts == 0 &&
           world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    script_drop(&it);
    script(&it, "quiet 5", "< A 1(0) ack 2001 win 65535");
    tcp_get_info(it.end.c, &after);
    assert_int_equal(after.tcpi_rtt, before.tcpi_rtt);
}

/* An idle connection starts slowly again (RFC 5681, 4.1). */
static void rfc5681_4_1_idle(void **state)
{
    (void)state;
    it.options.reno = true;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "push 60000");
    script_take(&it, 1, 10, 1000);
    for (uint32_t ack = 1001; it.sent || ack < 60001; ack += 1000) {
        char line[64];
        snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535", ack);
        script_drop(&it);
        script_inject(&it, line);
    }
    script_drop(&it);
    script_inject(&it, "< A 1(0) ack 60001 win 65535");
    script(&it, "quiet 60000", "push 30000");
    script_take(&it, 60001, 10, 1000);
    script(&it, "quiet 1");
}

/* No memory for packets: nothing is lost but time. Segments of this size leave no room for a packet
 * of their own behind their bytes. */
static void no_memory_to_retransmit(void **state)
{
    (void)state;
    extern unsigned fake_pkt_left;
    it.w.host[0].mtu = 1720;
    script_open(&it, true, "mss 1700 sackok", 65535);
    script(&it, "push 5100");
    script_take(&it, 1, 3, 1700);
    fake_pkt_left = 0;
    world_run(&it.w, 900 * MSEC);
    assert_null(it.sent);
    fake_pkt_left = UINT32_MAX;
    while (!it.sent && world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    assert_non_null(it.sent);
    script_drop(&it);
    script_inject(&it, "< A 1(0) ack 5101 win 65535");
    script_drop(&it);
    script(&it, "quiet 10000");
}

/* And segments that leave some need no memory to go again. */
static void retransmits_without_memory(void **state)
{
    (void)state;
    extern unsigned fake_pkt_left;
    send_segments(true, "mss 1000 sackok", 3);
    fake_pkt_left = 0;
    world_run(&it.w, 900 * MSEC);
    script_take(&it, 3001, 1, 1000); /* a probe */
    script_take(&it, 1001, 1, 1000);
    fake_pkt_left = UINT32_MAX;
    script_inject(&it, "< A 1(0) ack 4001 win 65535");
    script(&it, "quiet 10000");
}

/* Until a retransmission time-out, with 20 segments of 1,000 bytes to send, of which the first ten
 * are out and the first goes again. */
static void time_out_of_ten(const char *options)
{
    script_open(&it, true, options, 65535);
    script_inject(&it, "push 20000");
    script_take(&it, 1, 10, 1000);
    while (tcp_counts(it.w.host[0].tcp)->timeouts == 0 &&
           world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
}

static void rfc5682_2_1_a_time_out_that_was_none(void **state)
{
    struct tcp_info info;

    (void)state;
    time_out_of_ten("mss 1000");
    script(&it, "> A 1(1000)", "< A 1(0) ack 2001 win 65535", "> A 10001(1000)", "> A 11001(1000)",
           "quiet 1", "< A 1(0) ack 3001 win 65535");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 1);
    tcp_get_info(it.end.c, &info);
    assert_in_range(info.tcpi_snd_cwnd, 10, 12);
    assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
    script_drop(&it);
    script(&it, "quiet 1", "< A 1(0) ack 10001 win 65535");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 1);
    script_drop(&it);
}

/* The new segments bring a duplicate: the others were lost. */
static void rfc5682_2_1_a_time_out(void **state)
{
    struct tcp_info info;

    (void)state;
    time_out_of_ten("mss 1000");
    script(&it, "> A 1(1000)", "< A 1(0) ack 1001 win 65535", "> A 10001(1000)", "> A 11001(1000)",
           "quiet 1", "< A 1(0) ack 1001 win 65535", "> A 1001(1000)");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 0);
    tcp_get_info(it.end.c, &info);
    assert_true(info.tcpi_snd_cwnd <= 3);
    assert_in_range(info.tcpi_snd_ssthresh, 2, 7);
    script_drop(&it);
}

/* A duplicate instead of the first ACK, or one of everything, ends it. */
static void rfc5682_2_1_steps_that_end_it(void **state)
{
    (void)state;
    time_out_of_ten("mss 1000");
    script(&it, "> A 1(1000)", "< A 1(0) ack 1 win 65535", "> A 1001(1000)",
           "< A 1(0) ack 1001 win 65535", "> A 2001(1000)");
    script_drop(&it);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 0);
}

/* Blocks tell as much as ACKs in order, if they are of what was not sent again. */
static void rfc5682_3_1_blocks(void **state)
{
    (void)state;
    time_out_of_ten("mss 1000 sackok");
    script_drop(&it);
    script(&it, "< A 1(0) ack 1001 win 65535");
    script_drop(&it);
    script_inject(&it, "< A 1(0) ack 1001 win 65535 sack 3001-4001");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 1);
    script_drop(&it);
}

static void rfc5682_3_1_blocks_of_new_segments(void **state)
{
    (void)state;
    time_out_of_ten("mss 1000 sackok");
    script(&it, "> A 10001(1000)", "> A 1(1000)", "< A 1(0) ack 1001 win 65535", "> A 11001(1000)",
           "> A 12001(1000)", "< A 1(0) ack 1001 win 65535 sack 11001-12001", "> A 1001(1000)");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 0);
    script_drop(&it);
}

/* Behind the last byte that was sent and not expected. */
static uint32_t end_of_sent(void)
{
    uint32_t end = 0;

    for (struct script_segment *s = it.sent; s; s = s->next)
        end = s->seq + s->len > end ? s->seq + s->len : end;
    return end;
}

/* Acknowledges all that was sent, each segment for itself, after (rtt). Returns the window. */
static uint32_t a_round(nsec_t rtt)
{
    struct tcp_info info;
    uint32_t from = it.sent->seq, end = end_of_sent();

    script_drop(&it);
    world_run(&it.w, rtt);
    for (uint32_t ack = from + 1000; ack <= end; ack += 1000) {
        char line[64];
        snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535", ack);
        script_inject(&it, line);
    }
    tcp_get_info(it.end.c, &info);
    return info.tcpi_snd_cwnd;
}

static void begin_rounds(const char *options)
{
    it.options.send_limit = 4u << 20;
    script_open(&it, true, options, 65535);
    script_inject(&it, "push 4000000");
    assert_int_equal(a_round(100 * MSEC), 20);
    assert_int_equal(a_round(100 * MSEC), 40);
}

/* The round trip grows by more than an eighth: the window grows by a quarter of what it would, for
 * five rounds, and slow start is over. */
static void rfc9406_slow_start_ends_before_loss(void **state)
{
    struct tcp_info info;
    uint32_t before, now;

    (void)state;
    begin_rounds("mss 1000 ws 7");
    now = a_round(125 * MSEC); /* the first ACKs of it end the round before */
    assert_int_equal(now, 80);
    for (unsigned i = 0; i < 4; i++) {
        before = now;
        now = a_round(125 * MSEC);
        assert_in_range(now, before * 5 / 4 - 2, before * 5 / 4 + 2);
        tcp_get_info(it.end.c, &info);
        assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
    }
    before = now;
    now = a_round(125 * MSEC);
    tcp_get_info(it.end.c, &info);
    assert_in_range(info.tcpi_snd_ssthresh, before, now);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 0);
    script_drop(&it);
}

/* It was but jitter: the window doubles again. */
static void rfc9406_slow_start_goes_on_after_jitter(void **state)
{
    uint32_t before, now;

    (void)state;
    begin_rounds("mss 1000 ws 7");
    a_round(120 * MSEC);
    before = a_round(120 * MSEC);
    assert_in_range(before, 98, 104);
    now = a_round(100 * MSEC);
    assert_in_range(now, before + before / 4, before * 2);
    assert_in_range(a_round(100 * MSEC), now * 2 - 2, now * 2);
    script_drop(&it);
}

/* Less than an eighth, or than 4 ms, is none. */
static void rfc9406_small_changes(void **state)
{
    (void)state;
    begin_rounds("mss 1000 ws 7");
    assert_int_equal(a_round(111 * MSEC), 80);
    assert_int_equal(a_round(120 * MSEC), 160);
    script_drop(&it);
}

/* RFC 9438, 4.2: after a loss at 80 segments the window grows from 56 to those in K = 3.9 s, fast at
 * first, then hardly. */
static void rfc9438_4_2_growth(void **state)
{
    char line[80];
    uint32_t now = 0;

    (void)state;
    begin_rounds("mss 1000 ws 7 sackok");
    assert_int_equal(a_round(100 * MSEC), 80);
    uint32_t from = it.sent->seq;
    snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535 sack %u-%u", from, from + 1000,
             end_of_sent());
    script_drop(&it);
    world_run(&it.w, 100 * MSEC);
    script_inject(&it, line);
    snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535", end_of_sent());
    script_drop(&it);
    world_run(&it.w, 100 * MSEC);
    script_inject(&it, line);
    script(&it, "info cwnd 56 ssthresh 56");
    for (unsigned i = 0; i < 40; i++) {
        now = a_round(100 * MSEC);
        if (i == 9)
            assert_in_range(now, 68, 71); /* 80 - 0.4 * 2.9^3 = 70.2 */
        if (i == 19)
            assert_in_range(now, 76, 78); /* 80 - 0.4 * 1.9^3 = 77.3 */
    }
    assert_in_range(now, 79, 81);
    script_drop(&it);
}

/* Of more than a thousand segments two are lost; a block grows behind each. Only they go again, once. */
static void rfc2018_blocks_of_a_long_queue(void **state)
{
    char line[100];

    (void)state;
    begin_rounds("mss 1000 ws 7 sackok");
    for (unsigned i = 0; i < 5; i++)
        a_round(100 * MSEC);
    uint32_t from = it.sent->seq, end = end_of_sent(), hole = from + 700000;
    assert_true(end - from > 1200000);
    script_drop(&it);
    world_run(&it.w, 100 * MSEC);
    for (uint32_t at = from + 2000; at <= end; at += 1000) {
        if (at <= hole)
            snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535 sack %u-%u", from, from + 1000,
                     at);
        else if (at > hole + 1000)
            snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535 sack %u-%u,%u-%u", from,
                     hole + 1000, at, from + 1000, hole);
        script_inject(&it, line);
    }
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 2);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->fast_retransmits, 1);
    snprintf(line, sizeof(line), "< A 1(0) ack %u win 65535", end);
    script_inject(&it, line);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
    script_drop(&it);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc5681_3_2_fast_retransmit),
        TEST(rfc5681_2_what_is_a_duplicate),
        TEST(rfc6582_3_2_partial_ack),
        TEST(rfc3042_limited_transmit),
        TEST(rfc6675_holes),
        TEST(rfc8985_6_2_rack),
        TEST(rfc8985_6_2_reordering_timer),
        TEST(reordering_is_no_loss),
        TEST(rfc8985_7_tail_loss_probe),
        TEST(a_probe_sends_new_data_if_there_is_some),
        TEST(rfc6298_5_backoff),
        TEST(rfc5681_3_1_after_a_timeout),
        TEST(rfc9293_3_8_3_gives_up),
        TEST(rfc9438_4_6_decrease),
        TEST(blocks_that_cannot_be),
        TEST(an_ack_of_what_was_never_sent),
        TEST(rfc1191_path_mtu),
        TEST(path_mtu_of_others),
        cmocka_unit_test(rfc4821_black_hole),
        cmocka_unit_test(reordering_is_no_congestion),
        TEST(rfc6298_3_karn),
        TEST(rfc5681_4_1_idle),
        TEST(no_memory_to_retransmit),
        TEST(retransmits_without_memory),
        TEST(rfc5682_2_1_a_time_out_that_was_none),
        TEST(rfc5682_2_1_a_time_out),
        TEST(rfc5682_2_1_steps_that_end_it),
        TEST(rfc5682_3_1_blocks),
        TEST(rfc5682_3_1_blocks_of_new_segments),
        TEST(rfc9406_slow_start_ends_before_loss),
        TEST(rfc9406_slow_start_goes_on_after_jitter),
        TEST(rfc2018_blocks_of_a_long_queue),
        TEST(rfc9438_4_2_growth),
        TEST(rfc9406_small_changes),
    };

    if (argc > 1) /* one of them */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
