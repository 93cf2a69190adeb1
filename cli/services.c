/* SPDX-License-Identifier: MIT
 *
 * The table of services. */
#include <fnmatch.h>
#include <string.h>

#include "map.h"
#include "services.h"
#include "services_table.h"

const struct service services[] = {SERVICES};
const size_t service_count = ARRAY_LEN(services);

const struct service service_others[SERVICE_OTHERS] = {
    [MAP_PROGRAM] = {"program", "the program and the libraries that it brings"},
    [MAP_LIBC] = {"libc", "the C library (musl)"},
    [MAP_COMPILER] = {"compiler", "the compiler's own functions (libgcc)"},
};
_Static_assert(SERVICE_OTHERS == MAP_GROUPS, "each has a name");

static const struct {
    const char *library, *pattern;
    size_t service;
} objects[] = {SERVICE_OBJECTS};

size_t service_find(const char *name)
{
    size_t i = 0;
    while (i < service_count && strcmp(services[i].name, name) != 0)
        i++;
    return i;
}

const char *service_what(const char *name)
{
    for (size_t i = 0; i < SERVICE_OTHERS; i++)
        if (strcmp(service_others[i].name, name) == 0)
            return service_others[i].what;
    size_t i = service_find(name);
    return i < service_count ? services[i].what : "";
}

size_t service_of(const char *library, const char *member)
{
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        if (strcmp(objects[i].library, library) == 0 && fnmatch(objects[i].pattern, member, 0) == 0)
            return objects[i].service;
    return service_count;
}
