/* SPDX-License-Identifier: MIT
 *
 * An image file (abi/image.h) as pith pack sees it. The file is hostile until image_check has
 * accepted it. */
#ifndef PITH_CLI_IMAGE_H
#define PITH_CLI_IMAGE_H

#include <elf.h>

#include "fault.h"

struct image {
    uint64_t file_size;
    bool bare;            /* it has an entry point for PVH guests */
    uint64_t slot;        /* file offset of the program header that is, or becomes, the root's */
    uint64_t root_offset; /* of the root file system in the file; 0 if there is none */
    uint64_t root_size;   /* without the policy's note, which may lie behind it */
    uint64_t note_slot;   /* file offset of the program header of that note, or for it; 0: none is left */
    uint64_t policy;      /* file offset of the descriptor of the policy's note; 0: it has none */
    uint64_t policy_size; /* of the descriptor, in bytes */
    bool packed_policy;   /* the note lies behind the root */
    bool network;         /* it drives network devices */
    uint64_t physical;   /* physical address of the image's address 0 */
    uint64_t root_vaddr; /* where a root file system is loaded: after everything else */
};

/* Reads the headers of the file (fd) and checks that it is an image with a place for a root file
 * system. Returns 0, or -1 with (f): EXIT_IMAGE for what is wrong with the file, EXIT_HOST if it
 * cannot be read. */
must_check int image_check(int fd, struct image *im, struct fault *f);

/* The program header of a root file system of (size) bytes at (offset) in the file, a policy's note behind it
 * included. */
Elf64_Phdr image_root_header(const struct image *im, uint64_t offset, uint64_t size);

/* That of a note of (size) bytes at (at) of the root's segment, whose header is (root). */
Elf64_Phdr image_note_header(const Elf64_Phdr *root, uint64_t at, uint64_t size);

#endif
