/* SPDX-License-Identifier: MIT
 *
 * How TCP's connections end: the states of closing, TIME-WAIT, resets and what forged segments
 * cannot do. Packet scripts (tcp_script.h), named after what they hold TCP to.
 *
 * sources: $(TCP_TEST) tests/unit/tcp_script.c tests/unit/tcp_link.c tests/unit/tcp_watch.c
 * sources: tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include "unit.h"
#include "tcp_script.h"

/* RFC 9293, 3.6, figure 12. */
static void rfc9293_3_6_active_close(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460 ts 1000", 1000);
    script(&it, "shut", "> FA 1(0) ack 1", "state FIN_WAIT1", "< A 1(0) ack 2 win 1000 ts 1001",
           "state FIN_WAIT2", "< FA 1(0) ack 2 win 1000 ts 1002", "> A 2(0) ack 2 ts /1002",
           "events RC", "state TIME_WAIT");
    assert_true(tcp_recv_ended(it.end.c));
    assert_true(tcp_all_acked(it.end.c));
    /* The peer's FIN again, as our ACK was lost: answered, and the time begins anew. */
    script(&it, "quiet 50000", "< FA 1(0) ack 2 win 1000 ts 1003", "> A 2(0) ack 2", "close",
           "quiet 50000");
    struct ip_ends ends = link_ends(0, 80, 2000);
    assert_true(tcp_exists(it.w.host[0].tcp, &ends));
    script(&it, "quiet 15000");
    assert_false(tcp_exists(it.w.host[0].tcp, &ends));
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

static void rfc9293_3_6_passive_close(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< FA 1(0) ack 1 win 1000", "> A 1(0) ack 2", "events R", "state CLOSE_WAIT");
    assert_true(tcp_recv_ended(it.end.c));
    /* We may send on. */
    script(&it, "push 100", "> AP 1(100)", "< A 2(0) ack 101 win 1000", "shut", "> FA 101(0)",
           "state LAST_ACK", "< A 2(0) ack 102 win 1000", "events C", "state CLOSED",
           "quiet 100000");
    assert_int_equal(tcp_error(it.end.c), 0);
}

/* Figure 13. */
static void rfc9293_3_6_simultaneous_close(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1000);
    script(&it, "shut", "> FA 1(0) ack 1", "< FA 1(0) ack 1 win 1000", "> A 2(0) ack 2",
           "state CLOSING", "< A 2(0) ack 2 win 1000", "state TIME_WAIT");
}

static void rfc9293_3_10_4_close_in_syn_sent(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "shut", "< SA 0(0) ack 1 win 1000 mss 1460",
           "> FA 1(0) ack 1", "state FIN_WAIT1", "< A 1(0) ack 2 win 1000", "state FIN_WAIT2",
           "< FA 1(0) ack 2 win 1000", "> A 2(0) ack 2", "state TIME_WAIT");
}

static void rfc9293_3_10_4_close_in_syn_received(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "< S 0(0) win 1000 mss 1460", "> SA 0(0) ack 1", "shut",
           "< A 1(0) ack 1 win 1000", "> FA 1(0) ack 1", "< FA 1(0) ack 1 win 1000",
           "> A 2(0) ack 2", "state CLOSING", "< A 2(0) ack 2 win 1000", "state TIME_WAIT");
}

static void fin_and_its_ack_in_one(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1000);
    script(&it, "shut", "> FA 1(0) ack 1", "< FA 1(0) ack 2 win 1000", "> A 2(0) ack 2",
           "state TIME_WAIT");
}

static void half_closed_we_still_receive(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1000);
    script(&it, "shut", "> FA 1(0) ack 1", "< A 1(0) ack 2 win 1000", "< A 1(500) ack 2 win 1000",
           "> A 2(0) ack 501", "read 500", "< FA 501(500) ack 2 win 1000", "> A 2(0) ack 1002",
           "read 500", "state TIME_WAIT");
}

static void fin_follows_what_is_queued(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1500);
    script(&it, "push 2000", "> A 1(1460)", "shut", "quiet 1", "< A 1(0) ack 1461 win 1500",
           "> FAP 1461(540) ack 1", "< A 1(0) ack 2002 win 1500", "state FIN_WAIT2");
}

static void a_fin_is_sent_again(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1500);
    script(&it, "shut", "> FA 1(0) ack 1");
    for (unsigned i = 0; i < 3; i++) {
        while (!it.sent && world_step(&it.w, it.w.now + 10 * NSEC_PER_SEC))
            ;
        script(&it, "> FA 1(0) ack 1");
    }
    script(&it, "< A 1(0) ack 2 win 1000", "state FIN_WAIT2", "quiet 1000");
}

