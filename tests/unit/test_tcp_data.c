/* SPDX-License-Identifier: MIT
 *
 * TCP's bytes in both directions, when nothing is lost: windows, ACKs, Nagle, probes, urgent bytes,
 * time-outs of those that are silent. Packet scripts (tcp_script.h).
 *
 * sources: $(TCP_TEST) tests/unit/tcp_script.c tests/unit/tcp_link.c tests/unit/tcp_watch.c
 * sources: tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include "unit.h"
#include <limits.h>

#include "fake_pkt.h"
#include "tcp_script.h"

static void a_single_segment_is_acknowledged_after_40_ms(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    /* A dialogue: answers carry the ACKs. */
    uint32_t in = 1, out = 1;
    for (unsigned i = 0; i < 20; i++) {
        char line[3][80];
        snprintf(line[0], 80, "< AP %u(100) ack %u win 65535", in, out);
        script_inject(&it, line[0]);
        in += 100;
        script_drop(&it);
        snprintf(line[1], 80, "> AP %u(50) ack %u", out, in);
        script(&it, "read 100", "push 50", line[1]);
        out += 50;
    }
    char last[2][80];
    snprintf(last[0], 80, "< AP %u(100) ack %u win 65535", in, out);
    snprintf(last[1], 80, "> @40 A %u(0) ack %u", out, in + 100);
    script(&it, last[0], last[1], "quiet 1000");
}

static void every_second_full_segment_is_acknowledged_at_once(void **state)
{
    unsigned acks = 0, longest = 0, since = 0;

    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    for (uint32_t seq = 1; seq < 1 + 60 * 1460; seq += 1460) {
        char line[64];
        snprintf(line, sizeof(line), "< A %u(1460) ack 1 win 65535", seq);
        script_inject(&it, line);
        since++;
        if (it.sent) {
            struct script_segment *g = it.sent;
            assert_int_equal(g->ack, seq + 1460);
            assert_null(g->next);
            it.sent = NULL;
            free(g);
            acks++;
            longest = since > longest ? since : longest;
            since = 0;
        }
        script(&it, "read 1460");
    }
    assert_int_equal(longest, 2);
    assert_true(acks < 50); /* but not each one for ever */
}

static void quick_ack(void **state)
{
    (void)state;
    it.options.quick_ack = true;
    script_open(&it, true, "mss 1460", 65535);
    for (uint32_t seq = 1; seq < 100; seq++) {
        char line[2][64];
        snprintf(line[0], 64, "< AP %u(1) ack 1 win 65535", seq);
        snprintf(line[1], 64, "> A 1(0) ack %u", seq + 1);
        script(&it, line[0], line[1]);
    }
}

/* What is out of order, or fills a hole, is acknowledged at once (RFC 5681, 4.2), with blocks. */
static void rfc2018_blocks(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 sackok", 65535);
    script(&it, "< A 1001(1000) ack 1 win 65535", "> A 1(0) ack 1 sack 1001-2001",
           "< A 3001(1000) ack 1 win 65535", "> A 1(0) ack 1 sack 3001-4001,1001-2001",
           "< A 5001(1000) ack 1 win 65535", "> A 1(0) ack 1 sack 5001-6001,3001-4001,1001-2001",
           "< A 2001(1000) ack 1 win 65535", "> A 1(0) ack 1 sack 1001-4001,5001-6001",
           "< A 1(1000) ack 1 win 65535", "> A 1(0) ack 4001 sack 5001-6001", "events R",
           "< A 4001(1000) ack 1 win 65535", "> A 1(0) ack 6001 nosack", "read 6000");
}

static void rfc2018_no_blocks_without_sackok(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "< A 1001(1000) ack 1 win 65535", "> A 1(0) ack 1 nosack",
           "< A 1(1000) ack 1 win 65535", "> A 1(0) ack 2001");
}

static void rfc2883_duplicates(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 sackok", 65535);
    script(&it, "< A 1(1000) ack 1 win 65535", "> A 1(0) ack 1001", "< A 1(1000) ack 1 win 65535",
           "> A 1(0) ack 1001 sack 1-1001", "< A 2001(1000) ack 1 win 65535",
           "> A 1(0) ack 1001 sack 2001-3001", "< A 2001(1000) ack 1 win 65535",
           "> A 1(0) ack 1001 sack 2001-3001,2001-3001");
}

