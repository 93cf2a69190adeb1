/* SPDX-License-Identifier: MIT
 *
 * The name service cache daemon is another process, and an image is alone: users and groups are
 * those of /etc/passwd and /etc/group. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include "nscd.h"

/* Answers "not found", for which the callers want an open stream that has nothing to read, or NULL
 * with errno set. */
FILE *__nscd_query(int32_t req, const char *key, int32_t *buf, size_t len, int *swap)
{
    (void)req;
    (void)key;
    memset(buf, 0, len);
    buf[0] = NSCDVERSION;
    *swap = 0;
    return fopen("/dev/null", "re");
}
