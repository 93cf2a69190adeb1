/* SPDX-License-Identifier: MIT
 *
 * TCP's connections begin: packet scripts (tcp_script.h), named after what they hold TCP to.
 *
 * sources: $(TCP_TEST) tests/unit/tcp_script.c tests/unit/tcp_link.c tests/unit/tcp_watch.c
 * sources: tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include "unit.h"
#include "tcp_script.h"

static void rfc9293_3_5_active(void **state)
{
    (void)state;
    script(&it, "connect", "state SYN_SENT", "> S 0(0) mss 1460 sackok ts /0",
           "< SA 0(0) ack 1 win 65535 mss 1460 sackok ts 1000 ws 7",
           "> A 1(0) ack 1 ts /1000 nomss nows", "state ESTABLISHED", "events W", "error 0",
           "quiet 1000");
}

static void rfc9293_3_5_passive(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1000 sackok ts 1000 ws 7",
           "> SA 0(0) ack 1 mss 1460 sackok ts /1000");
    assert_false(tcp_can_accept(it.listener.c));
    assert_null(tcp_accept(it.listener.c, &it.end));
    script(&it, "< A 1(0) ack 1 win 512 ts 1001");
    assert_int_equal(it.listener.events, TCP_EVENT_READ);
    script(&it, "accept", "state ESTABLISHED", "push 2000", "> A 1(988) ack 1 ts /1001",
           "> @0 A 989(988)", "> AP 1977(24)");
}

/* Neither side asks for what the other does not know. */
static void options_are_only_used_when_both_have_them(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 1000", "> SA 0(0) ack 1 nots nosack nows mss 1460",
           "< A 1(0) ack 1 win 1000", "accept", "push 700", "> A 1(536) ack 1 nots",
           "> AP 537(164)", "< A 1(0) ack 537 win 1000");
}

/* RFC 9293, 3.5, figure 7. */
static void rfc9293_3_5_simultaneous(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "< S 0(0) win 65535 mss 1460 sackok ts 1000 ws 7",
           "> SA 0(0) ack 1", "state SYN_RCVD", "< SA 0(0) ack 1 win 65535 mss 1460 sackok ts 1000",
           "> A 1(0) ack 1", "state ESTABLISHED", "events W", "push 100",
           "> AP 1(100) ack 1 ts /1000");
}

/* RFC 7323, 2.2: the window of a SYN is not scaled. */
static void rfc7323_2_2_window_of_a_syn(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "< S 0(0) win 65535 mss 1460 ws 7", "> SA 0(0) ack 1",
           "< SA 0(0) ack 1 win 1024 mss 1460 ws 7", "> A 1(0) ack 1", "push 2000",
           "> A 1(1024) ack 1", "quiet 100");
}

/* RFC 9293, 3.7.1: what is known of the way to the peer does not limit what may come from there. */
static void rfc9293_3_7_1_mss_of_the_interface(void **state)
{
    (void)state;
    it.w.host[0].mtu = 1180; /* IP told by a router */
    it.w.host[0].own_mtu = 1480;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460 sackok", "> SA 0(0) ack 1 mss 1460",
           "< A 1(0) ack 1 win 65535", "accept", "push 1460", "> A 1(1160)", "> AP 1161(300)",
           "info advmss 1460", "< A 1(1460) ack 1461 win 65535", "> A 1461(0) ack 1461",
           "info rcv_mss 1460", "read 1460");
}

static void rfc6298_syn_again_after_1_s_and_twice_that(void **state)
{
    (void)state;
    it.options.syn_count = 3;
    script(&it, "connect", "> S 0(0)", "> @1000 S 0(0)", "> @2000 S 0(0)", "> @4000 S 0(0)",
           "quiet 7900", "quiet 200", "state CLOSED", "events EC", "error 110", "error 0",
           "quiet 100000");
}

static void syn_ack_again(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "> @1000 SA 0(0) ack 1",
           "> @2000 SA 0(0) ack 1", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< A 1(0) ack 1 win 1000", "accept", "state ESTABLISHED", "quiet 60000");
}

/* The peer has forgotten its first SYN: the ACK of that makes it reset what is half open, and its
 * next SYN opens a connection. */
static void another_syn_of_the_same_peer(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< S 5000(0) win 65535 mss 1460", "> A 1(0) ack 1", "< R 1(0) win 0");
    it.irs += 5000;
    it.has_iss = false;
    script(&it, "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< A 1(0) ack 1 win 1000",
           "accept", "state ESTABLISHED");
}

/* What is sent before the connection is there goes with the ACK of the handshake. */
static void bytes_wait_for_the_handshake(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "push 1000", "quiet 100", "more 500",
           "< SA 0(0) ack 1 win 65535 mss 1460", "> A 1(1460) ack 1", "quiet 10", "push 10",
           "> AP 1461(50)");
}

