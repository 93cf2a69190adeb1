/* SPDX-License-Identifier: MIT
 *
 * The pith command but for most of "pith run": the monitor is what users start as pith, because
 * each start of an image counts, and becomes this program for any other subcommand. Called as
 * pith-cc it is "pith cc"; called as ld, which gcc and clang do on behalf of pith cc, it is the
 * link step. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", cmd_run},         {"cc", cmd_cc},   {"pack", cmd_pack}, {"check", cmd_check},
    {"inspect", cmd_inspect}, {"net", cmd_net}, {"help", cmd_help},
};

static int no_command(const char *name)
{
    if (name[0] == '-')
        fprintf(stderr, "pith: unknown option %s\n", name);
    else
        fprintf(stderr, "pith: unknown command %s\n", name);
    if (strcmp(name, "build") == 0 || strcmp(name, "gcc") == 0 || strcmp(name, "link") == 0)
        fputs("pith: hint: pith cc compiles and links\n", stderr);
    else
        fputs("pith: hint: the commands are cc, run, pack, check, inspect, net and help; see pith help\n",
              stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 1)
        return EXIT_USAGE;
    const char *slash = strrchr(argv[0], '/');
    const char *self = slash != NULL ? slash + 1 : argv[0];
    if (strcmp(self, "pith-cc") == 0)
        return cmd_cc(argc, argv);
    if (strcmp(self, "ld") == 0)
        return cmd_ld(argc, argv);
    if (argc < 2) {
        fputs("pith: no command given\npith: hint: see pith help\n", stderr);
        return EXIT_USAGE;
    }

    const char *name = argv[1];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help_usage(NULL) ? 0 : EXIT_USAGE;
    if (strcmp(name, "--version") == 0) {
        puts("pith " PITH_VERSION);
        return 0;
    }
    return no_command(name);
}
