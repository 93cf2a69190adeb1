/* SPDX-License-Identifier: MIT
 *
 * Room for a policy (abi/policy.h), which `pith cc --policy` links and fills after the link
 * (cli/policy_image.c). The unused end stays: a note survives strip as it is. */
#include <elf.h>

#include "abi/image.h"
#include "abi/policy.h"

static const struct {
    Elf64_Nhdr header;
    char name[8];
    char room[PITH_POLICY_MAX];
} __attribute__((packed, aligned(4))) policy_note
    __attribute__((used, section(".note.pith"), aligned(4))) = {
        .header = {sizeof(PITH_NOTE_NAME), PITH_POLICY_MAX, PITH_NOTE_POLICY},
        .name = PITH_NOTE_NAME,
};
