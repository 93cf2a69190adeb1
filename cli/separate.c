/* SPDX-License-Identifier: MIT
 *
 * Debug information in a file of its own (ld.h), linked as GNU's tools do it: the image's section
 * ".gnu_debuglink" holds the file's name and checksum. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "capture.h"
#include "ld.h"

/* Runs objcopy with three words. */
static int objcopy(const char *one, const char *two, const char *three)
{
    struct args a = {0};
    char none[1];
    args_add(&a, "objcopy");
    args_add(&a, one);
    args_add(&a, two);
    args_add(&a, three);
    return a.failed ? -ENOMEM : capture_text(a.v, none, sizeof(none));
}

int debug_separate(const char *image)
{
    char file[PATH_MAX], link[PATH_MAX + 32];
    if (snprintf(file, sizeof(file), "%s.debug", image) >= (int)sizeof(file))
        return -ENAMETOOLONG;
    snprintf(link, sizeof(link), "--add-gnu-debuglink=%s", file);
    int err = objcopy("--only-keep-debug", image, file);
    if (err == 0)
        err = objcopy("--strip-all", link, image);
    if (err != 0)
        (void)unlink(file);
    return err;
}
