/* SPDX-License-Identifier: MIT
 *
 * The line discipline (line.h). Characters are what Latin-1 makes of them, as in Linux, where IUTF8
 * does not say otherwise. */
#include "tty/line.h"

#include <errno.h>
#include <string.h>
#include <termios.h>

/* By the standards that not all of libc's headers follow. */
#ifndef EXTPROC
#define EXTPROC 0200000u
#endif
#ifndef ECHOPRT
#define ECHOPRT 02000u
#endif

#define DISABLED 0 /* as a key: none; as the end of a line: an end of file */

static bool input_mode(const struct line *l, unsigned flag)
{
    return l->modes.iflag & flag;
}

static bool output_mode(const struct line *l, unsigned flag)
{
    return l->modes.oflag & flag;
}

static bool local_mode(const struct line *l, unsigned flag)
{
    return l->modes.lflag & flag;
}

/* Whether input is made of lines. */
static bool has_lines(const struct line *l)
{
    return (l->modes.lflag & (ICANON | EXTPROC)) == ICANON;
}

static bool is_upper(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}

static bool is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0xdf && c != 0xf7);
}

static bool is_word(uint8_t c)
{
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}

static bool is_control(uint8_t c)
{
    return c < 32 || c == 127;
}

/* Whether (c) goes on with a character that has begun before it. */
static bool continues(const struct line *l, uint8_t c)
{
    return input_mode(l, IUTF8) && (c & 0xc0) == 0x80;
}

static uint8_t *byte_at(struct line *l, uint32_t i)
{
    return &l->data[i % LINE_SIZE];
}

static bool ends_at(const struct line *l, uint32_t i)
{
    return l->ends[i % LINE_SIZE / 8] & 1u << i % 8;
}

static void set_end(struct line *l, uint32_t i, bool end)
{
    uint8_t bit = (uint8_t)(1u << i % 8), *at = &l->ends[i % LINE_SIZE / 8];

    *at = (uint8_t)(end ? *at | bit : *at & ~bit);
}

void line_init(struct line *l)
{
    memset(l, 0, sizeof(*l));
    l->modes = (struct line_modes){
        .iflag = ICRNL | IXON,
        .oflag = OPOST | ONLCR,
        .cflag = B38400 | CS8 | CREAD,
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .key = {[VINTR] = 3,
                [VQUIT] = 28,
                [VERASE] = 127,
                [VKILL] = 21,
                [VEOF] = 4,
                [VMIN] = 1,
                [VSTART] = 17,
                [VSTOP] = 19,
                [VSUSP] = 26,
                [VREPRINT] = 18,
                [VDISCARD] = 15,
                [VWERASE] = 23,
                [VLNEXT] = 22},
        .ispeed = 38400,
        .ospeed = 38400,
    };
}

unsigned line_set(struct line *l, const struct line_modes *modes)
{
    uint32_t old_lflag = l->modes.lflag, old_iflag = l->modes.iflag;
    unsigned news = LINE_READY;

    l->modes = *modes;
    if ((old_lflag ^ modes->lflag) & (ICANON | EXTPROC)) {
        memset(l->ends, 0, sizeof(l->ends));
        /* What has come by now is one line. */
        if (modes->lflag & ICANON && l->head != l->tail)
            set_end(l, l->head - 1, true);
        l->ready = l->head;
        l->erasing = l->quoted = false;
    }
    if (old_iflag & IXON && !(modes->iflag & IXON) && !l->halted) {
        news |= l->stopped ? LINE_START : 0;
        l->stopped = false;
        line_due(l);
    }
    return news;
}

/* What (c), as the program writes it, is at the terminal: into (out), at least LINE_WIDEST bytes.
 * Returns its length, which may be 0, and counts columns. */
