/* SPDX-License-Identifier: MIT
 *
 * Policies in image files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "image.h"
#include "policy.h"

/* What the link says: no network without a driver, all else. */
static void derive(const struct image *im, struct policy *p)
{
    unsigned any = (1u << PITH_POLICY_KINDS) - 1, devices = PITH_POLICY_DEVICES;

    if (!im->network) {
        any &= ~(1u << PITH_POLICY_LISTEN | 1u << PITH_POLICY_CONNECT | 1u << PITH_POLICY_LOOKUP);
        devices &= ~PITH_POLICY_NET;
    }
    *p = (struct policy){.head = {.magic = PITH_POLICY_MAGIC,
                                  .version = PITH_POLICY_VERSION,
                                  .size = sizeof(p->head),
                                  .devices = (uint8_t)devices,
                                  .any = (uint8_t)any}};
}

int policy_of(int fd, const struct image *im, struct policy *p, bool *given, struct fault *f)
{
    size_t len = min_size(im->policy_size, sizeof(p->bytes));

    *given = im->policy != 0;
    if (!*given) {
        derive(im, p);
        return 0;
    }
    if (pread(fd, p->bytes, len, (off_t)im->policy) != (ssize_t)len)
        return fault_set(f, EXIT_HOST, "cannot read the image's policy");
    if (!policy_sound(&p->head, len))
        return fault_set(f, EXIT_IMAGE, "broken image: its policy is not sound");
    return 0;
}

static int open_image(const char *path, int flags, struct image *im, struct fault *f)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0)
        return fault_set(f, EXIT_HOST, "%s", strerror(errno));
    if (image_check(fd, im, f) == 0)
        return fd;
    close(fd);
    return -1;
}

int policy_read(const char *path, struct policy *p, bool *given, struct fault *f)
{
    struct image im;
    int fd = open_image(path, O_RDONLY, &im, f);

    if (fd < 0)
        return -1;
    int result = policy_of(fd, &im, p, given, f);
    close(fd);
    return result;
}

int policy_fill(const char *path, const struct policy *p, struct fault *f)
{
    struct image im;
    int fd = open_image(path, O_RDWR, &im, f);
    int result = 0;

    if (fd < 0)
        return -1;
    if (im.policy_size < p->head.size)
        result = fault_set(f, EXIT_IMAGE, "the image has no room for a policy");
    else if (pwrite(fd, p->bytes, p->head.size, (off_t)im.policy) != p->head.size)
        result = fault_set(f, EXIT_HOST, "cannot write the policy: %s", strerror(errno));
    close(fd);
    return result;
}
