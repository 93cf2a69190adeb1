/* SPDX-License-Identifier: MIT
 *
 * Writing JSON. */
#include "json.h"

static void put_text(struct json *j, const char *s)
{
    putc('"', j->f);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(j->f, "\\%c", *s);
        else if (*s == '<' || (unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
            fprintf(j->f, "\\u%04x", (unsigned char)*s);
        else
            putc(*s, j->f);
    }
    putc('"', j->f);
}

static void start_line(struct json *j)
{
    if (!j->compact)
        fprintf(j->f, "\n%*s", (int)(2 * j->depth), "");
}

static void start(struct json *j, const char *key)
{
    if (j->more)
        putc(',', j->f);
    if (j->depth > 0)
        start_line(j);
    if (key != NULL) {
        put_text(j, key);
        fputs(j->compact ? ":" : ": ", j->f);
    }
    j->more = true;
}

static void open(struct json *j, const char *key, char bracket)
{
    start(j, key);
    putc(bracket, j->f);
    j->depth++;
    j->more = false;
}

void json_object(struct json *j, const char *key)
{
    open(j, key, '{');
}

void json_array(struct json *j, const char *key)
{
    open(j, key, '[');
}

void json_end(struct json *j, char bracket)
{
    j->depth--;
    if (j->more)
        start_line(j);
    putc(bracket, j->f);
    j->more = true;
    if (j->depth == 0)
        putc('\n', j->f);
}

void json_text(struct json *j, const char *key, const char *text)
{
    start(j, key);
    put_text(j, text);
}

void json_number(struct json *j, const char *key, uint64_t n)
{
    start(j, key);
    fprintf(j->f, "%llu", (unsigned long long)n);
}

void json_bool(struct json *j, const char *key, bool value)
{
    start(j, key);
    fputs(value ? "true" : "false", j->f);
}
