/* SPDX-License-Identifier: MIT
 *
 * What an image is, for people to read. */
#include <string.h>

#include "inspect.h"
#include "print.h"
#include "services.h"

const char *inspect_target(const struct inspection *in)
{
    return !in->image.bare ? "processes and the monitor's virtual machines (hosted)"
           : !in->hosted   ? "virtual machines without a monitor (bare)"
                           : "processes and virtual machines (universal)";
}

const char *inspect_service_what(const struct inspection *in, const char *name)
{
    if (in->has_map) {
        uint32_t group = map_find_group(&in->map, name);
        return group != MAP_NONE ? map_text(&in->map, in->map.groups[group].what) : "";
    }
    return service_what(name);
}

static void print_head(FILE *f, const struct inspection *in)
{
    print_name(f, in->path);
    fprintf(f, ": an image for %s\n", inspect_target(in));
    print_size(f, in->loaded);
    fputs(" of the file are loaded, of ", f);
    print_size(f, in->elf.size);
    fputs("; in memory they take ", f);
    print_size(f, in->memory);
    fputs("\n\n", f);
}

static void print_row(FILE *f, const char *name, const struct map_size *s, const char *what)
{
    print_column(f, name, SERVICE_COLUMN);
    fprintf(f, "%9u %9u %9u  ", s->text, s->data, s->bss);
    print_name(f, what);
    putc('\n', f);
}

static void print_services(FILE *f, const struct inspection *in)
{
    if (in->size_count == 0) {
        fputs("services: the image does not say (a configure script's, or of an older pith cc)\n\n",
              f);
        return;
    }
    struct map_size rest = {.text = (uint32_t)inspect_rest(in)};
    fprintf(f, "%-13s%9s %9s %9s\n", "service", "text", "data", "bss");
    for (size_t i = 0; i < in->size_count; i++)
        print_row(f, in->sizes[i].name, &in->sizes[i], inspect_service_what(in, in->sizes[i].name));
    print_row(f, "(rest)", &rest, "headers, relocations, alignment");
    struct map_size all = in->total;
    all.text += rest.text;
    print_row(f, "(all)", &all, "");
    putc('\n', f);
}

static void print_segments(FILE *f, const struct inspection *in)
{
    fprintf(f, "%-13s%9s %9s %9s  %s\n", "segment", "address", "memory", "file", "protection");
    for (size_t i = 0; i < in->elf.segment_count; i++) {
        const Elf64_Phdr *p = &in->elf.segments[i];
        if (p->p_type == PT_LOAD)
            fprintf(f, "%-13s%#9llx %9llu %9llu  %s\n", inspect_segment_name(in, p),
                    (unsigned long long)p->p_vaddr, (unsigned long long)p->p_memsz,
                    (unsigned long long)p->p_filesz, inspect_protection(p));
    }
    putc('\n', f);
}

static void print_needs(FILE *f, const struct inspection *in)
{
    const Elf64_Ehdr *h = (const void *)in->elf.data;
    if (in->hosted)
        fprintf(f, "entry        %#llx, by a monitor\n", (unsigned long long)h->e_entry);
    if (in->image.bare)
        fprintf(f, "entry        %#llx, by PVH (a physical address)\n",
                (unsigned long long)in->pvh_entry);
    fputs("memory       ", f);
    print_size(f, in->note.memory_min + in->memory + in->image.root_size);
    fputs(" to start\n", f);
    if (in->stack != 0) {
        fputs("stack        ", f);
        print_size(f, in->stack);
        fputs(" for each thread\n", f);
    }
    fprintf(f, "network      %s\n", in->image.network ? "wanted" : "none");
    fprintf(f, "preemption   %s\n", in->upcalls ? "wanted" : "none");
    fputs("files        ", f);
    if (in->image.root_size != 0)
        print_size(f, in->image.root_size);
    else
        fputs("none packed", f);
    putc('\n', f);
}

/* Prints all values of a fact after each other. */
static void print_fact(FILE *f, const struct map *m, const char *key, const char *title)
{
    bool first = true;
    for (size_t i = 0; i < m->fact_count; i++) {
        if (strcmp(map_text(m, m->facts[i].key), key) != 0)
            continue;
        fputs(first ? title : " ", f);
        print_name(f, map_text(m, m->facts[i].value));
        first = false;
    }
    if (!first)
        putc('\n', f);
}

/* What the image may do, as the lines that say so. */
static void print_policy(FILE *f, const struct inspection *in)
{
    if (!in->policy_known) {
        fprintf(f, "policy       %s\n", in->policy_fault.text);
        return;
    }
    fprintf(f, "policy       %s\n", in->policy_given ? "its author's:" : "none of its author's:");
    policy_print(f, &in->policy);
}

void inspect_text(FILE *f, const struct inspection *in)
{
    print_head(f, in);
    print_services(f, in);
    print_segments(f, in);
    print_needs(f, in);
    if (in->build_id[0] != '\0')
        fprintf(f, "build id     %s\n", in->build_id);
    print_policy(f, in);
    if (in->has_map) {
        print_fact(f, &in->map, "pith", "pith         ");
        print_fact(f, &in->map, "target", "target       ");
        print_fact(f, &in->map, "compiler", "compiler     ");
        print_fact(f, &in->map, "option", "options      ");
    } else {
        fputs("map          stripped: --debug FILE names the file that has it\n", f);
    }
}
