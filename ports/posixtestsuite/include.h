/* SPDX-License-Identifier: MIT
 *
 * In front of each test of a function. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The tests of asynchronous I/O refuse any other edition of POSIX than that of 2001. */
#undef _POSIX_ASYNCHRONOUS_IO
#define _POSIX_ASYNCHRONOUS_IO 200112L
