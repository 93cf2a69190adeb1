/* SPDX-License-Identifier: MIT
 *
 * Files that pith pack is given as images: checked, and their root file system listed.
 *
 * sources: cli/image.c cli/elffile.c cli/romlist.c cli/fault.c
 * uses:    cli abi */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/image.h"
#include "cli/rom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list(const uint8_t *data, size_t size)
{
    static FILE *out;
    struct fault f;
    if (out == NULL)
        out = fopen("/dev/null", "w");
    /* A copy of exactly this size: reading one byte more is seen. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    if (rom_list(copy, size, out, &f) != 0 && f.text[0] == '\0')
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image im;
    struct fault f;
    list(data, size);

    int fd = memfd_create("image", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    if (image_check(fd, &im, &f) == 0) {
        if (im.slot > size - sizeof(Elf64_Phdr))
            abort();
        if (im.root_offset != 0)
            list(data + im.root_offset, im.root_size);
    } else if (f.text[0] == '\0') {
        abort();
    }
    close(fd);
    return 0;
}
