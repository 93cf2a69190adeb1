/* SPDX-License-Identifier: MIT
 *
 * What asynchronous input and output (aio.c) asks of files of other kinds. Weak: defined where
 * there are such files. */
#ifndef PITH_POSIX_AIO_H
#define PITH_POSIX_AIO_H

#include "iface/fs.h"

/* Whether (f) is an eventfd; and adding one to its counter, as far as that goes. */
__attribute__((weak, visibility("hidden"))) bool eventfd_is(const struct file *f);
__attribute__((weak, visibility("hidden"))) void eventfd_add(struct file *f);

#endif
