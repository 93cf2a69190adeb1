/* SPDX-License-Identifier: MIT
 *
 * What the programs of this folder print with. Output must be the same on every run and every
 * machine: no addresses, no times, no process ids. */
#ifndef CALLS_H
#define CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Evaluates a call once and prints it with its result, or the error text where that is -1. */
#define T(call) report(#call, (long long)(call))

/* Prints a condition and whether it holds. */
#define IS(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "no")

/* For results whose exact value may differ (addresses, times, counts): only success or the error.
 */
#define OK(call) printf("%s: %s\n", #call, (long long)(call) == -1 ? strerror(errno) : "ok")

static inline long long report(const char *call, long long result)
{
    if (result == -1)
        printf("%s: %s\n", call, strerror(errno));
    else
        printf("%s = %lld\n", call, result);
    return result;
}

/* Ends the program if a preparation, not what is tested, fails. */
static inline void need(bool ok, const char *what)
{
    if (!ok) {
        printf("cannot prepare: %s: %s\n", what, strerror(errno));
        exit(99);
    }
}

/* A file called (name) that holds (text). */
static inline void put_file(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), name);
    close(fd);
}

/* Prints the contents of a file, control characters as dots. */
static inline void show_file(const char *name)
{
    char buf[512];
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        printf("%s: %s\n", name, strerror(errno));
        return;
    }
    for (ssize_t i = 0; i < n; i++)
        if ((unsigned char)buf[i] < ' ' || (unsigned char)buf[i] > '~')
            buf[i] = '.';
    printf("%s holds %zd: %.*s\n", name, n, (int)n, buf);
}

/* A folder of its own to work in, so that nothing else is in the way. */
static inline void enter_folder(void)
{
    need(mkdir("w", 0755) == 0 && chdir("w") == 0, "folder w");
}

#endif
