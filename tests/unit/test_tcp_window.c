/* SPDX-License-Identifier: MIT
 *
 * How much TCP has in flight: slow start, what limits it, recovery, CUBIC, and what is undone.
 * Packet scripts (tcp_script.h), named after what they hold TCP to. The peer's segments are of
 * 1,000 bytes.
 *
 * sources: $(TCP_TEST) tests/unit/tcp_script.c tests/unit/tcp_link.c tests/unit/tcp_watch.c
 * sources: tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include <netinet/tcp.h>

#include "unit.h"
#include "tcp_script.h"

static void line(const char *format, uint32_t a, uint32_t b)
{
    char text[80];

    snprintf(text, sizeof(text), format, a, b);
    script(&it, text);
}

/* Opens, and sends (n) segments, ten of them at once. */
static void first_flight(const char *options, unsigned n)
{
    script_open(&it, true, options, 65535);
    line("push %u", n * 1000, 0);
    script_take(&it, 1, n > 10 ? 10 : n, 1000);
}

/* ACKs of (each) segments a time: as many more may go as an ACK tells of, twice. */
static void slow_start_by(unsigned each)
{
    uint32_t next = 10001, cwnd = 10;

    first_flight("mss 1000 sackok", 60);
    script(&it, "info cwnd 10", "quiet 100");
    for (uint32_t ack = 1 + each * 1000; ack <= 10001; ack += each * 1000) {
        line("< A 1(0) ack %u win 65535", ack, 0);
        script_take(&it, next, 2 * each, 1000);
        next += 2 * each * 1000;
        line("info cwnd %u", cwnd += each, 0);
        script(&it, "quiet 1");
    }
}

static void rfc5681_3_1_an_ack_for_each_segment(void **state)
{
    (void)state;
    slow_start_by(1);
}

static void rfc5681_3_1_an_ack_for_two(void **state)
{
    (void)state;
    slow_start_by(2);
}

static void rfc5681_3_1_an_ack_for_five(void **state)
{
    (void)state;
    slow_start_by(5);
}

/* A flight of (n) segments, and what becomes of the window when it is acknowledged. */
static void flight_of(unsigned n, const unsigned *cwnd)
{
    first_flight("mss 1000 sackok", n);
    script(&it, "quiet 105");
    for (unsigned acked = 0, i = 0; acked < n; i++) {
        acked += n - acked < 2 ? n - acked : 2;
        line("< A 1(0) ack %u win 65535", acked * 1000 + 1, 0);
        line("info cwnd %u", cwnd[i], 0);
        script(&it, "quiet 5");
    }
}

/* What the user gives fills the window once: then all of its ACKs count, also the last ones. */
static void a_window_that_was_in_use_doubles(void **state)
{
    (void)state;
    flight_of(10, (const unsigned[]){12, 14, 16, 18, 20});
}

/* RFC 9438, 4.2.3: the window grows to twice of what was in flight, and no more. */
static void a_window_that_was_not_in_use_does_not(void **state)
{
    (void)state;
    flight_of(9, (const unsigned[]){12, 14, 16, 18, 18});
    script_teardown(state);
    script_setup(state);
    flight_of(6, (const unsigned[]){12, 12, 12});
    script_teardown(state);
    script_setup(state);
    flight_of(5, (const unsigned[]){10, 10, 10});
}

/* Until 36 segments have been acknowledged. */
static void a_window_of_36(void)
{
    first_flight("mss 1000 sackok ws 7", 26);
    script(&it, "quiet 100", "< A 1(0) ack 10001 win 511", "info cwnd 20");
    script_take(&it, 10001, 16, 1000);
    script(&it, "quiet 100");
}

static void rfc5681_4_1_slow_start_after_idleness(void **state)
{
    (void)state;
    a_window_of_36();
    script(&it, "< A 1(0) ack 26001 win 511", "info cwnd 36", "quiet 2000", "push 20000");
    script_take(&it, 26001, 10, 1000);
    script(&it, "info cwnd 10 ssthresh 2147483647", "quiet 1");
}

