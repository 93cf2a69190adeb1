/* SPDX-License-Identifier: MIT
 *
 * usage: lines FILE...
 *
 * Prints how many distinct statements of source the code of linked files was made of, all files
 * together: pith inspect --lines for programs that are no images. */
#include <stdio.h>
#include <string.h>

#include "cli/dwarf.h"
#include "cli/lineset.h"

static void count(void *arg, uint64_t file, uint64_t line, uint64_t address)
{
    if (address != 0)
        lineset_add(arg, file, line);
}

int main(int argc, char **argv)
{
    struct lineset lines = {.v = NULL};
    for (int i = 1; i < argc; i++) {
        struct elf_file e;
        struct fault f;
        int err = 0;
        if (elf_open(&e, argv[i], &f) != 0)
            fprintf(stderr, "lines: %s: %s\n", argv[i], f.text);
        else if ((err = dwarf_lines(&e, count, &lines)) != 0)
            fprintf(stderr, "lines: %s: %s\n", argv[i], strerror(-err));
        else
            continue;
        return 1;
    }
    if (lines.failed)
        return 1;
    printf("%zu\n", lines.n);
    lineset_free(&lines);
    return 0;
}