/* Bytes and a FIN with the ACK of the handshake. */
static void all_with_the_ack_of_the_handshake(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< FAP 1(100) ack 1 win 5000", "> A 1(0) ack 102", "accept", "state CLOSE_WAIT",
           "read 100", "push 10", "> AP 1(10)", "close", "> FA 11(0)",
           "< A 102(0) ack 12 win 5000");
}

/* The bytes of a SYN are not ours to take without TCP Fast Open; they come again. */
static void bytes_in_a_syn(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(10) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< AP 1(10) ack 1 win 1000", "> A 1(0) ack 11", "accept", "read 10");
}

static void bytes_in_a_syn_ack(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "< SA 0(10) ack 1 win 1000 mss 1460", "> A 1(0) ack 1",
           "state ESTABLISHED", "< AP 1(10) ack 1 win 1000", "> A 1(0) ack 11", "read 10");
}

static void a_peer_that_is_silent_after_its_syn_is_forgotten(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "> @1000 SA 0(0)",
           "> @2000 SA 0(0)", "> @4000 SA 0(0)", "> @8000 SA 0(0)", "> @16000 SA 0(0)",
           "quiet 200000");
    assert_false(tcp_can_accept(it.listener.c));
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

static void refused(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "< RA 0(0) ack 1 win 0", "state CLOSED", "events EC",
           "error 111", "quiet 10000");
}

/* RFC 9293, 3.10.7.3: first check the ACK bit, second the RST bit. */
static void rfc9293_3_10_7_3(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)",
           /* An ACK of something else is answered by a reset, but ends nothing. */
           "< SA 0(0) ack 2 win 1000 mss 1460", "> R 2(0)", "state SYN_SENT",
           "< A 0(0) ack 500 win 1000", "> R 500(0)", "state SYN_SENT",
           /* A reset without ACK, or for something else. */
           "< R 0(0) win 0", "state SYN_SENT", "< RA 0(0) ack 7 win 0", "state SYN_SENT",
           /* Neither SYN nor RST. */
           "< A 0(0) ack 1 win 1000", "state SYN_SENT", "< FA 0(0) ack 1 win 100", "state SYN_SENT",
           "< SA 0(0) ack 1 win 1000 mss 1460", "> A 1(0) ack 1", "state ESTABLISHED");
}

static void rfc9293_3_10_7_1_closed(void **state)
{
    (void)state;
    it.has_iss = true;
    it.iss = 0;
    script(&it, "< S 10(0) win 1000", "> RA 0(0) ack 11 win 0", "< A 10(5) ack 77 win 1000",
           "> R 77(0)", "< F 10(5) win 100", "> RA 0(0) ack 16", "< R 0(0) win 0",
           "< RA 0(0) ack 5 win 0", "quiet 1000");
}

static void rfc9293_3_10_7_2_listen(void **state)
{
    (void)state;
    it.has_iss = true;
    it.iss = 0;
    script(&it, "listen", "< R 5(0) win 0", "< A 5(0) ack 99 win 500", "> R 99(0)",
           "< SA 5(0) ack 99 win 500", "> R 99(0)", "< F 5(0) win 500", "< - 5(3) win 500",
           "quiet 1000");
}

static void a_reset_takes_a_half_open_connection_away(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< R 1(0) win 0",
           "quiet 100000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

/* The ACK of the handshake is lost, data comes; the segment makes it established. */
static void data_with_the_ack_of_the_handshake(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< AP 1(100) ack 1 win 5000", "> A 1(0) ack 101", "accept", "state ESTABLISHED",
           "read 100");
}

/* Data in a SYN is not lost to the connection that it opens: it comes again. */
static void an_ack_of_something_else_in_syn_rcvd_is_reset(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< A 1(0) ack 55 win 9",
           "> R 55(0)", "< A 1(0) ack 1 win 1000", "accept", "state ESTABLISHED");
}

static void unreachable(void **state)
{
    (void)state;
    script(&it, "connect", "> S 0(0)", "unreach 100 111 0", "state SYN_SENT", /* not of ours */
           "unreach 0 111 0", "state CLOSED", "error 111", "quiet 10000");
}

/* What was half open is forgotten, as its ACK is told. */
static void unreachable_while_half_open(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "quiet 100",
           "unreach 0 113 0", "< A 1(0) ack 1 win 1000", "> R 1(0)", "quiet 10000");
}

/* RFC 3168, 6.1.1: who asks for ECN is told that there is none. */
static void no_ecn(void **state)
{
    (void)state;
    script(&it, "listen", "< SEW 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< AE 1(0) ack 1 win 1000", "accept", "state ESTABLISHED", "push 10", "> AP 1(10)");
}