/* What lay out of order comes again in a larger segment: told as far as it lies together. */
static void rfc2883_duplicates_of_what_was_out_of_order(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 sackok", 65535);
    script(&it, "< A 1001(1000) ack 1 win 65535", "> A 1(0) sack 1001-2001",
           "< A 2001(1000) ack 1 win 65535", "> A 1(0) sack 1001-3001",
           "< A 4001(1000) ack 1 win 65535", "> A 1(0) sack 4001-5001,1001-3001",
           "< A 7001(1000) ack 1 win 65535", "> A 1(0) sack 7001-8001,4001-5001,1001-3001",
           "< A 1(6000) ack 1 win 65535", "> A 1(0) ack 6001 sack 1001-3001,7001-8001",
           "< A 6001(2000) ack 1 win 65535", "> A 1(0) ack 8001 sack 7001-8001",
           "< A 1(1000) ack 1 win 65535", "> A 1(0) ack 8001 sack 1-1001",
           "< A 9001(1000) ack 1 win 65535", "> A 1(0) ack 8001 sack 9001-10001",
           "< A 8501(2000) ack 1 win 65535", "> A 1(0) ack 8001 sack 9001-10001,8501-10501",
           "read 8000");
}

/* Segments that overlap in every way. */
static void overlaps(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "< A 101(100) ack 1 win 9000", "> A 1(0) ack 1", "< A 51(200) ack 1 win 9000",
           "> A 1(0) ack 1", "< A 301(100) ack 1 win 9000", "> A 1(0) ack 1",
           "< A 151(300) ack 1 win 9000", "> A 1(0) ack 1", "< A 1(75) ack 1 win 9000",
           "> A 1(0) ack 451", "< A 401(100) ack 1 win 9000", "> A 1(0) ack 501", "read 500");
}

static void rfc9293_3_7_4_nagle(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 10", "> AP 1(10)", "push 10", "push 10", "quiet 10",
           "< A 1(0) ack 11 win 65535", "> AP 11(20)", "push 1500", "> A 31(1460)", "quiet 10",
           "< A 1(0) ack 1491 win 65535", "> AP 1491(40)");
}

static void no_delay(void **state)
{
    (void)state;
    it.options.no_delay = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 10", "> AP 1(10)", "push 10", "> AP 11(10)", "push 10", "> AP 21(10)");
}

static void no_delay_set_later_sends_what_waits(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 10", "> AP 1(10)", "push 10", "quiet 10");
    tcp_options(it.end.c)->no_delay = true;
    tcp_options_changed(it.end.c);
    script(&it, "> AP 11(10)");
}

static void msg_more(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "more 1000", "quiet 5", "more 1000", "> A 1(1460)", "quiet 5", "push 10",
           "> AP 1461(550)");
}

static void cork(void **state)
{
    (void)state;
    it.options.cork = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 1000", "quiet 50", "push 1000", "> A 1(1460)", "quiet 50");
    tcp_options(it.end.c)->cork = false;
    tcp_options_changed(it.end.c);
    struct script_segment *g = it.sent;
    if (!g) /* Nagle may still hold it */
        script(&it, "< A 1(0) ack 1461 win 65535", "> AP 1461(540)");
    else
        script(&it, "> AP 1461(540)");
}

/* tcp(7): setting it sends what waits, although that is corked. */
static void no_delay_set_later_sends_what_is_corked(void **state)
{
    (void)state;
    it.options.cork = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 40", "quiet 50", "push 40", "quiet 10");
    tcp_options(it.end.c)->no_delay = true;
    tcp_options_changed(it.end.c);
    script(&it, "quiet 10");
    tcp_flush(it.end.c);
    script(&it, "> AP 1(80)", "< A 1(0) ack 81 win 65535", "push 40", "quiet 50");
    tcp_flush(it.end.c);
    script(&it, "> AP 81(40)");
}

/* TCP_NODELAY does not hold for what MSG_MORE says. */
static void msg_more_before_no_delay(void **state)
{
    (void)state;
    it.options.no_delay = true;
    script_open(&it, true, "mss 1000", 65535);
    script(&it, "more 40", "> @200 AP 1(40)", "< A 1(0) ack 41 win 65535", "more 100", "quiet 5",
           "more 160", "quiet 10", "more 495", "quiet 8", "push 5", "> AP 41(760)",
           "< A 1(0) ack 801 win 65535", "more 3100", "> A 801(1000)", "> A 1801(1000)",
           "> A 2801(1000)", "more 50", "quiet 10", "push 10", "> AP 3801(160)");
}

