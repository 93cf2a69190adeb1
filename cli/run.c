/* SPDX-License-Identifier: MIT
 *
 * pith run --on qemu, which needs no monitor. If it was not meant after all, becomes the monitor.
 */
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
