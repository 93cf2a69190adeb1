/* SPDX-License-Identifier: MIT
 *
 * Files whose contents are made as text when they are opened, and again when they are read from
 * their start again: most of /proc. */
#ifndef PITH_VFS_TEXT_H
#define PITH_VFS_TEXT_H

#include "iface/fs.h"

/* A growing text. When memory runs out the rest is dropped and (failed) set. */
struct text {
    char *buf;
    size_t len, size;
    bool failed;
    bool fresh; /* nothing of it was read, nor written */
    int number; /* as text_open was told: what of several the text is about */
    void (*make)(struct text *t); /* NULL: it is always the same */
    ssize_t (*write)(int number, const char *text, size_t len);
};

void text_bytes(struct text *t, const char *bytes, size_t n);
void text_str(struct text *t, const char *s);
void text_char(struct text *t, char c);

/* (n) in decimal, hexadecimal or octal with at least (width) places, filled up with (fill) in front. */
void text_dec(struct text *t, uint64_t n, unsigned width, char fill);
void text_hex(struct text *t, uint64_t n, unsigned width, char fill);
void text_oct(struct text *t, uint64_t n, unsigned width, char fill);

/* A line "(label)(n)(unit)\n", the form of /proc/meminfo. */
void text_line(struct text *t, const char *label, uint64_t n, const char *unit);

/* Sets up (f) to read what (make) writes, about (number). Unless (write) is NULL, it may be written
 * to as well: (write) gets each piece, and returns how much of it it took or an error. 0; -ENOMEM.
 */
must_check int text_open(struct file *f, void (*make)(struct text *t),
                         ssize_t (*write)(int number, const char *text, size_t len), int number);

/* The same for a text that is always (says), and not written. */
must_check int text_open_constant(struct file *f, const char *says);

#endif