/* RFC 7661, 4.4.2: what was reached in congestion avoidance is near again soon. */
static void rfc7661_4_4_2_idleness_keeps_what_was_reached(void **state)
{
    (void)state;
    a_window_of_36();
    /* One is lost: 0.7 of 36. */
    script_inject(&it, "< A 1(0) ack 10001 win 511 sack 11001-26001");
    script(&it, "> A 10001(1000)", "quiet 100", "< A 1(0) ack 26001 win 511",
           "info cwnd 14 ssthresh 14");
    for (unsigned round = 0; round < 40; round++) {
        uint32_t from = 26001 + round * 20000;
        line("push %u", 20000, 0);
        script_drop(&it);
        world_run(&it.w, 100 * MSEC);
        script_drop(&it);
        for (uint32_t ack = from + 2000; ack <= from + 20000; ack += 2000) {
            char text[64];
            snprintf(text, sizeof(text), "< A 1(0) ack %u win 511", ack);
            script_inject(&it, text);
        }
        script_drop(&it);
    }
    struct tcp_info before, after;
    tcp_get_info(it.end.c, &before);
    assert_in_range(before.tcpi_snd_cwnd, 19, 40);
    script(&it, "quiet 2000", "push 1000");
    script_drop(&it);
    tcp_get_info(it.end.c, &after);
    assert_int_equal(after.tcpi_snd_cwnd, 10);
    assert_in_range(after.tcpi_snd_ssthresh, before.tcpi_snd_cwnd * 3 / 4 - 1,
                    before.tcpi_snd_cwnd * 3 / 4 + 1);
}

/* Probes of a closed window are no loss; when it opens, the connection was idle. */
static void a_window_that_was_closed(void **state)
{
    (void)state;
    a_window_of_36();
    script(&it, "< A 1(0) ack 26001 win 0", "info cwnd 36", "push 20000", "> @300 A 26000(0) ack 1",
           "info cwnd 36", "> @600 A 26000(0) ack 1", "> @1200 A 26000(0) ack 1", "info cwnd 36",
           "quiet 900", "< A 1(0) ack 26001 win 511");
    script_take(&it, 26001, 10, 1000);
}

/* The peer's SYN says that it has no room. */
static void no_window_from_the_beginning(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1000 sackok", 0);
    script(&it, "push 1000", "quiet 100", "< A 1(0) ack 1 win 2000", "> AP 1(1000)", "quiet 30",
           "< A 1(0) ack 1001 win 10", "push 1000", "quiet 100", "< A 1(0) ack 1001 win 2000",
           "> AP 1001(1000)", "quiet 20", "< A 1(0) ack 2001 win 2000", "quiet 1000");
}

/* RFC 3042 with blocks: each of the first two lets a new segment go; it was reordering. */
static void rfc3042_blocks(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 15);
    script(&it, "quiet 110", "< A 1(0) ack 1 win 65535 sack 1001-2001", "> A 10001(1000)",
           "quiet 10", "< A 1(0) ack 1 win 65535 sack 1001-3001", "> A 11001(1000)", "quiet 10",
           "< A 1(0) ack 3001 win 65535", "> A 12001(1000)", "> A 13001(1000)");
    script_drop(&it);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 0);
}

/* RFC 6937: what is in flight is the new threshold already: one goes for each that arrives. */
static void rfc6937_one_for_one(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 10);
    script(&it, "quiet 110", "< A 1(0) ack 1 win 65535 sack 1001-2001", "quiet 10",
           "< A 1(0) ack 1 win 65535 sack 1001-3001", "info ca 1", "quiet 10",
           "< A 1(0) ack 1 win 65535 sack 1001-4001", "> A 1(1000)", "quiet 10",
           "info ca 3 cwnd 7 ssthresh 7 lost 1 retrans 1 sacked 3 unacked 10", "push 7000");
    for (uint32_t sacked = 5001, next = 10001; sacked <= 10001; sacked += 1000, next += 1000) {
        script(&it, "quiet 10");
        line("< A 1(0) ack 1 win 65535 sack 1001-%u", sacked, 0);
        line("> A %u(1000)", next, 0);
    }
    script(&it, "quiet 20", "< A 1(0) ack 10001 win 65535", "> AP 16001(1000)",
           "info ca 0 cwnd 7 ssthresh 7 lost 0 retrans 0 sacked 0 unacked 7");
    script(&it, "< A 1(0) ack 17001 win 65535", "quiet 1000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 1);
}

/* RFC 9937: an ACK that goes on makes room for one more than arrived, one that tells of another
 * loss does not. */
