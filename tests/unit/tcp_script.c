/* SPDX-License-Identifier: MIT */
#include "tcp_script.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_pkt.h"

static const char *const flag_letters = "FSRPAUEW";

static void parse_options(struct script_segment *g, const uint8_t *o, size_t left)
{
    for (size_t n; left > 0 && o[0]; left -= n, o += n) {
        n = o[0] == 1 ? 1 : o[1];
        if (o[0] == 1)
            continue;
        if (o[0] == 2)
            g->mss = get_be16(o + 2);
        if (o[0] == 3)
            g->scale = o[2];
        if (o[0] == 4)
            g->sack_ok = true;
        if (o[0] == 5) {
            g->sacks = (unsigned)(n - 2) / 8;
            for (unsigned i = 0; i < g->sacks * 2; i++)
                g->sack[i / 2][i % 2] = get_be32(o + 2 + i * 4);
        }
        if (o[0] == 8) {
            g->has_ts = true;
            g->ts_val = get_be32(o + 2);
            g->ts_ecr = get_be32(o + 6);
        }
    }
}

static void add_sent(struct script *s, const struct script_segment *g)
{
    struct script_segment *n = malloc(sizeof(*n)), **at = &s->sent;

    if (!n)
        abort();
    *n = *g;
    n->next = NULL;
    while (*at)
        at = &(*at)->next;
    *at = n;
}

static void capture(struct tcp_world *w, struct pkt *p)
{
    struct script *s = container_of(w, struct script, w);
    const struct wire_tcp *h = (const void *)p->data;
    size_t header = (size_t)(h->offset >> 4) * 4, payload = p->total - header;
    struct script_segment g = {.at = w->now, .scale = -1, .flags = h->flags};

    g.window = be16(h->window);
    g.urgent = be16(h->urgent);
    parse_options(&g, p->data + TCP_HEADER, header - TCP_HEADER);
    if ((h->flags & TCP_SYN) && !s->has_iss) {
        s->iss = be32(h->seq);
        s->has_iss = true;
    }
    if (g.has_ts)
        s->last_ts = g.ts_val;
    g.ack = be32(h->ack) - s->irs;
    for (unsigned i = 0; i < g.sacks * 2; i++)
        g.sack[i / 2][i % 2] -= s->irs;
    for (size_t off = 0, n; off == 0 || off < payload; off += n) {
        n = p->gso ? min_size(p->gso_size, payload - off) : payload;
        g.seq = be32(h->seq) - s->iss + (uint32_t)off;
        g.len = (uint32_t)n;
        for (size_t i = 0; i < n; i++) {
            uint8_t byte;
            pkt_copy(p, header + off + i, &byte, 1);
            if (g.seq > 0 &&
                byte != link_byte(s->local_port, s->peer_port, g.seq - 1 + (uint32_t)i))
                world_fail(w, "wrong byte %u sent", g.seq + (unsigned)i);
        }
        g.flags = h->flags;
        if (off + n < payload)
            g.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        add_sent(s, &g);
        if (n == 0)
            break;
    }
    pkt_free(p);
}

static void print_segment(const struct script_segment *g)
{
    for (unsigned i = 0; i < 8; i++)
        if (g->flags & 1u << i)
            fputc(flag_letters[i], stderr);
    fprintf(stderr, " %u(%u) ack %u win %u", g->seq, g->len, g->ack, g->window);
    if (g->mss)
        fprintf(stderr, " mss %u", g->mss);
    if (g->scale >= 0)
        fprintf(stderr, " ws %d", g->scale);
    if (g->sack_ok)
        fprintf(stderr, " sackok");
    if (g->has_ts)
        fprintf(stderr, " ts %u/%u", g->ts_val, g->ts_ecr);
    for (unsigned i = 0; i < g->sacks; i++)
        fprintf(stderr, "%s%u-%u", i ? "," : " sack ", g->sack[i][0], g->sack[i][1]);
    if (g->flags & TCP_URG)
        fprintf(stderr, " urg %u", g->urgent);
}

struct place {
    const char *file, *text;
    int line;
    unsigned index;
};

static _Noreturn void wrong(struct script *s, const struct place *at, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d, line %u of the script: %s\n  %s\n", at->file, at->line, at->index + 1,
            at->text, why);
    for (const struct script_segment *g = s->sent; g; g = g->next) {
        fprintf(stderr, "  sent at %+.3f ms: ", (double)(g->at - s->base) / 1e6);
        print_segment(g);
        fprintf(stderr, "\n");
    }
    abort();
}

