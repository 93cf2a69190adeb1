/* SPDX-License-Identifier: MIT
 *
 * The line discipline of a terminal, as Linux's N_TTY: what becomes of characters that are typed,
 * and of those that a program writes. Pure: it has no file, no queue to sleep on and no clock, and
 * asks nobody for anything.
 *
 *   typed characters -> line_input  -> lines that line_take gives to the program
 *                                   -> echo that line_echo gives to the terminal
 *                                   -> news: signals, flushes, stop and start of the output
 *   written by the program -> line_output -> what the terminal gets
 *
 * The owner acts on news in the order of their bits, and takes the echo out with line_due and
 * line_echo before it lets line_output go on, since both count the same columns. While (stopped) it
 * calls neither line_due nor line_output.
 *
 * Modes are laid out as struct termios2 of Linux. Those of a line that is really sent, baud rates
 * and parity, are kept and mean nothing. IXOFF and IMAXBEL mean nothing either, as on Linux's
 * pseudo-terminals; nor do OFDEL, OFILL and delays. */
#ifndef PITH_TTY_LINE_H
#define PITH_TTY_LINE_H

#include <sys/types.h>

#include "base/base.h"

#define LINE_SIZE                                                                                  \
    4096u /* of what waits to be read: a line has so many bytes at most, with its end */
#define LINE_ECHO                                                                                  \
    1024u /* characters of echo; what does not fit, as nobody takes it out, is lost                \
           */
#define LINE_KEYS   19
#define LINE_WIDEST 8u /* what one character of output may become */

struct line_modes {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t discipline;
    uint8_t key[LINE_KEYS]; /* c_cc: by VINTR ... */
    uint32_t ispeed, ospeed;
};

/* What line_input and line_set tell. */
#define LINE_INTR  (1u << 0) /* SIGINT to the foreground, */
#define LINE_QUIT  (1u << 1) /* SIGQUIT, */
#define LINE_SUSP  (1u << 2) /* SIGTSTP */
#define LINE_FLUSH (1u << 3) /* with one of these: output that waits is dropped */
#define LINE_STOP  (1u << 4) /* output has been stopped by VSTOP, */
#define LINE_START (1u << 5) /* or goes on */
#define LINE_SHOW  (1u << 6) /* echo is due before more is typed */
#define LINE_READY (1u << 7) /* there may be something to read that was not there before */

struct line {
    struct line_modes modes;
    bool stopped;               /* no output: (halted), or a VSTOP came */
    bool halted;                /* the program wants no output (TCOOFF) */
    bool quoted;                /* a VLNEXT came: the next character is an ordinary one */
    bool erasing;               /* ECHOPRT: between \ and / */
    uint32_t head, ready, tail; /* of data, counted on for ever: [tail, ready) can be read, of whole
                                   lines if there are lines; [ready, head) is the one being typed */
    uint32_t column, first;     /* where the cursor is, and where the line being typed began */
    uint32_t echo_head, echo_due, echo_tail; /* [tail, due) goes out now */
    uint32_t echo_done; /* echo_head when all that came at once had been typed */
    uint8_t data[LINE_SIZE];
    uint8_t ends[LINE_SIZE / 8]; /* a bit for each of data: it ends a line */
    uint16_t echo[LINE_ECHO];    /* a character, and above it how it is shown */
};

/* Where bytes lie that were taken, until the next line_input. */
struct line_piece {
    const uint8_t *at;
    size_t len;
};

/* A terminal that has just been opened: Linux's usual modes, nothing typed. */
void line_init(struct line *l);

/* Sets the modes. What was typed stays. Returns news: LINE_START, LINE_READY. */
unsigned line_set(struct line *l, const struct line_modes *modes);

/* The (n) characters at (in) are typed. Takes as many as there is room for, and stops behind one
 * that has news other than LINE_READY: call it again for the rest. Returns how many it took, and
 * sets (*news), also when it took none. A full line that has no end yet takes everything: its last
 * character is replaced. */
size_t line_input(struct line *l, const uint8_t *in, size_t n, unsigned *news);

/* How many bytes can be read, as FIONREAD says: of whole lines where there are lines. */
size_t line_count(const struct line *l);

/* Whether line_take would give at least (least) bytes, or a line or an end of file. */
static inline bool line_has(const struct line *l, size_t least)
{
    uint32_t there = l->ready - l->tail;

    return there > 0 && there >= least;
}

/* Takes at most (n), at least 1, bytes of one line, or of all that is there without ICANON, and
 * tells in (pieces) where they lie. Returns how many; 0: an end of file; -EAGAIN: nothing there. */
ssize_t line_take(struct line *l, size_t n, struct line_piece pieces[2]);

/* Drops all that was typed. */
void line_flush(struct line *l);

/* The program stops output (TCOOFF), or lets it go on, if it was this that stopped it. Returns
 * news. */
unsigned line_halt(struct line *l, bool on);

/* Whether echo is seen now: what was typed at once is shown together, so that a signal or VSTOP in
 * the midst of it keeps all back. line_input does this for itself at its end. */
void line_due(struct line *l);

/* Writes echo that is due to (out), of (room) bytes. Returns how many; less than LINE_WIDEST bytes
 * of room may not be enough for any. */
size_t line_echo(struct line *l, uint8_t *out, size_t room);

/* The program writes the (n) bytes at (in): puts what the terminal gets into (out), which has room
 * for (room) bytes, and its length into (*made). Returns how many of (n) it took: a character whose
 * output might not fit (LINE_WIDEST) waits. */
size_t line_output(struct line *l, const uint8_t *in, size_t n, uint8_t *out, size_t room,
                   size_t *made);

#endif
