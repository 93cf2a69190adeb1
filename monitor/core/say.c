/* SPDX-License-Identifier: MIT
 *
 * Messages, one pwritev2 a line: the one way to write that the filter allows. */
#include "monitor/core/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "monitor/core/sys.h"

#define LINE_MAX_BYTES 500

long say_bytes(const void *text, size_t len)
{
    struct iovec iov = {(void *)text, len};
    return sys4(SYS_pwritev2, STDERR_FILENO, (long)&iov, 1, -1);
}

/* Names come from images and command lines: they must not drive the terminal. */
static void defuse(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

static void line(const char *prefix, const char *format, va_list args)
{
    char buf[LINE_MAX_BYTES + 2];
    size_t at = strlen(prefix);
    memcpy(buf, prefix, at);
    int n = vsnprintf(buf + at, sizeof(buf) - at - 1, format, args);
    size_t len = n < 0 ? at : at + (size_t)n;
    if (len > LINE_MAX_BYTES)
        len = LINE_MAX_BYTES;
    defuse(buf, len);
    buf[len++] = '\n';
    say_bytes(buf, len);
}

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("pith: ", format, args);
    va_end(args);
}

void say_more(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("", format, args);
    va_end(args);
}
