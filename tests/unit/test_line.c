/* SPDX-License-Identifier: MIT
 *
 * The line discipline: tables of what is typed in which modes, with what can be read and what is
 * shown; limits, switches of modes, flow, output. tests/system/calls/terminals_random.c compares it
 * with Linux.
 *
 * sources: libos/tty/line.c
 * uses: tty */
#include "unit.h"
#include <errno.h>
#include <termios.h>
#include "tty/line.h"

static struct line line;
static unsigned news;

static int start(void **state)
{
    (void)state;
    line_init(&line);
    return 0;
}

static void type_bytes(const char *bytes, size_t n)
{
    unsigned more;

    news = 0;
    for (size_t done = 0, took = 1; done < n && took > 0; done += took) {
        took = line_input(&line, (const uint8_t *)bytes + done, n - done, &more);
        news |= more;
    }
}

static void type(const char *text)
{
    type_bytes(text, strlen(text));
}

static void set(unsigned iflag, unsigned oflag, unsigned lflag)
{
    struct line_modes m = line.modes;

    m.iflag = iflag;
    m.oflag = oflag;
    m.lflag = lflag;
    line_set(&line, &m);
}

/* Takes at most (n) bytes, and says what they were. */
static const char *taken(size_t n)
{
    static char text[LINE_SIZE + 1];
    struct line_piece pieces[2];
    ssize_t got = line_take(&line, n, pieces);

    if (got == -EAGAIN)
        return "nothing";
    assert_int_equal(got, pieces[0].len + pieces[1].len);
    memcpy(text, pieces[0].at, pieces[0].len);
    memcpy(text + pieces[0].len, pieces[1].at, pieces[1].len);
    text[got] = '\0';
    return got == 0 ? "end" : text;
}

static const char *shown(void)
{
    static char text[8 * LINE_ECHO];
    size_t n = line_echo(&line, (uint8_t *)text, sizeof(text) - 1);

    text[n] = '\0';
    return text;
}

#define USUAL_I (ICRNL | IXON)
#define USUAL_O (OPOST | ONLCR)
#define USUAL_L (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN)

