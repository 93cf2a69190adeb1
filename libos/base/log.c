/* SPDX-License-Identifier: MIT
 *
 * Messages: a line is put together on the stack and handed to the platform in one piece. */
#include <stdarg.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "iface/plat.h"

#define LINE_MAX_TEXT 240

struct line {
    char text[LINE_MAX_TEXT + 1]; /* one more for the line end */
    size_t len;
};

static void put(struct line *l, const char *text, size_t len)
{
    len = min_size(len, LINE_MAX_TEXT - l->len);
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

static void put_number(struct line *l, unsigned long n, unsigned base, bool negative)
{
    char digits[24]; /* 20 decimal digits and a sign */
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    if (negative)
        digits[--at] = '-';
    put(l, digits + at, sizeof(digits) - at);
}

static void put_signed(struct line *l, long n)
{
    put_number(l, n < 0 ? -(unsigned long)n : (unsigned long)n, 10, n < 0);
}

/* Formats one conversion, at (f) behind the '%'. Returns where it ends. (args) is a va_list, passed
 * by address. */
static const char *put_conversion(struct line *l, const char *f, va_list *args)
{
    bool is_long = *f == 'l';

    if (is_long)
        f++;
    switch (*f) {
    case 'd':
        put_signed(l, is_long ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
    case 'x':
        put_number(l, is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned),
                   *f == 'x' ? 16 : 10, false);
        break;
    case 's': {
        const char *s = va_arg(*args, const char *);
        put(l, s ? s : "(null)", s ? strlen(s) : 6);
        break;
    }
    case 'c': {
        char c = (char)va_arg(*args, int);
        put(l, &c, 1);
        break;
    }
    default: /* "%%"; an unknown conversion shows as it stands */
        put(l, f, *f != '\0');
    }
    return *f ? f + 1 : f;
}

void log_line(const char *format, ...)
{
    struct line l;
    va_list args;

    l.len = 0;
    put(&l, "pith: ", 6);
    va_start(args, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put(&l, format, plain);
        format += plain;
        if (*format == '%')
            format = put_conversion(&l, format + 1, &args);
    }
    va_end(args);
    l.text[l.len++] = '\n';
    plat_log(l.text, l.len);
}
