/* SPDX-License-Identifier: MIT
 *
 * Options of commands. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "options.h"

int usage_fault(const char *command, const char *what, const char *arg)
{
    fprintf(stderr, "pith %s: %s%s\npith %s: hint: see pith help %s\n", command, what, arg, command,
            command);
    return EXIT_USAGE;
}

bool option_value(const char *name, char **argv, int *i, const char **value)
{
    size_t len = strlen(name);
    const char *arg = argv[*i];
    if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return false;
    *value = arg[len] == '=' ? arg + len + 1 : argv[++*i];
    return true;
}
