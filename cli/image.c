/* SPDX-License-Identifier: MIT
 *
 * Checks of image files. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/boot.h"
#include "abi/image.h"
#include "cli.h"
#include "elffile.h"
#include "image.h"

/* More program headers than any image has, and more notes. */
#define HEADERS_MAX 64
#define NOTES_MAX   65536

static int read_at(int fd, void *buf, size_t len, uint64_t offset, struct fault *f)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_set(f, EXIT_HOST, "cannot read the image: %s", strerror(errno));
        if (n == 0)
            return fault_set(f, EXIT_IMAGE, "the file is cut short");
        done += (size_t)n;
    }
    return 0;
}

static int check_header(const Elf64_Ehdr *h, struct fault *f)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return fault_set(f, EXIT_IMAGE, "not an image: not an ELF file");
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_machine != EM_X86_64)
        return fault_set(f, EXIT_IMAGE, "not an image: not for x86-64");
    if (h->e_type != ET_DYN)
        return fault_set(f, EXIT_IMAGE, "not an image: not a position-independent executable");
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > HEADERS_MAX)
        return fault_set(f, EXIT_IMAGE, "broken ELF file: bad program header table");
    return 0;
}

/* What the notes of segment (ph), (len) bytes at (notes), say. (*found): the Pith note was among
 * these or earlier ones. */
static int read_notes(const unsigned char *notes, const Elf64_Phdr *ph, struct image *im,
                      bool *found, struct fault *f)
{
    struct pith_note note;
    uint64_t entry = 0;
    size_t len, size = ph->p_filesz;
    const unsigned char *d =
        elf_find_note(notes, size, XEN_NOTE_NAME, XEN_NOTE_ENTRY, sizeof(entry), &len);

    if (d != NULL)
        memcpy(&entry, d, sizeof(entry));
    im->bare |= entry != 0;
    im->network |= elf_find_note(notes, size, PITH_NOTE_NAME, PITH_NOTE_NETWORK, 0, &len) != NULL;
    d = elf_find_note(notes, size, PITH_NOTE_NAME, PITH_NOTE_POLICY, 0, &len);
    if (d != NULL && im->policy != 0)
        return fault_set(f, EXIT_IMAGE, "broken image: it has two policies");
    if (d != NULL) {
        im->policy = ph->p_offset + (size_t)(d - notes);
        im->policy_size = len;
    }
    d = elf_find_note(notes, size, PITH_NOTE_NAME, PITH_NOTE_TYPE, sizeof(note), &len);
    if (d == NULL)
        return 0;
    memcpy(&note, d, sizeof(note));
    *found = true;
    if (note.abi_version != PITH_ABI_VERSION)
        return fault_set(f, EXIT_IMAGE, "the image is of ABI version %u, this pith knows %u",
                         note.abi_version, PITH_ABI_VERSION);
    return 0;
}

static int check_note(int fd, const Elf64_Phdr *ph, size_t n, struct image *im, struct fault *f)
{
    static unsigned char notes[NOTES_MAX];
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        if (ph[i].p_type != PT_NOTE)
            continue;
        if (ph[i].p_filesz > sizeof(notes))
            return fault_set(f, EXIT_IMAGE, "broken image: its notes are too long");
        if (!range_inside(ph[i].p_offset, ph[i].p_filesz, 0, im->file_size))
            return fault_set(f, EXIT_IMAGE, "the file is cut short: its notes are missing");
        if (read_at(fd, notes, ph[i].p_filesz, ph[i].p_offset, f) != 0 ||
            read_notes(notes, &ph[i], im, &found, f) != 0)
            return -1;
    }
    return found
               ? 0
               : fault_set(f, EXIT_IMAGE, "not an image: it has no Pith note (linked by pith cc?)");
}

/* Checks one loadable segment; (end) is where the one before it ended. */
static int check_load(const Elf64_Phdr *p, const struct image *im, uint64_t end, struct fault *f)
{
    if (!range_inside(p->p_offset, p->p_filesz, 0, im->file_size))
        return fault_set(f, EXIT_IMAGE, "the file is cut short: a segment lies behind its end");
    if (p->p_vaddr % PAGE_SIZE != p->p_offset % PAGE_SIZE || p->p_memsz < p->p_filesz || p->p_memsz > INT64_MAX || p->p_vaddr > INT64_MAX)
        return fault_set(f, EXIT_IMAGE, "broken image: bad segment at 0x%lx",
                         (unsigned long)p->p_vaddr);
    if (p->p_vaddr < end)
        return fault_set(f, EXIT_IMAGE, "broken image: segments overlap at 0x%lx",
                         (unsigned long)p->p_vaddr);
    if ((p->p_flags & PF_W) != 0 && (p->p_flags & PF_X) != 0)
        return fault_set(f, EXIT_IMAGE, "broken image: a segment is writable and executable");
    return 0;
}