static void rfc9937_safe_acks(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 40);
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 sack 7001-10001", "> A 1(1000)");
    /* Seven were lost of ten; the threshold is seven. */
    script(&it, "> A 1001(1000)", "> A 2001(1000)", "info lost 7 retrans 3 cwnd 3", "quiet 100",
           "< A 1(0) ack 1001 win 65535 sack 7001-10001", "> A 3001(1000)", "> A 4001(1000)",
           "< A 1(0) ack 2001 win 65535 sack 7001-10001", "> A 5001(1000)", "> A 6001(1000)",
           "< A 1(0) ack 3001 win 65535 sack 7001-10001", "> A 10001(1000)", "> A 11001(1000)",
           "quiet 1");
    script_drop(&it);
}

/* Blocks of an ACK that came late, below what is acknowledged, count. */
static void rfc6675_blocks_of_an_old_ack(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 10);
    script(&it, "quiet 10", "< A 1(0) ack 1 win 65535 sack 1001-2001",
           "< A 1(0) ack 1 win 65535 sack 1001-3001",
           "< A 1(0) ack 1 win 65535 sack 1001-3001,8001-9001", "> A 1(1000)");
    script_drop(&it);
    script(&it, "quiet 12", "< A 1(0) ack 4001 win 65535 sack 8001-9001", "> A 4001(1000)");
    script_drop(&it);
    script(&it, "push 10000");
    script_drop(&it);
    it.end.events = 0;
    script_inject(&it, "< A 1(0) ack 3001 win 65535 sack 5001-7001");
    assert_non_null(it.sent);
    assert_true(it.sent->seq == 7001 || it.sent->seq >= 10001);
    script_drop(&it);
    script(&it, "info sacked 3");
}

/* Blocks that grow together are one; what they leave out is lost. */
static void rfc2018_blocks_grow_together(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 10);
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 sack 7001-8001", "info lost 0 sacked 1",
           "> @25 A 1(1000)", "info ca 3 lost 7 sacked 1",
           "< A 1(0) ack 1 win 65535 sack 5001-6001,7001-8001", "> A 1001(1000)",
           "info lost 6 sacked 2", "< A 1(0) ack 1 win 65535 sack 5001-8001", "> A 2001(1000)",
           "info lost 5 sacked 3", "< A 1(0) ack 1 win 65535 sack 5001-9001", "> A 3001(1000)",
           "info lost 5 sacked 4", "< A 1(0) ack 1 win 65535 sack 5001-10001", "> A 4001(1000)",
           "quiet 1", "< A 1(0) ack 10001 win 65535",
           "info ca 0 lost 0 sacked 0 retrans 0 unacked 0");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 5);
}

/* RFC 3522, 3.2: the first ACK echoes the time of the segment that was thought to be lost. */
static void rfc3522_recovery_for_nothing(void **state)
{
    (void)state;
    first_flight("mss 1012 sackok ts 1000", 10);
    uint32_t sent = it.last.ts_val;
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 ts 1100 sack 1001-4001", "> A 1(1000)",
           "info ca 3 ssthresh 7", "quiet 5");
    char late[80];
    snprintf(late, sizeof(late), "< A 1(0) ack 4001 win 65535 ts 1105/%u", sent);
    script(&it, late, "info ca 0 ssthresh 2147483647 lost 0");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 1);
    struct tcp_info info;
    tcp_get_info(it.end.c, &info);
    assert_true(info.tcpi_snd_cwnd >= 10);
    /* From now on three segments behind it do not make one lost. */
    script(&it, "< A 1(0) ack 4001 win 65535 ts 1106 sack 5001-9001", "quiet 20");
}

/* And here it is that of the one that was sent again. */
static void rfc3522_recovery_for_something(void **state)
{
    (void)state;
    first_flight("mss 1012 sackok ts 1000", 10);
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 ts 1100 sack 1001-4001", "> A 1(1000)",
           "quiet 100", "< A 1(0) ack 10001 win 65535 ts 1200", "info ca 0 ssthresh 7 cwnd 7");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 0);
}

/* RFC 3708, without timestamps: what was sent again has all arrived twice, which is told when the
 * recovery is over. */
