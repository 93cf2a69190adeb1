/* SPDX-License-Identifier: MIT
 *
 * pith run: becomes the monitor, which takes the arguments as they are and knows what they mean; but for
 * --on qemu, which needs no monitor. Its start is part of every image's start, so nothing else happens here: two system calls. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "qemu.h"

int cmd_run(int argc, char **argv)
{
    if (qemu_wanted(argv))
        return qemu_run(argc, argv);
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
