/* SPDX-License-Identifier: MIT
 *
 * pith help: the manual pages, or, where there is no man, a short text. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

static const char usage_pith[] =
    "usage: pith COMMAND [ARGUMENTS]\n"
    "\n"
    "  pith cc [GCC ARGUMENTS]              compile and link a C program into an image\n"
    "  pith run [OPTIONS] IMAGE [ARG...]    run an image\n"
    "  pith pack IMAGE --root DIR [-o OUT]  put files into an image\n"
    "  pith check FILE...                   say what a program uses that Pith does not have\n"
    "  pith inspect IMAGE [--why SERVICE]   say what is in an image, and why\n"
    "  pith net up NAME [ADDR/LEN]          make a network to try programs in\n"
    "  pith net down NAME                   take it away\n"
    "  pith help [COMMAND]                  show the manual page of a command\n"
    "  pith --version\n";

static const char usage_cc[] =
    "usage: pith cc [GCC ARGUMENTS]\n"
    "   or: pith-cc [GCC ARGUMENTS]\n"
    "\n"
    "Compiles and links as gcc does; what it links is an image. Besides gcc's own:\n"
    "\n"
    "  --policy FILE     what the image may do: see pith help policy\n"
    "  --allow-missing   link although the program needs system calls that Pith does not\n"
    "                    have; they fail with ENOSYS when called\n"
    "  --target=hosted   leave out the platform for virtual machines; bare: leave out the one for\n"
    "                    processes; universal (default): both\n"
    "  --lto             optimise the program as a whole when it is linked\n"
    "  --separate-debug  put debug information into a file beside the image, IMAGE.debug\n"
    "  --deny=SERVICE,... fail, and say why, if the image would have one of these services\n"
    "                    (pith inspect prints those it has)\n"
    "  --budget=SIZE     fail if more than SIZE bytes (64K, 1M) of the image are loaded\n"
    "  --component=NAME@VERSION[,sha256=HASH][,purl=URL][,license=ID]\n"
    "                    name a part of the program for the image's bill of materials\n"
    "  --help            show this\n"
    "\n"
    "Without an -O option programs are compiled with -Os. PITH_CC names the compiler to use, gcc or\n"
    "clang; gcc by default.\n";

static const char usage_pack[] =
    "usage: pith pack IMAGE [--root DIR] [--policy FILE] [-o OUT]\n"
    "   or: pith pack IMAGE --list\n"
    "\n"
    "Puts the files below DIR into the image as its root file system, in place of what it has, and a\n"
    "policy: what it may do.\n"
    "\n"
    "  --root DIR     the folder that becomes the image's root\n"
    "  --policy FILE  its policy: see pith help policy\n"
    "  -o OUT         write to OUT and leave IMAGE as it is\n"
    "  --list         print what is in the image's root file system\n"
    "  --help         show this\n"
    "\n"
    "SOURCE_DATE_EPOCH, if set, is the latest time that a packed file may have.\n";

static const char usage_check[] = "usage: pith check [--json] FILE...\n"
                                  "\n"
                                  "Says what programs, libraries, object files and archives that "
                                  "were built for Linux use of which\n"
                                  "Pith has only a part, or nothing.\n"
                                  "\n"
                                  "  --json   print a JSON array\n"
                                  "  --help   show this\n"
                                  "\n"
                                  "Exit status: 0 nothing of the kind; 1 something is partial; 2 "
                                  "something is absent; 125 error.\n";

static const char usage_inspect[] =
    "usage: pith inspect [OPTIONS] IMAGE\n"
    "   or: pith inspect IMAGE IMAGE\n"
    "\n"
    "Says what is in an image: services of the library OS with their sizes, segments, entry points,\n"
    "needs, and how it was built; of two images, what differs.\n"
    "\n"
    "  --why SERVICE  print the chain of functions that brings a service into the image\n"
    "  --json         print all of it as JSON\n"
    "  --sbom         print a bill of materials (CycloneDX)\n"
    "  --lines        count the lines of source of each service\n"
    "  --html FILE    write all of it to FILE as a page to explore in a browser\n"
    "  --debug FILE   take the map and line numbers from FILE, if IMAGE is stripped\n"
    "  --help         show this\n"
    "\n"
    "Exit status: 0; 1 the image does not have the service; 2 wrong usage; 125 the file cannot be\n"
    "read; 126 it is no image, or has no map.\n";

static const char usage_net[] =
    "usage: pith net up NAME [ADDR/LEN]\n"
    "   or: pith net down NAME\n"
    "\n"
    "Makes a network namespace NAME with a TAP device NAME in it, for pith run --net tap:NAME, and\n"
    "takes both away again. ADDR/LEN is the host's address there. Only root may.\n"
    "\n"
    "  ip netns exec NAME COMMAND   runs a command in that namespace\n";

static const char usage_policy[] =
    "usage: pith cc --policy FILE ...      give an image a policy when linking it\n"
    "   or: pith pack --policy FILE IMAGE  give it to one that is linked\n"
    "   or: pith run --policy FILE IMAGE   permit no more than this besides\n"
    "   or: pith run --show-policy IMAGE   print it\n"
    "\n"
    "A policy lists what the program may do, a statement a line; what it does not name is refused:\n"
    "\n"
    "  listen none|any|tcp ADDRESS PORTS|udp ADDRESS PORTS|icmp ADDRESS\n"
    "  connect likewise\n"
    "  lookup none|any|NAME...    names; *.NAME: all that end so\n"
    "  write none|any|PATH...     files at and below PATH\n"
    "  memory SIZE                with K, M or G\n"
    "  devices none|net|disk|console...\n"
    "\n"
    "ADDRESS is any, ADDR or ADDR/LEN; PORTS is any, PORT or FIRST-LAST.\n";

static const char usage_help[] = "usage: pith help [COMMAND]\n";

bool help_usage(const char *name)
{
    const char *text;
    if (name == NULL)
        text = usage_pith;
    else if (strcmp(name, "cc") == 0)
        text = usage_cc;
    else if (strcmp(name, "pack") == 0)
        text = usage_pack;
    else if (strcmp(name, "check") == 0)
        text = usage_check;
    else if (strcmp(name, "inspect") == 0)
        text = usage_inspect;
    else if (strcmp(name, "net") == 0)
        text = usage_net;
    else if (strcmp(name, "policy") == 0)
        text = usage_policy;
    else if (strcmp(name, "help") == 0)
        text = usage_help;
    else
        return false;
    fputs(text, stdout);
    return true;
}

/* Shows the page with man. False: there is no man, or it cannot show it. */
static bool show_page(const char *page)
{
    char path[PATH_MAX], rel[64];
    snprintf(rel, sizeof(rel), "share/man/man1/%s.1", page);
    if (install_path(path, rel) != 0 || access(path, R_OK) != 0)
        return false;

    /* Its complaints would only disturb: the text is shown instead. */
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    char *argv[] = {(char *)"man", (char *)"--", path, NULL};
    pid_t pid;
    int err = posix_spawnp(&pid, "man", &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (err != 0)
        return false;
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int cmd_help(int argc, char **argv)
{
    if (argc > 2) {
        fputs("pith help: one command at a time\n", stderr);
        return EXIT_USAGE;
    }
    const char *name = argc == 2 ? argv[1] : NULL;
    if (name != NULL && strcmp(name, "--help") == 0)
        name = "help";
    bool is_run = name != NULL && strcmp(name, "run") == 0;
    static const char *const names[] = {"cc", "run", "pack", "check", "net", "policy", "help"};
    bool known = name == NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && !known; i++)
        known = strcmp(name, names[i]) == 0;
    if (!known) {
        fprintf(stderr, "pith help: unknown command %s\n", name);
        fputs("pith: hint: the commands are cc, run, pack, check, net and help\n", stderr);
        return EXIT_USAGE;
    }

    char page[32];
    snprintf(page, sizeof(page), "pith%s%s", name != NULL ? "-" : "", name != NULL ? name : "");
    if (show_page(page))
        return 0;
    if (is_run) {
        /* The monitor knows its own options. */
        char monitor[PATH_MAX];
        char *run[] = {monitor, (char *)"--help", NULL};
        if (install_path(monitor, "libexec/pith/pith-monitor") == 0)
            execv(monitor, run);
        fputs("pith help: cannot start the monitor\n", stderr);
        return EXIT_HOST;
    }
    return help_usage(name) ? 0 : EXIT_USAGE;
}
