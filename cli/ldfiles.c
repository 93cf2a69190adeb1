/* SPDX-License-Identifier: MIT
 *
 * Files of a link (ldfiles.h). */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"
#include "ldfiles.h"
#include "linkmap.h"

int description_ask(struct description *d, struct args *link)
{
    size_t kept = 0;
    *d = (struct description){.fd = -1};
    for (size_t i = 0; i < link->n; i++) {
        const char *arg = link->v[i];
        const char *word = starts(arg, "--M") ? arg + 1 : arg;
        if (strcmp(arg, "-M") == 0 || strcmp(arg, "--print-map") == 0) {
            d->print = true;
            continue;
        }
        if (strcmp(word, "-Map") == 0 && i + 1 < link->n)
            d->path = link->v[i + 1];
        else if (starts(word, "-Map="))
            d->path = word + strlen("-Map=");
        link->v[kept++] = link->v[i];
    }
    link->n = kept;
    link->v[kept] = NULL;
    if (d->path != NULL)
        return 0;
    /* Open for ld, too, which finds it by this name. */
    d->fd = memfd_create("map", 0);
    if (d->fd < 0)
        return -errno;
    snprintf(d->own, sizeof(d->own), "/proc/self/fd/%d", d->fd);
    d->path = d->own;
    args_addf(link, "-Map=%s", d->path);
    return 0;
}

char *description_read(const struct description *d)
{
    char *text = file_text(d->path);
    if (text != NULL && d->print)
        fputs(text, stdout);
    return text;
}

bool temporaries_make(char path[PATH_MAX])
{
    const char *where = getenv("TMPDIR");
    int n = snprintf(path, PATH_MAX, "%s/pith-ld-XXXXXX", where != NULL ? where : "/tmp");
    if (n < PATH_MAX && mkdtemp(path) != NULL && setenv("TMPDIR", path, 1) == 0)
        return true;
    path[0] = '\0';
    return false;
}

void lto_keep(struct args *link, const char *plugin, const char *folder)
{
    if (strstr(plugin, "LLVMgold") != NULL)
        args_addf(link, "-plugin-opt=obj-path=%s/clang" LTO_ENDING, folder);
    else
        args_add(link, "-plugin-opt=-save-temps");
}

void lto_forget(const struct args *args, const char *output)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < args->n; i++)
        if (strcmp(args->v[i], "-plugin-opt=-save-temps") == 0)
            return;
    if (snprintf(path, sizeof(path), "%s.lto_wrapper_args", output) < (int)sizeof(path))
        (void)unlink(path);
}

void temporaries_remove(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        (void)unlinkat(dirfd(dir), e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    (void)rmdir(path);
}
