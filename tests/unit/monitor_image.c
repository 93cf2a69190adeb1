/* SPDX-License-Identifier: MIT */
#include "monitor_image.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* In the file and in memory at (at). */
static Elf64_Phdr header(uint32_t type, uint32_t flags, uint64_t at, uint64_t file, uint64_t mem)
{
    return (Elf64_Phdr){.p_type = type,
                        .p_flags = flags,
                        .p_offset = at,
                        .p_vaddr = at,
                        .p_paddr = at,
                        .p_filesz = file,
                        .p_memsz = mem,
                        .p_align = type == PT_LOAD ? 4096 : 8};
}

void monitor_image_make(struct monitor_image *f)
{
    memset(f, 0, sizeof(*f));
    f->ehdr = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x1010,
        .e_phoff = offsetof(struct monitor_image, ph),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = PH_COUNT};
    f->ph[PH_CONST] = header(PT_LOAD, PF_R, 0, offsetof(struct monitor_image, relr) + 16,
                             offsetof(struct monitor_image, relr) + 16);
    f->ph[PH_TEXT] = header(PT_LOAD, PF_R | PF_X, 0x1000, 0x800, 0x800);
    f->ph[PH_RELRO] = header(PT_LOAD, PF_R, IMAGE_RELRO_ADDR, 0xff0, 0xff0);
    f->ph[PH_DATA] = header(PT_LOAD, PF_R | PF_W, IMAGE_RELRO_ADDR + 0xff0, 0x110, 0x2110);
    f->ph[PH_DATA].p_vaddr += 0x1000;
    f->ph[PH_DYNAMIC] = header(PT_DYNAMIC, PF_R, IMAGE_RELRO_ADDR, sizeof(f->dyn), sizeof(f->dyn));
    f->ph[PH_NOTE] = header(PT_NOTE, PF_R, offsetof(struct monitor_image, note), sizeof(f->note),
                            sizeof(f->note));
    f->ph[PH_NOTE].p_align = 4;
    f->ph[PH_STACK] = header(PT_GNU_STACK, PF_R | PF_W, 0, 0, 0);

    f->note.header = (Elf64_Nhdr){sizeof(PITH_NOTE_NAME), sizeof(struct pith_note), PITH_NOTE_TYPE};
    memcpy(f->note.name, PITH_NOTE_NAME, sizeof(PITH_NOTE_NAME));
    f->note.note = (struct pith_note){.abi_version = PITH_ABI_VERSION,
                                      .size = sizeof(struct pith_note),
                                      .memory_min = 0x20000,
                                      .flags = PITH_NOTE_HOSTED};

    for (uint64_t i = 0; i < 2; i++)
        f->rela[i] = (Elf64_Rela){IMAGE_WORDS_ADDR + 8 * i, ELF64_R_INFO(0, R_X86_64_RELATIVE),
                                  (int64_t)(0x1000 + i)};
    f->relr[0] = IMAGE_WORDS_ADDR + 16;
    f->relr[1] = 1 | 1 << 1 | 1 << 3;

    static const int64_t tags[DYN_COUNT] = {DT_RELA, DT_RELASZ, DT_RELAENT, 36,
                                            35,      37,        DT_DEBUG,   DT_NULL};
    const uint64_t values[DYN_COUNT] = {
        offsetof(struct monitor_image, rela), sizeof(f->rela), sizeof(Elf64_Rela),
        offsetof(struct monitor_image, relr), sizeof(f->relr), sizeof(uint64_t)};
    for (int i = 0; i < DYN_COUNT; i++)
        f->dyn[i] = (Elf64_Dyn){tags[i], {values[i]}};
    for (uint64_t i = 0; i < 8; i++)
        memcpy(f->data + 8 * i, &i, 8);
}

static int read_bytes(const struct image_source *src, uint64_t offset, void *buf, size_t len)
{
    if (!range_inside(offset, len, 0, src->size))
        return -EIO;
    memcpy(buf, (const char *)src->bytes + offset, len);
    return 0;
}

struct image_source monitor_image_source(const void *bytes, size_t len)
{
    return (struct image_source){.read = read_bytes, .size = len, .bytes = bytes};
}