/* Checks the loadable segments R, RX, R, RW and perhaps the root, and finds the root's place. */
static int check_segments(const Elf64_Ehdr *h, const Elf64_Phdr *ph, struct image *im,
                          struct fault *f)
{
    static const uint32_t flags[] = {PF_R, PF_R | PF_X, PF_R, PF_R | PF_W, PF_R};
    size_t loads = 0, spare[2] = {0, 0}, spares = 0;
    uint64_t end = 0;
    for (size_t i = 0; i < h->e_phnum; i++) {
        const Elf64_Phdr *p = &ph[i];
        if (p->p_type == PT_NULL && spares < ARRAY_LEN(spare))
            spare[spares++] = h->e_phoff + i * sizeof(*p);
        if (p->p_type != PT_LOAD)
            continue;
        if (check_load(p, im, end, f) != 0)
            return -1;
        if (loads == ARRAY_LEN(flags) || p->p_flags != flags[loads])
            return fault_set(f, EXIT_IMAGE, "not an image: its segments are not an image's");
        if (++loads == ARRAY_LEN(flags)) {
            if (p->p_offset % PAGE_SIZE != 0)
                return fault_set(f, EXIT_IMAGE, "broken image: its root is not page aligned");
            im->slot = h->e_phoff + i * sizeof(*p);
            im->root_offset = p->p_offset;
            im->root_size = p->p_filesz;
        } else {
            im->physical = p->p_paddr - p->p_vaddr;
            end = align_up(p->p_vaddr + p->p_memsz, PAGE_SIZE);
        }
    }
    if (loads < ARRAY_LEN(flags) - 1)
        return fault_set(f, EXIT_IMAGE, "not an image: its segments are not an image's");
    im->root_vaddr = end;
    if (im->root_offset == 0) {
        if (spares == 0)
            return fault_set(f, EXIT_IMAGE, "the image has no spare program header for a root");
        im->slot = spare[0];
        im->note_slot = spare[1];
    } else {
        im->note_slot = spare[0];
    }
    return 0;
}

/* Finds the policy's note behind the root, which it is no part of. */
static int check_packed_note(const Elf64_Ehdr *h, const Elf64_Phdr *ph, struct image *im,
                             struct fault *f)
{
    /* What follows the root was added by somebody else: replacing the root would lose it. */
    if (im->root_offset != 0 && im->root_offset + im->root_size != im->file_size)
        return fault_set(f, EXIT_IMAGE,
                         "the image's root file system is not at the end of the file");
    for (size_t i = 0; im->root_offset != 0 && i < h->e_phnum; i++) {
        if (ph[i].p_type != PT_NOTE || ph[i].p_offset < im->root_offset)
            continue;
        if (ph[i].p_offset + ph[i].p_filesz != im->file_size || im->packed_policy ||
            im->policy < ph[i].p_offset)
            return fault_set(f, EXIT_IMAGE, "broken image: bad note behind the root");
        im->packed_policy = true;
        im->note_slot = h->e_phoff + i * sizeof(*ph);
        im->root_size = ph[i].p_offset - im->root_offset;
    }
    return 0;
}

int image_check(int fd, struct image *im, struct fault *f)
{
    struct stat st;
    Elf64_Ehdr h;
    Elf64_Phdr ph[HEADERS_MAX];

    *im = (struct image){0};
    if (fstat(fd, &st) < 0)
        return fault_set(f, EXIT_HOST, "cannot read the image: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fault_set(f, EXIT_IMAGE, "not an image: not a regular file");
    im->file_size = (uint64_t)st.st_size;
    if (im->file_size < sizeof(h))
        return fault_set(f, EXIT_IMAGE, "not an image: not an ELF file");
    if (read_at(fd, &h, sizeof(h), 0, f) != 0 || check_header(&h, f) != 0)
        return -1;
    if (!range_inside(h.e_phoff, h.e_phnum * sizeof(*ph), 0, im->file_size))
        return fault_set(f, EXIT_IMAGE, "the file is cut short: its program headers are missing");
    if (read_at(fd, ph, h.e_phnum * sizeof(*ph), h.e_phoff, f) != 0)
        return -1;
    if (check_note(fd, ph, h.e_phnum, im, f) != 0 || check_segments(&h, ph, im, f) != 0)
        return -1;
    return check_packed_note(&h, ph, im, f);
}

Elf64_Phdr image_root_header(const struct image *im, uint64_t offset, uint64_t size)
{
    return (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R,
        .p_offset = offset,
        .p_vaddr = im->root_vaddr,
        .p_paddr = im->root_vaddr + im->physical,
        .p_filesz = size,
        .p_memsz = size,
        .p_align = PAGE_SIZE,
    };
}

Elf64_Phdr image_note_header(const Elf64_Phdr *root, uint64_t at, uint64_t size)
{
    return (Elf64_Phdr){
        .p_type = PT_NOTE,
        .p_flags = PF_R,
        .p_offset = root->p_offset + at,
        .p_vaddr = root->p_vaddr + at,
        .p_paddr = root->p_paddr + at,
        .p_filesz = size,
        .p_memsz = size,
        .p_align = 4,
    };
}