static void rfc3708_recovery_for_nothing(void **state)
{
    for (unsigned told = 0; told < 3; told++) {
        first_flight("mss 1000 sackok", 10);
        script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 sack 2001-5001", "> A 1(1000)",
               "> A 1001(1000)", "info ca 3 retrans 2", "quiet 10", "< A 1(0) ack 10001 win 65535",
               "info ca 0 cwnd 7 ssthresh 7", "quiet 90");
        if (told > 0)
            script(&it, "< A 1(0) ack 10001 win 65535 sack 1-1001", "info cwnd 7 ssthresh 7");
        /* One of what was not sent again, or the other one that was. */
        script(&it,
               told < 2 ? "< A 1(0) ack 10001 win 65535"
                        : "< A 1(0) ack 10001 win 65535 sack 1001-2001",
               told < 2 ? "info cwnd 7 ssthresh 7" : "info cwnd 10 ssthresh 2147483647");
        assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, told == 2);
        script_teardown(state);
        script_setup(state);
    }
}

/* All of a flight is late, and none of it lost. */
static void rfc3522_time_out_for_nothing(void **state)
{
    (void)state;
    first_flight("mss 1012 sackok ts 1000", 20);
    uint32_t sent = it.last.ts_val;
    while (tcp_counts(it.w.host[0].tcp)->timeouts == 0 &&
           world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    script_drop(&it);
    script(&it, "info ca 4 cwnd 1", "quiet 10");
    char late[80];
    snprintf(late, sizeof(late), "< A 1(0) ack 2001 win 65535 ts 1500/%u", sent);
    script_inject(&it, late);
    script_drop(&it);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->spurious, 1);
    script(&it, "info ca 0 ssthresh 2147483647 lost 0 cwnd 12");
}

/* Segments of 1,000 bytes from (from) on: two of them, the first comes (late) ms after the second.
 * Whether it was sent again before. */
static bool reorder(uint32_t from, unsigned late)
{
    char text[100];

    script(&it, "push 2000");
    script_take(&it, from, 2, 1000);
    script(&it, "quiet 100");
    snprintf(text, sizeof(text), "< A 1(0) ack %u win 65535 sack %u-%u", from, from + 1000,
             from + 2000);
    script_inject(&it, text);
    world_run(&it.w, late * MSEC);
    bool again = it.sent != NULL;
    script_drop(&it);
    line("< A 1(0) ack %u win 65535", from + 2000, 0);
    return again;
}

/* RFC 8985, 6.2, step 4: what was sent again for nothing widens the reordering window. */
static void rfc8985_6_2_the_window_adapts(void **state)
{
    uint32_t from = 1;

    (void)state;
    script_open(&it, true, "mss 1000 sackok", 65535);
    assert_true(reorder(from, 40)); /* 25 ms */
    from += 2000;
    script(&it, "< A 1(0) ack 2001 win 65535 sack 1-1001", "quiet 200");
    assert_false(reorder(from, 40)); /* 50 */
    from += 2000;
    for (unsigned i = 0; i < 16; i++, from += 2000) {
        script(&it, "quiet 200");
        assert_true(reorder(from, 60));
    }
    script(&it, "quiet 200");
    assert_true(reorder(from, 40)); /* 25 again */
}

/* What was sent behind the retransmission has arrived, and that has not: it goes a third time. */
static void rfc8985_6_2_a_lost_retransmission(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 12);
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 sack 1001-10001", "> A 1(1000)",
           "> A 10001(1000)", "> AP 11001(1000)", "quiet 20");
    script_drop(&it);
    script(&it, "quiet 80", "< A 1(0) ack 1 win 65535 sack 1001-11001", "> @0 A 1(1000)",
           "info lost 1 retrans 1", "quiet 50", "< A 1(0) ack 1 win 65535 sack 1001-12001",
           "quiet 40", "< A 1(0) ack 12001 win 65535", "info ca 0", "quiet 1000");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 0);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->retransmitted, 2);
}

/* RFC 2018, 8: after a time-out the first segment goes again, whatever the blocks said. */
static void rfc2018_8_reneging(void **state)
{
    (void)state;
    first_flight("mss 1000 sackok", 4);
    script(&it, "quiet 100", "< A 1(0) ack 1 win 65535 sack 1001-4001");
    script_drop(&it);
    script(&it, "quiet 100", "< A 1(0) ack 1001 win 65535");
    script_drop(&it);
    while (tcp_counts(it.w.host[0].tcp)->timeouts == 0 &&
           world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
        ;
    script(&it, "> A 1001(1000)", "info sacked 0", "quiet 50", "< A 1(0) ack 2001 win 65535",
           "> A 2001(1000)", "> AP 3001(1000)");
}

/* RFC 8985, 7.2: where the probe would be later than the time-out, it goes instead of it. */
static void rfc8985_7_2_a_probe_in_the_place_of_the_time_out(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000 sackok", 65535);
    script(&it, "push 1000", "> AP 1(1000)", "quiet 100", "< A 1(0) ack 1001 win 65535",
           "info rto 300", "push 1000", "> AP 1001(1000)", "> @300 AP 1001(1000)",
           "info cwnd 10 ca 0", "> @300 AP 1001(1000)", "info cwnd 1 ca 4");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->tail_probes, 1);
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->timeouts, 1);
    /* The threshold follows from the window, not from the one segment in flight. */
    script(&it, "quiet 100", "< A 1(0) ack 2001 win 65535", "info cwnd 2 ssthresh 7 ca 0");
}

