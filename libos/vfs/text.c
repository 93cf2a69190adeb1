/* SPDX-License-Identifier: MIT
 *
 * Files whose contents are made as text when they are opened (text.h). */
#include <errno.h>
#include <string.h>

#include "mm/heap.h"
#include "vfs/text.h"

#define FIRST_SIZE 1024u

void text_bytes(struct text *t, const char *bytes, size_t n)
{
    if (n > t->size - t->len) {
        size_t size = t->size ? t->size : FIRST_SIZE;
        while (size - t->len < n)
            size *= 2;
        char *buf = heap_alloc(size);
        if (!buf) {
            t->failed = true;
            return;
        }
        if (t->len)
            memcpy(buf, t->buf, t->len);
        heap_free(t->buf, t->size);
        t->buf = buf;
        t->size = size;
    }
    if (n)
        memcpy(t->buf + t->len, bytes, n);
    t->len += n;
}

void text_str(struct text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void text_char(struct text *t, char c)
{
    text_bytes(t, &c, 1);
}

static void digits_of(struct text *t, uint64_t n, unsigned base, unsigned width, char fill)
{
    char digits[64];
    unsigned len = 0;

    do
        digits[len++] = "0123456789abcdef"[n % base];
    while ((n /= base) && len < sizeof digits);
    for (unsigned i = len; i < width; i++)
        text_char(t, fill);
    while (len)
        text_char(t, digits[--len]);
}

void text_dec(struct text *t, uint64_t n, unsigned width, char fill)
{
    digits_of(t, n, 10, width, fill);
}

void text_hex(struct text *t, uint64_t n, unsigned width, char fill)
{
    digits_of(t, n, 16, width, fill);
}

void text_oct(struct text *t, uint64_t n, unsigned width, char fill)
{
    digits_of(t, n, 8, width, fill);
}

void text_line(struct text *t, const char *label, uint64_t n, const char *unit)
{
    text_str(t, label);
    text_dec(t, n, 8, ' ');
    text_str(t, unit);
    text_char(t, '\n');
}

static ssize_t text_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct text *t = f->data;
    ssize_t done = 0;

    /* Who begins again is told how things are now. */
    if (*pos == 0 && t->make && !t->fresh) {
        t->len = 0;
        t->failed = false;
        t->make(t);
        if (t->failed)
            return -ENOMEM;
    }
    t->fresh = false;

    for (int i = 0; i < n && *pos < t->len; i++) {
        size_t len = min_size(iov[i].iov_len, t->len - *pos);
        memcpy(iov[i].iov_base, t->buf + *pos, len);
        *pos += len;
        done += (ssize_t)len;
    }
    return done;
}

static ssize_t text_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct text *t = f->data;
    ssize_t done = 0;

    for (int i = 0; i < n; i++) {
        ssize_t r = t->write(t->number, iov[i].iov_base, iov[i].iov_len);
        if (r < 0)
            return done > 0 ? done : r;
        done += r;
    }
    *pos += (uint64_t)done;
    t->fresh = false;
    return done;
}

static void text_release(struct file *f)
{
    struct text *t = f->data;

    heap_free(t->buf, t->size);
    heap_free(t, sizeof *t);
    file_free(f);
}

static const struct file_ops text_ops = {
    .readv = text_readv,
    .release = text_release,
};

static const struct file_ops text_write_ops = {
    .readv = text_readv,
    .writev = text_writev,
    .release = text_release,
};

/* Sets up (f) to read (t), which it owns from now on. 0; -ENOMEM: the text is not whole. */
static int attach(struct file *f, struct text *t)
{
    if (t->failed) {
        heap_free(t->buf, t->size);
        heap_free(t, sizeof *t);
        return -ENOMEM;
    }
    f->ops = t->write ? &text_write_ops : &text_ops;
    f->data = t;
    f->kind = FILE_SEEKABLE;
    return 0;
}

int text_open(struct file *f, void (*make)(struct text *t),
              ssize_t (*write)(int number, const char *text, size_t len), int number)
{
    struct text *t = heap_alloc(sizeof *t);

    if (!t)
        return -ENOMEM;
    t->number = number;
    t->write = write;
    t->make = make;
    t->fresh = true;
    make(t);
    return attach(f, t);
}

int text_open_constant(struct file *f, const char *says)
{
    struct text *t = heap_alloc(sizeof *t);

    if (!t)
        return -ENOMEM;
    text_str(t, says);
    return attach(f, t);
}
