/* SPDX-License-Identifier: MIT
 *
 * The files that a link makes besides the image: ld's map, and temporary ones. */
#ifndef PITH_CLI_LDFILES_H
#define PITH_CLI_LDFILES_H

#include <limits.h>

#include "args.h"

/* ld's map file: one that nobody else sees, unless the user asked for one. */
struct description {
    const char *path;
    int fd;     /* of our own; -1: it is the user's */
    bool print; /* the user wants it on standard output */
    char own[32];
};

/* Finds out about the map file, and asks (link) for it. Returns 0 or a negative error number. */
must_check int description_ask(struct description *d, struct args *link);

/* The map file's text, for the caller to free. NULL: it cannot be read. */
char *description_read(const struct description *d);

/* Makes a folder for temporary files of ld and its plugin: the objects that link-time optimisation
 * makes of the program are to be described before they go. Programs that are started use it. False:
 * it cannot be made. */
must_check bool temporaries_make(char path[PATH_MAX]);

/* Makes the compiler's plugin, the file (plugin), leave the objects that it makes there. */
void lto_keep(struct args *link, const char *plugin, const char *folder);

/* Removes what gcc's plugin leaves beside (output) for that, unless the link, of (args), was to keep
 * such files anyway. */
void lto_forget(const struct args *args, const char *output);

/* Removes it, with its files. */
void temporaries_remove(const char *path);

#endif