/* What a line says of a segment; bits of what it says. */
enum {
    SAYS_ACK = 1 << 0,
    SAYS_WIN = 1 << 1,
    SAYS_MSS = 1 << 2,
    SAYS_WS = 1 << 3,
    SAYS_TS = 1 << 4,
    SAYS_SACK = 1 << 5,
    SAYS_URG = 1 << 6,
    SAYS_ECR = 1 << 7,
    SAYS_NO_TS = 1 << 8,
    SAYS_SACKOK = 1 << 9,
};

static unsigned parse_sack(struct script_segment *g, const char *word)
{
    unsigned n = 0;

    while (n < 4 && sscanf(word, "%u-%u", &g->sack[n][0], &g->sack[n][1]) == 2) {
        n++;
        word += strcspn(word, ",");
        if (*word++ != ',')
            break;
    }
    return n;
}

static unsigned parse_segment(struct script *s, const struct place *at, char *text,
                              struct script_segment *g, int *after)
{
    char *save, *word = strtok_r(text, " ", &save);
    unsigned says = 0;

    memset(g, 0, sizeof(*g));
    g->scale = -1;
    *after = -1;
    if (word && word[0] == '@') {
        *after = atoi(word + 1);
        word = strtok_r(NULL, " ", &save);
    }
    for (; word && *word && *word != '-'; word++) {
        const char *letter = strchr(flag_letters, *word);
        if (!letter)
            wrong(s, at, "flags?");
        g->flags |= (uint8_t)(1u << (letter - flag_letters));
    }
    word = strtok_r(NULL, " ", &save);
    if (!word || sscanf(word, "%u(%u)", &g->seq, &g->len) != 2)
        wrong(s, at, "SEQ(LEN)?");
    while ((word = strtok_r(NULL, " ", &save))) {
        if (!strcmp(word, "sackok")) {
            g->sack_ok = true;
            says |= SAYS_SACKOK;
            continue;
        }
        if (!strncmp(word, "no", 2)) {
            says |= !strcmp(word, "nosack")  ? SAYS_SACK
                    : !strcmp(word, "nots")  ? SAYS_NO_TS
                    : !strcmp(word, "nomss") ? SAYS_MSS
                                             : SAYS_WS;
            continue;
        }
        char *value = strtok_r(NULL, " ", &save);
        if (!value)
            wrong(s, at, "value?");
        uint32_t n = (uint32_t)strtoul(value, NULL, 10);
        if (!strcmp(word, "ack")) {
            g->ack = n;
            says |= SAYS_ACK;
        } else if (!strcmp(word, "win")) {
            g->window = (uint16_t)n;
            says |= SAYS_WIN;
        } else if (!strcmp(word, "mss")) {
            g->mss = (uint16_t)n;
            says |= SAYS_MSS;
        } else if (!strcmp(word, "ws")) {
            g->scale = (int)n;
            says |= SAYS_WS;
        } else if (!strcmp(word, "urg")) {
            g->urgent = (uint16_t)n;
            says |= SAYS_URG;
        } else if (!strcmp(word, "sack")) {
            g->sacks = parse_sack(g, value);
            says |= SAYS_SACK;
        } else if (!strcmp(word, "ts")) {
            g->has_ts = true;
            if (value[0] != '/') {
                g->ts_val = n;
                says |= SAYS_TS;
            }
            if (strchr(value, '/')) {
                g->ts_ecr = (uint32_t)strtoul(strchr(value, '/') + 1, NULL, 10);
                says |= SAYS_ECR;
            }
        } else {
            wrong(s, at, word);
        }
    }
    return says;
}

static struct ip_ends our_ends(const struct script *s)
{
    return link_ends(0, s->local_port, s->peer_port);
}

static size_t put_options(uint8_t *o, const struct script_segment *g)
{
    uint8_t *start = o;

    if (g->mss) {
        *o++ = 2, *o++ = 4;
        put_be16(o, g->mss);
        o += 2;
    }
    if (g->scale >= 0)
        *o++ = 3, *o++ = 3, *o++ = (uint8_t)g->scale;
    if (g->sack_ok)
        *o++ = 4, *o++ = 2;
    if (g->has_ts) {
        *o++ = 8, *o++ = 10;
        put_be32(o, g->ts_val);
        put_be32(o + 4, g->ts_ecr);
        o += 8;
    }
    if (g->sacks) {
        *o++ = 5, *o++ = (uint8_t)(2 + 8 * g->sacks);
        for (unsigned i = 0; i < g->sacks * 2; i++, o += 4)
            put_be32(o, g->sack[i / 2][i % 2]);
    }
    while ((o - start) % 4)
        *o++ = 1;
    return (size_t)(o - start);
}

