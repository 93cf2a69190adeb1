/* SPDX-License-Identifier: MIT
 *
 * Image files (abi/image.h): checking one, and applying its relocations. Pure: no system calls, no
 * state. An image is hostile until image_parse has accepted it, and its file may change at any
 * time: everything is judged from one private copy. */
#ifndef PITH_MONITOR_IMAGE_H
#define PITH_MONITOR_IMAGE_H

#include <stdint.h>

#include "base/base.h"

/* Where the bytes come from: a file, or a buffer in tests. */
struct image_source {
    /* Copies [offset, offset + len) to (buf). Returns 0; -EIO if not all of it can be had. */
    int (*read)(const struct image_source *src, uint64_t offset, void *buf, size_t len);
    uint64_t size; /* of the file in bytes */
    const void *bytes;
    int fd;
};

enum { IMAGE_CONST, IMAGE_TEXT, IMAGE_RELRO, IMAGE_DATA, IMAGE_ROOT, IMAGE_SEGMENTS };

/* A loadable segment, from the start of its first page. Addresses are relative to the image's load
 * address. */
struct image_segment {
    uint64_t addr;     /* page aligned */
    uint64_t mem_len;  /* bytes in memory; 0: the image has no such segment */
    uint64_t file_len; /* bytes of it that come from the file, the rest is zero */
    uint64_t offset;   /* in the file, page aligned */
    uint64_t lead;     /* bytes at its start that are the file's before it, less than a page */
};

struct image {
    struct image_segment seg[IMAGE_SEGMENTS];
    uint64_t len;            /* of the whole image in memory, whole pages */
    uint64_t entry;          /* inside the text */
    uint64_t rela, rela_len; /* table of Elf64_Rela, inside constants, relro or data; or length 0 */
    uint64_t relr, relr_len; /* table of packed relative relocations, likewise */
    uint64_t memory_min;     /* bytes beyond the image that it needs */
    uint64_t policy;         /* offset in the file of its policy (abi/policy.h), inside it */
    uint64_t policy_len;     /* 1 to PITH_POLICY_MAX bytes; 0: it has none */
    uint32_t flags;          /* PITH_NOTE_* */
    bool shares;             /* has the note PITH_NOTE_SHARES */
    bool upcalls;            /* has the note PITH_NOTE_UPCALLS */
    bool network;            /* has the note PITH_NOTE_NETWORK */
};

#define IMAGE_ALIGN   (2ull << 20) /* load addresses are multiples of this */
#define IMAGE_LEN_MAX (1ull << 40)

/* Reads and checks the headers of (src) and fills (img). Everything in (img) is then inside the
 * file and inside img->len, segments do not overlap, and none is writable and executable. Returns
 * 0; -ENOEXEC if this is not an image that can be entered; -EIO if reading failed. On error *why is
 * the fault in words, to follow the file's name and a colon: static text. */
must_check int image_parse(const struct image_source *src, struct image *img, const char **why);

/* Applies the relocations of (img), which has been put at (mem), for load address (base). (mem) is
 * img->len bytes with relro and data writable; nothing outside these is written, whatever the
 * tables say. Returns 0, or -ENOEXEC with *why as above; what it may write is then undefined. */
must_check int image_relocate(const struct image *img, void *mem, uint64_t base, const char **why);

#endif
