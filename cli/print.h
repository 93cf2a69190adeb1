/* SPDX-License-Identifier: MIT
 *
 * Printing what files say. */
#ifndef PITH_CLI_PRINT_H
#define PITH_CLI_PRINT_H

#include <stdio.h>

/* Prints a name from a file: what could upset a terminal does not reach it. Returns how many
 * columns it takes. */
static inline int print_name(FILE *f, const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++, n++)
        putc((unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f ? *s : '?', f);
    return n;
}

/* The same in a column of (width), which one space at least ends. */
static inline void print_column(FILE *f, const char *s, int width)
{
    int at = print_name(f, s);
    fprintf(f, "%*s", at < width ? width - at : 1, "");
}

/* Prints (n) bytes in the unit that people read: "812 B", "47.6 KiB", "1.21 MiB". */
static inline void print_size(FILE *f, unsigned long long n)
{
    if (n < 10240)
        fprintf(f, "%llu B", n);
    else if (n < 10240 * 1024ull)
        fprintf(f, "%.1f KiB", (double)n / 1024);
    else
        fprintf(f, "%.1f MiB", (double)n / (1024 * 1024));
}

#endif