static size_t process(struct line *l, uint8_t c, uint8_t *out)
{
    size_t n = 1;

    switch (c) {
    case '\n':
        if (output_mode(l, ONLRET))
            l->column = 0;
        if (output_mode(l, ONLCR)) {
            l->column = 0;
            out[0] = '\r';
            n = 2;
        }
        l->first = l->column;
        break;
    case '\r':
        if (output_mode(l, ONOCR) && l->column == 0)
            return 0;
        if (output_mode(l, OCRNL)) {
            c = '\n';
            if (output_mode(l, ONLRET))
                l->first = l->column = 0;
            break;
        }
        l->first = l->column = 0;
        break;
    case '\t':
        n = 8 - l->column % 8;
        l->column += (uint32_t)n;
        if ((l->modes.oflag & TABDLY) == TAB3) {
            memset(out, ' ', n);
            return n;
        }
        n = 1;
        break;
    case '\b':
        l->column -= l->column > 0;
        break;
    default:
        if (is_control(c))
            break;
        if (output_mode(l, OLCUC) && is_lower(c))
            c = (uint8_t)(c - 32);
        l->column += !continues(l, c);
        break;
    }
    out[n - 1] = c;
    return n;
}

/* How a character of the echo is shown. */
enum {
    PLAIN,  /* as if the program had written it */
    CARET,  /* ^ and the character that has its key */
    UNTAB,  /* not at all: the cursor goes back over the tab that so many columns are before */
    RETAB,  /* the same, where these are counted from the start of the line */
    HERE,   /* not at all: the line begins where the cursor is */
    BEHIND, /* not at all: the character before takes no column */
};

static void echo_as(struct line *l, unsigned how, uint8_t c)
{
    if (l->echo_head - l->echo_tail == LINE_ECHO)
        return;
    l->echo[l->echo_head++ % LINE_ECHO] = (uint16_t)(how << 8 | c);
    if ((l->echo_head - l->echo_tail) % 256 == 0 && !l->stopped)
        line_due(l);
}

static void echo_plain(struct line *l, uint8_t c)
{
    echo_as(l, PLAIN, c);
}

/* The same, but for control characters in a form that can be seen. */
static void echo(struct line *l, uint8_t c)
{
    bool hidden = is_control(c) && c != '\t';

    echo_as(l, local_mode(l, ECHOCTL) && hidden ? CARET : PLAIN, c);
}

void line_due(struct line *l)
{
    l->echo_due = l->echo_done = l->echo_head;
}

static size_t go_back(struct line *l, unsigned n, uint8_t *out)
{
    memset(out, '\b', n);
    l->column -= l->column < n ? l->column : n;
    return n;
}

/* Shows one character of the echo. Returns the bytes in (out). */
static size_t show(struct line *l, unsigned how, uint8_t c, uint8_t *out)
{
    switch (how) {
    case PLAIN:
        out[0] = c;
        if (c == 0xff) {
            l->column++; /* as it is, also with OLCUC: so does Linux */
            return 1;
        }
        return output_mode(l, OPOST) ? process(l, c, out) : 1;
    case CARET:
        out[0] = '^';
        out[1] = c ^ 0100;
        l->column += 2;
        return 2;
    case UNTAB:
        return go_back(l, 8 - c % 8u, out);
    case RETAB:
        return go_back(l, 8 - (c + l->first) % 8u, out);
    case HERE:
        l->first = l->column;
        return 0;
    default:
        l->column -= l->column > 0;
        return 0;
    }
}

size_t line_echo(struct line *l, uint8_t *out, size_t room)
{
    size_t n = 0;

    while (l->echo_tail != l->echo_due && room - n >= LINE_WIDEST) {
        uint16_t e = l->echo[l->echo_tail++ % LINE_ECHO];
        n += show(l, e >> 8, (uint8_t)e, out + n);
    }
    return n;
}

static void finish_erasing(struct line *l)
{
    if (l->erasing)
        echo_plain(l, '/');
    l->erasing = false;
}

/* Takes the tab off the screen that stood behind what is typed now. */
static void echo_untab(struct line *l)
{
    unsigned columns = 0, how = RETAB;

    for (uint32_t i = l->head; i != l->ready && how == RETAB; i--) {
        uint8_t c = *byte_at(l, i - 1);
        if (c == '\t')
            how = UNTAB; /* it ends where a tab does */
        else if (is_control(c))
            columns += local_mode(l, ECHOCTL) ? 2 : 0;
        else
            columns += !continues(l, c);
    }
    echo_as(l, how, columns % 8);
}

/* Takes the character off the screen of which (count) bytes stood at (l->head), (c) first. (key):
 * who erases. */
