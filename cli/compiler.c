/* SPDX-License-Identifier: MIT
 *
 * The compiler behind pith cc, and what it is asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "cc.h"
#include "cli.h"

int compiler_ask(const struct compiler *cc, const char *option, char *buf, size_t size)
{
    /* clang would otherwise answer for its own run-time library, which need not be installed. */
    char *argv[] = {(char *)cc->name, (char *)option, NULL, NULL};
    if (cc->clang)
        argv[2] = (char *)"--rtlib=libgcc";
    return capture_line(argv, buf, size);
}

int compiler_libgcc(const struct compiler *cc, char *buf)
{
    int err = compiler_ask(cc, "-print-libgcc-file-name", buf, PATH_MAX);
    if (err == 0 && access(buf, R_OK) != 0)
        err = -errno;
    return err;
}

int compiler_find(struct compiler *cc)
{
    const char *name = getenv("PITH_CC");
    cc->name = name != NULL && name[0] != '\0' ? name : "gcc";
    const char *slash = strrchr(cc->name, '/');
    const char *base = slash != NULL ? slash + 1 : cc->name;
    cc->clang = strstr(base, "clang") != NULL;
    if (cc->clang || strstr(base, "gcc") != NULL)
        return 0;

    /* Some other name, such as cc: it must say itself what it is. */
    char line[256];
    cc->clang = false;
    int err = compiler_ask(cc, "--version", line, sizeof(line));
    if (err == -ENOENT) {
        fprintf(stderr, "pith cc: there is no compiler %s (PITH_CC)\n", cc->name);
        return EXIT_BUILD;
    }
    if (err != 0) {
        fprintf(stderr, "pith cc: %s --version (PITH_CC): %s\n", cc->name, strerror(-err));
        return EXIT_BUILD;
    }
    cc->clang = strstr(line, "clang") != NULL;
    return 0;
}
