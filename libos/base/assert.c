/* SPDX-License-Identifier: MIT
 *
 * A bug of the library OS: the reason is put together without the log's code, so that ASSERT links
 * little. */
#include <signal.h>
#include <string.h>

#include "base/assert.h"
#include "iface/plat.h"

/* Appends (part) to the string (text) in (size) bytes, cut to fit. */
static void append(char *text, size_t size, const char *part)
{
    size_t have = strlen(text);
    size_t len = min_size(strlen(part), size - 1 - have);

    memcpy(text + have, part, len);
    text[have + len] = '\0';
}

_Noreturn void assert_failed(const char *what, const char *file, int line)
{
    char reason[200] = "bug in the library OS: ";
    char digits[12];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + line % 10);
        line /= 10;
    } while (line > 0);
    append(reason, sizeof(reason), what);
    append(reason, sizeof(reason), " does not hold at ");
    append(reason, sizeof(reason), file);
    append(reason, sizeof(reason), ":");
    append(reason, sizeof(reason), digits + at);
    plat_crash(SIGABRT, reason);
}