/* A FIN out of order is a FIN when what is before it has come. */
static void a_fin_before_its_data(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 sackok", 1000);
    script(&it, "< FA 101(100) ack 1 win 1000", "> A 1(0) ack 1", "state ESTABLISHED",
           "< A 1(100) ack 1 win 1000", "> A 1(0) ack 202", "state CLOSE_WAIT", "read 200");
    assert_true(tcp_recv_ended(it.end.c));
}

/* The ACK of our FIN and the peer's own FIN, sent before it, pass each other. */
static void a_fin_with_an_older_ack(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000 sackok", 257);
    script(&it, "shut", "> FA 1(0) ack 1", "< A 2(0) ack 2 win 257", "state FIN_WAIT2");
    script_drop(&it); /* an ACK for the number that is missing */
    script(&it, "< FA 1(0) ack 1 win 257", "> A 2(0) ack 2", "state TIME_WAIT");
}

/* What was read is sent again with a FIN behind it: nothing is unread. */
static void a_fin_behind_what_was_read(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000 sackok", 32792);
    script(&it, "< A 1(1000) ack 1 win 32792", "> A 1(0) ack 1001", "read 1000",
           "< FA 1(1000) ack 1 win 32792", "> A 1(0) ack 1002", "state CLOSE_WAIT", "close",
           "> FA 1(0) ack 1002", "< A 1002(0) ack 2 win 32792");
}

/* Some send their FIN whatever the window is. */
static void a_fin_into_a_closed_window(void **state)
{
    (void)state;
    it.options.recv_limit = 10000;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "< A 1(10000) ack 1 win 257", "> A 1(0) ack 10001 win 0",
           "< FA 10001(0) ack 1 win 257", "> A 1(0) ack 10002 win 0", "state CLOSE_WAIT",
           "read 10000");
    assert_true(tcp_recv_ended(it.end.c));
}

/* RFC 9293, 3.10.4, RFC 2525, 2.17: unread bytes make it a reset. */
static void rfc2525_2_17_unread(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< A 1(10) ack 1 win 1000", "> A 1(0) ack 11", "close", "> RA 1(0)",
           "quiet 100000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

static void data_for_one_that_is_gone_is_reset(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "close", "> FA 1(0) ack 1", "< A 1(0) ack 2 win 1000", "quiet 1",
           "< A 1(10) ack 2 win 1000", "> R 2(0)", "quiet 100000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

static void what_is_queued_at_close_is_still_sent(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "push 12000");
    script_drop(&it);
    script_inject(&it, "close");
    script(&it, "< A 1(0) ack 10001 win 65535", "> A 10001(1000)", "> FAP 11001(1000)",
           "< A 1(0) ack 12002 win 65535", "< FA 1(0) ack 12002 win 65535", "> A 12002(0) ack 2");
}

/* What was there before can still be read. */
static void shut_for_receiving_drops(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< A 1(10) ack 1 win 1000", "> A 1(0) ack 11", "shutrecv");
    script_drop(&it);
    assert_int_equal(tcp_recv_len(it.end.c), 10);
    script_inject(&it, "< A 11(1000) ack 1 win 1000");
    world_run(&it.w, 100 * MSEC);
    script(&it, "> A 1(0) ack 1011", "push 10", "> AP 1(10)");
    assert_int_equal(tcp_recv_len(it.end.c), 10);
}

/* With both directions shut, bytes of a peer that does not know are answered so that it does. */
static void shut_both_ways_resets(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "shut", "> FA 1(0)", "shutrecv", "< A 1(0) ack 2 win 1000");
    script_drop(&it);
    script(&it, "< A 1(10) ack 2 win 1000", "> R 2(0)", "state CLOSED", "error 104",
           "quiet 100000");
}

