/* SPDX-License-Identifier: MIT
 *
 * isatty says what the call says: ENOTTY is not the only reason to fail. */
#include <sys/ioctl.h>
#include <unistd.h>
#include "syscall.h"

int isatty(int fd)
{
    struct winsize size;

    return syscall(SYS_ioctl, fd, TIOCGWINSZ, &size) == 0;
}
