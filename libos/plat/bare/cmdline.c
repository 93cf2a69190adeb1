/* SPDX-License-Identifier: MIT
 *
 * The machine's command line: words between blanks. A backslash makes the next byte an ordinary
 * one; between double quotes blanks are ordinary. Words at the front that have a '=' which is
 * neither quoted nor escaped are variables, as for a shell; the first other one is argv[0]. */
#include "bare/bare.h"

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

static const char *skip_blanks(const char *s)
{
    while (blank(*s))
        s++;
    return s;
}

size_t cmdline_split(const char *line, char *out, uint32_t *argc, uint32_t *envc)
{
    char *start = out;
    const char *arguments = skip_blanks(line);
    const char *s = arguments;

    /* The arguments come first in memory but last on the line: find where they begin. */
    *argc = *envc = 0;
    while (*s && copy_word(&s, &out)) {
        ++*envc;
        arguments = s = skip_blanks(s);
        out = start;
    }
    out = start;
    for (s = arguments; *s; s = skip_blanks(s), ++*argc)
        copy_word(&s, &out);
    if (*argc == 0) {
        __builtin_memcpy(out, "image", sizeof("image"));
        out += sizeof("image");
        *argc = 1;
    }
    s = line;
    for (uint32_t i = 0; i < *envc; i++) {
        s = skip_blanks(s);
        copy_word(&s, &out);
    }
    return (size_t)(out - start);
}
