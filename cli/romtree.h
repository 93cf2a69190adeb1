/* SPDX-License-Identifier: MIT
 *
 * Shared by the scan and the writer of root file systems. */
#ifndef PITH_CLI_ROMTREE_H
#define PITH_CLI_ROMTREE_H

#include <limits.h>

#include "rom.h"

/* Writes the path of entry (entry), relative to the scanned folder, into (path). Returns 0 or
 * -ENAMETOOLONG. */
must_check int rom_path(const struct rom_tree *t, uint32_t entry, char path[PATH_MAX]);

#endif