/* What Linux's TCP_INFO says of times is of bytes, and from the beginning. */
static void what_tcp_info_says(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 65535);
    script(&it, "quiet 1000", "info sent 1000 got 1000 advmss 1460");
    script(&it, "< A 1001(1400) ack 1 win 65535", "> A 1(0) ack 1", "info got 0 rcv_mss 1400",
           "quiet 100", "< A 1(0) ack 1 win 65534", "info got 100 sent 1100", "push 10",
           "> AP 1(10)", "info got 100 sent 0 unacked 1");
}

/* Linux's 200 ms: what is corked is not held for ever. */
static void cork_ends_after_200_ms(void **state)
{
    (void)state;
    it.options.cork = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 1000", "> @200 AP 1(1000)");
}

static void a_fin_pushes_what_is_corked(void **state)
{
    (void)state;
    it.options.cork = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 1000", "quiet 50", "shut", "> FAP 1(1000)");
}

static void rfc6928_initial_window(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 20000");
    script_take(&it, 1, 10, 1460);
    script(&it, "quiet 10");
}

static void rfc6928_initial_window_of_large_segments(void **state)
{
    (void)state;
    it.w.host[0].mtu = 8980;
    script_open(&it, true, "mss 8960", 65535);
    script(&it, "push 60000");
    script_take(&it, 1, 6, 8960);
    script(&it, "> AP 53761(6240)");
}

/* Each ACK of a segment opens the window by one more. */
static void rfc5681_3_1_slow_start(void **state)
{
    (void)state;
    it.options.reno = true;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 60000");
    script_take(&it, 1, 10, 1460);
    script(&it, "< A 1(0) ack 1461 win 65535");
    script_take(&it, 14601, 2, 1460);
    script(&it, "< A 1(0) ack 2921 win 65535");
    script_take(&it, 17521, 2, 1460);
}

static void the_peers_window_is_obeyed(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460 ws 2", 1000); /* 4,000 */
    script(&it, "push 10000", "> A 1(1460)", "> A 1461(1460)", "quiet 5",
           "< A 1(0) ack 2921 win 500", /* 2,000 */
           "> A 2921(1460)", "quiet 5", "< A 1(0) ack 4381 win 10000", "> A 4381(1460)",
           "> A 5841(1460)", "> A 7301(1460)", "> A 8761(1240)");
}

/* A window below a segment is not used bit by bit, but half of the largest is (3.8.6.2.1). */
static void rfc9293_3_8_6_2_1_silly_windows_of_the_peer(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 2000);
    script(&it, "push 5000", "> A 1(1460)", "quiet 5", "< A 1(0) ack 1461 win 100", "quiet 100",
           "< A 1(0) ack 1461 win 1200", "> A 1461(1200)");
}

/* The reader takes bit by bit: the window is not told of before it is worth it (3.8.6.2.2). */
static void rfc9293_3_8_6_2_2_silly_windows_of_ours(void **state)
{
    (void)state;
    it.options.recv_limit = 4096;
    script_open(&it, true, "mss 1460", 65535);
    struct script_segment *g;
    uint32_t seq = 1, edge = it.last.window;
    for (unsigned i = 0; i < 40 && edge > 0; i++) {
        char line[64];
        uint32_t n = edge < 1000 ? edge : 1000;
        snprintf(line, sizeof(line), "< A %u(%u) ack 1 win 65535", seq, n);
        script_inject(&it, line);
        seq += n;
        edge -= n;
        while ((g = it.sent)) {
            edge = g->ack + g->window - seq;
            it.sent = g->next;
            free(g);
        }
    }
    world_run(&it.w, 100 * MSEC);
    while ((g = it.sent)) {
        assert_int_equal(g->window, 0);
        it.sent = g->next;
        free(g);
    }
    script(&it, "read 100", "quiet 100", "read 100", "quiet 100");
    for (unsigned i = 0; i < 40 && !it.sent; i++)
        script_inject(&it, "read 100");
    assert_non_null(it.sent);
    assert_in_range(it.sent->window, 1460, 4096);
    g = it.sent;
    it.sent = g->next;
    free(g);
}

