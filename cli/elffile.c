/* SPDX-License-Identifier: MIT
 *
 * Reading ELF files (elffile.h). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "elffile.h"

bool elf_parse(struct elf_file *e, const unsigned char *data, size_t size)
{
    const Elf64_Ehdr *h = (const void *)data;
    *e = (struct elf_file){.data = data, .size = size};
    if (size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_machine != EM_X86_64)
        return false;
    if (h->e_phentsize == sizeof(Elf64_Phdr) &&
        elf_table_fits(size, h->e_phoff, h->e_phnum, sizeof(Elf64_Phdr))) {
        e->segments = (const void *)(data + h->e_phoff);
        e->segment_count = h->e_phnum;
    }
    if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shstrndx >= h->e_shnum ||
        !elf_table_fits(size, h->e_shoff, h->e_shnum, sizeof(Elf64_Shdr)))
        return true;
    const Elf64_Shdr *sections = (const void *)(data + h->e_shoff);
    const Elf64_Shdr *names = &sections[h->e_shstrndx];
    if (range_inside(names->sh_offset, names->sh_size, 0, size)) {
        e->sections = sections;
        e->section_count = h->e_shnum;
        e->names = (const char *)data + names->sh_offset;
        e->names_len = names->sh_size;
    }
    return true;
}

int elf_open(struct elf_file *e, const char *path, struct fault *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fault_set(f, EXIT_HOST, "cannot open: %s", strerror(errno));
    void *data = MAP_FAILED;
    int err = 0;
    if (fstat(fd, &st) < 0)
        err = fault_set(f, EXIT_HOST, "cannot read: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err = fault_set(f, EXIT_IMAGE, "not an image: not a regular file");
    else if (st.st_size == 0)
        err = fault_set(f, EXIT_IMAGE, "not an image: the file is empty");
    else if ((data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
        err = fault_set(f, EXIT_HOST, "cannot read: %s", strerror(errno));
    close(fd);
    if (err == 0 && !elf_parse(e, data, (size_t)st.st_size)) {
        munmap(data, (size_t)st.st_size);
        err = fault_set(f, EXIT_IMAGE, "not an image: not an ELF file for x86-64");
    }
    return err;
}

void elf_close(struct elf_file *e)
{
    munmap((void *)e->data, e->size);
    *e = (struct elf_file){.size = 0};
}

const char *elf_section_name(const struct elf_file *e, size_t i)
{
    return elf_text_at(e->names, e->names_len, e->sections[i].sh_name);
}

const void *elf_section(const struct elf_file *e, const char *name, size_t *size)
{
    for (size_t i = 1; i < e->section_count; i++) {
        const Elf64_Shdr *s = &e->sections[i];
        if (strcmp(elf_section_name(e, i), name) != 0 || s->sh_type == SHT_NOBITS ||
            !range_inside(s->sh_offset, s->sh_size, 0, e->size))
            continue;
        *size = s->sh_size;
        return e->data + s->sh_offset;
    }
    return NULL;
}

/* Notes are padded to 4 bytes (gABI, "Note Section"). */
const void *elf_find_note(const unsigned char *notes, size_t len, const char *owner, uint32_t type,
                          size_t least, size_t *size)
{
    Elf64_Nhdr h;
    for (size_t pos = 0; pos <= len && len - pos >= sizeof(h);) {
        memcpy(&h, notes + pos, sizeof(h));
        pos += sizeof(h);
        uint64_t name = align_up(h.n_namesz, 4), desc = align_up(h.n_descsz, 4);
        if (name > len - pos || desc > len - pos - name)
            return NULL;
        if (h.n_type == type && h.n_namesz == strlen(owner) + 1 &&
            memcmp(notes + pos, owner, h.n_namesz) == 0 && h.n_descsz >= least) {
            *size = h.n_descsz;
            return notes + pos + name;
        }
        pos += name + desc;
    }
    return NULL;
}

const void *elf_note(const struct elf_file *e, const char *owner, uint32_t type, size_t least,
                     size_t *size)
{
    for (size_t i = 0; i < e->segment_count; i++) {
        const Elf64_Phdr *p = &e->segments[i];
        if (p->p_type != PT_NOTE || !range_inside(p->p_offset, p->p_filesz, 0, e->size))
            continue;
        const void *found =
            elf_find_note(e->data + p->p_offset, p->p_filesz, owner, type, least, size);
        if (found != NULL)
            return found;
    }
    return NULL;
}
