/* SPDX-License-Identifier: MIT
 *
 * No stream is from popen: the program behind this one cannot be waited for. */
#include <errno.h>
#include <stdio.h>

int pclose(FILE *f)
{
    fclose(f);
    errno = ECHILD;
    return -1;
}
