/* SPDX-License-Identifier: MIT
 *
 * Writing JSON (RFC 8259), an element a line unless it is to be compact. Bytes of texts that are
 * not ASCII are taken for Latin-1, as names in files may be anything; no text has a "<", which
 * could end the element of an HTML page that it stands in. */
#ifndef PITH_CLI_JSON_H
#define PITH_CLI_JSON_H

#include <stdio.h>

#include "base/base.h"

struct json {
    FILE *f;
    unsigned depth;
    bool compact; /* no lines, no spaces */
    bool more;    /* an element stands before the next one in the same object or array */
};

/* Each writes one element: into an array, or before any other, with (key) NULL. What is opened is
 * closed by json_end with the same bracket, '}' or ']'. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j, char bracket);
void json_text(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, uint64_t n);
void json_bool(struct json *j, const char *key, bool value);

#endif