static void echo_erased(struct line *l, uint8_t c, uint32_t count, uint8_t key)
{
    if (local_mode(l, ECHOPRT)) {
        if (!l->erasing)
            echo_plain(l, '\\');
        l->erasing = true;
        echo(l, c);
        for (uint32_t i = 1; i < count; i++) {
            echo_plain(l, *byte_at(l, l->head + i));
            echo_as(l, BEHIND, 0);
        }
    } else if (key == VERASE && !local_mode(l, ECHOE)) {
        echo(l, l->modes.key[VERASE]);
    } else if (c == '\t') {
        echo_untab(l);
    } else {
        for (int n = !is_control(c) ? 1 : local_mode(l, ECHOCTL) ? 2 : 0; n > 0; n--) {
            echo_plain(l, '\b');
            echo_plain(l, ' ');
            echo_plain(l, '\b');
        }
    }
}

/* VERASE, VWERASE or VKILL (key) was typed. */
static void erase(struct line *l, uint8_t key)
{
    bool echoes = local_mode(l, ECHO), in_word = false;

    if (l->head == l->ready)
        return;
    if (key == VKILL &&
        (!echoes || (l->modes.lflag & (ECHOK | ECHOKE | ECHOE)) != (ECHOK | ECHOKE | ECHOE))) {
        l->head = l->ready;
        if (!echoes)
            return;
        finish_erasing(l);
        echo(l, l->modes.key[VKILL]);
        if (local_mode(l, ECHOK))
            echo_plain(l, '\n');
        return;
    }
    while (l->head != l->ready) {
        uint32_t at = l->head;
        do
            at--;
        while (continues(l, *byte_at(l, at)) && at != l->ready);
        uint8_t c = *byte_at(l, at);
        if (continues(l, c))
            break; /* not in part */
        if (key == VWERASE) {
            if (!is_word(c) && in_word)
                break;
            in_word = in_word || is_word(c);
        }
        uint32_t count = l->head - at;
        l->head = at;
        if (echoes)
            echo_erased(l, c, count, key);
        if (key == VERASE)
            break;
    }
    if (l->head == l->ready && echoes)
        finish_erasing(l);
}

static void put(struct line *l, uint8_t c)
{
    *byte_at(l, l->head++) = c;
}

/* Puts (c) into the input, twice where a mark of a parity error could be meant. */
static void put_marked(struct line *l, uint8_t c)
{
    if (c == 0xff && input_mode(l, PARMRK))
        put(l, c);
    put(l, c);
}

/* Shows what is typed at the end of the line. */
static void echo_typed(struct line *l, uint8_t c)
{
    finish_erasing(l);
    if (has_lines(l) && l->head == l->ready)
        echo_as(l, HERE, 0);
    echo(l, c);
}

/* Ends the line with (c). */
static void end_line(struct line *l, uint8_t c)
{
    set_end(l, l->head, true);
    put(l, c);
    l->ready = l->head;
}

static void reprint(struct line *l)
{
    finish_erasing(l);
    echo(l, l->modes.key[VREPRINT]);
    echo_plain(l, '\n');
    for (uint32_t i = l->ready; i != l->head; i++)
        echo(l, *byte_at(l, i));
}

/* What (c) does to a line, if it is not just a part of it. Returns whether it does something. */
static bool edits_line(struct line *l, uint8_t c)
{
    const uint8_t *key = l->modes.key;
    bool extended = local_mode(l, IEXTEN), echoes = local_mode(l, ECHO);

    if (c == key[VERASE]) {
        erase(l, VERASE);
    } else if (c == key[VKILL]) {
        erase(l, VKILL);
    } else if (extended && c == key[VWERASE]) {
        erase(l, VWERASE);
    } else if (extended && c == key[VLNEXT]) {
        l->quoted = true;
        if (echoes) {
            finish_erasing(l);
            if (local_mode(l, ECHOCTL)) {
                echo_plain(l, '^');
                echo_plain(l, '\b');
            }
        }
    } else if (extended && echoes && c == key[VREPRINT]) {
        reprint(l);
    } else if (c == '\n') {
        if (local_mode(l, ECHO | ECHONL))
            echo_plain(l, '\n');
        end_line(l, c);
    } else if (c == key[VEOF]) {
        end_line(l, DISABLED);
    } else if (c == key[VEOL] || (extended && c == key[VEOL2])) {
        if (echoes) {
            if (l->head == l->ready)
                echo_as(l, HERE, 0);
            echo(l, c);
        }
        if (c == 0xff && input_mode(l, PARMRK))
            put(l, c);
        end_line(l, c);
    } else {
        return false;
    }
    return true;
}

