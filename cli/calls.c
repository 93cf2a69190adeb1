/* SPDX-License-Identifier: MIT
 *
 * The table of system calls and their notes. */
#include <string.h>

#include "base/base.h"
#include "calls.h"

const struct call_info call_infos[] = {
#include "call_infos.h"
};

const size_t call_info_count = ARRAY_LEN(call_infos);

const struct call_info *call_find(const char *name)
{
    for (size_t i = 0; i < call_info_count; i++)
        if (strcmp(call_infos[i].name, name) == 0)
            return &call_infos[i];
    return NULL;
}

const struct call_info *call_numbered(long number)
{
    for (size_t i = 0; i < call_info_count; i++)
        if (call_infos[i].number == number && number >= 0)
            return &call_infos[i];
    return NULL;
}
