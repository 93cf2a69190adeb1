/* SPDX-License-Identifier: MIT
 *
 * Looks a function up in the vDSO's dynamic symbols. The image is the kernel's and its loadable
 * segment is the whole of it; every offset is checked all the same, as a wrong function would be
 * called. */
#include "monitor/process/vdso.h"

#include <elf.h>
#include <string.h>

/* The tables of the dynamic section, as offsets into the image; 0: missing. */
struct tables {
    uint64_t symtab, strtab, strsz, hash, gnu_hash;
};

/* The (size) bytes at (at), a multiple of (align), or NULL. */
static const void *piece(const void *vdso, size_t len, uint64_t at, uint64_t size, unsigned align)
{
    return at % align == 0 && range_inside(at, size, 0, len) ? (const char *)vdso + at : NULL;
}

static bool find_tables(const void *vdso, size_t len, struct tables *t, uint64_t *bias)
{
    const Elf64_Ehdr *e = piece(vdso, len, 0, sizeof(*e), 8);
    if (!e || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_phentsize != sizeof(Elf64_Phdr))
        return false;
    const Elf64_Phdr *ph = piece(vdso, len, e->e_phoff, (uint64_t)e->e_phnum * sizeof(*ph), 8);
    const Elf64_Dyn *dyn = NULL;
    size_t dyns = 0;
    for (unsigned i = 0; ph && i < e->e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD)
            *bias = ph[i].p_vaddr - ph[i].p_offset;
        if (ph[i].p_type == PT_DYNAMIC) {
            dyn = piece(vdso, len, ph[i].p_offset, ph[i].p_filesz, 8);
            dyns = ph[i].p_filesz / sizeof(*dyn);
        }
    }
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; dyn && i < dyns && dyn[i].d_tag != DT_NULL; i++) {
        uint64_t val = dyn[i].d_un.d_val;
        if (dyn[i].d_tag == DT_SYMTAB)
            t->symtab = val - *bias;
        else if (dyn[i].d_tag == DT_STRTAB)
            t->strtab = val - *bias;
        else if (dyn[i].d_tag == DT_STRSZ)
            t->strsz = val;
        else if (dyn[i].d_tag == DT_HASH)
            t->hash = val - *bias;
        else if (dyn[i].d_tag == DT_GNU_HASH)
            t->gnu_hash = val - *bias;
    }
    return t->symtab && t->strtab && t->strsz;
}

/* The number of symbols. The dynamic section does not say; the hash tables do: DT_HASH as its
 * number of chains, DT_GNU_HASH as the end of the chain of its last used bucket. */
static uint32_t count_symbols(const void *vdso, size_t len, const struct tables *t)
{
    const uint32_t *hash = piece(vdso, len, t->hash, 8, 4);
    if (t->hash && hash)
        return hash[1];
    const uint32_t *gnu = piece(vdso, len, t->gnu_hash, 16, 4);
    if (!t->gnu_hash || !gnu)
        return 0;
    uint32_t buckets = gnu[0], first = gnu[1], bloom = gnu[2], last = 0;
    uint64_t at = t->gnu_hash + 16 + 8ull * bloom;
    const uint32_t *bucket = piece(vdso, len, at, 4ull * buckets, 4);
    if (!bucket)
        return 0;
    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return 0;
    for (at += 4ull * buckets;; last++) {
        const uint32_t *chain = piece(vdso, len, at + 4ull * (last - first), 4, 4);
        if (!chain)
            return 0;
        if (*chain & 1)
            return last + 1;
    }
}

size_t vdso_len(const void *vdso)
{
    const Elf64_Ehdr *e = vdso;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)((const char *)vdso + e->e_phoff);
    size_t len = 0;
    for (unsigned i = 0; i < e->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && ph[i].p_offset + ph[i].p_filesz > len)
            len = ph[i].p_offset + ph[i].p_filesz;
    return len;
}

void *vdso_find(const void *vdso, size_t len, const char *name)
{
    struct tables t;
    uint64_t bias = 0;
    if (!find_tables(vdso, len, &t, &bias))
        return NULL;
    uint32_t n = count_symbols(vdso, len, &t);
    const Elf64_Sym *sym = piece(vdso, len, t.symtab, (uint64_t)n * sizeof(*sym), 8);
    const char *names = piece(vdso, len, t.strtab, t.strsz, 1);
    size_t name_len = strlen(name) + 1;
    for (uint32_t i = 0; sym && names && i < n; i++) {
        uint64_t at = sym[i].st_value - bias;
        if (sym[i].st_shndx != SHN_UNDEF && range_inside(sym[i].st_name, name_len, 0, t.strsz) &&
            !memcmp(names + sym[i].st_name, name, name_len) && piece(vdso, len, at, 1, 1))
            return (void *)((uintptr_t)vdso + at);
    }
    return NULL;
}
