/* SPDX-License-Identifier: MIT
 *
 * Source lines, by addr2line. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "capture.h"
#include "files.h"
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
    char file[FILE_OF_BYTES_PATH], address[32], text[2 * PATH_MAX];
    int fd = file_of_bytes(o->data, o->size, file);
    if (fd < 0)
        return false;
    snprintf(address, sizeof(address), "0x%llx", (unsigned long long)offset);
    char *argv[] = {(char *)"addr2line",
                    (char *)"-e",
                    file,
                    (char *)"-j",
                    (char *)object_section_name(o, section),
                    address,
                    NULL};
    bool found = capture_line(argv, text, sizeof(text)) == 0 && take_answer(text, buf, size);
    close(fd);
    return found;
}

/* Takes addr2line's answers, "0xADDRESS" and then a line for each function that was put into the
 * next. */
static void take_answers(char *text, struct line_place *places, size_t n)
{
    size_t i = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (strncmp(line, "0x", 2) == 0)
            i++;
        else if (i > 0 && i <= n &&
                 !take_answer(line, places[i - 1].line, sizeof(places[i - 1].line)))
            places[i - 1].line[0] = '\0';
    }
}

void lines_at(const char *path, struct line_place *places, size_t n)
{
    size_t room = n * 8 * sizeof(places->line);
    char(*addresses)[24] = calloc(n + 1, sizeof(*addresses)), *text = malloc(room + 1);
    struct args a = {.v = NULL};

    args_add(&a, "addr2line");
    args_add(&a, "-aie");
    args_add(&a, path);
    for (size_t i = 0; i < n && addresses != NULL; i++) {
        places[i].line[0] = '\0';
        snprintf(addresses[i], sizeof(*addresses), "0x%llx", (unsigned long long)places[i].address);
        args_add(&a, addresses[i]);
    }
    if (addresses != NULL && text != NULL && !a.failed && capture_text(a.v, text, room) == 0)
        take_answers(text, places, n);
    free(a.v);
    free(addresses);
    free(text);
}
