/* SPDX-License-Identifier: MIT
 *
 * The reader of the image's file system on arbitrary bytes, or on a good image in which they change
 * some: opens it, and reads all it offers.
 *
 * sources: libos/fs/rom/rom.c tests/unit/rom_image.c
 * uses: rom abi */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/rom.h"
#include "rom/rom.h"
#include "rom_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static volatile unsigned sink;

static void read_dir(const struct lower *low, uint32_t ino, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct name found;
        uint32_t child;
        if (low->ops->entry(low, ino, i, &found, &child))
            return;
        for (size_t j = 0; j < found.len; j++)
            sink += (unsigned char)found.text[j];
        low->ops->lookup(low, ino, found, &child);
    }
}

static void read_all(const struct lower *low)
{
    struct lower_stat st;
    const char *data;

    for (uint32_t ino = 0; ino < low->inodes; ino++) {
        if (low->ops->stat(low, ino, &st))
            continue;
        if (S_ISDIR(st.mode))
            read_dir(low, ino, st.size);
        else if (low->ops->data(low, ino, &data) == 0)
            for (uint64_t i = 0; i < st.size; i++)
                sink += (unsigned char)data[i];
    }
}

/* The good image, with a byte changed for every three of the input: two say where, one to what. */
static char *changed_image(const uint8_t *bytes, size_t len, size_t *image_len)
{
    static const struct rom_file files[] = {
        {"d", S_IFDIR | 0755, NULL, 0, 0},        {"d/file", S_IFREG | 0644, "text", 4, 0},
        {"d/link", S_IFLNK | 0777, "file", 4, 0}, {"d/other", S_IFREG | 0644, NULL, 0, 2},
        {"e", S_IFDIR | 0700, NULL, 0, 0},
    };
    char *image = aligned_alloc(4096, 4096);

    if (!image)
        abort();
    *image_len = rom_image(image, 4096, files, ARRAY_LEN(files));
    for (size_t i = 0; i + 3 <= len; i += 3)
        image[(bytes[i] | bytes[i + 1] << 8) % 1024] = (char)bytes[i + 2];
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct rom rom;
    char *image;

    if (len > 0 && bytes[0] & 1) {
        image = changed_image(bytes + 1, len - 1, &len);
    } else {
        /* A copy of its own, aligned, and with the magic right more often than by chance. */
        image = malloc(len ? len : 1);
        if (!image)
            abort();
        memcpy(image, bytes, len);
        if (len >= sizeof(struct pith_rom_header))
            ((struct pith_rom_header *)image)->magic = PITH_ROM_MAGIC;
    }
    if (rom_open(&rom, image, len) == 0)
        read_all(&rom.lower);
    free(image);
    return 0;
}
