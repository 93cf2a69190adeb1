/* SPDX-License-Identifier: MIT
 *
 * Names of domains as DHCP and router advertisements carry them. */
#ifndef PITH_WIRE_DOMAINS_H
#define PITH_WIRE_DOMAINS_H

#include <string.h>

#include "base/base.h"

/* Turns (len) bytes of names as RFC 1035, 3.1 has them, one behind the other, perhaps compressed
 * (RFC 3397), perhaps followed by zeros (RFC 8106), into text: dots within them, a space between
 * two. False: not sound, none, not letters, digits, '-' and '_', or longer than (size). */
must_check bool wire_domains(const uint8_t *data, size_t len, char *text, size_t size);

/* Whether (len) bytes of text are such a name. */
bool wire_is_domain(const char *text, size_t len);

#endif
