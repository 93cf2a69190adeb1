/* SPDX-License-Identifier: MIT
 *
 * Files (files.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"

char *file_text(const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return NULL;
    size_t n = 0, cap = 4096;
    char *text = malloc(cap);
    while (text != NULL) {
        n += fread(text + n, 1, cap - n - 1, f);
        if (n + 1 < cap)
            break;
        cap *= 2;
        char *larger = realloc(text, cap);
        if (larger == NULL)
            free(text);
        text = larger;
    }
    if (text != NULL && ferror(f)) {
        free(text);
        text = NULL;
    }
    fclose(f);
    if (text != NULL)
        text[n] = '\0';
    return text;
}

int file_of_bytes(const void *bytes, size_t size, char path[FILE_OF_BYTES_PATH])
{
    int fd = memfd_create("bytes", 0), err = fd < 0 ? -errno : 0;
    for (size_t done = 0; err == 0 && done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0 && errno != EINTR)
            err = -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    snprintf(path, FILE_OF_BYTES_PATH, "/proc/self/fd/%d", fd);
    if (err != 0 && fd >= 0)
        close(fd);
    return err != 0 ? err : fd;
}
