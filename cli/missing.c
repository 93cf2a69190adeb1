/* SPDX-License-Identifier: MIT
 *
 * Why an image needs a system call that Pith does not have.
 *
 * The linker's view is rebuilt from its inputs: sections are nodes, relocations are edges, and as
 * --gc-sections does it, a breadth-first walk starts at the entry point. Where it first meets a
 * missing call, the way back is a shortest chain of references; of that, the part from the
 * program's last function on is told. An approximation in two points, which only matter to which
 * chain is found: archive members count from the start, and a weak reference leads nowhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "cli.h"
#include "ld.h"
#include "lines.h"
#include "object.h"

#define ENTRY       "_start"
#define CALL_PREFIX "pith_sys_"

/* Where a global symbol is defined. */
struct definition {
    const char *name; /* NULL: free */
    uint32_t object;
    uint32_t symbol;
};

/* A section that was reached, from the section of node (from) by its relocation at (offset). */
struct node {
    uint32_t object;
    uint32_t section;
    uint32_t from; /* NO_NODE: a root */
    uint64_t offset;
};

#define NO_NODE UINT32_MAX

struct walk {
    struct objects objects;
    struct definition *table; /* hash table of (mask) + 1 places */
    size_t mask;
    unsigned char **seen; /* for each object its sections that were reached, or NULL */
    struct node *nodes;   /* in the order of reaching */
    size_t count, cap;
    bool failed; /* out of memory */
};

/* Where a missing call was met. */
struct hit {
    uint32_t node;
    uint64_t offset;
};

static size_t hash(const char *s)
{
    size_t h = 5381;
    while (*s != '\0')
        h = h * 33 + (unsigned char)*s++;
    return h;
}

static struct definition *look_up(const struct walk *w, const char *name)
{
    size_t i = hash(name) & w->mask;
    while (w->table[i].name != NULL && strcmp(w->table[i].name, name) != 0)
        i = (i + 1) & w->mask;
    return &w->table[i];
}

static bool is_weak(const Elf64_Sym *s)
{
    return ELF64_ST_BIND(s->st_info) == STB_WEAK;
}

/* Notes every global definition: the first one, but a strong one instead of a weak one. */
static int build_table(struct walk *w)
{
    size_t total = 0;
    for (size_t i = 0; i < w->objects.n; i++)
        total += w->objects.v[i].symbol_count;
    w->mask = 1023;
    while (w->mask < 2 * total)
        w->mask = 2 * w->mask + 1;
    w->table = calloc(w->mask + 1, sizeof(*w->table));
    if (w->table == NULL)
        return -ENOMEM;

    for (size_t i = 0; i < w->objects.n; i++) {
        const struct object *o = &w->objects.v[i];
        for (size_t k = 1; k < o->symbol_count; k++) {
            const Elf64_Sym *s = &o->symbols[k];
            const char *name = object_symbol_name(o, k);
            if (ELF64_ST_BIND(s->st_info) == STB_LOCAL || s->st_shndx == SHN_UNDEF || !name[0])
                continue;
            struct definition *d = look_up(w, name);
            if (d->name == NULL ||
                (is_weak(&w->objects.v[d->object].symbols[d->symbol]) && !is_weak(s)))
                *d = (struct definition){name, (uint32_t)i, (uint32_t)k};
        }
    }
    return 0;
}

/* Sections that stay whether or not something refers to them. */
static bool is_kept(const struct object *o, size_t section)
{
    static const char *const kept[] = {".init_array", ".fini_array", ".preinit_array", ".ctors",
                                       ".dtors"};
    const char *name = object_section_name(o, section);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (strncmp(name, kept[i], strlen(kept[i])) == 0)
            return true;
    return false;
}

static void push(struct walk *w, struct node node)
{
    if (w->count == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 1024;
        struct node *v = realloc(w->nodes, cap * sizeof(*v));
        if (v == NULL || cap > NO_NODE) {
            w->failed = true;
            return;
        }
        w->nodes = v;
        w->cap = cap;
    }
    w->nodes[w->count++] = node;
}

