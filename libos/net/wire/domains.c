/* SPDX-License-Identifier: MIT */
#include "wire/domains.h"

static bool is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool wire_is_domain(const char *text, size_t len)
{
    for (size_t at = 0; at < len; at++)
        if (!is_name((uint8_t)text[at]) && (text[at] != '.' || at == 0 || text[at - 1] == '.'))
            return false;
    return len > 0 && len < 254;
}

/* Appends the name whose labels start at (*at), which moves behind it, to (text), which holds
 * (*used) bytes. Pointers of compression lead backward only, so they come to an end. */
static bool take(const uint8_t *data, size_t len, size_t *at, char *text, size_t size, size_t *used)
{
    size_t from = *at, limit = *at, end = 0;

    for (;;) {
        if (from >= len)
            return false;
        size_t n = data[from];
        if (n >= 0xc0) {
            if (from + 2 > len)
                return false;
            size_t to = (n & 0x3f) << 8 | data[from + 1];
            if (to >= limit)
                return false;
            end = end ? end : from + 2;
            from = limit = to;
            continue;
        }
        if (n > 63 || n > len - from - 1)
            return false;
        from++;
        if (n == 0)
            break;
        if (*used + n + 2 > size)
            return false;
        for (size_t i = 0; i < n; i++)
            if (!is_name(data[from + i]))
                return false;
        memcpy(text + *used, data + from, n);
        *used += n;
        text[(*used)++] = '.';
        from += n;
    }
    *at = end ? end : from;
    return true;
}

bool wire_domains(const uint8_t *data, size_t len, char *text, size_t size)
{
    size_t at = 0, used = 0;

    while (at < len && data[at]) { /* zeros at the end are padding */
        size_t before = used;
        if (!take(data, len, &at, text, size, &used))
            return false;
        if (used > before)
            text[used - 1] = ' '; /* in place of the last dot */
    }
    text[used ? used - 1 : 0] = '\0';
    return used > 0;
}
