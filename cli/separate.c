/* SPDX-License-Identifier: MIT
 *
 * Debug information in a file of its own (ld.h), linked as GNU's tools do it: the image's section
 * ".gnu_debuglink" holds the file's name and checksum. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "ld.h"

/* Runs objcopy with two arguments. */
static int objcopy(const char *option, const char *from, const char *to)
{
    struct args a = {0};
    char none[1];
    args_add(&a, "objcopy");
    args_addf(&a, "--%s", option);
    args_add(&a, from);
    args_add(&a, to);
    return a.failed ? -ENOMEM : capture_text(a.v, none, sizeof(none));
}

int debug_separate(const char *image)
{
    char file[PATH_MAX], link[PATH_MAX + 32];
    if (snprintf(file, sizeof(file), "%s.debug", image) >= (int)sizeof(file))
        return -ENAMETOOLONG;
    snprintf(link, sizeof(link), "add-gnu-debuglink=%s", file);
    int err = objcopy("only-keep-debug", image, file);
    if (err == 0)
        err = objcopy("strip-all", image, image);
    if (err == 0)
        err = objcopy(link, image, image);
    if (err != 0)
        (void)unlink(file);
    return err;
}