static void reach(struct walk *w, uint32_t object, uint32_t section, uint32_t from, uint64_t offset)
{
    const struct object *o = &w->objects.v[object];
    if (section == SHN_UNDEF || section >= o->section_count)
        return;
    bool first = w->seen[object] == NULL;
    if (first) {
        w->seen[object] = calloc(o->section_count, 1);
        if (w->seen[object] == NULL) {
            w->failed = true;
            return;
        }
    }
    if (w->seen[object][section])
        return;
    w->seen[object][section] = 1;
    push(w, (struct node){object, section, from, offset});

    /* An object that is linked brings its constructors with it. */
    for (uint32_t i = 0; first && i < o->section_count; i++)
        if (is_kept(o, i))
            reach(w, object, i, from, offset);
}

/* Follows one relocation of node (n). A missing call is noted in (hits), one for each of (calls).
 */
static void follow(struct walk *w, uint32_t n, const Elf64_Rela *r,
                   const struct missing_calls *calls, struct hit *hits)
{
    struct node node = w->nodes[n];
    const struct object *o = &w->objects.v[node.object];
    size_t symbol = ELF64_R_SYM(r->r_info);
    if (symbol == 0 || symbol >= o->symbol_count)
        return;
    const Elf64_Sym *s = &o->symbols[symbol];
    if (ELF64_ST_BIND(s->st_info) == STB_LOCAL) {
        reach(w, node.object, s->st_shndx, n, r->r_offset);
        return;
    }

    const char *name = object_symbol_name(o, symbol);
    const struct definition *d = look_up(w, name);
    if (d->name != NULL && (s->st_shndx != SHN_UNDEF || !is_weak(s))) {
        reach(w, d->object, w->objects.v[d->object].symbols[d->symbol].st_shndx, n, r->r_offset);
        return;
    }
    if (strncmp(name, CALL_PREFIX, strlen(CALL_PREFIX)) != 0)
        return;
    for (size_t i = 0; i < calls->n; i++)
        if (hits[i].node == NO_NODE && strcmp(calls->v[i].name, name + strlen(CALL_PREFIX)) == 0)
            hits[i] = (struct hit){n, r->r_offset};
}

static void walk_from_entry(struct walk *w, const struct missing_calls *calls, struct hit *hits)
{
    const struct definition *entry = look_up(w, ENTRY);
    if (entry->name != NULL)
        reach(w, entry->object, w->objects.v[entry->object].symbols[entry->symbol].st_shndx,
              NO_NODE, 0);
    for (uint32_t i = 0; i < w->objects.n; i++)
        for (uint32_t k = 0; k < w->objects.v[i].section_count; k++)
            if (w->objects.v[i].library == NULL && w->objects.v[i].member == NULL &&
                is_kept(&w->objects.v[i], k))
                reach(w, i, k, NO_NODE, 0);

    for (uint32_t n = 0; n < w->count && !w->failed; n++) {
        const Elf64_Rela *rela;
        size_t count =
            object_relocations(&w->objects.v[w->nodes[n].object], w->nodes[n].section, &rela);
        for (size_t i = 0; i < count; i++)
            follow(w, n, &rela[i], calls, hits);
    }
}

/* Prints the name of what the reference at (offset) in node (n) is in: a function, "f", with its
 * library. */
static void print_place(const struct walk *w, uint32_t n, uint64_t offset, bool with_library)
{
    const struct object *o = &w->objects.v[w->nodes[n].object];
    size_t symbol = object_symbol_at(o, w->nodes[n].section, offset);
    if (symbol != 0)
        fputs(object_symbol_name(o, symbol), stderr);
    else
        fputs(object_section_name(o, w->nodes[n].section), stderr);
    if (with_library && o->library != NULL)
        fprintf(stderr, " [%s]", o->library);
}

static bool is_function(const struct walk *w, uint32_t n)
{
    const struct node *node = &w->nodes[n];
    return w->objects.v[node->object].sections[node->section].sh_flags & SHF_EXECINSTR;
}