static void abort_resets(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 10", "> AP 1(10)", "abort", "> RA 11(0)", "quiet 100000");
    it.has_iss = false;
    script(&it, "connect", "> S 0(0)", "abort", "quiet 100000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
    /* Who answers its SYN is told. */
    script(&it, "< SA 0(0) ack 1 win 1000 mss 1460", "> R 1(0)", "quiet 1000");
}

/* Nobody answers the FIN of one that its user has left: it is forgotten. */
static void an_orphan_gives_up(void **state)
{
    struct ip_ends ends = link_ends(0, 80, 2000);
    unsigned sent = 0;

    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script_inject(&it, "close");
    for (nsec_t end = it.w.now + 1000 * NSEC_PER_SEC; world_step(&it.w, end);)
        for (; it.sent; sent++) {
            assert_int_equal(it.sent->seq, 1);
            struct script_segment *g = it.sent;
            it.sent = g->next;
            free(g);
        }
    assert_in_range(sent, 8, 10);
    assert_false(tcp_exists(it.w.host[0].tcp, &ends));
}

/* RFC 6429: nor does it wait for ever for a peer that answers, but never has room. */
static void an_orphan_does_not_probe_for_ever(void **state)
{
    struct ip_ends ends = link_ends(0, 80, 2000);
    unsigned sent = 0;

    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 1000", "> AP 1(1000)", "< A 1(0) ack 1001 win 0", "push 500", "close");
    for (; tcp_exists(it.w.host[0].tcp, &ends) && sent < 100; sent++) {
        while (!it.sent && world_step(&it.w, it.w.now + 200 * NSEC_PER_SEC))
            ;
        script_drop(&it);
        if (tcp_exists(it.w.host[0].tcp, &ends))
            script(&it, "< A 1(0) ack 1001 win 0");
    }
    assert_in_range(sent, 8, 10);
}

/* RFC 7323, 3.2: also a reset should have timestamps, those of now. */
static void rfc7323_3_2_a_reset_has_timestamps(void **state)
{
    uint32_t before;

    (void)state;
    script_open(&it, true, "mss 1000 sackok ts 1000", 20000);
    script(&it, "< A 1(1000) ack 1 win 20000 ts 1201", "> A 1(0) ack 1001 ts /1201");
    before = it.last.ts_val;
    script(&it, "quiet 1000", "close", "> RA 1(0) ack 1001 ts /1201");
    assert_int_equal(it.last.ts_val - before, 1000);
}

static void rfc7323_3_2_the_timestamp_of_a_fin(void **state)
{
    uint32_t before;

    (void)state;
    script_open(&it, true, "mss 1000 sackok ts 1000", 20000);
    before = it.last.ts_val;
    script(&it, "quiet 1000", "close", "> FA 1(0) ack 1 ts /1000");
    assert_int_equal(it.last.ts_val - before, 1100); /* the SYN's, and a round trip of 100 ms */
}

static void reset_by_the_peer(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< A 1(10) ack 1 win 1000", "> A 1(0) ack 11", "< R 11(0) win 0", "state CLOSED",
           "events RWEC", "error 104", "error 0", "quiet 100000");
}

/* In FIN-WAIT-2 without a user: the time of TCP_LINGER2, then it is forgotten. */
static void fin_wait_2_ends(void **state)
{
    struct ip_ends ends = link_ends(0, 80, 2000);

    (void)state;
    it.options.linger2 = 5;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "close", "> FA 1(0)", "< A 1(0) ack 2 win 1000", "quiet 4000");
    assert_true(tcp_exists(it.w.host[0].tcp, &ends));
    script(&it, "quiet 1500");
    assert_false(tcp_exists(it.w.host[0].tcp, &ends));
}

/* RFC 5961, 3.2: a reset is believed at RCV.NXT only; elsewhere in the window it is asked for. */
static void rfc5961_3_2_rst(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< R 2(0) win 0", "> A 1(0) ack 1", "state ESTABLISHED", "quiet 2000",
           "< R 4000000000(0) win 0", "quiet 10", "state ESTABLISHED", "< R 1(0) win 0",
           "state CLOSED", "error 104");
}

/* macOS resets what it has closed with its FIN's number. */
static void a_reset_with_the_number_of_the_fin(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< FA 1(0) ack 1 win 1000", "> A 1(0) ack 2", "< R 0(0) win 0", "quiet 10",
           "state CLOSE_WAIT", "< R 1(0) win 0", "state CLOSED", "error 32");
}

/* RFC 5961, 4.2: a SYN in a synchronized state is challenged, wherever it is. */
static void rfc5961_4_2_syn(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< S 1(0) win 0", "> A 1(0) ack 1", "quiet 2000", "< S 4000000000(0) win 9",
           "> A 1(0) ack 1", "state ESTABLISHED", "quiet 2000", "< SA 0(0) ack 1 win 500",
           "> A 1(0) ack 1", "state ESTABLISHED");
}