static const struct typed {
    const char *what;
    unsigned iflag, oflag, lflag;
    const char *typed, *line, *shown;
} typed[] = {
    {"a line", USUAL_I, USUAL_O, USUAL_L, "abc\n", "abc\n", "abc\r\n"},
    {"a part of one", USUAL_I, USUAL_O, USUAL_L, "abc", "nothing", "abc"},
    {"CR", USUAL_I, USUAL_O, USUAL_L, "abc\r", "abc\n", "abc\r\n"},
    {"IGNCR", IGNCR, USUAL_O, USUAL_L, "a\rb\n", "ab\n", "ab\r\n"},
    {"INLCR", INLCR, USUAL_O, USUAL_L, "a\nb\4", "a\rb", "a^Mb"},
    {"ISTRIP", ISTRIP, USUAL_O, USUAL_L, "\xe1\n", "a\n", "a\r\n"},
    {"IUCLC", IUCLC, USUAL_O, USUAL_L, "AbC\n", "abc\n", "abc\r\n"},
    {"IUCLC without IEXTEN", IUCLC, USUAL_O, USUAL_L & ~IEXTEN, "AbC\n", "AbC\n", "AbC\r\n"},
    {"PARMRK", PARMRK, USUAL_O, USUAL_L & ~ECHO, "\xff\n", "\xff\xff\n", ""},
    {"no ECHO", USUAL_I, USUAL_O, USUAL_L & ~ECHO, "abc\n", "abc\n", ""},
    {"ECHONL", USUAL_I, USUAL_O, (USUAL_L & ~ECHO) | ECHONL, "abc\n", "abc\n", "\r\n"},
    {"no OPOST", USUAL_I, 0, USUAL_L, "abc\n", "abc\n", "abc\n"},
    {"no ECHOCTL", USUAL_I, USUAL_O, USUAL_L & ~ECHOCTL, "\1\n", "\1\n", "\1\r\n"},
    {"ECHOCTL", USUAL_I, USUAL_O, USUAL_L, "\1\n", "\1\n", "^A\r\n"},
    {"erase", USUAL_I, USUAL_O, USUAL_L, "ab\177c\n", "ac\n", "ab\b \bc\r\n"},
    {"erase ^A", USUAL_I, USUAL_O, USUAL_L, "\1\177\n", "\n", "^A\b \b\b \b\r\n"},
    {"erase nothing", USUAL_I, USUAL_O, USUAL_L, "\177\n", "\n", "\r\n"},
    {"erase without ECHOE", USUAL_I, USUAL_O, USUAL_L & ~ECHOE, "ab\177\n", "a\n", "ab^?\r\n"},
    {"erase with ECHOPRT", USUAL_I, USUAL_O, USUAL_L | ECHOPRT, "abc\177\177d\n", "ad\n",
     "abc\\cb/d\r\n"},
    {"erase a tab", USUAL_I, USUAL_O, USUAL_L, "ab\t\177\n", "ab\n", "ab\t\b\b\b\b\b\b\r\n"},
    {"erase a tab behind one", USUAL_I, USUAL_O, USUAL_L, "\ta\t\177\n", "\ta\n",
     "\ta\t\b\b\b\b\b\b\b\r\n"},
    {"erase in UTF-8", IUTF8, USUAL_O, USUAL_L, "a\xc3\xa9\177\n", "a\n", "a\xc3\xa9\b \b\r\n"},
    {"erase in Latin-1", USUAL_I, USUAL_O, USUAL_L, "a\xc3\xa9\177\n", "a\xc3\n",
     "a\xc3\xa9\b \b\r\n"},
    {"erase half a character", IUTF8, USUAL_O, USUAL_L, "\x80\177\n", "\x80\n", "\x80\r\n"},
    {"erase a word", USUAL_I, USUAL_O, USUAL_L, "one two.\27x\n", "one x\n",
     "one two.\b \b\b \b\b \b\b \bx\r\n"},
    {"kill", USUAL_I, USUAL_O, USUAL_L, "ab\25c\n", "c\n", "ab\b \b\b \bc\r\n"},
    {"kill without ECHOKE", USUAL_I, USUAL_O, USUAL_L & ~ECHOKE, "ab\25c\n", "c\n",
     "ab^U\r\nc\r\n"},
    {"kill without ECHO", USUAL_I, USUAL_O, USUAL_L & ~ECHO, "ab\25c\n", "c\n", ""},
    {"quoted", USUAL_I, USUAL_O, USUAL_L, "a\26\3\26\177\n", "a\3\177\n", "a^\b^C^\b^?\r\n"},
    {"quoted newline", USUAL_I, USUAL_O, USUAL_L, "a\26\nb\n", "a\nb\n", "a^\b^Jb\r\n"},
    {"reprint", USUAL_I, USUAL_O, USUAL_L, "ab\22c\n", "abc\n", "ab^R\r\nabc\r\n"},
    {"end of file", USUAL_I, USUAL_O, USUAL_L, "\4", "end", ""},
    {"end of file in a line", USUAL_I, USUAL_O, USUAL_L, "ab\4", "ab", "ab"},
    {"no IEXTEN", USUAL_I, USUAL_O, USUAL_L & ~IEXTEN, "a\26\27\22\n", "a\26\27\22\n",
     "a^V^W^R\r\n"},
    {"no ICANON", USUAL_I, USUAL_O, USUAL_L & ~ICANON, "a\177\4\25", "a\177\4\25", "a^?^D^U"},
    {"raw", 0, 0, 0, "a\3\23\r\n", "a\3\23\r\n", ""},
    {"signal", USUAL_I, USUAL_O, USUAL_L, "ab\3c\n", "c\n", "^Cc\r\n"},
    {"signal with NOFLSH", USUAL_I, USUAL_O, USUAL_L | NOFLSH, "ab\3c\n", "abc\n", "ab^Cc\r\n"},
    {"EXTPROC", USUAL_I, USUAL_O, USUAL_L | 0200000, "a\3\177\n", "a\3\177\n", ""},
    {"EXTPROC, an end of file", USUAL_I, USUAL_O, USUAL_L | 0200000, "\4", "end", ""},
    {"no ISIG", USUAL_I, USUAL_O, USUAL_L & ~ISIG, "ab\3c\n", "ab\3c\n", "ab^Cc\r\n"},
};