static void inject(struct script *s, struct script_segment *g, unsigned says)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, TCP_HEADER_MAX + 40);
    struct wire_tcp *h = (void *)p->data;

    if (g->has_ts && !(says & SAYS_ECR))
        g->ts_ecr = s->last_ts;
    for (unsigned i = 0; i < g->sacks * 2; i++)
        g->sack[i / 2][i % 2] += s->iss;
    memset(h, 0, sizeof(*h));
    size_t header = TCP_HEADER + put_options(p->data + TCP_HEADER, g);
    h->from = be16(s->peer_port);
    h->to = be16(s->local_port);
    h->seq = be32(g->seq + s->irs);
    h->ack = g->flags & TCP_ACK ? be32(g->ack + s->iss) : 0;
    h->offset = (uint8_t)(header / 4 << 4);
    h->flags = g->flags;
    h->window = be16(g->window);
    h->urgent = be16(g->urgent);
    p->len = p->total = (uint32_t)header;
    for (uint32_t off = 0, n; off < g->len; off += n) {
        struct pkt *piece = pkt_alloc(0, PKT_LARGE);
        n = (uint32_t)min_size(PKT_LARGE, g->len - off);
        for (uint32_t i = 0; i < n; i++)
            piece->data[i] = link_byte(s->peer_port, s->local_port, g->seq - 1 + off + i);
        piece->len = piece->total = n;
        pkt_append(p, piece);
    }
    p->flags = PKT_CSUM_OK;
    struct ip_ends ends = our_ends(s);
    tcp_input(s->w.host[0].tcp, &ends, p);
    tcp_input_done(s->w.host[0].tcp);
}

static void compare(struct script *s, const struct place *at, const struct script_segment *want,
                    unsigned says, const struct script_segment *g)
{
    const char *why = NULL;

    if ((g->flags | TCP_PSH) != (want->flags | TCP_PSH))
        why = "other flags";
    else if (g->seq != want->seq || g->len != want->len)
        why = "other bytes";
    else if ((says & SAYS_ACK) && g->ack != want->ack)
        why = "other ack";
    else if ((says & SAYS_WIN) && g->window != want->window)
        why = "other window";
    else if ((says & SAYS_MSS) && g->mss != want->mss)
        why = "other mss";
    else if ((says & SAYS_WS) && g->scale != want->scale)
        why = "other scale";
    else if ((says & SAYS_SACKOK) && !g->sack_ok)
        why = "no sackok";
    else if (want->has_ts && !g->has_ts)
        why = "no timestamps";
    else if ((says & SAYS_NO_TS) && g->has_ts)
        why = "timestamps";
    else if ((says & SAYS_TS) && g->ts_val != want->ts_val)
        why = "other timestamp";
    else if ((says & SAYS_ECR) && g->ts_ecr != want->ts_ecr)
        why = "other echo";
    else if ((says & SAYS_URG) && g->urgent != want->urgent)
        why = "other urgent pointer";
    else if ((says & SAYS_SACK) && (g->sacks != want->sacks ||
                                    memcmp(g->sack, want->sack, sizeof(g->sack[0]) * g->sacks)))
        why = "other blocks";
    if (why)
        wrong(s, at, why);
}

static void expect(struct script *s, const struct place *at, char *text)
{
    struct script_segment want;
    int after;
    unsigned says = parse_segment(s, at, text, &want, &after);
    nsec_t due = s->base + after * MSEC, slack = 2 * MSEC + after * MSEC / 100;

    if (after >= 0)
        while (!s->sent && world_step(&s->w, due + slack))
            ;
    struct script_segment *g = s->sent;
    if (!g)
        wrong(s, at, "nothing is sent");
    if (after >= 0 && (g->at < due - slack || g->at > due + slack))
        wrong(s, at, "at another time");
    compare(s, at, &want, says, g);
    s->base = g->at;
    s->sent = g->next;
    s->last = *g;
    free(g);
}

static struct tcp_conn *conn_of(struct script *s, const struct place *at)
{
    if (!s->end.c)
        wrong(s, at, "no connection");
    return s->end.c;
}

