/* SPDX-License-Identifier: MIT
 *
 * exit: functions registered with atexit in reverse order, streams flushed, status cut to eight
 * bits. */
#include "calls.h"

__attribute__((constructor)) static void first(void)
{
    IS(getenv("PATH") == NULL);
}

__attribute__((constructor(200))) static void before_first(void)
{
    printf("constructor with a priority\n");
}

__attribute__((destructor)) static void last(void)
{
    printf("destructor\n");
}

static void one(void)
{
    printf("one\n");
}

static void nested(void)
{
    printf("nested\n");
    atexit(one);
}

static void quick(void)
{
    printf("never: exit is not quick\n");
}

int main(void)
{
    FILE *f = fopen("left-open", "w");
    T(atexit(one));
    T(atexit(nested));
    T(at_quick_exit(quick));
    for (int i = 0; i < 40; i++)
        need(atexit(one) == 0, "atexit");
    fputs("unflushed", f);
    printf("no newline at the end of main;");
    exit(256 + 42);
}