/* A key that makes a signal (news) was typed. */
static void signal_key(struct line *l, uint8_t c, unsigned *news)
{
    *news |= c == l->modes.key[VINTR]   ? LINE_INTR
             : c == l->modes.key[VQUIT] ? LINE_QUIT
                                        : LINE_SUSP;
    if (!local_mode(l, NOFLSH)) {
        *news |= LINE_FLUSH;
        l->echo_tail = l->echo_head;
        line_due(l);
        line_flush(l);
    }
    if (input_mode(l, IXON) && l->stopped && !l->halted) {
        l->stopped = false;
        *news |= LINE_START;
    }
    if (local_mode(l, ECHO))
        echo(l, c);
    else if (!l->stopped)
        line_due(l);
}

/* VSTOP or VSTART was typed. */
static void flow_key(struct line *l, bool stop, unsigned *news)
{
    if (!l->halted && l->stopped != stop) {
        l->stopped = stop;
        *news |= stop ? LINE_STOP : LINE_START;
    }
    if (!l->stopped && l->echo_due != l->echo_head) {
        line_due(l);
        *news |= LINE_SHOW;
    }
}

unsigned line_halt(struct line *l, bool on)
{
    bool stopped = l->stopped;

    if (l->halted == on)
        return 0;
    l->halted = l->stopped = on;
    return stopped == on ? 0 : on ? LINE_STOP : LINE_START;
}

static bool is_one_of(const struct line *l, uint8_t c, const uint8_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c == l->modes.key[keys[i]])
            return true;
    return false;
}

/* Whether (c) may be more than itself. */
static bool is_special(const struct line *l, uint8_t c)
{
    static const uint8_t flow[] = {VSTART, VSTOP}, signals[] = {VINTR, VQUIT, VSUSP};
    static const uint8_t line[] = {VERASE, VKILL, VEOF, VEOL}, more[] = {VWERASE, VLNEXT, VEOL2};

    if (c == DISABLED)
        return false;
    if (c == '\r' && input_mode(l, IGNCR | ICRNL))
        return true;
    if (c == '\n' && (input_mode(l, INLCR) || local_mode(l, ICANON)))
        return true;
    if (local_mode(l, ICANON)) {
        if (is_one_of(l, c, line, sizeof(line)))
            return true;
        if (local_mode(l, IEXTEN) && (is_one_of(l, c, more, sizeof(more)) ||
                                      (local_mode(l, ECHO) && c == l->modes.key[VREPRINT])))
            return true;
    }
    return (input_mode(l, IXON) && is_one_of(l, c, flow, sizeof(flow))) ||
           (local_mode(l, ISIG) && is_one_of(l, c, signals, sizeof(signals)));
}

/* IXANY: any character lets output go on. */
static void start_by_any(struct line *l, unsigned *news)
{
    if (l->stopped && (l->modes.iflag & (IXON | IXANY)) == (IXON | IXANY))
        flow_key(l, false, news);
}

static void take_ordinary(struct line *l, uint8_t c, unsigned *news)
{
    start_by_any(l, news);
    if (local_mode(l, ECHO))
        echo_typed(l, c);
    put_marked(l, c);
}

static void take_special(struct line *l, uint8_t c, unsigned *news)
{
    const uint8_t *key = l->modes.key;

    if (input_mode(l, IXON) && (c == key[VSTART] || c == key[VSTOP])) {
        flow_key(l, c != key[VSTART], news);
        return;
    }
    if (local_mode(l, ISIG) && (c == key[VINTR] || c == key[VQUIT] || c == key[VSUSP])) {
        signal_key(l, c, news);
        return;
    }
    start_by_any(l, news);
    if (c == '\r') {
        if (input_mode(l, IGNCR))
            return;
        if (input_mode(l, ICRNL))
            c = '\n';
    } else if (c == '\n' && input_mode(l, INLCR)) {
        c = '\r';
    }
    if (local_mode(l, ICANON) && edits_line(l, c))
        return;
    if (local_mode(l, ECHO)) {
        if (c == '\n') {
            finish_erasing(l);
            echo_plain(l, c);
        } else {
            echo_typed(l, c);
        }
    }
    put_marked(l, c);
}

