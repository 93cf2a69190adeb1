/* SPDX-License-Identifier: MIT
 *
 * Reading linked programs (program.h; gABI, chapters 4 and 5; the LSB on symbol versions). */
#include <string.h>

#include "abi/image.h"
#include "program.h"

/* How far back the number of a system call is looked for. */
#define LOOK_BACK 48

/* More than any sound file has: what would take too long in a hostile one. */
#define VERSIONS_MAX 32768
#define SYSCALLS_MAX 4096

static bool get(const struct program *p, uint64_t offset, void *to, size_t len)
{
    if (!range_inside(offset, len, 0, p->size))
        return false;
    memcpy(to, p->data + offset, len);
    return true;
}

/* Element (i) of (t), of (len) bytes each. */
static bool element(const struct program *p, struct program_table t, uint64_t i, void *to,
                    size_t len)
{
    uint64_t offset;

    if (i >= t.count || __builtin_mul_overflow(i, len, &offset) ||
        __builtin_add_overflow(offset, t.offset, &offset))
        return false;
    return get(p, offset, to, len);
}

static bool header(const struct program *p, unsigned i, Elf64_Phdr *ph)
{
    return element(p, (struct program_table){p->head.e_phoff, p->head.e_phnum}, i, ph, sizeof(*ph));
}

static bool section(const struct program *p, unsigned i, Elf64_Shdr *sh)
{
    return element(p, (struct program_table){p->head.e_shoff, p->head.e_shnum}, i, sh, sizeof(*sh));
}

/* The text at (offset) of the string table (names), or "". */
static const char *text(const struct program *p, struct program_table names, uint64_t offset)
{
    if (offset >= names.count || !range_inside(names.offset, names.count, 0, p->size))
        return "";
    const char *s = (const char *)p->data + names.offset + offset;
    return memchr(s, '\0', names.count - offset) != NULL ? s : "";
}

/* Where in the file the byte with address (addr) is; UINT64_MAX: nowhere. */
static uint64_t offset_of(const struct program *p, uint64_t addr)
{
    Elf64_Phdr ph;

    for (unsigned i = 0; header(p, i, &ph); i++)
        if (ph.p_type == PT_LOAD && range_inside(addr, 1, ph.p_vaddr, ph.p_filesz))
            return ph.p_offset + (addr - ph.p_vaddr);
    return UINT64_MAX;
}

static bool is_libc(const char *library)
{
    static const char *const parts[] = {"libc.",    "libm.",     "libpthread.",
                                        "libdl.",   "librt.",    "libresolv.",
                                        "libutil.", "libcrypt.", "ld-linux"};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (strncmp(library, parts[i], strlen(parts[i])) == 0)
            return true;
    return false;
}

/* Finds symbols by the section headers, where there are any. */
static void find_symbols(struct program *p)
{
    Elf64_Shdr sh, names;

    for (unsigned i = 0; section(p, i, &sh); i++) {
        if ((sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM) ||
            !section(p, sh.sh_link, &names))
            continue;
        struct program_table t = {sh.sh_offset, sh.sh_size / sizeof(Elf64_Sym)};
        struct program_table n = {names.sh_offset, names.sh_size};
        if (sh.sh_type == SHT_DYNSYM)
            p->imports.count = t.count;
        if (sh.sh_type == SHT_SYMTAB || p->symbols.count == 0) {
            p->symbols = t;
            p->names = n;
        }
    }
}

