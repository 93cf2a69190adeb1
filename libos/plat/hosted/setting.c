/* SPDX-License-Identifier: MIT
 *
 * Settings of the library OS, from the monitor's boot info. */
#include <string.h>

#include "plat/hosted.h"
#include "iface/plat.h"

const char *plat_setting(const char *name, unsigned nth)
{
    const char *s = (const char *)hosted_boot->settings.addr;
    const char *end = s + hosted_boot->settings_len;
    size_t len = strlen(name);

    if (s == end || end[-1] != '\0')
        return NULL;
    for (; s < end; s += strlen(s) + 1)
        if (strncmp(s, name, len) == 0 && s[len] == '=' && nth-- == 0)
            return s + len + 1;
    return NULL;
}
