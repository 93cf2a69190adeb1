/* SPDX-License-Identifier: MIT
 *
 * Messages, from the first instruction of C on: base/log.c needs the boot info. */
#include "bare/bare.h"

void say_text(const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    serial_put(SERIAL_ERR, text, len);
}

static void say_digits(uint64_t n, unsigned base, unsigned least)
{
    char digits[24];
    unsigned at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n || sizeof(digits) - at < least);
    serial_put(SERIAL_ERR, digits + at, sizeof(digits) - at);
}

void say_number(uint64_t n)
{
    say_digits(n, 10, 1);
}

void say_hex(uint64_t n, unsigned digits)
{
    say_digits(n, 16, digits);
}
