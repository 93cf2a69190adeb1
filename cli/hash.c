/* SPDX-License-Identifier: MIT
 *
 * Hashes of files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "capture.h"
#include "files.h"
#include "hash.h"

/* Takes a line of sha256sum's: the hash, after a backslash where the name has special characters.
 */
static char *take_line(char *line, char hex[HASH_HEX])
{
    line += line[0] == '\\';
    char *end = strchr(line, '\n');
    if (end == NULL || strspn(line, "0123456789abcdef") != HASH_HEX - 1)
        return NULL;
    memcpy(hex, line, HASH_HEX - 1);
    hex[HASH_HEX - 1] = '\0';
    return end + 1;
}

int hash_files(const char *const *paths, size_t n, char (*hex)[HASH_HEX])
{
    struct args a = {.v = NULL};
    size_t room = 1;

    args_add(&a, "sha256sum");
    args_add(&a, "--");
    for (size_t i = 0; i < n; i++) {
        args_add(&a, paths[i]);
        room += HASH_HEX + 8 + 2 * strlen(paths[i]);
    }
    char *text = malloc(room), *line = text;
    int err = text == NULL || a.failed ? -ENOMEM : n > 0 ? capture_text(a.v, text, room) : 0;
    for (size_t i = 0; err == 0 && i < n; i++)
        if ((line = take_line(line, hex[i])) == NULL)
            err = -EIO;
    free(a.v);
    free(text);
    return err;
}

int hash_bytes(const void *bytes, size_t size, char hex[HASH_HEX])
{
    char path[FILE_OF_BYTES_PATH];
    const char *const paths[] = {path};
    int fd = file_of_bytes(bytes, size, path);
    if (fd < 0)
        return fd;
    int err = hash_files(paths, 1, (char(*)[HASH_HEX])hex);
    close(fd);
    return err;
}