static void take_typed(struct line *l, uint8_t c, unsigned *news)
{
    bool quoted = l->quoted;

    l->quoted = false;
    if (input_mode(l, ISTRIP))
        c &= 0x7f;
    if (input_mode(l, IUCLC) && local_mode(l, IEXTEN) && is_upper(c))
        c = (uint8_t)(c + 32);
    if (local_mode(l, EXTPROC))
        put(l, c);
    else if (!quoted && is_special(l, c))
        take_special(l, c, news);
    else
        take_ordinary(l, c, news);
}

/* Whether one more character can be taken. A line without end makes room for it by its last one. */
static bool has_room(struct line *l)
{
    bool marks = input_mode(l, PARMRK);
    uint32_t room = LINE_SIZE - (l->head - l->tail);

    if (room > (marks ? 3 : 1))
        return true;
    if (!has_lines(l) || l->ready != l->tail)
        return false;
    for (; room < (marks ? 2 : 1); room++)
        l->head--;
    return true;
}

/* All that was typed at once has been looked at. What is held back now, more characters without
 * echo do not bring out, as on Linux. */
static void finish_echo(struct line *l)
{
    if (l->echo_done == l->echo_head)
        return;
    l->echo_done = l->echo_head;
    if (!l->stopped)
        line_due(l);
}

size_t line_input(struct line *l, const uint8_t *in, size_t n, unsigned *news)
{
    size_t done = 0;
    uint32_t ready = l->ready;

    *news = 0;
    while (done < n && *news == 0 && has_room(l)) {
        take_typed(l, in[done++], news);
        if (!has_lines(l))
            l->ready = l->head;
    }
    if (done > 0 && (done == n || *news == 0) && local_mode(l, ECHO | ECHONL))
        finish_echo(l);
    if (l->ready != ready && l->ready != l->tail)
        *news |= LINE_READY;
    return done;
}

size_t line_count(const struct line *l)
{
    size_t n = l->ready - l->tail;

    for (uint32_t i = l->tail; has_lines(l) && i != l->ready; i++)
        n -= ends_at(l, i) && l->data[i % LINE_SIZE] == DISABLED;
    return n;
}

ssize_t line_take(struct line *l, size_t n, struct line_piece pieces[2])
{
    uint32_t there = l->ready - l->tail, len = there, done;

    if (there == 0)
        return -EAGAIN;
    done = len = (uint32_t)min_size(n, there);
    if (has_lines(l)) {
        /* An end of file just behind what was asked for belongs to it. */
        for (uint32_t i = 0; i < there && i <= n; i++) {
            if (!ends_at(l, l->tail + i))
                continue;
            bool eof = *byte_at(l, l->tail + i) == DISABLED;
            if (i < n || eof) {
                len = i + !eof;
                done = i + 1;
                set_end(l, l->tail + i, false);
            }
            break;
        }
    } else if (local_mode(l, ICANON) && there == 1 && *byte_at(l, l->tail) == l->modes.key[VEOF]) {
        len = 0; /* EXTPROC: an end of file that came alone */
    }
    uint32_t at = l->tail % LINE_SIZE, first = (uint32_t)min_size(len, LINE_SIZE - at);
    pieces[0] = (struct line_piece){l->data + at, first};
    pieces[1] = (struct line_piece){l->data, len - first};
    l->tail += done;
    return (ssize_t)len;
}

void line_flush(struct line *l)
{
    l->head = l->ready = l->tail;
    l->erasing = false;
    memset(l->ends, 0, sizeof(l->ends));
}

size_t line_output(struct line *l, const uint8_t *in, size_t n, uint8_t *out, size_t room,
                   size_t *made)
{
    size_t done = 0;

    *made = 0;
    if (!output_mode(l, OPOST)) {
        *made = min_size(n, room);
        memcpy(out, in, *made);
        return *made;
    }
    while (done < n && room - *made >= LINE_WIDEST)
        *made += process(l, in[done++], out + *made);
    return done;
}
