/* SPDX-License-Identifier: MIT
 *
 * What makes an ELF file a Pith image.
 *
 * ELF64, little endian, x86-64, ET_DYN, with these program headers and no other loadable ones:
 *   PT_LOAD R     ELF header, program headers, notes, relocations, constants; at address 0
 *   PT_LOAD RX    text
 *   PT_LOAD R     data that only relocation writes, before the image is entered
 *   PT_LOAD RW    data
 *   PT_LOAD R     optional: the root file system (abi/rom.h), after all others
 *   PT_DYNAMIC    DT_RELA with R_X86_64_RELATIVE entries only, DT_RELR; no DT_NEEDED
 *   PT_NOTE       holds the Pith note
 *   PT_GNU_STACK  not executable
 *   PT_INTERP     optional: the monitor, for execution by name
 *   PT_NULL       two spare entries: the first becomes the root file system's PT_LOAD, the second a
 *                 PT_NOTE for the policy, which then lies behind the root file system in its segment
 * PT_LOAD entries ascend and do not share a page of memory. In the file they may follow each other without
 * padding: the places of a segment in file and memory are equally far from the start of their pages. In memory
 * its first page then starts with what the file holds before it, but for text: whoever maps it for execution
 * fills that part with PITH_TEXT_FILL, so that no constant can be executed. The root is page aligned.
 *
 * An image with the bare platform (docs/bare.md) is also the ELF kernel of a PVH guest: a note "Xen" of
 * type 18 (XEN_ELFNOTE_PHYS32_ENTRY) holds its entry point, and p_paddr of every PT_LOAD is p_vaddr plus
 * PITH_PHYSICAL_BASE. A monitor ignores both. */
#ifndef PITH_ABI_IMAGE_H
#define PITH_ABI_IMAGE_H

#include <stdint.h>

#define PITH_PHYSICAL_BASE 0x100000u
#define PITH_TEXT_FILL     0xcc /* int3 */

#define PITH_NOTE_NAME "Pith" /* n_namesz 5 */
#define PITH_NOTE_TYPE 1u

/* The note's descriptor. Later versions only append. */
struct pith_note {
    uint32_t abi_version; /* PITH_ABI_VERSION the image was linked for */
    uint32_t size;        /* of this struct in bytes */
    uint64_t memory_min;  /* bytes beyond the image that the guest needs to start */
    uint32_t flags;       /* PITH_NOTE_* */
    uint32_t reserved;    /* 0 */
};

#define PITH_NOTE_HOSTED (1u << 0) /* a monitor may enter it: e_entry is a hosted entry (abi/boot.h) */

/* The console files that a configure script expects its test program to leave in the current
 * folder (see docs/cc.md) are wanted. */
#define PITH_NOTE_CONFTEST (1u << 1)

/* A note of this type, without a descriptor: the guest uses PITH_HC_SHARE. */
#define PITH_NOTE_SHARES 2u

/* Likewise: the guest uses PITH_HC_UPCALL. Ticks cost time in every start, and have to be made
 * before the guest runs. */
#define PITH_NOTE_UPCALLS 3u

/* Likewise: the guest drives network devices. Without it none is opened. */
#define PITH_NOTE_NETWORK 4u

/* Its descriptor is the policy (abi/policy.h), with room behind it. An image has at most one. */
#define PITH_NOTE_POLICY 5u

/* Defines a note without a descriptor, of (note_type), in the object where it stands. Notes are packed to 4
 * bytes. */
#define PITH_NOTE_EMPTY(note_type)                                                                  \
    static const struct {                                                                          \
        uint32_t name_len, len, type;                                                              \
        char name[8];                                                                              \
    } __attribute__((packed, aligned(4))) empty_note_                                              \
        __attribute__((used, section(".note.pith"), aligned(4))) = {                               \
            sizeof(PITH_NOTE_NAME), 0, note_type, PITH_NOTE_NAME}

_Static_assert(sizeof(struct pith_note) == 24, "ABI");

#endif
