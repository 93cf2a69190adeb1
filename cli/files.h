/* SPDX-License-Identifier: MIT
 *
 * Whole files, and bytes as files. */
#ifndef PITH_CLI_FILES_H
#define PITH_CLI_FILES_H

#include "base/base.h"

/* The whole of a file with a NUL after it, for the caller to free. NULL: it cannot be read, or out
 * of memory. */
char *file_text(const char *path);

/* Makes a file without a place in any folder of (size) bytes; programs that are started find it by
 * the name (path). Returns its descriptor, for the caller to close, or a negative error number. */
#define FILE_OF_BYTES_PATH 32
must_check int file_of_bytes(const void *bytes, size_t size, char path[FILE_OF_BYTES_PATH]);

#endif
