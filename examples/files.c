/* SPDX-License-Identifier: MIT
 *
 * Reads a file that was packed into the image, and writes another, which lives in memory until the
 * end: pith-cc -o files files.c pith pack files --root files.root pith run files */
#include <stdio.h>
#include <stdlib.h>

/* Copies the lines of (from) to (to), numbered. Returns how many, or -1. */
static int number_lines(const char *from, const char *to)
{
    char line[256];
    int n = 0;
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");

    if (!in || !out) {
        perror(in ? to : from);
        return -1;
    }
    while (fgets(line, sizeof(line), in))
        fprintf(out, "%d %s", ++n, line);
    fclose(in);
    return fclose(out) == 0 ? n : -1;
}

static int show(const char *name)
{
    char line[256];
    FILE *f = fopen(name, "r");

    if (!f) {
        perror(name);
        return -1;
    }
    while (fgets(line, sizeof(line), f))
        fputs(line, stdout);
    return fclose(f);
}

int main(void)
{
    int n = number_lines("/etc/greeting", "/tmp/numbered");

    if (n < 0 || show("/tmp/numbered") < 0)
        return EXIT_FAILURE;
    printf("%d lines\n", n);
    return 0;
}
