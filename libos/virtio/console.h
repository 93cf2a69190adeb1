/* SPDX-License-Identifier: MIT
 *
 * The console: standard input, output and error, and further byte streams of the host that are
 * written to. Reads go through a small buffer, and take from the host what the program asked for
 * and no more; a poll for input takes one byte. Writes go straight from the caller's memory. */
#ifndef PITH_VIRTIO_CONSOLE_H
#define PITH_VIRTIO_CONSOLE_H

#include "iface/fs.h"

/* The standard files, for stdio_files. Before console_start, or without their device, they answer
 * -EIO. st_mode says a character device where the host has a terminal, else a pipe. */
extern struct file console_stdin;
extern struct file console_stdout;
extern struct file console_stderr;

/* Finds the devices behind the standard files. Called once, at boot. */
void console_start(void);

/* Gives the file, in (*out), of the transmit-only console device called (name), a string that stays
 * for ever. The file is static and there is one for each device: open files hand on to it
 * (vfs/forward.h). Returns 0; -ENODEV (no such device), -ENFILE (too many). */
must_check int console_open(const char *name, struct file **out);

#endif