static void icmp_is_soft_once_established(void **state)
{
    (void)state;
    script_open(&it, false, "mss 1460", 1000);
    script(&it, "push 100", "> AP 1(100)", "unreach 1 113 0", "state ESTABLISHED", "error 0",
           "< A 1(0) ack 101 win 1000", "push 1", "> AP 101(1)");
}

/* More half-open connections than the backlog: cookies, which keep what the peer said in them. */
static void syn_cookies(void **state)
{
    struct tcp_counts const *counts = tcp_counts(it.w.host[0].tcp);

    (void)state;
    script(&it, "listen");
    tcp_set_backlog(it.listener.c, 4);
    for (unsigned i = 0; i < 200; i++) {
        it.peer_port = (uint16_t)(3000 + i);
        it.has_iss = false;
        script(&it, "< S 0(0) win 65535 mss 1460 sackok ts 1000 ws 7", "> SA 0(0) ack 1 mss 1460");
    }
    assert_true(counts->cookies_sent >= 100);
    assert_true(it.w.host[0].allocated < 100000);
    /* The last one answers. */
    script(&it, "< A 1(0) ack 1 win 512 ts 1000", "accept", "state ESTABLISHED", "push 3000",
           "> A 1(1448) ack 1", "> A 1449(1448)", "> AP 2897(104)");
    assert_int_equal(counts->cookies_good, 1);
    script(&it, "< A 1(0) ack 2897 win 512 ts 1000", "abort", "> RA 3001(0)");
}

static void a_cookie_that_is_made_up(void **state)
{
    (void)state;
    syn_cookies(state);
    for (unsigned i = 0; i < 50; i++) {
        it.peer_port = (uint16_t)(5000 + i);
        it.has_iss = true;
        it.iss = i * 0x1234567;
        script(&it, "< A 1(0) ack 1 win 512", "> R 1(0)");
    }
    assert_int_equal(tcp_counts(it.w.host[0].tcp)->cookies_good, 1);
    assert_true(tcp_counts(it.w.host[0].tcp)->cookies_failed > 0);
}

/* Nobody accepts: what is beyond the backlog is not established, and nothing is lost. */
static void accept_queue_overflows(void **state)
{
    unsigned accepted = 0;

    (void)state;
    script(&it, "listen");
    tcp_set_backlog(it.listener.c, 2);
    for (unsigned i = 0; i < 10; i++) {
        it.peer_port = (uint16_t)(3000 + i);
        it.has_iss = false;
        script_inject(&it, "< S 0(0) win 65535 mss 1460");
        script_drop(&it);
        if (it.has_iss)
            script_inject(&it, "< A 1(0) ack 1 win 1000");
        script_drop(&it);
    }
    assert_true(tcp_counts(it.w.host[0].tcp)->listen_overflows > 0);
    for (struct tcp_conn *c; (c = tcp_accept(it.listener.c, &it.end)); accepted++)
        tcp_abort(c);
    assert_in_range(accepted, 2, 3);
    script_drop(&it);
}

static void closing_a_listener_resets_those_that_wait(void **state)
{
    (void)state;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< A 1(0) ack 1 win 1000");
    tcp_close(it.listener.c);
    it.listener.c = NULL;
    script(&it, "> RA 1(0) ack 1", "quiet 1000");
    assert_int_equal(tcp_next(it.w.host[0].tcp), DEADLINE_NEVER);
}

static void listeners_share_a_port_only_if_they_say_so(void **state)
{
    struct tcp_options o = {0};
    struct ip_ends ends = link_ends(0, 80, 0), any = ends;
    struct tcp *t = it.w.host[0].tcp;
    struct tcp_conn *a, *b, *c;

    (void)state;
    memset(&any.local, 0, sizeof(any.local));
    assert_int_equal(tcp_listen(t, &ends, false, false, 5, &o, &it.end, &a), 0);
    assert_int_equal(tcp_listen(t, &ends, false, false, 5, &o, &it.end, &b), -EADDRINUSE);
    assert_int_equal(tcp_listen(t, &ends, false, true, 5, &o, &it.end, &b), -EADDRINUSE);
    tcp_close(a);
    assert_int_equal(tcp_listen(t, &ends, false, true, 5, &o, &it.end, &a), 0);
    assert_int_equal(tcp_listen(t, &ends, false, true, 5, &o, &it.end, &b), 0);
    assert_int_equal(tcp_listen(t, &ends, false, false, 5, &o, &it.end, &c), -EADDRINUSE);
    tcp_close(a);
    tcp_close(b);
}