/* RFC 8985, 7.4.2: the probe made good a loss: the window falls. Not if the peer says that it came
 * for nothing. */
static void rfc8985_7_4_2_what_the_probe_was_good_for(void **state)
{
    (void)state;
    for (unsigned twice = 0; twice < 2; twice++) {
        script_open(&it, true, "mss 1000 sackok", 65535);
        script(&it, "push 3000");
        script_take(&it, 1, 3, 1000);
        script(&it, "> @200 AP 2001(1000)", "quiet 100", "< A 1(0) ack 3001 win 65535", "quiet 10");
        if (twice)
            script(&it, "< A 1(0) ack 3001 win 65535 sack 2001-3001", "quiet 10");
        script(&it, "push 1000", "> AP 3001(1000)", "quiet 100", "< A 1(0) ack 4001 win 65535",
               twice ? "info cwnd 10 ssthresh 2147483647" : "info cwnd 7 ssthresh 7");
        script_teardown(state);
        script_setup(state);
    }
}

/* The user's time-out counts from the segment on, not from the probe. */
static void rfc5482_user_timeout_and_the_probe(void **state)
{
    (void)state;
    it.options.user_timeout = 700;
    script_open(&it, true, "mss 1000 sackok", 65535);
    script(&it, "push 1000", "> AP 1(1000)", "> @300 AP 1(1000)", "> @300 AP 1(1000)", "quiet 90",
           "state ESTABLISHED", "quiet 30", "state CLOSED", "error 110");
}

/* RFC 9438, 5.8: time in which others limit what is sent does not let the window grow. */
static uint32_t after_a_pause(unsigned pause)
{
    struct tcp_info info;
    uint32_t next = 26001;

    a_window_of_36();
    script_inject(&it, "< A 1(0) ack 10001 win 511 sack 11001-26001");
    script(&it, "> A 10001(1000)", "quiet 100", "< A 1(0) ack 26001 win 511");
    for (unsigned round = 0; round < 24; round++) {
        unsigned n = round == 4 ? pause : 30;
        if (round == 4) { /* one at a time, each before the connection is idle */
            for (; n > 0; n--, next += 1000) {
                script(&it, "push 1000");
                script_drop(&it);
                world_run(&it.w, 150 * MSEC);
                script_drop(&it);
                line("< A 1(0) ack %u win 511", next + 1000, 0);
            }
            continue;
        }
        line("push %u", n * 1000, 0);
        for (; n > 0; n -= n < 5 ? n : 5) {
            world_run(&it.w, 20 * MSEC);
            script_drop(&it);
            next += 5000;
            char text[64];
            snprintf(text, sizeof(text), "< A 1(0) ack %u win 511", next);
            script_inject(&it, text);
        }
        script_drop(&it);
    }
    tcp_get_info(it.end.c, &info);
    script_teardown(NULL);
    script_setup(NULL);
    return info.tcpi_snd_cwnd;
}

static void rfc9438_5_8_limited_by_others(void **state)
{
    (void)state;
    uint32_t without = after_a_pause(0), with = after_a_pause(100);
    assert_in_range(with, without - 2, without + 2);
}

/* RFC 6298, 5.7: where a SYN went again, its round trip is known by timestamps, or the first
 * time-out is three seconds. */
static void rfc6298_5_7_after_a_syn_that_went_again(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1000", "> SA 0(0)", "> @1000 SA 0(0)", "quiet 50",
           "< A 1(0) ack 1 win 65535", "accept", "info rto 3000", "push 10", "> AP 1(10)",
           "> @3000 AP 1(10)");
    script_teardown(state);
    script_setup(state);
    script(&it, "listen", "< S 0(0) win 65535 mss 1000 ts 1000", "> SA 0(0)", "> @1000 SA 0(0)",
           "quiet 50", "< A 1(0) ack 1 win 65535 ts 1050", "accept", "info rto 250");
}

