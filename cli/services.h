/* SPDX-License-Identifier: MIT
 *
 * The services of the library OS by name, from libos/services.tbl. */
#ifndef PITH_CLI_SERVICES_H
#define PITH_CLI_SERVICES_H

#include "base/base.h"

struct service {
    const char *name, *what;
};

extern const struct service services[];
extern const size_t service_count;

/* What else an image consists of; their numbers are those that every map starts with (map.h). */
#define SERVICE_OTHERS 3
extern const struct service service_others[SERVICE_OTHERS];

/* What the service, or other group, called (name) is; "": there is none. */
const char *service_what(const char *name);

/* The number of a service by its name; service_count: there is none. */
size_t service_find(const char *name);

/* The number of the service that a member of an archive belongs to, (library) being "pith",
 * "libc" or "missing"; service_count: none. */
size_t service_of(const char *library, const char *member);

#endif
