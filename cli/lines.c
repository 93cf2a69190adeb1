/* SPDX-License-Identifier: MIT
 *
 * Source lines, by addr2line. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.h"
#include "lines.h"

/* Puts (text), a line of addr2line's, into (buf). False: it knows nothing. */
static bool take_answer(char *text, char *buf, size_t size)
{
    /* "file:12 (discriminator 3)" */
    char *rest = strstr(text, " (disc");
    if (rest != NULL)
        *rest = '\0';
    char *colon = strrchr(text, ':');
    if (text[0] == '?' || colon == NULL || colon[1] == '?' || colon[1] == '0')
        return false;

    char here[PATH_MAX];
    size_t len = getcwd(here, sizeof(here)) != NULL ? strlen(here) : 0;
    if (len > 1 && strncmp(text, here, len) == 0 && text[len] == '/')
        text += len + 1;
    if (strncmp(text, "./", 2) == 0)
        text += 2;
    return (size_t)snprintf(buf, size, "%s", text) < size;
}

bool line_of(const struct object *o, size_t section, uint64_t offset, char *buf, size_t size)
{
    /* As a file of its own, since it may be a member of an archive. */
    int fd = memfd_create("object", 0);
    if (fd < 0)
        return false;
    char file[32], address[32], text[2 * PATH_MAX];
    snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
    snprintf(address, sizeof(address), "0x%llx", (unsigned long long)offset);
    char *argv[] = {(char *)"addr2line",
                    (char *)"-e",
                    file,
                    (char *)"-j",
                    (char *)object_section_name(o, section),
                    address,
                    NULL};
    bool found = write(fd, o->data, o->size) == (ssize_t)o->size &&
                 capture_line(argv, text, sizeof(text)) == 0 && take_answer(text, buf, size);
    close(fd);
    return found;
}

bool find_library(const struct args *link, size_t i, char *path)
{
    const char *name = link->v[i] + 2;
    if (*name == '\0' && (name = link->v[i + 1]) == NULL)
        return false;
    const char *before = name[0] == ':' ? "" : "lib", *after = name[0] == ':' ? "" : ".a";
    name += name[0] == ':';
    for (size_t k = 1; k < link->n; k++) {
        if (strncmp(link->v[k], "-L", 2) != 0)
            continue;
        int n = snprintf(path, PATH_MAX, "%s/%s%s%s", link->v[k] + 2, before, name, after);
        if (n < PATH_MAX && access(path, R_OK) == 0)
            return true;
    }
    return false;
}
