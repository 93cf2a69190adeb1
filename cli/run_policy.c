/* SPDX-License-Identifier: MIT
 *
 * The policies of a run. */
#include "run_policy.h"

#include <errno.h>
#include <string.h>

#include "cli.h"

int run_policy_read(struct run_policy *r, const char *path)
{
    struct fault f;

    if (policy_read(path, &r->image, &r->image_given, &f) != 0) {
        fprintf(stderr, "pith: %s: %s\n", path, f.text);
        return f.status;
    }
    if (r->file == NULL)
        return 0;
    if (policy_load(r->file, &r->option, &f) != 0) {
        fprintf(stderr, "pith: %s\n", f.text);
        return EXIT_HOST;
    }
    if (r->image_given)
        policy_tell_wider(stderr, r->file, &r->image, &r->option);
    policy_hex(&r->option, r->hex);
    return 0;
}

int run_policy_show(const struct run_policy *r)
{
    static struct policy both;
    const struct policy *p = &r->image;

    if (r->file != NULL) {
        if (!policy_narrow(&both, &r->image, &r->option)) {
            fputs("pith: what both policies permit is too long to print as one\n", stderr);
            return EXIT_HOST;
        }
        p = &both;
    }
    if (!r->image_given)
        puts("# the image has no policy: this follows from its link");
    policy_print(stdout, p);
    return fflush(stdout) == 0 ? 0 : EXIT_HOST;
}

/* Says that the policy (p) of (whose) does not permit (what), in (line). */
static int refuse(const char *what, const char *whose, unsigned line)
{
    if (line)
        fprintf(stderr, "pith: %s: %s does not permit it, in line %u\n", what, whose, line);
    else
        fprintf(stderr, "pith: %s: %s does not permit it: it has no line that does\n", what, whose);
    return EXIT_IMAGE;
}

static int check_one(const struct pith_policy *p, const char *whose, uint64_t *memory, bool given,
                     unsigned devices)
{
    if (p->memory_max && *memory > p->memory_max && given)
        return refuse("so much memory (-m)", whose, p->memory_line);
    if (p->memory_max && *memory > p->memory_max)
        *memory = p->memory_max;
    if (devices & PITH_POLICY_NET & ~p->devices)
        return refuse("--net", whose, policy_device_line(p, PITH_POLICY_NET));
    if (devices & PITH_POLICY_DISK & ~p->devices)
        return refuse("--disk", whose, policy_device_line(p, PITH_POLICY_DISK));
    return 0;
}

int run_policy_check(const struct run_policy *r, uint64_t *memory, bool given, bool nets, bool disks)
{
    unsigned devices = (nets ? PITH_POLICY_NET : 0) | (disks ? PITH_POLICY_DISK : 0);
    int status = 0;

    if (r->image_given)
        status = check_one(&r->image.head, "the image's policy", memory, given, devices);
    if (status == 0 && r->file != NULL)
        status = check_one(&r->option.head, "the policy of --policy", memory, given, devices);
    return status;
}
