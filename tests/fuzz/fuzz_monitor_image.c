/* SPDX-License-Identifier: MIT
 *
 * The monitor's loader on arbitrary files, or on a sound image in which the input changes some
 * bytes: what it accepts keeps its promises, and relocation writes nothing but the data.
 *
 * sources: monitor/core/image.c tests/unit/monitor_image.c
 * uses: monitor abi */
#include <stdlib.h>
#include <string.h>

#include "monitor_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MEM_MAX (1u << 20)

static void check(int holds)
{
    if (!holds)
        abort();
}

static void relocate(const struct image *img, const uint8_t *file, size_t len)
{
    const struct image_segment *relro = &img->seg[IMAGE_RELRO], *data = &img->seg[IMAGE_DATA];
    const char *why;
    uint8_t *mem = calloc(1, img->len), *before = malloc(img->len);
    check(mem && before);
    for (int i = 0; i < IMAGE_SEGMENTS; i++)
        if (img->seg[i].mem_len) {
            check(range_inside(img->seg[i].offset, img->seg[i].file_len, 0, len));
            memcpy(mem + img->seg[i].addr, file + img->seg[i].offset, img->seg[i].file_len);
        }
    memcpy(before, mem, img->len);
    if (image_relocate(img, mem, 0x7000000000, &why))
        check(*why != 0);
    uint64_t end = data->addr + data->mem_len, gap = relro->addr + relro->mem_len;
    check(!memcmp(mem, before, relro->addr));
    check(!memcmp(mem + gap, before + gap, data->addr - gap));
    check(!memcmp(mem + end, before + end, img->len - end));
    free(mem);
    free(before);
}

static void load(const uint8_t *file, size_t len)
{
    struct image_source src = monitor_image_source(file, len);
    struct image img;
    const char *why = NULL;
    if (image_parse(&src, &img, &why)) {
        check(why && *why);
        return;
    }
    uint64_t end = 0;
    for (int i = 0; i < IMAGE_SEGMENTS; i++) {
        const struct image_segment *s = &img.seg[i];
        if (!s->mem_len)
            continue;
        check(s->addr % 4096 == 0 && s->addr >= end && s->file_len <= s->mem_len);
        check(range_inside(s->offset, s->file_len, 0, len));
        end = s->addr + s->mem_len;
        check(end <= img.len);
    }
    check(range_inside(img.entry, 1, img.seg[IMAGE_TEXT].addr, img.seg[IMAGE_TEXT].mem_len));
    check(img.len % 4096 == 0 && img.len <= IMAGE_LEN_MAX);
    if (img.len <= MEM_MAX)
        relocate(&img, file, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    /* As it is; and as changes of a sound image: two bytes say where, one to what. */
    load(bytes, len);
    struct monitor_image *f = aligned_alloc(4096, sizeof(*f));
    check(f != NULL);
    monitor_image_make(f);
    for (size_t i = 0; i + 3 <= len; i += 3)
        ((uint8_t *)f)[(bytes[i] | bytes[i + 1] << 8) % sizeof(*f)] = bytes[i + 2];
    load((const uint8_t *)f, sizeof(*f));
    free(f);
    return 0;
}
