/* SPDX-License-Identifier: MIT
 *
 * Messages to whoever runs the monitor: whole lines on standard error. Usable from signal handlers
 * and behind the sandbox's filter; no state. */
#ifndef PITH_MONITOR_SAY_H
#define PITH_MONITOR_SAY_H

#include <stddef.h>

/* Writes "pith: ", what printf would make of the rest, and a line end. Bytes that would control a
 * terminal become '?'. Longer than 500 bytes is cut. Never fails. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same without "pith: ": the further lines of a report. */
void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes the (len) bytes at (text) to standard error as they are. Returns what the write returned,
 * or a negative Linux error number. (text) may be an address that cannot be read: -EFAULT. */
long say_bytes(const void *text, size_t len);

#endif
