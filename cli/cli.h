/* SPDX-License-Identifier: MIT
 *
 * What the files of the pith command share: its subcommands and where it is installed. */
#ifndef PITH_CLI_CLI_H
#define PITH_CLI_CLI_H

#include <limits.h>

#include "base/base.h"

/* Exit codes besides 0: what the user asked for makes no sense; the source or the link is at fault,
 * as gcc has it; this machine prevents it; the image is not one, or is broken. */
#define EXIT_USAGE 2
#define EXIT_BUILD 1
#define EXIT_HOST  125
#define EXIT_IMAGE 126

/* The subcommands. (argv[0]) is the subcommand's own name; (argv) ends with NULL. Each prints its
 * messages itself and returns the exit status. cmd_ld is what gcc and clang run as their linker. */
int cmd_cc(int argc, char **argv);
int cmd_ld(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_net(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* Prints what pith, or its subcommand (name), takes. False: there is no such subcommand. */
bool help_usage(const char *name);

/* Writes the absolute name of the installed file (rel), which is relative to the folder that holds
 * bin/, into (buf). Works in the build folder as in an installation, since it starts from the
 * running program. Returns 0; -ENAMETOOLONG; or why the program's own name cannot be read (/proc
 * not mounted). */
must_check int install_path(char buf[PATH_MAX], const char *rel);

#endif