static void connections_spread_over_listeners(void **state)
{
    struct tcp_options o = {0};
    struct ip_ends ends = link_ends(0, 80, 0);
    struct link_end two[2] = {{.w = &it.w}, {.w = &it.w}};
    unsigned got[2] = {0};

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(
            tcp_listen(it.w.host[0].tcp, &ends, false, true, 100, &o, &two[i], &two[i].c), 0);
    for (unsigned i = 0; i < 40; i++) {
        it.peer_port = (uint16_t)(3000 + i);
        it.has_iss = false;
        script(&it, "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< A 1(0) ack 1 win 1000");
    }
    for (unsigned i = 0; i < 2; i++) {
        for (struct tcp_conn *c; (c = tcp_accept(two[i].c, &it.end)); got[i]++) {
            tcp_abort(c);
            assert_non_null(it.sent);
            script_drop(&it);
        }
        tcp_close(two[i].c);
    }
    assert_int_equal(got[0] + got[1], 40);
    assert_true(got[0] > 5 && got[1] > 5);
}

static void any_address_and_v6_only(void **state)
{
    struct tcp_options o = {0};
    struct ip_ends any = {.local_port = 80};

    (void)state;
    it.listener.w = &it.w; /* the link of an even seed is IPv4 */
    assert_int_equal(
        tcp_listen(it.w.host[0].tcp, &any, true, false, 5, &o, &it.listener, &it.listener.c), 0);
    it.has_iss = true;
    script(&it, "< S 0(0) win 65535 mss 1460", "> RA 0(0) ack 1");
    tcp_close(it.listener.c);
    assert_int_equal(
        tcp_listen(it.w.host[0].tcp, &any, false, false, 5, &o, &it.listener, &it.listener.c), 0);
    it.has_iss = false;
    script(&it, "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1", "< A 1(0) ack 1 win 1000",
           "accept", "state ESTABLISHED");
}

static void no_way(void **state)
{
    struct tcp_options o = {0};
    struct ip_ends ends = link_ends(0, 80, 2000);
    struct tcp_conn *c;

    (void)state;
    it.w.host[0].no_way = -ENETUNREACH;
    assert_int_equal(tcp_connect(it.w.host[0].tcp, &ends, &o, &it.end, &c), -ENETUNREACH);
    it.w.host[0].no_way = 0;
    it.w.host[0].alloc_left = 0;
    assert_int_equal(tcp_connect(it.w.host[0].tcp, &ends, &o, &it.end, &c), -ENOMEM);
    it.w.host[0].alloc_left = -1;
    script(&it, "quiet 1000");
    assert_false(tcp_exists(it.w.host[0].tcp, &ends));
    script_open(&it, false, "mss 1460", 1000);
    assert_true(tcp_exists(it.w.host[0].tcp, &ends));
    assert_true(tcp_ends_taken(it.w.host[0].tcp, &ends));
}

/* Data before TCP_DEFER_ACCEPT's listener is told. */
static void defer_accept(void **state)
{
    (void)state;
    it.options.defer_accept = 10;
    script(&it, "listen", "< S 0(0) win 65535 mss 1460", "> SA 0(0) ack 1",
           "< A 1(0) ack 1 win 1000");
    assert_false(tcp_can_accept(it.listener.c));
    script(&it, "< AP 1(10) ack 1 win 1000", "> A 1(0) ack 11", "accept", "state ESTABLISHED",
           "read 10");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc9293_3_5_active),
        TEST(rfc9293_3_5_passive),
        TEST(options_are_only_used_when_both_have_them),
        TEST(rfc9293_3_5_simultaneous),
        TEST(rfc7323_2_2_window_of_a_syn),
        TEST(rfc9293_3_7_1_mss_of_the_interface),
        TEST(rfc6298_syn_again_after_1_s_and_twice_that),
        TEST(syn_ack_again),
        TEST(another_syn_of_the_same_peer),
        TEST(bytes_wait_for_the_handshake),
        TEST(all_with_the_ack_of_the_handshake),
        TEST(bytes_in_a_syn),
        TEST(bytes_in_a_syn_ack),
        TEST(a_peer_that_is_silent_after_its_syn_is_forgotten),
        TEST(refused),
        TEST(rfc9293_3_10_7_3),
        TEST(rfc9293_3_10_7_1_closed),
        TEST(rfc9293_3_10_7_2_listen),
        TEST(a_reset_takes_a_half_open_connection_away),
        TEST(data_with_the_ack_of_the_handshake),
        TEST(an_ack_of_something_else_in_syn_rcvd_is_reset),
        TEST(unreachable),
        TEST(unreachable_while_half_open),
        TEST(no_ecn),
        TEST(icmp_is_soft_once_established),
        TEST(syn_cookies),
        TEST(a_cookie_that_is_made_up),
        TEST(accept_queue_overflows),
        TEST(closing_a_listener_resets_those_that_wait),
        TEST(listeners_share_a_port_only_if_they_say_so),
        TEST(connections_spread_over_listeners),
        TEST(any_address_and_v6_only),
        TEST(no_way),
        TEST(defer_accept),
    };

    if (argc > 1) /* one of them */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