static void test_typed(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
        const struct typed *t = &typed[i];
        start(state);
        set(t->iflag, t->oflag, t->lflag);
        type(t->typed);
        const char *got = taken(100), *seen = shown();
        if (strcmp(got, t->line) != 0 || strcmp(seen, t->shown) != 0)
            fail_msg("%s: read \"%s\", shown \"%s\"", t->what, got, seen);
        assert_string_equal(taken(100), "nothing");
    }
}

static void test_lines_are_read_one_by_one(void **state)
{
    (void)state;
    type("one\ntwo\n\4thr\4");
    assert_int_equal(line_count(&line), 11);
    assert_string_equal(taken(2), "on");
    assert_string_equal(taken(2), "e\n");
    assert_string_equal(taken(100), "two\n");
    assert_string_equal(taken(100), "end");
    assert_string_equal(taken(3), "thr"); /* with its end of file */
    assert_string_equal(taken(3), "nothing");
}

static void test_ends_of_line(void **state)
{
    struct line_modes m = line.modes;

    (void)state;
    m.key[VEOL] = '=';
    m.key[VEOL2] = '@';
    line_set(&line, &m);
    type("a=b@c");
    assert_string_equal(taken(100), "a=");
    assert_string_equal(taken(100), "b@");
    assert_string_equal(taken(100), "nothing");
    assert_string_equal(shown(), "a=b@c");
    m.lflag &= ~(unsigned)IEXTEN;
    line_set(&line, &m);
    type("d@=");
    assert_string_equal(taken(100), "cd@=");
}

static void test_long_lines_lose_their_end(void **state)
{
    static char many[LINE_SIZE + 100];

    (void)state;
    memset(many, 'x', sizeof(many));
    type_bytes(many, sizeof(many));
    assert_false(line_has(&line, 1));
    type("y\nnext\n");
    const char *got = taken(LINE_SIZE + 1);
    assert_int_equal(strlen(got), LINE_SIZE);
    assert_string_equal(got + LINE_SIZE - 3, "xx\n");
    assert_string_equal(taken(100), "nothing"); /* it was full: "next" had to wait */
}

static void test_what_has_no_room_waits(void **state)
{
    static uint8_t many[2 * LINE_SIZE];

    (void)state;
    set(0, 0, 0);
    assert_int_equal(line_input(&line, many, sizeof(many), &news), LINE_SIZE - 1);
    assert_int_equal(line_input(&line, many, 1, &news), 0);
    assert_int_equal(line_count(&line), LINE_SIZE - 1);
    (void)taken(10);
    assert_int_equal(line_input(&line, many, sizeof(many), &news), 10);
    set(0, 0, ICANON);
    assert_int_equal(line_input(&line, many, 1, &news), 0); /* behind a whole line */
    line_flush(&line);
    assert_int_equal(line_count(&line), 0);
}

static void test_modes_change_between(void **state)
{
    (void)state;
    type("typed");
    set(USUAL_I, USUAL_O, USUAL_L & ~ICANON);
    assert_true(line_has(&line, 5) && !line_has(&line, 6));
    assert_string_equal(taken(2), "ty");
    set(USUAL_I, USUAL_O, USUAL_L);
    type("more\n");
    assert_string_equal(taken(100), "ped"); /* a line of its own */
    assert_string_equal(taken(100), "more\n");
    set(USUAL_I, USUAL_O, USUAL_L & ~ICANON);
    set(USUAL_I, USUAL_O, USUAL_L);
    assert_string_equal(taken(100), "nothing");
}

