/* SPDX-License-Identifier: MIT
 *
 * The image's own program headers, in memory (abi/image.h). The loader of the VMM has read them,
 * and they are as trustworthy as the code that they belong to. */
#ifndef PITH_BARE_ELF_IMAGE_H
#define PITH_BARE_ELF_IMAGE_H

#include <elf.h>
#include <stddef.h>

/* The first program header of (type), or NULL. */
static inline const Elf64_Phdr *elf_find(const Elf64_Ehdr *elf, uint32_t type)
{
    const Elf64_Phdr *ph = (const Elf64_Phdr *)((const char *)elf + elf->e_phoff);

    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (ph[i].p_type == type)
            return &ph[i];
    return NULL;
}

#endif
