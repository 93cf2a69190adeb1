/* SPDX-License-Identifier: MIT
 *
 * usage: iconv ENCODING
 * Decodes every byte sequence of ENCODING (of four-byte ones every seventh) to UTF-8 and prints
 * those that are characters, one a line, as "bytes UTF-8" in hex. The output pointers, and guards
 * on both sides of the buffer, are checked after each. */
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 16
#define SPACE 16

static iconv_t cd;

static void fail(const char *what, const unsigned char *bytes, size_t n)
{
    printf("%s:", what);
    for (size_t i = 0; i < n; i++)
        printf(" %02x", bytes[i]);
    printf("\n");
    exit(1);
}

/* Returns errno, 0 for a character. */
static int decode(const unsigned char *bytes, size_t n)
{
    unsigned char room[GUARD + SPACE + GUARD];
    char in[4], *from = in, *to = (char *)room + GUARD;
    size_t left = n, space = SPACE;

    memcpy(in, bytes, n);
    memset(room, 0xa5, sizeof(room));
    errno = 0;
    size_t r = iconv(cd, &from, &left, &to, &space);
    for (size_t i = 0; i < GUARD; i++) {
        if (room[i] != 0xa5 || room[GUARD + SPACE + i] != 0xa5)
            fail("written outside the buffer", bytes, n);
    }
    size_t made = to - (char *)room - GUARD;
    if (space != SPACE - made || made > SPACE || (made == 0) != (r == (size_t)-1))
        fail("output pointer is wrong", bytes, n);
    if (r == (size_t)-1)
        return errno;
    for (size_t i = 0; i < n; i++)
        printf("%02x", bytes[i]);
    printf(" ");
    for (unsigned char *p = room + GUARD; p < (unsigned char *)to; p++)
        printf("%02x", *p);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    cd = iconv_open("UTF-8", argc > 1 ? argv[1] : "");
    if (cd == (iconv_t)-1)
        return 2;
    for (unsigned a = 0; a < 256; a++) {
        if (decode((unsigned char[]){a}, 1) != EINVAL)
            continue;
        for (unsigned b = 0; b < 256; b++) {
            if (decode((unsigned char[]){a, b}, 2) != EINVAL)
                continue;
            for (unsigned c = 0; c < 65536; c += 7)
                decode((unsigned char[]){a, b, c / 256, c % 256}, 4);
        }
    }
    return 0;
}
