/* SPDX-License-Identifier: MIT
 *
 * A sound image in memory, for the tests and the fuzzer of the monitor's loader to damage. */
#ifndef PITH_TESTS_MONITOR_IMAGE_H
#define PITH_TESTS_MONITOR_IMAGE_H

#include <elf.h>
#include <stdint.h>

#include "abi/boot.h"
#include "abi/image.h"
#include "monitor/core/image.h"

enum { PH_CONST, PH_TEXT, PH_RELRO, PH_DATA, PH_DYNAMIC, PH_NOTE, PH_STACK, PH_COUNT };
enum {
    DYN_RELA,
    DYN_RELASZ,
    DYN_RELAENT,
    DYN_RELR,
    DYN_RELRSZ,
    DYN_RELRENT,
    DYN_SPARE,
    DYN_COUNT = 8
};

/* The file; pages 0 to 4, where page 2 is relro, whose last 16 bytes and page 3 are data. In memory
 * page 2 comes once more before the data, and two zero pages follow. Relocations: two of kind RELA,
 * of words 0 and 8 at DATA_WORDS, and one packed entry with a bitmap: words 16, 24 and 40. */
struct monitor_image {
    Elf64_Ehdr ehdr;
    Elf64_Phdr ph[PH_COUNT];
    struct {
        Elf64_Nhdr header;
        char name[8];
        struct pith_note note;
    } __attribute__((packed, aligned(4))) note;
    Elf64_Rela rela[2] __attribute__((aligned(8)));
    uint64_t relr[2];
    char text[4096] __attribute__((aligned(4096)));
    Elf64_Dyn dyn[DYN_COUNT] __attribute__((aligned(4096)));
    char data[4096] __attribute__((aligned(4096)));
};

#define IMAGE_RELRO_ADDR 0x2000u
#define IMAGE_DATA_ADDR  0x3000u /* of the page that it starts in */
#define IMAGE_WORDS_ADDR 0x4000u
#define IMAGE_MEM_LEN    0x7000u

void monitor_image_make(struct monitor_image *f);

/* The (len) bytes at (bytes) as a source. */
struct image_source monitor_image_source(const void *bytes, size_t len);

#endif
