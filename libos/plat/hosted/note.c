/* SPDX-License-Identifier: MIT
 *
 * The Pith note (abi/image.h), an object of its own in each of its variants: pith cc links note.o
 * or note-conftest.o. NOTE_FLAGS are the flags of the variant. */
#include <elf.h>

#include "abi/boot.h"
#include "abi/image.h"

/* Notes are packed to 4 bytes, whatever their fields want. */
struct note {
    Elf64_Nhdr header;
    char name[8];
    struct pith_note pith;
} __attribute__((packed, aligned(4)));

static const struct note note __attribute__((used, section(".note.pith"), aligned(4))) = {
    .header = {sizeof(PITH_NOTE_NAME), sizeof(struct pith_note), PITH_NOTE_TYPE},
    .name = PITH_NOTE_NAME,
    .pith =
        {
            .abi_version = PITH_ABI_VERSION,
            .size = sizeof(struct pith_note),
            .memory_min = 128 * 1024,
            .flags = NOTE_FLAGS,
        },
};

/* GNU ld complains about its own empty relocation table when a program has no pointers to relocate
 * at all: this one is always there. image.ld keeps it. */
static const struct note *const relocated __attribute__((used, section(".data.rel.ro.pith"))) =
    &note;