static void put_and_push(struct script *s, const struct place *at, unsigned n, bool more, bool oob)
{
    if (n > 0 && link_put(&s->end, s->written, n) != n)
        wrong(s, at, "no room");
    s->written += n;
    tcp_push(conn_of(s, at), more, oob);
}

static void check_state(struct script *s, const struct place *at, const char *name)
{
    static const char *const names[] = {"CLOSED",      "LISTEN",    "SYN_SENT",  "SYN_RCVD",
                                        "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSE_WAIT",
                                        "CLOSING",     "LAST_ACK",  "TIME_WAIT"};
    const char *is = names[tcp_state(conn_of(s, at))];

    if (strcmp(is, name))
        wrong(s, at, is);
}

static void check_events(struct script *s, const struct place *at, const char *letters)
{
    unsigned want = 0;

    for (const char *l = letters; *l; l++)
        want |= 1u << (strchr("RWECU", *l) - "RWECU");
    if ((s->end.events & want) != want) {
        char is[40];
        snprintf(is, sizeof(is), "events are %#x", s->end.events);
        wrong(s, at, is);
    }
    s->end.events = 0;
}

static void check_info(struct script *s, const struct place *at, char *text)
{
    struct tcp_info info;
    char *save, *name = strtok_r(text, " ", &save);

    tcp_get_info(conn_of(s, at), &info);
    while ((name = strtok_r(NULL, " ", &save))) {
        const struct {
            const char *name;
            uint32_t is;
        } fields[] = {
            {"cwnd", info.tcpi_snd_cwnd},       {"ssthresh", info.tcpi_snd_ssthresh},
            {"lost", info.tcpi_lost},           {"sacked", info.tcpi_sacked},
            {"retrans", info.tcpi_retrans},     {"unacked", info.tcpi_unacked},
            {"ca", info.tcpi_ca_state},         {"rcv_mss", info.tcpi_rcv_mss},
            {"advmss", info.tcpi_advmss},       {"rto", info.tcpi_rto / 1000},
            {"sent", info.tcpi_last_data_sent}, {"got", info.tcpi_last_data_recv},
        };
        const char *value = strtok_r(NULL, " ", &save);
        size_t i = 0;
        while (i < sizeof(fields) / sizeof(*fields) && strcmp(fields[i].name, name))
            i++;
        if (!value || i == sizeof(fields) / sizeof(*fields))
            wrong(s, at, "no such field, or no value");
        if (fields[i].is != strtoul(value, NULL, 10)) {
            char is[60];
            snprintf(is, sizeof(is), "%s is %u", name, fields[i].is);
            wrong(s, at, is);
        }
    }
}

static void run_command(struct script *s, const struct place *at, char *text)
{
    char name[32] = "", arg[64] = "";
    unsigned n = 0, err = 0, mtu = 0;

    sscanf(text, "%31s %63s", name, arg);
    sscanf(text, "%*s %u %u %u", &n, &err, &mtu);
    if (!strcmp(name, "connect")) {
        link_connect(&s->w, 0, s->local_port, s->peer_port, &s->options, &s->end);
    } else if (!strcmp(name, "listen")) {
        link_listen(&s->w, 0, s->local_port, &s->options, &s->listener);
    } else if (!strcmp(name, "accept")) {
        s->end = (struct link_end){.w = &s->w};
        s->end.c = tcp_accept(s->listener.c, &s->end);
        conn_of(s, at);
    } else if (!strcmp(name, "push") || !strcmp(name, "more") || !strcmp(name, "oob")) {
        put_and_push(s, at, n, name[0] == 'm', name[0] == 'o');
    } else if (!strcmp(name, "read")) {
        if (link_read(&s->end, s->read, n) != n)
            wrong(s, at, "fewer bytes are there");
        s->read += n;
    } else if (!strcmp(name, "shut")) {
        tcp_shutdown_send(conn_of(s, at));
    } else if (!strcmp(name, "shutrecv")) {
        tcp_shutdown_recv(conn_of(s, at));
    } else if (!strcmp(name, "close")) {
        tcp_close(conn_of(s, at));
        s->end.c = NULL;
    } else if (!strcmp(name, "abort")) {
        tcp_abort(conn_of(s, at));
        s->end.c = NULL;
    } else if (!strcmp(name, "state")) {
        check_state(s, at, arg);
    } else if (!strcmp(name, "info")) {
        check_info(s, at, text);
    } else if (!strcmp(name, "events")) {
        check_events(s, at, arg);
    } else if (!strcmp(name, "error")) {
        if (-tcp_error(conn_of(s, at)) != (int)n)
            wrong(s, at, "another error");
    } else if (!strcmp(name, "unreach")) {
        struct ip_ends ends = our_ends(s);
        tcp_unreachable(s->w.host[0].tcp, &ends, s->iss + n, -(int)err, mtu);
    } else if (!strcmp(name, "jump")) {
        world_jump(&s->w, n * MSEC);
    } else if (!strcmp(name, "quiet")) {
        world_run(&s->w, n * MSEC);
        if (s->sent)
            wrong(s, at, "something is sent");
    } else {
        wrong(s, at, "no such command");
    }
    s->base = s->w.now;
}

