/* SPDX-License-Identifier: MIT
 *
 * A root file system for tests of the calls on files: RAM over a read-only image, made afresh for
 * each test; and standard files that lead nowhere. Random numbers are not. */
#ifndef PITH_TESTS_FAKE_FS_H
#define PITH_TESTS_FAKE_FS_H

#include "ram/ram.h"
#include "rom_image.h"

extern struct ram_fs fake_root;

/* Makes the root directory and the current one that of a new file system with at most (max_bytes)
 * of data, over an image of (count) files. What older ones hold stays allocated. */
void fake_fs(const struct rom_file *files, size_t count, uint64_t max_bytes);

#endif
