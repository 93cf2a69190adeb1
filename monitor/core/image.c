/* SPDX-License-Identifier: MIT
 *
 * Image files. ELF-64 as in the System V ABI, chapters 4 and 5; DT_RELR as in the generic ABI's
 * draft of 2018. The ELF header and the program headers must lie in the first page of the file;
 * this page, the dynamic section and the notes are each copied once and judged by the copy. */
#include "monitor/core/image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "abi/boot.h"
#include "abi/image.h"
#include "abi/policy.h"

#define DT_RELRSZ_  35
#define DT_RELR_    36
#define DT_RELRENT_ 37

#define COPY_MAX  1024
#define NOTES_MAX (COPY_MAX + PITH_POLICY_MAX)

/* The private copy, and what has been found so far. */
struct parse {
    const struct image_source *src;
    struct image *img;
    const char **why;
    Elf64_Ehdr ehdr;
    uint8_t head[COPY_MAX];
    size_t head_len;
    unsigned loads;
    bool has_note;
};

static int refuse(const char **why, const char *fault)
{
    *why = fault;
    return -ENOEXEC;
}

/* A piece of the file, from the copy of its start where that holds it. */
static int fetch(struct parse *p, uint64_t offset, void *buf, size_t len)
{
    if (range_inside(offset, len, 0, p->head_len)) {
        memcpy(buf, p->head + offset, len);
        return 0;
    }
    int err = p->src->read(p->src, offset, buf, len);
    if (err)
        *p->why = "cannot be read";
    return err;
}

static int check_header(struct parse *p)
{
    p->head_len = min_size(sizeof(p->head), p->src->size);
    int err = p->src->read(p->src, 0, p->head, p->head_len);
    if (err) {
        *p->why = "cannot be read";
        return err;
    }
    if (p->head_len < SELFMAG || memcmp(p->head, ELFMAG, SELFMAG))
        return refuse(p->why, "not an image: not an ELF file");
    if (p->head_len < sizeof(p->ehdr))
        return refuse(p->why, "the file is cut short");
    memcpy(&p->ehdr, p->head, sizeof(p->ehdr));

    const Elf64_Ehdr *e = &p->ehdr;
    if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB ||
        e->e_machine != EM_X86_64)
        return refuse(p->why, "not an image: not for x86-64");
    if (e->e_type != ET_DYN)
        return refuse(p->why, "not an image: not position independent");
    if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phnum == 0)
        return refuse(p->why, "not an image: no program headers");
    if (!range_inside(e->e_phoff, (uint64_t)e->e_phnum * sizeof(Elf64_Phdr), 0, sizeof(p->head)))
        return refuse(p->why, "program headers not at the start of the file");
    if (!range_inside(e->e_phoff, (uint64_t)e->e_phnum * sizeof(Elf64_Phdr), 0, p->head_len))
        return refuse(p->why, "the file is cut short");
    return 0;
}

static Elf64_Phdr program_header(const struct parse *p, unsigned i)
{
    Elf64_Phdr ph;
    memcpy(&ph, p->head + p->ehdr.e_phoff + i * sizeof(ph), sizeof(ph));
    return ph;
}

