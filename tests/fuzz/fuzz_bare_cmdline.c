/* SPDX-License-Identifier: MIT
 *
 * The command line of a bare machine: it is split into no more than the memory that is promised,
 * and the numbers of devices are what they are said to be.
 *
 * sources: libos/plat/bare/cmdline.c
 * uses: bare abi arch */
#include <stdlib.h>
#include <string.h>

#include "bare/bare.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *line = malloc(len + 1);
    memcpy(line, bytes, len);
    line[len] = '\0';

    char *out = malloc(strlen(line) + 8);
    uint32_t argc, envc, strings = 0;
    size_t used = cmdline_split(line, out, &argc, &envc);
    if (used > strlen(line) + 8 || argc == 0)
        abort();
    for (size_t i = 0; i < used; i++)
        strings += out[i] == '\0';
    if (strings != argc + envc || out[used - 1] != '\0')
        abort();

    size_t settings = cmdline_settings(line, out + used);
    if (used + settings > strlen(line) + 8 || (settings && out[used + settings - 1] != '\0'))
        abort();

    const char *at = line, *text;
    while ((text = cmdline_device(&at))) {
        struct mmio_word w;
        if (text < line || text > line + strlen(line) || at < text || at > line + strlen(line))
            abort();
        if (cmdline_mmio(text, &w) && (w.base >> 56 || w.irq == UINT32_MAX))
            abort();
    }
    struct mmio_word w;
    if (cmdline_mmio(line, &w) && w.base >> 56)
        abort();
    free(out);
    free(line);
    return 0;
}