/* What was told cannot be taken back (3.8.6). */
static void the_window_does_not_shrink(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    uint32_t edge = 0;
    for (uint32_t seq = 1; seq < 20000; seq += 1000) {
        char line[64];
        snprintf(line, sizeof(line), "< A %u(1000) ack 1 win 65535", seq);
        script_inject(&it, line);
        struct script_segment *g;
        while ((g = it.sent)) {
            uint32_t now = g->ack + g->window;
            assert_true(now >= edge);
            edge = now;
            it.sent = g->next;
            free(g);
        }
    }
}

static void rfc9293_3_8_6_1_zero_window_probes(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 1000", "> AP 1(1000)", "< A 1(0) ack 1001 win 0", "push 500", "quiet 150");
    /* Then probes, twice as long each time; what they look like is our choice, that an old or one
     * new byte is in the window's place is not. */
    nsec_t times[6], at = it.w.now;
    for (unsigned i = 0; i < 6; i++) {
        nsec_t limit = it.w.now + 60 * NSEC_PER_SEC;
        while (!it.sent && world_step(&it.w, limit))
            ;
        assert_non_null(it.sent);
        times[i] = it.sent->at - at;
        at = it.sent->at;
        assert_true(it.sent->len <= 1 && (it.sent->seq == 1000 || it.sent->seq == 1001));
        free(it.sent);
        it.sent = NULL;
        script(&it, "< A 1(0) ack 1001 win 0");
    }
    for (unsigned i = 2; i < 6; i++)
        assert_in_range(times[i], times[i - 1] * 19 / 10, times[i - 1] * 21 / 10);
    script(&it, "state ESTABLISHED", "< A 1(0) ack 1001 win 1000", "> AP 1001(500)");
}

/* A peer that answers probes may keep its window closed for ever. */
static void a_window_may_stay_closed(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 1000", "> AP 1(1000)", "< A 1(0) ack 1001 win 0", "push 500");
    for (unsigned i = 0; i < 60; i++) {
        nsec_t limit = it.w.now + 130 * NSEC_PER_SEC;
        while (!it.sent && world_step(&it.w, limit))
            ;
        assert_non_null(it.sent);
        free(it.sent);
        it.sent = NULL;
        script(&it, "< A 1(0) ack 1001 win 0");
    }
    script(&it, "state ESTABLISHED", "< A 1(0) ack 1001 win 1000", "> AP 1001(500)");
}

static void a_probe_of_our_closed_window_is_answered(void **state)
{
    (void)state;
    it.options.recv_limit = 3000;
    script_open(&it, true, "mss 1460", 65535);
    uint32_t seq = 1, edge = 1 + it.last.window;
    struct script_segment *g;
    for (unsigned i = 0; i < 40 && edge != seq; i++) {
        char line[64];
        uint32_t n = edge - seq < 1000 ? edge - seq : 1000;
        snprintf(line, sizeof(line), "< A %u(%u) ack 1 win 65535", seq, n);
        script_inject(&it, line);
        seq += n;
        world_run(&it.w, 100 * MSEC);
        while ((g = it.sent)) {
            edge = g->ack + g->window;
            it.sent = g->next;
            free(g);
        }
    }
    assert_int_equal(edge, seq);
    char line[3][64];
    snprintf(line[0], 64, "< A %u(1) ack 1 win 65535", seq);
    snprintf(line[1], 64, "< A %u(0) ack 1 win 65535", seq - 1);
    snprintf(line[2], 64, "> A 1(0) ack %u win 0", seq);
    script(&it, line[0], line[2], line[1], line[2]);
}

static void rfc9293_3_8_4_keep_alive(void **state)
{
    (void)state;
    it.options.keep_alive = true;
    it.options.keep_idle = 10;
    it.options.keep_interval = 2;
    it.options.keep_count = 3;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "> @10000 A 0(0) ack 1", "< A 1(0) ack 1 win 1000", "> @10000 A 0(0) ack 1",
           "< A 1(0) ack 1 win 1000", "> @10000 A 0(0) ack 1", "> @2000 A 0(0) ack 1",
           "> @2000 A 0(0) ack 1", "> @2000 RA 1(0)", "state CLOSED", "error 110");
}