/* PT_LOAD entries come in the order of the IMAGE_ numbers. */
static int check_load(struct parse *p, const Elf64_Phdr *ph)
{
    static const uint32_t flags[IMAGE_SEGMENTS] = {PF_R, PF_R | PF_X, PF_R, PF_R | PF_W, PF_R};
    struct image *img = p->img;

    if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X))
        return refuse(p->why, "a segment is writable and executable");
    if (p->loads == IMAGE_SEGMENTS)
        return refuse(p->why, "too many segments");
    if ((ph->p_flags & (PF_R | PF_W | PF_X)) != flags[p->loads])
        return refuse(p->why,
                      "segments are not constants, text, read-only data, data in this order");
    uint64_t lead = ph->p_vaddr % PAGE_SIZE;
    if (ph->p_offset % PAGE_SIZE != lead || (p->loads == IMAGE_ROOT && lead != 0) ||
        ph->p_align > IMAGE_ALIGN)
        return refuse(p->why, "a segment is not aligned as its place in the file");
    if (ph->p_memsz == 0 || ph->p_filesz > ph->p_memsz ||
        (p->loads != IMAGE_DATA && ph->p_filesz != ph->p_memsz))
        return refuse(p->why, "a segment has an impossible length");
    if (!range_inside(ph->p_vaddr, ph->p_memsz, 0, IMAGE_LEN_MAX))
        return refuse(p->why, "a segment is too large");
    if (ph->p_vaddr < img->len)
        return refuse(p->why, "segments overlap or do not ascend");
    if (!range_inside(ph->p_offset, ph->p_filesz, 0, p->src->size))
        return refuse(p->why, "the file is cut short");
    if (p->loads == IMAGE_CONST && (ph->p_vaddr != 0 || ph->p_offset != 0))
        return refuse(p->why, "the first segment does not start at address 0");

    img->seg[p->loads++] =
        (struct image_segment){ph->p_vaddr - lead, ph->p_memsz + lead, ph->p_filesz + lead,
                               ph->p_offset - lead, lead};
    img->len = align_up(ph->p_vaddr + ph->p_memsz, PAGE_SIZE);
    return 0;
}

static int check_loads(struct parse *p)
{
    for (unsigned i = 0; i < p->ehdr.e_phnum; i++) {
        Elf64_Phdr ph = program_header(p, i);
        int err = ph.p_type == PT_LOAD ? check_load(p, &ph) : 0;
        if (err)
            return err;
    }
    if (p->loads <= IMAGE_DATA)
        return refuse(p->why, "segments are missing");
    const struct image_segment *text = &p->img->seg[IMAGE_TEXT];
    if (!range_inside(p->ehdr.e_entry, 1, text->addr + text->lead, text->mem_len - text->lead))
        return refuse(p->why, "the entry point is outside the text");
    p->img->entry = p->ehdr.e_entry;
    return 0;
}

static bool in_file_part(const struct image *img, unsigned which, uint64_t addr, uint64_t len)
{
    return range_inside(addr, len, img->seg[which].addr, img->seg[which].file_len);
}

/* Whether the table [addr, addr + len) is in the part of a segment that comes from the file. */
static bool table_inside(const struct image *img, uint64_t addr, uint64_t len)
{
    return addr % 8 == 0 &&
           (in_file_part(img, IMAGE_CONST, addr, len) ||
            in_file_part(img, IMAGE_RELRO, addr, len) || in_file_part(img, IMAGE_DATA, addr, len));
}

static int check_tables(struct parse *p, uint64_t relaent, uint64_t relrent)
{
    struct image *img = p->img;
    if (img->rela_len && (relaent != sizeof(Elf64_Rela) || img->rela_len % sizeof(Elf64_Rela) ||
                          !table_inside(img, img->rela, img->rela_len)))
        return refuse(p->why, "the table of relocations is not sound");
    if (img->relr_len && (relrent != sizeof(uint64_t) || img->relr_len % sizeof(uint64_t) ||
                          !table_inside(img, img->relr, img->relr_len)))
        return refuse(p->why, "the table of packed relocations is not sound");
    return 0;
}