/* Explains the call (name), which was met at (hit). */
static void explain(const struct walk *w, const char *name, struct hit hit)
{
    /* Back to the program's own function that is nearest to the call. */
    uint32_t chain[64];
    uint64_t offsets[64];
    size_t depth = 0;
    uint64_t offset = hit.offset;
    for (uint32_t n = hit.node; n != NO_NODE && depth < ARRAY_LEN(chain); n = w->nodes[n].from) {
        chain[depth] = n;
        offsets[depth++] = offset;
        offset = w->nodes[n].offset;
        if (w->objects.v[w->nodes[n].object].library == NULL)
            break;
    }

    uint32_t first = chain[depth - 1];
    const struct object *o = &w->objects.v[w->nodes[first].object];
    char line[PATH_MAX + 32];
    fputs("pith cc: ", stderr);
    if (o->library != NULL) {
        fputs("the program", stderr);
    } else {
        if (line_of(o, w->nodes[first].section, offsets[depth - 1], line, sizeof(line)))
            fprintf(stderr, "%s: ", line);
        print_place(w, first, offsets[depth - 1], false);
        if (is_function(w, first))
            fputs("()", stderr);
    }
    fprintf(stderr, " needs the system call %s, which Pith does not have  (", name);
    while (depth-- > 0) {
        print_place(w, chain[depth], offsets[depth], true);
        fputs(" -> ", stderr);
    }
    fprintf(stderr, CALL_PREFIX "%s)\n", name);
}

/* Loads the files that the link names, in its order. */
static int load(struct objects *o, const struct args *link)
{
    char libc[PATH_MAX], libpith[PATH_MAX], crt1[PATH_MAX];
    int err = install_path(libc, CC_LIB "/libc.a");
    if (err == 0)
        err = install_path(libpith, CC_LIB "/libpith.a");
    if (err == 0)
        err = install_path(crt1, CC_LIB "/crt1.o");
    for (size_t i = 1; err == 0 && i < link->n; i++) {
        const char *arg = link->v[i];
        char lib[PATH_MAX];
        if (strcmp(arg, "-o") == 0 || strcmp(arg, "-Map") == 0) {
            i++;
            continue;
        }
        if (strncmp(arg, "-l", 2) == 0) {
            if (!find_library(link, i, lib))
                continue;
            arg = lib;
        }
        if (arg[0] == '-' || access(arg, R_OK) != 0)
            continue;
        const char *library = NULL;
        if (strcmp(arg, libc) == 0)
            library = "libc";
        else if (strcmp(arg, libpith) == 0 || strcmp(arg, crt1) == 0)
            library = "pith";
        err = objects_add(o, arg, library);
        if (err == -EINVAL)
            err = 0; /* a folder or a device after an option that is not known here */
    }
    return err;
}

static void walk_free(struct walk *w)
{
    for (size_t i = 0; w->seen != NULL && i < w->objects.n; i++)
        free(w->seen[i]);
    free(w->seen);
    free(w->nodes);
    free(w->table);
    objects_free(&w->objects);
}

void missing_explain(const struct missing_calls *calls, const struct args *link)
{
    struct walk w = {0};
    struct hit *hits = calloc(calls->n, sizeof(*hits));
    for (size_t i = 0; hits != NULL && i < calls->n; i++)
        hits[i].node = NO_NODE;
    int err = hits != NULL ? load(&w.objects, link) : -ENOMEM;
    if (err == 0)
        err = build_table(&w);
    if (err == 0 && (w.seen = calloc(w.objects.n + 1, sizeof(*w.seen))) == NULL)
        err = -ENOMEM;
    if (err == 0)
        walk_from_entry(&w, calls, hits);

    for (size_t i = 0; i < calls->n; i++) {
        const struct missing_call *call = &calls->v[i];
        if (err == 0 && hits[i].node != NO_NODE) {
            explain(&w, call->name, hits[i]);
            continue;
        }
        if (call->text != NULL)
            fputs(call->text, stderr);
        fprintf(stderr, "pith cc: the program needs the system call %s, which Pith does not have\n",
                call->name);
    }
    fputs("pith cc: hint: build without it, or link with --allow-missing: it then fails with "
          "ENOSYS when called\n",
          stderr);
    free(hits);
    walk_free(&w);
}
