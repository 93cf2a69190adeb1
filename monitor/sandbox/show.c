/* SPDX-License-Identifier: MIT
 *
 * The filter's table in words. */
#include <errno.h>
#include <stdio.h>

#include "monitor/sandbox/filter.h"

static void show_members(uint64_t mask)
{
    const char *before = "one of ";
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1) {
            printf("%s%d", before, i);
            before = ", ";
        }
}

static void show_check(const struct filter_arg *a)
{
    printf("    %-8s ", a->name);
    if (a->text)
        printf("%s", a->text);
    else if (a->check == CHECK_IS)
        printf("%ld", (long)a->a);
    else if (a->check == CHECK_AT_MOST)
        printf("at most %lu", (unsigned long)a->a);
    else if (a->check == CHECK_RANGE)
        printf("from 0x%lx to below 0x%lx", (unsigned long)a->a, (unsigned long)a->b);
    else if (a->check == CHECK_ONE_OF)
        show_members(a->a);
    putchar('\n');
}

int filter_show(const struct filter_call *calls)
{
    puts("While a guest runs, its process may make these system calls, with these arguments.\n"
         "Any other ends it with a report; one of another architecture kills it at once.\n");
    for (size_t i = 0; calls[i].name; i++) {
        bool again = i > 0 && calls[i - 1].or_next;
        printf("%s: %s\n", again ? "  or" : calls[i].name, calls[i].purpose);
        for (size_t j = 0; j < FILTER_ARGS && calls[i].arg[j].check != CHECK_NONE; j++)
            show_check(&calls[i].arg[j]);
    }
    return fflush(stdout) ? -EIO : 0;
}
