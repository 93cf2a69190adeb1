/* SPDX-License-Identifier: MIT
 *
 * Included before libc's files of stdio: what only some programs do with a FILE is linked only with
 * functions that may make it happen (pith_stdio_lock.h and its like).
 *
 * Locks are taken once there are threads or flockfile was called: before, the lock of a FILE is
 * negative. */
#pragma weak __lockfile
#pragma weak __unlockfile