/* Notes which numbers of versions are a C library's, from the lists of lists at (at). */
static void find_versions(struct program *p, uint64_t at)
{
    unsigned left = VERSIONS_MAX;
    Elf64_Verneed need;
    Elf64_Vernaux aux;

    /* They are linked by distances, which only lead forwards. */
    while (left > 0 && get(p, at, &need, sizeof(need))) {
        bool libcs = is_libc(text(p, p->import_names, need.vn_file));
        uint64_t aux_at = at + need.vn_aux;
        for (unsigned k = 0; k < need.vn_cnt && left > 0 && get(p, aux_at, &aux, sizeof(aux));
             k++) {
            unsigned number = aux.vna_other & 0x7fff;
            if (libcs)
                p->libc_versions[number / 8] |= (uint8_t)(1u << number % 8);
            left--;
            if (aux.vna_next == 0)
                break;
            aux_at += aux.vna_next;
        }
        left -= left > 0;
        if (need.vn_next == 0)
            break;
        at += need.vn_next;
    }
}

/* The dynamic section: what stands at which address becomes offsets. */
static void find_dynamic(struct program *p, const Elf64_Phdr *dynamic)
{
    struct program_table t = {dynamic->p_offset, dynamic->p_filesz / sizeof(Elf64_Dyn)};
    Elf64_Dyn d;
    uint64_t count = p->imports.count, hash = 0, needs = UINT64_MAX;

    for (uint64_t i = 0; element(p, t, i, &d, sizeof(d)) && d.d_tag != DT_NULL; i++) {
        if (d.d_tag == DT_SYMTAB)
            p->imports.offset = offset_of(p, d.d_un.d_ptr);
        else if (d.d_tag == DT_STRTAB)
            p->import_names.offset = offset_of(p, d.d_un.d_ptr);
        else if (d.d_tag == DT_STRSZ)
            p->import_names.count = d.d_un.d_val;
        else if (d.d_tag == DT_VERSYM)
            p->versions.offset = offset_of(p, d.d_un.d_ptr);
        else if (d.d_tag == DT_VERNEED)
            needs = offset_of(p, d.d_un.d_ptr);
        else if (d.d_tag == DT_HASH)
            hash = offset_of(p, d.d_un.d_ptr);
    }
    /* Without section headers the table's length is that of the hash table's chains, or what is
     * left up to the names, which follow in all that linkers make. */
    uint32_t chains[2];
    if (count == 0 && hash != 0 && get(p, hash, chains, sizeof(chains)))
        count = chains[1];
    else if (count == 0 && p->import_names.offset > p->imports.offset)
        count = (p->import_names.offset - p->imports.offset) / sizeof(Elf64_Sym);
    p->imports.count = min_size(count, p->size / sizeof(Elf64_Sym));
    p->versions.count = p->versions.offset != 0 ? p->imports.count : 0;
    find_versions(p, needs);

    p->libc_only = true;
    for (uint64_t i = 0; element(p, t, i, &d, sizeof(d)) && d.d_tag != DT_NULL; i++)
        if (d.d_tag == DT_NEEDED && !is_libc(text(p, p->import_names, d.d_un.d_val)))
            p->libc_only = false;
}

/* Whether the notes at (ph) are those of an image. */
static bool has_image_note(const struct program *p, const Elf64_Phdr *ph)
{
    static const char name[] = PITH_NOTE_NAME;
    Elf64_Nhdr n;
    char found[sizeof(name)];

    return get(p, ph->p_offset, &n, sizeof(n)) && n.n_namesz == sizeof(name) &&
           get(p, ph->p_offset + sizeof(n), found, sizeof(found)) &&
           memcmp(found, name, sizeof(name)) == 0;
}

