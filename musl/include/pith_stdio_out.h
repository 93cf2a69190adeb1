/* SPDX-License-Identifier: MIT
 *
 * Included before stdout and stderr. They are never read, so nobody moves them but who asks for it. */
#pragma weak __stdio_seek
#pragma weak __stdio_close
