/* SPDX-License-Identifier: MIT
 *
 * Where Pith is installed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int install_path(char buf[PATH_MAX], const char *rel)
{
    ssize_t n = readlink("/proc/self/exe", buf, PATH_MAX);
    if (n < 0)
        return -errno;
    if (n == PATH_MAX)
        return -ENAMETOOLONG;
    buf[n] = '\0';

    /* The kernel's name of the program is canonical: drop "/libexec/pith/pith-cli". */
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(buf, '/');
        if (slash == NULL)
            return -ENOENT;
        *slash = '\0';
    }
    size_t prefix = strlen(buf), len = strlen(rel);
    if (prefix + 1 + len >= PATH_MAX)
        return -ENAMETOOLONG;
    buf[prefix] = '/';
    memcpy(buf + prefix + 1, rel, len + 1);
    return 0;
}