const char *program_read(struct program *p, const unsigned char *data, size_t size)
{
    Elf64_Phdr ph;

    *p = (struct program){.data = data, .size = size};
    if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
        return "is neither an ELF file nor an archive";
    if (!get(p, 0, &p->head, sizeof(p->head)))
        return "is cut off in its first header";
    if (p->head.e_ident[EI_CLASS] != ELFCLASS64 || p->head.e_ident[EI_DATA] != ELFDATA2LSB ||
        p->head.e_machine != EM_X86_64)
        return "is for another machine than x86-64";
    if (p->head.e_type != ET_EXEC && p->head.e_type != ET_DYN)
        return "is not a program, a library or an object file";
    if (p->head.e_phnum == 0 || p->head.e_phentsize != sizeof(Elf64_Phdr))
        return "has no program headers";
    if (!header(p, p->head.e_phnum - 1u, &ph))
        return "is cut off in its program headers";
    if (p->head.e_shentsize != sizeof(Elf64_Shdr))
        p->head.e_shnum = 0;

    for (unsigned i = 0; header(p, i, &ph); i++) {
        if (ph.p_type == PT_LOAD && !range_inside(ph.p_offset, ph.p_filesz, 0, size))
            return "is cut off";
        p->image |= ph.p_type == PT_NOTE && has_image_note(p, &ph);
    }
    find_symbols(p);
    for (unsigned i = 0; header(p, i, &ph); i++)
        if (ph.p_type == PT_DYNAMIC)
            find_dynamic(p, &ph);
    return NULL;
}

void program_imports(const struct program *p, void (*fn)(void *arg, const char *name, bool libcs),
                     void *arg)
{
    Elf64_Sym s;

    for (uint64_t i = 1; element(p, p->imports, i, &s, sizeof(s)); i++) {
        const char *name = text(p, p->import_names, s.st_name);
        uint16_t version = 0;
        if (s.st_shndx != SHN_UNDEF || ELF64_ST_BIND(s.st_info) == STB_WEAK || !name[0])
            continue;
        bool versioned = element(p, p->versions, i, &version, sizeof(version)) &&
                         (version & 0x7fff) > VER_NDX_GLOBAL;
        version &= 0x7fff;
        fn(arg, name, versioned ? p->libc_versions[version / 8] >> version % 8 & 1 : p->libc_only);
    }
}

/* The name of the function at (addr), or "". */
static const char *function_at(const struct program *p, uint64_t addr)
{
    const char *found = "";
    uint64_t best = 0;
    Elf64_Sym s;

    for (uint64_t i = 1; element(p, p->symbols, i, &s, sizeof(s)); i++) {
        if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF || s.st_value > addr ||
            s.st_value < best || (s.st_size != 0 && addr - s.st_value >= s.st_size))
            continue;
        best = s.st_value;
        found = text(p, p->names, s.st_name);
    }
    return found;
}

long program_constant(const unsigned char *code, size_t at, bool edi)
{
    const unsigned char move = edi ? 0xbf : 0xb8, wide = edi ? 0xc7 : 0xc0,
                        clear = edi ? 0xff : 0xc0;
    uint32_t value;

    /* Bytes are not decoded: the nearest that look like it count. */
    for (size_t back = 2; back <= LOOK_BACK && back <= at; back++) {
        const unsigned char *c = code + at - back;
        if ((c[0] == 0x31 || c[0] == 0x33) && c[1] == clear)
            return 0;
        if (back >= 3 && !edi && c[0] == 0x6a && c[2] == 0x58)
            return c[1];
        if (back >= 5 && c[0] == move) {
            memcpy(&value, c + 1, sizeof(value));
            return value;
        }
        if (back >= 7 && c[0] == 0x48 && c[1] == 0xc7 && c[2] == wide) {
            memcpy(&value, c + 3, sizeof(value));
            return value;
        }
    }
    return -1;
}

void program_syscalls(const struct program *p,
                      void (*fn)(void *arg, const char *function, long number), void *arg)
{
    unsigned left = SYSCALLS_MAX;
    Elf64_Phdr ph;

    for (unsigned i = 0; header(p, i, &ph); i++) {
        if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
            continue;
        const unsigned char *code = p->data + ph.p_offset;
        for (size_t at = 0; at + 1 < ph.p_filesz && left > 0; at++) {
            if (code[at] != 0x0f || code[at + 1] != 0x05)
                continue;
            long number = program_constant(code, at, false);
            left -= number >= 0;
            if (number >= 0)
                fn(arg, function_at(p, ph.p_vaddr + at), number);
        }
    }
}