/* RFC 5961, 5.2: an old ACK beyond what can be is challenged and dropped with its data. */
static void rfc5961_5_2_ack(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 10", "> AP 1(10)", "< A 1(0) ack 11 win 1000",
           "< A 1(10) ack 4000000000 win 1000", "> A 11(0) ack 1", "state ESTABLISHED");
    assert_int_equal(tcp_recv_len(it.end.c), 0);
}

/* RFC 5961, 7: and there are only so many challenges. */
static void rfc5961_7_challenges_are_few(void **state)
{
    unsigned sent = 0;

    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    for (unsigned i = 0; i < 1000; i++) {
        script_inject(&it, "< R 2(0) win 0");
        sent += it.sent != NULL;
        script_drop(&it);
    }
    assert_in_range(sent, 1, 200);
    script(&it, "state ESTABLISHED");
}

/* RFC 9293, 3.10.7.4, first check: outside of the window is answered by an ACK, and dropped. */
static void rfc9293_3_10_7_4_outside_of_the_window(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< A 1(10) ack 1 win 1000", "> A 1(0) ack 11", "read 10",
           "< A 1(10) ack 1 win 1000", "> A 1(0) ack 11", "quiet 1000",
           "< A 100000000(10) ack 1 win 1000", "> A 1(0) ack 11", "state ESTABLISHED");
    assert_int_equal(tcp_recv_len(it.end.c), 0);
}

static void a_segment_without_ack_is_dropped(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< - 1(10) win 1000", "< F 1(0) win 1000", "quiet 1000", "state ESTABLISHED");
    assert_int_equal(tcp_recv_len(it.end.c), 0);
}

/* RFC 7323, 5: an old timestamp is not acceptable, and answered; a reset is not looked at so. */
static void rfc7323_5_paws(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 ts 1000", 1000);
    script(&it, "< A 1(10) ack 1 win 1000 ts 1100", "> A 1(0) ack 11 ts /1100", "read 10",
           "< A 11(10) ack 1 win 1000 ts 1099", "> A 1(0) ack 11 ts /1100");
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->paws_rejected, 1);
    assert_int_equal(tcp_recv_len(it.end.c), 0);
    script(&it, "quiet 1000", "< A 11(10) ack 1 win 1000 ts 1100", "> A 1(0) ack 21 ts /1100");
}

/* RFC 7323, 3.2: segments without timestamps on a connection that has them are dropped. */
static void rfc7323_3_2_without_timestamp(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 ts 1000", 1000);
    script(&it, "< A 1(10) ack 1 win 1000", "quiet 100");
    assert_int_equal(tcp_recv_len(it.end.c), 0);
}

/* RFC 7323, 5.5: after 24 days of silence any timestamp is good. */
static void rfc7323_5_5_outdated(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 ts 1000", 1000);
    for (unsigned day = 0; day < 25; day++)
        script(&it, "jump 86400000");
    world_run(&it.w, MSEC);
    script(&it, "< A 1(10) ack 1 win 1000 ts 999", "> A 1(0) ack 11 ts /999");
}

/* RFC 7323, 4.3: the echo is of the segment that the last ACK told of, not of a later one. */
static void rfc7323_4_3_which_echo(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 sackok ts 1000", 1000);
    script(&it, "< A 101(100) ack 1 win 1000 ts 1200", "> A 1(0) ack 1 ts /1000",
           "< A 1(100) ack 1 win 1000 ts 1100", "> A 1(0) ack 201 ts /1100");
}

/* A segment whose ACK cannot be says nothing: its timestamp would let PAWS drop what is good. */
static void rfc7323_4_3_not_of_what_is_dropped(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1000 sackok ts 1000", 20000);
    script(&it, "< FA 1(0) ack 9999 win 20000 ts 200000", "> A 1(0) ack 1 ts /1000",
           "< A 1(1000) ack 1 win 20000 ts 1001", "> A 1(0) ack 1001 ts /1001", "quiet 1000",
           "< A 1001(0) ack 9999 win 20000 ts 200000", "> A 1(0) ack 1001 ts /1001",
           "< A 1001(1000) ack 1 win 20000 ts 1002", "> A 1(0) ack 2001 ts /1002", "read 2000");
}

