/* SPDX-License-Identifier: MIT
 *
 * Argument lists and response files. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "args.h"
#include "files.h"

/* Response files may name each other in a circle. */
#define DEPTH_MAX 32

void args_add(struct args *a, const char *text)
{
    if (a->n + 1 >= a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 64;
        char **v = realloc(a->v, cap * sizeof(*v));
        if (v == NULL) {
            a->failed = true;
            return;
        }
        a->v = v;
        a->cap = cap;
    }
    a->v[a->n++] = (char *)text;
    a->v[a->n] = NULL;
}

void args_addf(struct args *a, const char *format, ...)
{
    va_list ap;
    char *text;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        a->failed = true;
    else
        args_add(a, text);
}

void args_add_linker(struct args *a, const char *text)
{
    args_add(a, "-Xlinker");
    args_add(a, text);
}

void args_append(struct args *a, const struct args *from)
{
    for (size_t i = 0; i < from->n; i++)
        args_add(a, from->v[i]);
    a->failed |= from->failed;
    a->response |= from->response;
}

/* Takes one argument from (*p), which is at its first byte, and unquotes it in place. */
static char *next_word(char **p)
{
    char *in = *p, *out = *p, *word = *p;
    char quote = 0;
    for (; *in != '\0' && (quote || !isspace((unsigned char)*in)); in++) {
        if (*in == '\\' && in[1] != '\0')
            *out++ = *++in;
        else if (quote && *in == quote)
            quote = 0;
        else if (!quote && (*in == '\'' || *in == '"'))
            quote = *in;
        else
            *out++ = *in;
    }
    *p = *in != '\0' ? in + 1 : in;
    *out = '\0';
    return word;
}

static void expand(struct args *a, char *const *v, size_t n, int depth)
{
    for (size_t i = 0; i < n; i++) {
        char *text = NULL;
        if (v[i][0] == '@' && depth < DEPTH_MAX)
            text = file_text(v[i] + 1);
        if (text == NULL) {
            args_add(a, v[i]);
            continue;
        }
        a->response = true;
        for (;;) {
            while (isspace((unsigned char)*text))
                text++;
            if (*text == '\0')
                break;
            char *word = next_word(&text);
            expand(a, &word, 1, depth + 1);
        }
    }
}

void args_expand(struct args *a, char *const *v, size_t n)
{
    expand(a, v, n, 0);
}

static void write_quoted(FILE *f, const char *text)
{
    if (*text == '\0')
        fputs("\"\"", f);
    for (; *text != '\0'; text++) {
        if (isspace((unsigned char)*text) || strchr("\\'\"", *text) != NULL)
            fputc('\\', f);
        fputc(*text, f);
    }
    fputc('\n', f);
}

int args_to_response(struct args *a)
{
    int fd = memfd_create("arguments", 0);
    if (fd < 0)
        return -errno;
    FILE *f = fdopen(fd, "w");
    if (f == NULL) {
        int err = -errno;
        close(fd);
        return err;
    }
    for (size_t i = 1; i < a->n; i++)
        write_quoted(f, a->v[i]);
    /* The stream is not closed: its descriptor is what the program will read. */
    if (fflush(f) != 0)
        return -errno;

    a->n = 1;
    args_addf(a, "@/proc/self/fd/%d", fd);
    return a->failed ? -ENOMEM : 0;
}

int args_exec(struct args *a)
{
    if (a->failed)
        return -ENOMEM;
    int err = a->response ? args_to_response(a) : 0;
    if (err == 0) {
        execvp(a->v[0], a->v);
        err = -errno;
    }
    return err;
}
