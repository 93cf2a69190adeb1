/* SPDX-License-Identifier: MIT
 *
 * Images, as pith inspect reads them.
 *
 * sources: cli/inspect_read.c cli/image.c cli/elffile.c cli/fault.c cli/map.c
 * sources: cli/policy_image.c cli/policy.c
 * uses:    cli abi */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t answers; /* or the compiler would not ask */

static void ask(const struct inspection *in)
{
    size_t sum = inspect_rest(in) + in->size_count;
    for (size_t i = 0; i < in->elf.segment_count; i++)
        sum += (size_t)inspect_segment_name(in, &in->elf.segments[i])[0] +
               (size_t)inspect_protection(&in->elf.segments[i])[0];
    for (size_t i = 0; i < in->size_count; i++)
        sum += strlen(in->sizes[i].name);
    uint32_t *chain = in->has_map ? malloc((in->map.part_count + 1) * sizeof(*chain)) : NULL;
    for (uint32_t i = 0; chain != NULL && i < in->map.group_count && i < 8; i++)
        sum += (size_t)map_why(&in->map, i, chain);
    free(chain);
    answers = sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    struct inspection in;
    struct fault f;
    int fd = memfd_create("image", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (inspect_open(&in, path, NULL, &f) == 0) {
        ask(&in);
        inspect_close(&in);
    }
    if (inspect_open(&in, path, path, &f) == 0)
        inspect_close(&in);
    close(fd);
    return 0;
}