static int check_dynamic(struct parse *p, const Elf64_Phdr *ph)
{
    struct image *img = p->img;
    Elf64_Dyn dyn[COPY_MAX / sizeof(Elf64_Dyn)];
    uint64_t relaent = 0, relrent = 0;

    if (ph->p_filesz > sizeof(dyn) || ph->p_filesz % sizeof(dyn[0]) ||
        !range_inside(ph->p_offset, ph->p_filesz, 0, p->src->size))
        return refuse(p->why, "the dynamic section is not sound");
    int err = fetch(p, ph->p_offset, dyn, ph->p_filesz);
    if (err)
        return err;

    for (size_t i = 0; i < ph->p_filesz / sizeof(dyn[0]) && dyn[i].d_tag != DT_NULL; i++) {
        uint64_t val = dyn[i].d_un.d_val;
        switch (dyn[i].d_tag) {
        case DT_NEEDED:
            return refuse(p->why, "it needs shared libraries");
        case DT_REL:
        case DT_JMPREL:
        case DT_TEXTREL:
            return refuse(p->why, "it has relocations of a kind that images do not have");
        case DT_RELA:
            img->rela = val;
            break;
        case DT_RELASZ:
            img->rela_len = val;
            break;
        case DT_RELAENT:
            relaent = val;
            break;
        case DT_RELR_:
            img->relr = val;
            break;
        case DT_RELRSZ_:
            img->relr_len = val;
            break;
        case DT_RELRENT_:
            relrent = val;
            break;
        default: /* symbols, hash tables, debugging: of no use to an image */
            break;
        }
    }
    return check_tables(p, relaent, relrent);
}

static int accept_note(struct parse *p, const uint8_t *desc, size_t len)
{
    struct pith_note note;
    if (p->has_note)
        return refuse(p->why, "it has two Pith notes");
    if (len < sizeof(note))
        return refuse(p->why, "its Pith note is too short");
    memcpy(&note, desc, sizeof(note));
    if (note.abi_version != PITH_ABI_VERSION)
        return refuse(p->why, "made for another version of Pith: link it again with this one");
    if (note.size < sizeof(note) || note.size > len)
        return refuse(p->why, "its Pith note is not sound");
    if (!(note.flags & PITH_NOTE_HOSTED))
        return refuse(p->why, "made for bare machines only: it has no hosted entry point");
    p->img->memory_min = note.memory_min;
    p->img->flags = note.flags;
    p->has_note = true;
    return 0;
}

/* Where the policy stands; what it says is looked at later (monitor/core/policy.h). */
static int accept_policy(struct parse *p, uint64_t offset, size_t len)
{
    if (p->img->policy_len)
        return refuse(p->why, "it has two policies");
    if (len == 0 || len > PITH_POLICY_MAX)
        return refuse(p->why, "its policy is not sound");
    p->img->policy = offset;
    p->img->policy_len = len;
    return 0;
}

static int check_notes(struct parse *p, const Elf64_Phdr *ph)
{
    uint8_t buf[NOTES_MAX];
    if (!range_inside(ph->p_offset, ph->p_filesz, 0, p->src->size))
        return refuse(p->why, "the file is cut short");
    if (ph->p_filesz > sizeof(buf))
        return refuse(p->why, "its notes are not sound");
    int err = fetch(p, ph->p_offset, buf, ph->p_filesz);
    if (err)
        return err;

    uint64_t align = ph->p_align == 8 ? 8 : 4, end = ph->p_filesz, at = 0;
    while (end - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        memcpy(&n, buf + at, sizeof(n));
        uint64_t name = at + sizeof(n), desc = align_up(name + n.n_namesz, align);
        if (desc > end || n.n_descsz > end - desc)
            return refuse(p->why, "its notes are not sound");
        bool ours = n.n_namesz == sizeof(PITH_NOTE_NAME) &&
                    !memcmp(buf + name, PITH_NOTE_NAME, sizeof(PITH_NOTE_NAME));
        if (ours && n.n_type == PITH_NOTE_TYPE)
            err = accept_note(p, buf + desc, n.n_descsz);
        else if (ours && n.n_type == PITH_NOTE_SHARES)
            p->img->shares = true;
        else if (ours && n.n_type == PITH_NOTE_UPCALLS)
            p->img->upcalls = true;
        else if (ours && n.n_type == PITH_NOTE_NETWORK)
            p->img->network = true;
        else if (ours && n.n_type == PITH_NOTE_POLICY)
            err = accept_policy(p, ph->p_offset + desc, n.n_descsz);
        if (err)
            return err;
        at = align_up(desc + n.n_descsz, align);
        if (at > end)
            break;
    }
    return 0;
}