static void keep_alive_of_the_peer_is_answered(void **state)
{
    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "< A 0(0) ack 1 win 1000", "> A 1(0) ack 1", "< A 0(1) ack 1 win 1000",
           "> A 1(0) ack 1");
}

static void rfc5482_user_timeout(void **state)
{
    (void)state;
    it.options.user_timeout = 3000;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 10", "> AP 1(10)");
    nsec_t start = it.w.now;
    while (tcp_state(it.end.c) == TCP_ESTABLISHED_STATE &&
           world_step(&it.w, start + 60 * NSEC_PER_SEC))
        ;
    assert_in_range(it.w.now - start, 2900 * MSEC, 3600 * MSEC);
    script_drop(&it);
    script(&it, "state CLOSED", "error 110");
}

static void rfc9293_3_8_5_urgent(void **state)
{
    uint8_t byte;

    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    script(&it, "push 10", "> AP 1(10) ack 1", "< A 1(0) ack 11 win 1000", "oob 5",
           "> AUP 11(5) urg 5");
    assert_int_equal(tcp_urgent_mark(it.end.c), -1);
    assert_int_equal(tcp_recv_urgent(it.end.c, false, &byte), -EINVAL);
    it.end.events = 0;
    script(&it, "< AU 1(10) ack 16 win 1000 urg 4", "> A 16(0) ack 11");
    assert_true(it.end.events & TCP_EVENT_URGENT);
    assert_int_equal(tcp_urgent_mark(it.end.c), 3);
    assert_int_equal(tcp_recv_urgent(it.end.c, true, &byte), 0);
    assert_int_equal(byte, link_byte(2000, 80, 3));
    assert_int_equal(tcp_recv_urgent(it.end.c, false, &byte), 0);
    assert_int_equal(tcp_recv_urgent(it.end.c, false, &byte), -EINVAL);
}

static void urgent_before_its_byte(void **state)
{
    uint8_t byte;

    (void)state;
    script_open(&it, true, "mss 1460", 1000);
    it.end.events = 0;
    script(&it, "< AU 1(10) ack 1 win 1000 urg 20", "> A 1(0) ack 11");
    assert_true(it.end.events & TCP_EVENT_URGENT);
    assert_int_equal(tcp_urgent_mark(it.end.c), 19);
    assert_int_equal(tcp_recv_urgent(it.end.c, false, &byte), -EAGAIN);
    script(&it, "read 10");
    assert_int_equal(tcp_urgent_mark(it.end.c), 9);
    script_inject(&it, "< A 11(20) ack 1 win 1000");
    script_drop(&it);
    assert_int_equal(tcp_recv_urgent(it.end.c, false, &byte), 0);
    assert_int_equal(byte, link_byte(2000, 80, 19));
}

/* Several segments in one packet are counted as several. */
static void sending_large_packets(void **state)
{
    (void)state;
    it.w.host[0].gso = LINK_GSO_MAX;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 14600");
    assert_int_equal(it.w.host[0].packets, 2); /* the SYN-ACK and one */
    script_take(&it, 1, 10, 1460);
}

static void room_is_told_of_once_a_third_is_free(void **state)
{
    (void)state;
    it.options.send_limit = 30000;
    script_open(&it, true, "mss 1460", 65535);
    assert_int_equal(link_put(&it.end, 0, 100000), 30000);
    assert_int_equal(tcp_send_room(it.end.c), 0);
    it.written = 30000;
    it.end.events = 0;
    tcp_push(it.end.c, false, false);
    script_take(&it, 1, 10, 1460);
    assert_int_equal(tcp_unsent(it.end.c), 30000 - 14600);
    assert_int_equal(tcp_unacked(it.end.c), 30000);
    script_inject(&it, "< A 1(0) ack 2921 win 65535");
    assert_int_equal(it.end.events & TCP_EVENT_WRITE, 0);
    script_inject(&it, "< A 1(0) ack 14601 win 65535");
    assert_int_equal(it.end.events & TCP_EVENT_WRITE, TCP_EVENT_WRITE);
    script_drop(&it);
}

