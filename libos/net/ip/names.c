/* SPDX-License-Identifier: MIT
 *
 * Servers of names and domains to search, of all who know some. */
#include "ip/iface.h"

struct ip_names ip_names;

static struct {
    struct ip_addr server[IP_DNS_MAX];
    unsigned count;
    char search[sizeof(ip_names.search)];
} told[IP_NAMES_SOURCES];

void ip_names_set(enum ip_names_source source, const struct ip_addr *server, unsigned count,
                  const char *search)
{
    struct ip_names names = {.count = 0};

    memcpy(names.hostname, ip_names.hostname, sizeof(names.hostname));
    told[source].count = (unsigned)min_size(count, IP_DNS_MAX);
    if (told[source].count)
        memcpy(told[source].server, server, told[source].count * sizeof(*server));
    memset(told[source].search, 0, sizeof(told[source].search));
    strncpy(told[source].search, search, sizeof(told[source].search) - 1);
    for (unsigned s = 0; s < IP_NAMES_SOURCES; s++) {
        for (unsigned n = 0; n < told[s].count && names.count < IP_DNS_MAX; n++)
            names.server[names.count++] = told[s].server[n];
        if (!names.search[0])
            memcpy(names.search, told[s].search, sizeof(names.search));
    }
    if (memcmp(&names, &ip_names, sizeof(names)) == 0)
        return;
    ip_names = names;
    if (ip_told)
        ip_told();
}
