/* SPDX-License-Identifier: MIT
 *
 * /dev: the devices that programs expect. */
#ifndef PITH_DEV_H
#define PITH_DEV_H

#include "iface/fs.h"

extern struct fs dev_fs;

#endif