/* Such a line lets no time pass, and what was sent may still wait to be expected. */
static bool only_looks(const char *text)
{
    return text[0] == '>' || !strncmp(text, "state", 5) || !strncmp(text, "error", 5) ||
           !strncmp(text, "events", 6) || !strncmp(text, "info", 4);
}

static void run_line(struct script *s, const struct place *at)
{
    struct script_segment g;
    char text[256];
    int after;

    snprintf(text, sizeof(text), "%s", at->text);
    if (text[0] == '<') {
        unsigned says = parse_segment(s, at, text + 1, &g, &after);
        if (after >= 0)
            wrong(s, at, "when is not said of what comes");
        s->base = s->w.now;
        inject(s, &g, says);
    } else if (text[0] == '>') {
        expect(s, at, text + 1);
    } else {
        nsec_t base = s->base;
        run_command(s, at, text);
        if (only_looks(text))
            s->base = base;
    }
}

void script_inject(struct script *s, const char *text)
{
    struct place at = {"script_inject", text, 0, 0};

    run_line(s, &at);
}

void script_drop(struct script *s)
{
    while (s->sent) {
        struct script_segment *g = s->sent;
        s->sent = g->next;
        free(g);
    }
}

void script_lines(struct script *s, const char *file, int line, const char *const *lines)
{
    for (unsigned i = 0; lines[i]; i++) {
        struct place at = {file, lines[i], line, i};
        if (s->sent && !only_looks(lines[i]))
            wrong(s, &at, "before that something is sent");
        run_line(s, &at);
    }
}

void script_start(struct script *s)
{
    memset(s, 0, sizeof(*s));
    world_start(&s->w, 2);
    s->w.no_watch = true;
    s->w.capture = capture;
    s->local_port = 80;
    s->peer_port = 2000;
    s->irs = 0xfffffff0; /* wraps soon */
    s->base = s->w.now;
}

void script_end(struct script *s)
{
    struct place end = {"script_end", "", 0, 0};

    if (s->sent)
        wrong(s, &end, "something is sent");
    if (s->end.c)
        tcp_abort(s->end.c);
    if (s->listener.c)
        tcp_close(s->listener.c);
    world_end(&s->w);
    script_drop(s);
}

void script_open(struct script *s, bool passive, const char *options, unsigned win)
{
    char syn[128], last[128];
    const char *ts = strstr(options, "ts ") ? "ts 1000" : "";

    if (passive) {
        snprintf(syn, sizeof(syn), "< S 0(0) win 65535 %s", options);
        snprintf(last, sizeof(last), "< A 1(0) ack 1 win %u %s", win, ts);
        script(s, "listen", syn, "> SA 0(0) ack 1", "quiet 100", last, "accept",
               "state ESTABLISHED");
    } else {
        snprintf(syn, sizeof(syn), "< SA 0(0) ack 1 win %u %s", win, options);
        script(s, "connect", "> S 0(0)", "quiet 100", syn, "> A 1(0) ack 1", "state ESTABLISHED");
    }
    s->end.events = 0;
}

void script_take(struct script *s, uint32_t from, unsigned n, uint32_t len)
{
    char line[64];

    for (unsigned i = 0; i < n; i++, from += len) {
        snprintf(line, sizeof(line), "> A %u(%u)", from, len);
        script_lines(s, __FILE__, __LINE__, (const char *const[]){line, NULL});
    }
}

struct script it;

int script_setup(void **state)
{
    (void)state;
    script_start(&it);
    return 0;
}

int script_teardown(void **state)
{
    (void)state;
    script_end(&it);
    return 0;
}
