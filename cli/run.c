/* SPDX-License-Identifier: MIT
 *
 * What pith run leaves to the pith command: --on qemu, which needs no monitor, and policies, which the monitor takes
 * compiled. If neither was meant after all, becomes the monitor. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "qemu.h"
#include "run_policy.h"

static int start_monitor(struct args *a)
{
    char monitor[PATH_MAX];
    int err = install_path(monitor, "libexec/pith/pith-monitor");
    if (err == 0) {
        a->v[0] = monitor;
        execv(monitor, a->v);
        err = -errno;
        fprintf(stderr, "pith run: cannot start %s: %s\n", monitor, strerror(-err));
    } else {
        fprintf(stderr, "pith run: cannot find Pith's own folder (is /proc mounted?): %s\n",
                strerror(-err));
    }
    return EXIT_HOST;
}

/* Copies the options to (to) but for those about policies, which it takes. Returns 0, or the exit status after a
 * message; *image: index of the image in (to), or of the end. */
static int take_options(struct args *to, char **argv, struct run_policy *r, bool *show,
                        size_t *image)
{
    int at = 1;
    args_add(to, argv[0]);
    for (; argv[at] != NULL && argv[at][0] == '-' && strcmp(argv[at], "--") != 0; at++) {
        int first = at;
        const char *value = qemu_option_value(argv, &at);
        if (strcmp(argv[first], "--show-policy") == 0) {
            *show = true;
        } else if (strcmp(argv[first], "--policy") == 0 || strncmp(argv[first], "--policy=", 9) == 0) {
            if (value == NULL || *value == '\0' || r->file != NULL) {
                fprintf(stderr, "pith: --policy: one file must follow; see pith run --help\n");
                return EXIT_HOST;
            }
            r->file = value;
        } else {
            for (; first <= at; first++)
                args_add(to, argv[first]);
        }
    }
    if (argv[at] != NULL && strcmp(argv[at], "--") == 0)
        args_add(to, argv[at++]);
    *image = to->n;
    for (; argv[at] != NULL; at++)
        args_add(to, argv[at]);
    return 0;
}

/* Puts the compiled policy behind the command's name. */
static void add_compiled(struct args *to, const struct args *from, const struct run_policy *r)
{
    args_add(to, from->v[0]);
    args_addf(to, "--compiled-policy=%s", r->hex);
    for (size_t i = 1; i < from->n; i++)
        args_add(to, from->v[i]);
}

int cmd_run(int argc, char **argv)
{
    static struct run_policy policy;
    struct args plain = {0}, compiled = {0};
    bool show = false;
    size_t image;

    int status = take_options(&plain, argv, &policy, &show, &image);
    if (status != 0)
        return status;
    if ((show || policy.file != NULL) && image == plain.n) {
        fputs("pith: run: no image named; usage: pith run [OPTION]... IMAGE [ARGUMENT]...\n", stderr);
        return EXIT_HOST;
    }
    if (!show && qemu_wanted(argv))
        return qemu_run(argc, argv);
    if (show || policy.file != NULL)
        status = run_policy_read(&policy, plain.v[image]);
    if (status != 0)
        return status;
    if (show)
        return run_policy_show(&policy);
    if (policy.file == NULL)
        return start_monitor(&plain);
    add_compiled(&compiled, &plain, &policy);
    return start_monitor(&compiled);
}
