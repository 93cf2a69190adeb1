/* SPDX-License-Identifier: MIT
 *
 * pith run: becomes the monitor, which takes the arguments as they are and knows what they mean.
 * Its start is part of every image's start, so nothing else happens here: two system calls. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int cmd_run(int argc, char **argv)
{
    (void)argc;
    char monitor[PATH_MAX];
    int err = install_path(monitor, "libexec/pith/pith-monitor");
    if (err == 0) {
        argv[0] = monitor;
        execv(monitor, argv);
        err = -errno;
        fprintf(stderr, "pith run: cannot start %s: %s\n", monitor, strerror(-err));
    } else {
        fprintf(stderr, "pith run: cannot find Pith's own folder (is /proc mounted?): %s\n",
                strerror(-err));
    }
    return EXIT_HOST;
}