int image_parse(const struct image_source *src, struct image *img, const char **why)
{
    struct parse p;
    p.src = src;
    p.img = img;
    p.why = why;
    p.loads = 0;
    p.has_note = false;
    memset(img, 0, sizeof(*img));
    *why = "";

    int err = check_header(&p);
    for (unsigned i = 0; !err && i < p.ehdr.e_phnum; i++) {
        Elf64_Phdr ph = program_header(&p, i);
        if (ph.p_type == PT_NOTE)
            err = check_notes(&p, &ph);
    }
    if (!err && !p.has_note)
        err = refuse(why, "not an image: it has no Pith note (programs become images by pith-cc)");
    if (!err)
        err = check_loads(&p);
    for (unsigned i = 0; !err && i < p.ehdr.e_phnum; i++) {
        Elf64_Phdr ph = program_header(&p, i);
        if (ph.p_type == PT_DYNAMIC)
            err = check_dynamic(&p, &ph);
        else if (ph.p_type == PT_GNU_STACK && (ph.p_flags & PF_X))
            err = refuse(why, "it wants an executable stack");
    }
    return err;
}

/* Adds (base) to the word at (addr), or with (addend) sets it to their sum. */
static bool relocate_word(const struct image *img, uint8_t *mem, uint64_t addr, uint64_t base,
                          const int64_t *addend)
{
    const struct image_segment *relro = &img->seg[IMAGE_RELRO], *data = &img->seg[IMAGE_DATA];
    uint64_t word;
    if (!range_inside(addr, sizeof(word), relro->addr, relro->mem_len) &&
        !range_inside(addr, sizeof(word), data->addr, data->mem_len))
        return false;
    if (addend)
        word = (uint64_t)*addend;
    else
        memcpy(&word, mem + addr, sizeof(word));
    word += base;
    memcpy(mem + addr, &word, sizeof(word));
    return true;
}

static int relocate_rela(const struct image *img, uint8_t *mem, uint64_t base, const char **why)
{
    for (uint64_t at = 0; at < img->rela_len; at += sizeof(Elf64_Rela)) {
        Elf64_Rela r;
        memcpy(&r, mem + img->rela + at, sizeof(r));
        if (r.r_info != ELF64_R_INFO(0, R_X86_64_RELATIVE))
            return refuse(why, "it has a relocation that is not relative");
        if (!relocate_word(img, mem, r.r_offset, base, &r.r_addend))
            return refuse(why, "a relocation is outside the data");
    }
    return 0;
}

/* An even entry is the address of one word to relocate; an odd one is a bitmap of the 63 words that
 * follow the last one covered. */
static int relocate_relr(const struct image *img, uint8_t *mem, uint64_t base, const char **why)
{
    uint64_t next = 0;
    for (uint64_t at = 0; at < img->relr_len; at += sizeof(uint64_t)) {
        uint64_t entry;
        memcpy(&entry, mem + img->relr + at, sizeof(entry));
        uint64_t start = entry & 1 ? next : entry;
        uint64_t bits = entry & 1 ? entry >> 1 : 1;
        for (uint64_t addr = start; bits; bits >>= 1, addr += 8)
            if ((bits & 1) && !relocate_word(img, mem, addr, base, NULL))
                return refuse(why, "a packed relocation is outside the data");
        next = start + (entry & 1 ? 63 * 8 : 8);
    }
    return 0;
}

int image_relocate(const struct image *img, void *mem, uint64_t base, const char **why)
{
    int err = relocate_rela(img, mem, base, why);
    return err ? err : relocate_relr(img, mem, base, why);
}
