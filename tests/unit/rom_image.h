/* SPDX-License-Identifier: MIT
 *
 * Makes small file systems of abi/rom.h in memory, for tests of their reader and of what stands
 * above it. */
#ifndef PITH_TESTS_ROM_IMAGE_H
#define PITH_TESTS_ROM_IMAGE_H

#include <stddef.h>
#include <sys/stat.h>

struct rom_file {
    const char *path; /* without leading slash; directories come before what is in them */
    mode_t mode;
    const char *data; /* of a file, or the target of a symbolic link */
    size_t len;
    size_t link_of; /* not 0: another name of file (link_of - 1) */
};

/* Writes the file system of (count) files to (buf) of (size) bytes, aligned to 4096. Returns its
 * length, a multiple of 4096; aborts if it does not fit. Inode i + 1 is that of file i. */
size_t rom_image(char *buf, size_t size, const struct rom_file *files, size_t count);

#endif