/* Of a cookie it is not known. */
static void a_cookie_says_nothing_of_the_round_trip(void **state)
{
    (void)state;
    script(&it, "quiet 100000", "listen");
    tcp_set_backlog(it.listener.c, 1);
    for (unsigned i = 0; i < 20; i++) {
        it.peer_port = (uint16_t)(3000 + i);
        it.has_iss = false;
        script(&it, "< S 0(0) win 65535 mss 1000 sackok ts 1000", "> SA 0(0) ack 1");
    }
    script(&it, "< A 1(0) ack 1 win 65535 ts 1000", "accept", "info rto 1000");
}

/* RFC 9293, 3.9.2.2: what ICMP told is why a connection ends that nothing answers; if something was
 * acknowledged since, it is not. */
static void rfc9293_3_9_2_2_soft_errors(void **state)
{
    for (unsigned acked = 0; acked < 2; acked++) {
        it.options.user_timeout = 2000;
        script_open(&it, true, "mss 1000", 65535);
        script(&it, "push 2000", "> A 1(1000)", "> AP 1001(1000)", "unreach 1 113 0",
               "state ESTABLISHED", "error 0");
        if (acked)
            script(&it, "< A 1(0) ack 1001 win 65535");
        world_run(&it.w, 10 * NSEC_PER_SEC);
        script_drop(&it);
        script(&it, "state CLOSED", acked ? "error 110" : "error 113");
        script_teardown(state);
        script_setup(state);
    }
}

/* RFC 9293, 3.8.6, SHLD-18 and MUST-37: a peer that takes its window back over what is in flight,
 * and answers, is no dead one. */
static void rfc9293_3_8_6_a_window_closed_over_what_is_in_flight(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "push 3000", "> A 1(1000)", "> A 1001(1000)", "> AP 2001(1000)",
           "< A 1(0) ack 1001 win 0"); /* of three that were sent */
    for (unsigned i = 0; i < 40; i++) {
        while (!it.sent && world_step(&it.w, it.w.now + 130 * NSEC_PER_SEC))
            ;
        script(&it, "> A 1001(1000)", "< A 1(0) ack 1001 win 0", "state ESTABLISHED");
    }
    script(&it, "< A 1(0) ack 1001 win 65535", "> AP 2001(1000)");
    while (!it.sent && world_step(&it.w, it.w.now + 130 * NSEC_PER_SEC))
        ;
    assert_non_null(it.sent);
    assert_int_equal(it.sent->seq, 1001);
    script_drop(&it);
    script(&it, "< A 1(0) ack 3001 win 65535");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc5681_3_1_an_ack_for_each_segment),
        TEST(rfc5681_3_1_an_ack_for_two),
        TEST(rfc5681_3_1_an_ack_for_five),
        TEST(a_window_that_was_in_use_doubles),
        TEST(a_window_that_was_not_in_use_does_not),
        TEST(rfc5681_4_1_slow_start_after_idleness),
        TEST(rfc7661_4_4_2_idleness_keeps_what_was_reached),
        TEST(a_window_that_was_closed),
        TEST(no_window_from_the_beginning),
        TEST(rfc3042_blocks),
        TEST(rfc6937_one_for_one),
        TEST(rfc9937_safe_acks),
        TEST(rfc6675_blocks_of_an_old_ack),
        TEST(rfc2018_blocks_grow_together),
        TEST(rfc3522_recovery_for_nothing),
        TEST(rfc3522_recovery_for_something),
        TEST(rfc3708_recovery_for_nothing),
        TEST(rfc3522_time_out_for_nothing),
        TEST(rfc8985_6_2_the_window_adapts),
        TEST(rfc8985_6_2_a_lost_retransmission),
        TEST(rfc2018_8_reneging),
        TEST(rfc8985_7_2_a_probe_in_the_place_of_the_time_out),
        TEST(rfc8985_7_4_2_what_the_probe_was_good_for),
        TEST(rfc5482_user_timeout_and_the_probe),
        TEST(rfc9438_5_8_limited_by_others),
        TEST(rfc6298_5_7_after_a_syn_that_went_again),
        TEST(a_cookie_says_nothing_of_the_round_trip),
        TEST(rfc9293_3_9_2_2_soft_errors),
        TEST(rfc9293_3_8_6_a_window_closed_over_what_is_in_flight),
    };

    if (argc > 1) /* one of them */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