/* Somebody who asks whether there is room without having met its end, as poll does. */
static void room_is_told_of_to_those_who_ask(void **state)
{
    (void)state;
    it.options.send_limit = 30000;
    script_open(&it, true, "mss 1000", 65535);
    assert_true(tcp_can_send(it.end.c));
    script(&it, "push 25000");
    it.end.events = 0;
    assert_false(tcp_can_send(it.end.c));
    assert_int_equal(tcp_send_room(it.end.c), 5000);
    script_inject(&it, "< A 1(0) ack 4001 win 65535");
    assert_int_equal(it.end.events & TCP_EVENT_WRITE, 0);
    script_inject(&it, "< A 1(0) ack 6001 win 65535");
    assert_int_equal(it.end.events & TCP_EVENT_WRITE, TCP_EVENT_WRITE);
    assert_true(tcp_can_send(it.end.c));
    script_drop(&it);
}

static void foreign_free(struct pkt_mem *mem)
{
    mem->refs = 1000;
}

/* The memory of pieces is given back once all is acknowledged, not before. */
static void pieces_of_others(void **state)
{
    static uint8_t bytes[5000];
    static struct pkt_mem mem;
    struct script_segment *g;

    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = link_byte(80, 2000, i);
    mem = (struct pkt_mem){.refs = 2, .free = foreign_free};
    struct pkt *p = pkt_of_mem(&mem, bytes, 3000), *q = pkt_of_mem(&mem, bytes + 3000, 2000);
    assert_true(p && q);
    pkt_append(p, q);
    tcp_send_pieces(it.end.c, p);
    tcp_push(it.end.c, false, false);
    it.written = 5000;
    uint32_t bytes_sent = 0;
    while ((g = it.sent)) {
        assert_int_equal(g->seq, 1 + bytes_sent);
        bytes_sent += g->len;
        it.sent = g->next;
        free(g);
    }
    assert_true(bytes_sent >= 4380);
    script_inject(&it, "< A 1(0) ack 4381 win 65535");
    script_drop(&it);
    assert_in_range(mem.refs, 1, 3);
    script(&it, "< A 1(0) ack 5001 win 65535");
    assert_int_equal(mem.refs, 1000);
}

static struct pkt_mem lent;

static bool is_lent(const struct pkt_mem *mem)
{
    return mem == &lent;
}

/* What waits and what is in flight is copied when its memory goes, in the middle of a recovery, and
 * goes on as it was: the script compares the bytes that are sent. */
static void memory_that_goes(void **state)
{
    static uint8_t bytes[10000];

    (void)state;
    script_open(&it, true, "mss 1460 sackok", 65535);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = link_byte(80, 2000, i);
    lent = (struct pkt_mem){.refs = 1, .free = foreign_free};
    struct pkt *p = pkt_of_mem(&lent, bytes, sizeof(bytes));
    assert_non_null(p);
    tcp_send_pieces(it.end.c, p);
    tcp_push(it.end.c, false, false);
    it.written = sizeof(bytes);
    script(&it, "> A 1(1460)", "> A 1461(1460)", "> A 2921(1460)", "> A 4381(1460)",
           "> A 5841(1460)", "> A 7301(1460)", "> A 8761(1240)", "< A 1(0) ack 1461 win 65535",
           "< A 1(0) ack 1461 win 65535 sack 3000-6000");
    tcp_settle(it.w.host[0].tcp, is_lent);
    assert_int_equal(lent.refs, 1000);
    memset(bytes, 0xee, sizeof(bytes));
    script(&it, "< A 1(0) ack 1461 win 65535 sack 3000-10001", "> A 1461(1460)", "> A 2921(79)",
           "< A 1(0) ack 10001 win 65535");
    assert_int_equal(tcp_unacked(it.end.c), 0);
}

/* Without memory for that the connection ends, and nothing refers to what goes. */
static void memory_that_goes_without_other(void **state)
{
    static uint8_t bytes[4000];

    (void)state;
    script_open(&it, true, "mss 1460", 65535);
    lent = (struct pkt_mem){.refs = 1, .free = foreign_free};
    struct pkt *p = pkt_of_mem(&lent, bytes, sizeof(bytes));
    assert_non_null(p);
    tcp_send_pieces(it.end.c, p);
    fake_pkt_left = 1; /* for the reset */
    fake_pkt_no_huge = true;
    tcp_settle(it.w.host[0].tcp, is_lent);
    fake_pkt_left = UINT_MAX;
    fake_pkt_no_huge = false;
    assert_int_equal(lent.refs, 1000);
    script(&it, "error 105", "state CLOSED");
    script_drop(&it);
}

