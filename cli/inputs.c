/* SPDX-License-Identifier: MIT
 *
 * The files of a link. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "cli.h"
#include "inputs.h"

/* The archive that "-lNAME", argument (i) of (link), means: the first libNAME.a of its folders,
 * which stand as "-LFOLDER" in one word. (path) has PATH_MAX bytes. */
static bool find_library(const struct args *link, size_t i, char *path)
{
    const char *name = link->v[i] + 2;
    if (*name == '\0' && (name = link->v[i + 1]) == NULL)
        return false;
    const char *before = name[0] == ':' ? "" : "lib", *after = name[0] == ':' ? "" : ".a";
    name += name[0] == ':';
    for (size_t k = 1; k < link->n; k++) {
        if (strncmp(link->v[k], "-L", 2) != 0)
            continue;
        int n = snprintf(path, PATH_MAX, "%s/%s%s%s", link->v[k] + 2, before, name, after);
        if (n < PATH_MAX && access(path, R_OK) == 0)
            return true;
    }
    return false;
}

/* Which of Pith's own libraries a file is part of; NULL: it is the program's. */
static const char *library_of(const char *path, const char *own)
{
    size_t len = strlen(own);
    if (strncmp(path, own, len) != 0 || path[len] != '/')
        return NULL;
    if (strcmp(path + len, "/libpith-missing.a") == 0)
        return "missing";
    return strcmp(path + len, "/libc.a") == 0 ? "libc" : "pith";
}

bool input_is_compilers(const char *path)
{
    const char *base = strrchr(path, '/');
    return base != NULL && strcmp(base, "/libgcc.a") == 0;
}

static int load(struct objects *o, const struct args *link, bool all)
{
    char own[PATH_MAX];
    int err = install_path(own, CC_LIB);
    for (size_t i = 1; err == 0 && i < link->n; i++) {
        const char *arg = link->v[i];
        char lib[PATH_MAX];
        if (strcmp(arg, "-o") == 0 || strcmp(arg, "-Map") == 0 || strcmp(arg, "-plugin") == 0) {
            i++;
            continue;
        }
        if (strncmp(arg, "-l", 2) == 0) {
            if (!find_library(link, i, lib))
                continue;
            arg = lib;
        }
        if (arg[0] == '-' || access(arg, R_OK) != 0)
            continue;
        const char *library = library_of(arg, own);
        if (!all && (library != NULL || input_is_compilers(arg)))
            continue;
        err = objects_add(o, arg, library);
        if (err == -EINVAL)
            err = 0; /* a folder or a device after an option that is not known here */
    }
    return err;
}

int inputs_load(struct objects *o, const struct args *link)
{
    return load(o, link, true);
}

int inputs_load_program(struct objects *o, const struct args *link)
{
    return load(o, link, false);
}
