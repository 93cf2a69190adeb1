/* SPDX-License-Identifier: MIT
 *
 * Why an image needs a system call that Pith does not have.
 *
 * The linker's view is rebuilt from its inputs (graph.h). Where a function of the program refers to
 * one of a library from which ways lead to missing calls, or to such a call itself, that is told:
 * the function, a shortest way, and all the calls. What else is missing, because only the start
 * code or a library leads there, or because the program's functions are not in object files
 * (link-time optimisation), is told in ld's words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cc.h"
#include "cli.h"
#include "graph.h"
#include "inputs.h"
#include "ld.h"
#include "lines.h"
#include "table.h"

#define ENTRY "_start"

/* A program that was not written for this may have hundreds. */
#define TOLD_MAX 20

/* A reference of the program's that needs missing calls. */
struct need {
    uint32_t object, section;
    uint64_t at;
    size_t symbol; /* the function or object that it is in, or 0 */
    struct graph_target to;
};

struct needs {
    struct need *v;
    size_t n, cap;
};

static bool is_same(const struct need *a, const struct need *b)
{
    return a->object == b->object && a->section == b->section && a->symbol == b->symbol &&
           a->to.kind == b->to.kind && a->to.index == b->to.index;
}

static int add_need(struct needs *s, struct need need)
{
    for (size_t i = 0; i < s->n; i++)
        if (is_same(&s->v[i], &need))
            return 0;
    struct need *v = table_grown(s->v, s->n, 1, &s->cap, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    s->v = v;
    s->v[s->n++] = need;
    return 0;
}

/* Finds all that the program needs, in the order of reaching. */
static int find_needs(struct graph *g, struct needs *s)
{
    int err = 0;

    for (uint32_t n = 0; n < g->count && err == 0; n++) {
        const Elf64_Rela *rela;
        struct graph_node node = g->nodes[n];
        const struct object *o = &g->objects.v[node.object];
        size_t count = graph_is_programs(g, n) ? object_relocations(o, node.section, &rela) : 0;
        for (size_t i = 0; i < count && err == 0; i++) {
            struct graph_target t = graph_target_of(g, node.object, &rela[i]);
            bool needs =
                t.kind == TO_CALL || (t.kind == TO_NODE && !graph_is_programs(g, t.index) &&
                                      g->nodes[t.index].distance != NO_NODE);
            if (needs)
                err = add_need(s, (struct need){node.object, node.section, rela[i].r_offset,
                                                object_symbol_at(o, node.section, rela[i].r_offset),
                                                t});
        }
    }
    return err;
}

static bool is_function(const struct object *o, size_t section)
{
    return o->sections[section].sh_flags & SHF_EXECINSTR;
}

/* Prints the name of what (offset) of a section is in, with its library. */
static void print_place(const struct object *o, size_t section, uint64_t offset)
{
    char name[256];

    object_place_name(o, section, offset, name, sizeof(name));
    fputs(name, stderr);
    if (o->library != NULL)
        fprintf(stderr, " [%s]", o->library);
}

/* Prints the calls of (found): "a", "a and b", "a, b and c". */
static void print_calls(const struct graph *g, const bool *found)
{
    size_t left = 0;

    for (size_t i = 0; i < g->call_count; i++)
        left += found[i];
    for (size_t i = 0; i < g->call_count; i++) {
        if (!found[i])
            continue;
        left--;
        fprintf(stderr, "%s%s", g->calls[i], left > 1 ? ", " : left == 1 ? " and " : "");
    }
}

/* Tells one need; marks the calls in (told). */
static int tell(struct graph *g, const struct need *need, bool *told)
{
    const struct object *o = &g->objects.v[need->object];
    bool *found = calloc(g->call_count, sizeof(*found));
    size_t count = 0, functions = 0;
    int err = 0;
    char line[PATH_MAX + 32], name[256];

    if (found == NULL)
        return -ENOMEM;
    if (need->to.kind == TO_CALL)
        found[need->to.index] = true;
    else
        err = graph_calls_of(g, need->to.index, found);
    if (err != 0) {
        free(found);
        return err;
    }
    for (size_t i = 0; i < g->call_count; i++) {
        const struct call_info *info = call_find(g->calls[i]);
        count += found[i];
        functions += found[i] && info != NULL && info->number < 0;
        told[i] |= found[i];
    }

    fputs("pith cc: ", stderr);
    if (line_of(o, need->section, need->at, line, sizeof(line)))
        fprintf(stderr, "%s: ", line);
    object_place_name(o, need->section, need->at, name, sizeof(name));
    fprintf(stderr, "%s%s needs %s", name, is_function(o, need->section) ? "()" : "",
            functions == count ? ""
            : count > 1        ? "the system calls "
                               : "the system call ");
    print_calls(g, found);
    fputs(", which Pith does not have  (", stderr);
    print_place(o, need->section, need->at);
    /* Distances fall by one at each step. */
    struct graph_target t = need->to;
    while (t.kind == TO_NODE) {
        const struct graph_node *n = &g->nodes[t.index];
        fputs(" -> ", stderr);
        print_place(&g->objects.v[n->object], n->section, n->at);
        t = n->next;
    }
    const struct call_info *end = call_find(g->calls[t.index]);
    if (end == NULL || end->number >= 0)
        fprintf(stderr, " -> " CALL_PREFIX "%s", g->calls[t.index]);
    fputs(")\n", stderr);
    free(found);
    return 0;
}

/* The note about a missing call; NULL: there is nothing to say. */
static const char *note_of(const char *name)
{
    const struct call_info *info = call_find(name);

    if (info == NULL || info->status != CALL_ABSENT || strcmp(info->note, CALL_NOT_YET) == 0)
        return NULL;
    return info->note;
}

/* What to do instead, once for all calls of which the same is to be said. */
static void print_notes(const struct missing_calls *calls)
{
    for (size_t i = 0; i < calls->n; i++) {
        const char *note = note_of(calls->v[i].name), *other;
        bool said = note == NULL;
        for (size_t k = 0; k < i && !said; k++)
            said = (other = note_of(calls->v[k].name)) != NULL && strcmp(note, other) == 0;
        if (said)
            continue;
        fprintf(stderr, "pith cc: note: %s", calls->v[i].name);
        for (size_t k = i + 1; k < calls->n; k++)
            if ((other = note_of(calls->v[k].name)) != NULL && strcmp(note, other) == 0)
                fprintf(stderr, ", %s", calls->v[k].name);
        fprintf(stderr, ": %s\n", note);
    }
}

/* Tells what the walk finds; marks in (told) what was. */
static int explain(struct graph *g, const struct args *link, bool *told)
{
    struct needs needs = {0};
    int err = inputs_load(&g->objects, link);

    if (err == 0)
        err = graph_build(g);
    if (err == 0) {
        graph_start_at(g, ENTRY);
        graph_start_at_kept(g);
        err = graph_walk(g);
    }
    if (err == 0)
        err = find_needs(g, &needs);
    for (size_t i = 0; i < needs.n && err == 0; i++) {
        if (i == TOLD_MAX) {
            fprintf(stderr, "pith cc: and %zu more\n", needs.n - i);
            memset(told, true, g->call_count * sizeof(*told));
            break;
        }
        err = tell(g, &needs.v[i], told);
    }
    free(needs.v);
    return err;
}

void missing_explain(const struct missing_calls *calls, const struct args *link)
{
    struct graph g = {.call_count = calls->n};
    bool *told = calloc(calls->n, sizeof(*told));

    g.calls = calloc(calls->n, sizeof(*g.calls));
    if (told == NULL || g.calls == NULL) {
        fputs("pith cc: out of memory\n", stderr);
    } else {
        for (size_t i = 0; i < calls->n; i++)
            g.calls[i] = calls->v[i].name;
        (void)explain(&g, link, told);
        for (size_t i = 0; i < calls->n; i++) {
            if (told[i])
                continue;
            if (calls->v[i].text != NULL)
                fputs(calls->v[i].text, stderr);
            const struct call_info *info = call_find(calls->v[i].name);
            fprintf(stderr, "pith cc: the program needs %s%s, which Pith does not have\n",
                    info != NULL && info->number < 0 ? "" : "the system call ", calls->v[i].name);
        }
    }
    print_notes(calls);
    fputs("pith cc: hint: build without it, or link with --allow-missing: it then fails with "
          "ENOSYS when called\n",
          stderr);
    free(told);
    free(g.calls);
    graph_free(&g);
}