static void mss_option(void **state)
{
    (void)state;
    it.options.mss = 500;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "push 600", "> A 1(500)", "> AP 501(100)");
}

/* Beyond the limit of all memory what is out of order goes, and comes again. */
static void little_memory(void **state)
{
    struct tcp *t = it.w.host[0].tcp;

    (void)state;
    script_open(&it, true, "mss 1460 sackok", 65535);
    tcp_set_memory(t, tcp_counts(t)->memory + 8000);
    for (uint32_t seq = 1001; seq < 20001; seq += 1000) {
        char line[64];
        snprintf(line, sizeof(line), "< A %u(1000) ack 1 win 65535", seq);
        script_inject(&it, line);
        script_drop(&it);
    }
    assert_true(tcp_counts(t)->memory_drops > 0);
    assert_true(tcp_counts(t)->memory < 20000);
    /* Nobody new is let in. */
    it.peer_port = 2001;
    unsigned long drops = tcp_counts(t)->listen_drops;
    tcp_set_memory(t, 1);
    script(&it, "< S 0(0) win 65535 mss 1460", "quiet 1");
    assert_int_equal(tcp_counts(t)->listen_drops, drops + 1);
    it.peer_port = 2000;
    tcp_set_memory(t, SIZE_MAX);
    for (uint32_t seq = 1; seq < 20001; seq += 1000) {
        char line[64];
        snprintf(line, sizeof(line), "< A %u(1000) ack 1 win 65535", seq);
        script_inject(&it, line);
        script_drop(&it);
    }
    assert_int_equal(link_read(&it.end, 0, 20000), 20000);
    script_drop(&it);
}

/* TCP_NOTSENT_LOWAT: no more is taken than that beyond what is in flight. */
static void not_sent_low(void **state)
{
    (void)state;
    it.options.not_sent_low = 5000;
    script_open(&it, true, "mss 1460", 65535);
    for (size_t n; (n = link_put(&it.end, it.written, 100000)) > 0;) {
        it.written += (uint32_t)n;
        tcp_push(it.end.c, false, false);
    }
    script_take(&it, 1, 10, 1460);
    assert_in_range(tcp_unsent(it.end.c), 5000, 5000 + 1460);
    assert_int_equal(tcp_send_room(it.end.c), 0);
    assert_false(tcp_can_send(it.end.c));
    it.end.events = 0;
    script_inject(&it, "< A 1(0) ack 4381 win 65535");
    script_drop(&it);
    assert_true(tcp_unsent(it.end.c) < 5000);
    assert_int_equal(it.end.events & TCP_EVENT_WRITE, TCP_EVENT_WRITE);
}

/* The peer's ACK of one segment waits; of two it does not: so many fit into a small queue. */
static void two_segments_fit_into_the_send_queue(void **state)
{
    (void)state;
    it.w.host[0].mtu = 8980;
    it.options.send_limit = 8000;
    script_open(&it, true, "mss 8960", 65535);
    script(&it, "push 8000", "> A 1(4000)", "> AP 4001(4000)", "quiet 20",
           "< A 1(0) ack 8001 win 65535");
    it.options.send_limit = 1u << 30; /* which is too much for anybody */
    *tcp_options(it.end.c) = it.options;
    tcp_options_changed(it.end.c);
    assert_int_equal(tcp_send_room(it.end.c), TCP_LIMIT_MAX);
}

/* The window follows the limit, in both directions; it is never taken back. */
static void the_receive_limit_is_changed(void **state)
{
    (void)state;
    it.options.recv_limit = 20000;
    script_open(&it, true, "mss 1460", 65535);
    script(&it, "< A 1(1000) ack 1 win 65535", "> A 1(0) ack 1001 win 19000");
    assert_false(tcp_recv_stalled(it.end.c));
    tcp_options(it.end.c)->recv_limit = 1;
    tcp_options_changed(it.end.c);
    script(&it, "< A 1001(1000) ack 1 win 65535", "> A 1(0) ack 2001 win 18000", "read 2000",
           "< A 2001(17500) ack 1 win 65535", "> A 1(0) ack 19501 win 500");
    assert_true(tcp_recv_stalled(it.end.c));
    script(&it, "read 17500", "> A 1(0) ack 19501 win 1152");
    assert_false(tcp_recv_stalled(it.end.c));
    tcp_options(it.end.c)->recv_limit = 30000;
    tcp_options_changed(it.end.c);
    script(&it, "< A 19501(1152) ack 1 win 65535", "> A 1(0) ack 20653 win 28848");
}

