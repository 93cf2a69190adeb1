/* SPDX-License-Identifier: MIT
 *
 * The machine's command line: words between blanks. A backslash makes the next byte an ordinary
 * one; between double quotes blanks are ordinary. Words at the front that have a '=' which is
 * neither quoted nor escaped are variables, as for a shell; the first other one is argv[0]. Words
 * that name a virtio device, as VMMs add them for Linux, and words pith.NAME=VALUE, settings of the
 * library OS, may stand anywhere and are neither. */
#include "bare/bare.h"

static const char device_word[] = "virtio_mmio.device=";
#define DEVICE_WORD_LEN (sizeof(device_word) - 1)

static const char setting_word[] = "pith.";
#define SETTING_WORD_LEN (sizeof(setting_word) - 1)

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copies the word at *line to *out, with its NUL, and moves both on. Returns whether it has a plain
 * '='. */
static bool copy_word(const char **line, char **out)
{
    bool quoted = false, assigns = false;
    const char *s = *line;

    for (; *s && (quoted || !blank(*s)); s++) {
        if (*s == '"') {
            quoted = !quoted;
            continue;
        }
        if (*s == '\\' && s[1])
            s++;
        else if (*s == '=' && !quoted)
            assigns = true;
        *(*out)++ = *s;
    }
    *(*out)++ = '\0';
    *line = s;
    return assigns;
}

/* Whether a device is named at (s), where a word starts: with no quote or backslash before its '='.
 */
static bool is_device(const char *s)
{
    for (size_t i = 0; i < DEVICE_WORD_LEN; i++)
        if (s[i] != device_word[i])
            return false;
    return true;
}

/* Whether a setting stands there, likewise. */
static bool is_setting(const char *s)
{
    size_t i = 0;

    for (; i < SETTING_WORD_LEN; i++)
        if (s[i] != setting_word[i])
            return false;
    while (s[i] && !blank(s[i]) && s[i] != '"' && s[i] != '\\' && s[i] != '=')
        i++;
    return s[i] == '=' && i > SETTING_WORD_LEN;
}

static const char *word_end(const char *s)
{
    bool quoted = false;

    for (; *s && (quoted || !blank(*s)); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (*s == '\\' && s[1])
            s++;
    }
    return s;
}

/* The beginning of the next word that is the program's. */
static const char *next_word(const char *s)
{
    for (;;) {
        while (blank(*s))
            s++;
        if (!is_device(s) && !is_setting(s))
            return s;
        s = word_end(s);
    }
}

size_t cmdline_split(const char *line, char *out, uint32_t *argc, uint32_t *envc)
{
    char *start = out;
    const char *arguments = next_word(line);
    const char *s = arguments;

    /* The arguments come first in memory but last on the line: find where they begin. */
    *argc = *envc = 0;
    while (*s && copy_word(&s, &out)) {
        ++*envc;
        arguments = s = next_word(s);
        out = start;
    }
    out = start;
    for (s = arguments; *s; s = next_word(s), ++*argc)
        copy_word(&s, &out);
    if (*argc == 0) {
        __builtin_memcpy(out, "image", sizeof("image"));
        out += sizeof("image");
        *argc = 1;
    }
    s = line;
    for (uint32_t i = 0; i < *envc; i++) {
        s = next_word(s);
        copy_word(&s, &out);
    }
    return (size_t)(out - start);
}

size_t cmdline_settings(const char *line, char *out)
{
    char *start = out;

    while (*line) {
        if (blank(*line)) {
            line++;
        } else if (is_setting(line)) {
            line += SETTING_WORD_LEN;
            copy_word(&line, &out);
        } else {
            line = word_end(line);
        }
    }
    return (size_t)(out - start);
}

const char *cmdline_device(const char **line)
{
    const char *s = *line;

    for (;;) {
        while (blank(*s))
            s++;
        if (!*s)
            return NULL;
        const char *word = s;
        s = *line = word_end(s);
        if (is_device(word))
            return word + DEVICE_WORD_LEN;
    }
}

/* Reads a number, decimal or with 0x hexadecimal, and moves (*s) behind it. False: there is none,
 * or it is above 2^56. */
static bool number(const char **s, uint64_t *n)
{
    const char *start = *s;
    unsigned base = 10;

    if (start[0] == '0' && (start[1] | 0x20) == 'x') {
        base = 16;
        start = *s += 2;
    }
    for (*n = 0;; ++*s) {
        char c = **s;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                         : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
                             ? (unsigned)((c | 0x20) - 'a' + 10)
                             : 16;
        if (digit >= base)
            return *s > start;
        *n = *n * base + digit;
        if (*n >> 56)
            return false;
    }
}

bool cmdline_mmio(const char *text, struct mmio_word *w)
{
    uint64_t irq, id;

    if (!number(&text, &w->size))
        return false;
    char unit = *text | 0x20;
    if (unit == 'k' || unit == 'm' || unit == 'g') {
        w->size <<= unit == 'k' ? 10 : unit == 'm' ? 20 : 30;
        text++;
    }
    if (*text++ != '@' || !number(&text, &w->base) || *text++ != ':' || !number(&text, &irq))
        return false;
    if (*text == ':') {
        text++;
        if (!number(&text, &id))
            return false;
    }
    w->irq = (uint32_t)irq;
    return irq < UINT32_MAX && (*text == '\0' || blank(*text));
}
