/* SPDX-License-Identifier: MIT
 *
 * SHA-256, by sha256sum of coreutils. */
#ifndef PITH_CLI_HASH_H
#define PITH_CLI_HASH_H

#include "base/base.h"

#define HASH_HEX 65 /* characters of a hash, and a 0 */

/* Hashes (n) files. Returns 0; -EIO if one cannot be read; or why sha256sum cannot be started. */
must_check int hash_files(const char *const *paths, size_t n, char (*hex)[HASH_HEX]);

/* Hashes (size) bytes. */
must_check int hash_bytes(const void *bytes, size_t size, char hex[HASH_HEX]);

#endif