static void test_news(void **state)
{
    (void)state;
    type("a");
    assert_int_equal(news, 0);
    type("\n");
    assert_int_equal(news, LINE_READY);
    type("\3");
    assert_int_equal(news, LINE_INTR | LINE_FLUSH);
    type("x\34\32");
    assert_int_equal(news, LINE_QUIT | LINE_SUSP | LINE_FLUSH);
    assert_int_equal(line_input(&line, (const uint8_t *)"a\3b", 3, &news), 2);
    assert_int_equal(line_input(&line, (const uint8_t *)"", 0, &news), 0);
    assert_int_equal(news, 0);
}

static void test_flow(void **state)
{
    (void)state;
    type("a");
    assert_string_equal(shown(), "a");
    type("b\23c");
    assert_int_equal(news, LINE_STOP);
    assert_true(line.stopped);
    assert_string_equal(shown(), ""); /* all that was typed at once */
    type("\21");
    assert_int_equal(news, LINE_START | LINE_SHOW);
    assert_string_equal(shown(), "bc");
    type("\21");
    assert_int_equal(news, 0);
    type("\23");
    type("\3");
    assert_int_equal(news, LINE_INTR | LINE_FLUSH | LINE_START);
    type("\23");
    set(USUAL_I | IXANY, USUAL_O, USUAL_L);
    type("d");
    assert_int_equal(news & LINE_START, LINE_START);
    type("\23");
    assert_true(line.stopped);
    set(ICRNL, USUAL_O, USUAL_L);
    assert_false(line.stopped);
    set(USUAL_I, USUAL_O, USUAL_L);
    assert_int_equal(line_halt(&line, true), LINE_STOP);
    type("\21");
    assert_true(line.stopped);
    assert_int_equal(line_halt(&line, true), 0);
    assert_int_equal(line_halt(&line, false), LINE_START);
    assert_int_equal(line_halt(&line, false), 0);
}

static const struct written {
    unsigned oflag;
    const char *written, *out;
} written[] = {
    {USUAL_O, "a\nb\r\tc\b", "a\r\nb\r\tc\b"},
    {0, "a\nb", "a\nb"},
    {OPOST | OCRNL, "a\rb", "a\nb"},
    {OPOST | ONOCR, "\ra\r\r", "a\r"},
    {OPOST | ONLRET | ONOCR, "a\n\r", "a\n"},
    {OPOST | TAB3, "a\tb\tc", "a       b       c"},
    {OPOST | OLCUC, "aZ\xe9\xff", "AZ\xc9\xdf"},
    {OPOST | TAB3, "abc\b\b\t", "abc\b\b       "},
};

static void test_written(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(written); i++) {
        const struct written *w = &written[i];
        uint8_t out[100];
        size_t made;
        start(state);
        set(USUAL_I, w->oflag, USUAL_L);
        size_t len = strlen(w->written);
        assert_int_equal(line_output(&line, (const uint8_t *)w->written, len, out, 99, &made), len);
        out[made] = '\0';
        assert_string_equal((char *)out, w->out);
    }
}

static void test_output_waits_for_room(void **state)
{
    uint8_t out[LINE_WIDEST + 1];
    size_t made;

    (void)state;
    assert_int_equal(line_output(&line, (const uint8_t *)"a\nb", 3, out, LINE_WIDEST - 1, &made),
                     0);
    assert_int_equal(made, 0);
    assert_int_equal(line_output(&line, (const uint8_t *)"a\nb", 3, out, LINE_WIDEST + 1, &made),
                     2);
    assert_int_equal(made, 3);
    for (int i = 0; i < 3000; i++)
        type("x");
    size_t n = strlen(shown());
    assert_true(n > 0 && n <= LINE_ECHO);
    assert_string_equal(shown(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_typed, start),
        cmocka_unit_test_setup(test_lines_are_read_one_by_one, start),
        cmocka_unit_test_setup(test_ends_of_line, start),
        cmocka_unit_test_setup(test_long_lines_lose_their_end, start),
        cmocka_unit_test_setup(test_what_has_no_room_waits, start),
        cmocka_unit_test_setup(test_modes_change_between, start),
        cmocka_unit_test_setup(test_news, start),
        cmocka_unit_test_setup(test_flow, start),
        cmocka_unit_test_setup(test_written, start),
        cmocka_unit_test_setup(test_output_waits_for_room, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
