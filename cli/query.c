/* SPDX-License-Identifier: MIT
 *
 * Questions that build systems ask a compiler about its files: answered for Pith's folders, so that
 * nobody is led to the host's libraries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "cli.h"

static bool file_in(const char *folder, const char *name, char *path)
{
    char dir[PATH_MAX];
    if (install_path(dir, folder) != 0)
        return false;
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n < PATH_MAX && access(path, F_OK) == 0;
}

/* Whether the file (path) is one of the compiler's own: gcc's are beside libgcc.a, clang has its
 * headers in a folder that is named after it. */
static bool is_compilers_own(const struct compiler *cc, const char *path)
{
    char real[PATH_MAX], libgcc[PATH_MAX], folder[PATH_MAX];
    if (realpath(path, real) == NULL)
        return false;
    if (cc->clang && strstr(real, "/lib/clang/") != NULL)
        return true;
    if (compiler_libgcc(cc, libgcc) != 0 || realpath(libgcc, folder) == NULL)
        return false;
    char *slash = strrchr(folder, '/');
    return slash != NULL && strncmp(real, folder, (size_t)(slash + 1 - folder)) == 0;
}

/* -print-file-name: Pith's files, and the compiler's; what is found elsewhere is the host's and not
 * for images. The name alone means: not found. */
static void print_file_name(const struct compiler *cc, const char *question, const char *name)
{
    char path[PATH_MAX];
    bool found =
        file_in(CC_LIB, name, path) ||
        (compiler_ask(cc, question, path, sizeof(path)) == 0 && is_compilers_own(cc, path));
    puts(found ? path : name);
}

static void print_search_dirs(void)
{
    char root[PATH_MAX], tools[PATH_MAX], lib[PATH_MAX];
    if (install_path(root, "lib/pith") != 0 || install_path(tools, CC_TOOLS) != 0 ||
        install_path(lib, CC_LIB) != 0)
        return;
    printf("install: %s/\nprograms: =%s/\nlibraries: =%s/\n", root, tools, lib);
}

bool query_answer(const struct compiler *cc, const char *question, int *status)
{
    char path[PATH_MAX];
    *status = 0;
    if (strcmp(question, "-dumpmachine") == 0) {
        puts(CC_MACHINE);
    } else if (strcmp(question, "-print-multiarch") == 0) {
        /* The folder names of a Debian architecture, of which this is none. */
        puts("");
    } else if (strcmp(question, "-print-sysroot") == 0) {
        if (install_path(path, "lib/pith") == 0)
            puts(path);
    } else if (strcmp(question, "-print-search-dirs") == 0) {
        print_search_dirs();
    } else if (strcmp(question, "-print-libgcc-file-name") == 0) {
        *status = compiler_libgcc(cc, path) == 0 ? 0 : EXIT_BUILD;
        puts(*status == 0 ? path : "libgcc.a");
    } else if (starts(question, "-print-file-name=")) {
        print_file_name(cc, question, strchr(question, '=') + 1);
    } else if (strcmp(question, "-print-prog-name=ld") == 0 && file_in(CC_TOOLS, "ld", path)) {
        puts(path);
    } else {
        return false;
    }
    return true;
}