/* RFC 6191 and 9293, 3.6.1: a SYN with a newer timestamp opens the connection anew. */
static void rfc6191_reuse(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 ts 1000", 1000);
    script(&it, "close", "> FA 1(0) ack 1", "< FA 1(0) ack 2 win 1000 ts 1010", "> A 2(0) ack 2");
    struct ip_ends ends = link_ends(0, 80, 2000);
    assert_true(tcp_exists(it.w.host[0].tcp, &ends));
    /* Older: an ACK, as before. */
    script(&it, "< S 1000(0) win 1000 mss 1460 ts 900", "> A 2(0) ack 2", "quiet 1000");
    uint32_t before = it.iss;
    it.has_iss = false;
    it.irs += 5000;
    script(&it, "< S 0(0) win 1000 mss 1460 ts 1020", "> SA 0(0) ack 1");
    assert_true((int32_t)(it.iss - before) > 2); /* beyond the last connection's */
    script(&it, "< A 1(0) ack 1 win 1000 ts 1021", "accept", "state ESTABLISHED");
}

static void rfc1337_time_wait_is_not_assassinated(void **state)
{
    struct ip_ends ends = link_ends(0, 80, 2000);

    (void)state;
    script_open(&it, false, "mss 1460", 1000);
    script(&it, "close", "> FA 1(0) ack 1", "< FA 1(0) ack 2 win 1000", "> A 2(0) ack 2",
           "< R 2(0) win 0", "quiet 1000");
    assert_true(tcp_exists(it.w.host[0].tcp, &ends));
}

/* Many that are over take little memory. */
static void time_wait_is_small(void **state)
{
    (void)state;
    script(&it, "listen");
    tcp_set_backlog(it.listener.c, 10);
    for (unsigned i = 0; i < 1000; i++) {
        it.peer_port = (uint16_t)(3000 + i);
        it.has_iss = false;
        script(&it, "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< A 1(0) ack 1 win 1000",
               "accept", "close", "> FA 1(0)", "< FA 1(0) ack 2 win 1000", "> A 2(0) ack 2");
    }
    assert_true(it.w.host[0].allocated < 1000 * 400);
    script(&it, "quiet 61000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

/* RFC 6528: numbers of the same ends grow, of others have nothing to do with them. */
static void rfc6528_initial_numbers(void **state)
{
    uint32_t first[2], apart = 0;

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        it.has_iss = false;
        it.local_port = (uint16_t)(4000 + i / 2);
        script(&it, "connect");
        first[i % 2] = it.iss;
        script_drop(&it);
        script(&it, "abort", "quiet 100");
        if (i % 2) {
            assert_in_range(first[1] - first[0], 1, 1u << 24);
            apart ^= first[0];
        }
    }
    assert_true(apart > 1u << 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc9293_3_6_active_close),
        TEST(rfc9293_3_6_passive_close),
        TEST(rfc9293_3_6_simultaneous_close),
        TEST(rfc9293_3_10_4_close_in_syn_sent),
        TEST(rfc9293_3_10_4_close_in_syn_received),
        TEST(fin_and_its_ack_in_one),
        TEST(half_closed_we_still_receive),
        TEST(fin_follows_what_is_queued),
        TEST(a_fin_is_sent_again),
        TEST(a_fin_before_its_data),
        TEST(a_fin_with_an_older_ack),
        TEST(a_fin_behind_what_was_read),
        TEST(a_fin_into_a_closed_window),
        TEST(rfc2525_2_17_unread),
        TEST(data_for_one_that_is_gone_is_reset),
        TEST(what_is_queued_at_close_is_still_sent),
        TEST(shut_for_receiving_drops),
        TEST(shut_both_ways_resets),
        TEST(abort_resets),
        TEST(an_orphan_gives_up),
        TEST(an_orphan_does_not_probe_for_ever),
        TEST(rfc7323_3_2_a_reset_has_timestamps),
        TEST(rfc7323_3_2_the_timestamp_of_a_fin),
        TEST(reset_by_the_peer),
        TEST(fin_wait_2_ends),
        TEST(rfc5961_3_2_rst),
        TEST(a_reset_with_the_number_of_the_fin),
        TEST(rfc5961_4_2_syn),
        TEST(rfc5961_5_2_ack),
        TEST(rfc5961_7_challenges_are_few),
        TEST(rfc9293_3_10_7_4_outside_of_the_window),
        TEST(a_segment_without_ack_is_dropped),
        TEST(rfc7323_5_paws),
        TEST(rfc7323_3_2_without_timestamp),
        TEST(rfc7323_5_5_outdated),
        TEST(rfc7323_4_3_which_echo),
        TEST(rfc7323_4_3_not_of_what_is_dropped),
        TEST(rfc6191_reuse),
        TEST(rfc1337_time_wait_is_not_assassinated),
        TEST(time_wait_is_small),
        TEST(rfc6528_initial_numbers),
    };

    if (argc > 1) /* one of them */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
