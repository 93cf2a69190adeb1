/* SPDX-License-Identifier: MIT
 *
 * One-line messages of the library OS to whoever runs it (standard error when hosted). Small on purpose:
 * an image that prints nothing links none of it. */
#ifndef PITH_BASE_LOG_H
#define PITH_BASE_LOG_H

/* Writes "pith: " and the text that (format) makes, and a line end. Conversions: %s %d %u %x %lx
 * %lu %ld %c %%, no widths. Longer than 240 bytes is cut. Never blocks, never fails. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