/* RFC 9293, 3.10.7.4: what is beyond the window is cut off, also of what is not in order. */
static void rfc9293_3_10_7_4_beyond_the_window(void **state)
{
    (void)state;
    it.options.recv_limit = 5000;
    script_open(&it, true, "mss 1000 sackok", 65535);
    script(&it, "< A 1(4000) ack 1 win 257", "> A 1(0) ack 4001 win 1000",
           "< A 4501(5000) ack 1 win 257", "> A 1(0) ack 4001 win 1000 sack 4501-5001",
           "< A 70001(1000) ack 1 win 257", "> A 1(0) ack 4001 win 1000",
           "< FA 4001(50000) ack 1 win 257", "> A 1(0) ack 5001 win 0", "state ESTABLISHED",
           "< R 5001(0) win 0", "state CLOSED", "read 5000");
}

static void a_huge_receive_limit_is_cut(void **state)
{
    (void)state;
    it.options.recv_limit = UINT32_MAX;
    script(&it, "connect", "> S 0(0) ws 8", "close");
}

/* SO_RCVLOWAT: the window is at least that. */
static void a_buffer_that_adapts_has_a_least_size(void **state)
{
    (void)state;
    it.options.recv_least = 1u << 20;
    script_open(&it, true, "mss 1460 ws 7", 65535);
    script(&it, "< A 1(100) ack 1 win 65535", "> A 1(0) ack 101 win 8184");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_second_full_segment_is_acknowledged_at_once),
        TEST(a_single_segment_is_acknowledged_after_40_ms),
        TEST(quick_ack),
        TEST(rfc2018_blocks),
        TEST(rfc2018_no_blocks_without_sackok),
        TEST(rfc2883_duplicates),
        TEST(rfc2883_duplicates_of_what_was_out_of_order),
        TEST(overlaps),
        TEST(rfc9293_3_7_4_nagle),
        TEST(no_delay),
        TEST(no_delay_set_later_sends_what_waits),
        TEST(msg_more),
        TEST(cork),
        TEST(no_delay_set_later_sends_what_is_corked),
        TEST(msg_more_before_no_delay),
        TEST(what_tcp_info_says),
        TEST(cork_ends_after_200_ms),
        TEST(a_fin_pushes_what_is_corked),
        TEST(rfc6928_initial_window),
        TEST(rfc6928_initial_window_of_large_segments),
        TEST(rfc5681_3_1_slow_start),
        TEST(the_peers_window_is_obeyed),
        TEST(rfc9293_3_8_6_2_1_silly_windows_of_the_peer),
        TEST(rfc9293_3_8_6_2_2_silly_windows_of_ours),
        TEST(the_window_does_not_shrink),
        TEST(rfc9293_3_8_6_1_zero_window_probes),
        TEST(a_window_may_stay_closed),
        TEST(a_probe_of_our_closed_window_is_answered),
        TEST(rfc9293_3_8_4_keep_alive),
        TEST(keep_alive_of_the_peer_is_answered),
        TEST(rfc5482_user_timeout),
        TEST(rfc9293_3_8_5_urgent),
        TEST(urgent_before_its_byte),
        TEST(sending_large_packets),
        TEST(room_is_told_of_once_a_third_is_free),
        TEST(room_is_told_of_to_those_who_ask),
        TEST(pieces_of_others),
        TEST(memory_that_goes),
        TEST(memory_that_goes_without_other),
        TEST(mss_option),
        TEST(little_memory),
        TEST(not_sent_low),
        TEST(two_segments_fit_into_the_send_queue),
        TEST(the_receive_limit_is_changed),
        TEST(rfc9293_3_10_7_4_beyond_the_window),
        TEST(a_huge_receive_limit_is_cut),
        TEST(a_buffer_that_adapts_has_a_least_size),
    };

    if (argc > 1) /* one of them */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
