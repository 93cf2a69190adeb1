/* SPDX-License-Identifier: MIT
 *
 * What an image is, for programs to read (docs/inspect.md). */
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "json.h"
#include "why.h"

static void put_bytes(struct json *j, const struct map_size *s)
{
    json_number(j, "text", s->text);
    json_number(j, "data", s->data);
    json_number(j, "bss", s->bss);
}

static void put_why(struct json *j, const struct map *m, const struct why *w)
{
    json_array(j, "why");
    for (size_t i = 0; i < w->count; i++) {
        json_object(j, NULL);
        json_text(j, "name", map_text(m, m->parts[w->steps[i]].name));
        json_text(j, "service", map_text(m, m->groups[map_group_of(m, w->steps[i])].name));
        if (i + 1 < w->count && w->lines[i].line[0] != '\0')
            json_text(j, "line", w->lines[i].line);
        json_end(j, '}');
    }
    json_end(j, ']');
}

/* False: out of memory. */
static bool put_services(struct json *j, const struct inspection *in)
{
    uint32_t *groups = calloc(in->size_count + 1, sizeof(*groups));
    struct why *whys = calloc(in->size_count + 1, sizeof(*whys));
    bool done = groups != NULL && whys != NULL;

    for (size_t i = 0; done && in->has_map && i < in->size_count; i++)
        groups[i] = map_find_group(&in->map, in->sizes[i].name);
    if (done && in->has_map)
        done = why_find(&in->map, groups, in->size_count, in->map_path, whys) == 0;
    json_array(j, "services");
    for (size_t i = 0; done && i < in->size_count; i++) {
        json_object(j, NULL);
        json_text(j, "name", in->sizes[i].name);
        json_text(j, "what", inspect_service_what(in, in->sizes[i].name));
        put_bytes(j, &in->sizes[i]);
        if (in->has_map)
            put_why(j, &in->map, &whys[i]);
        json_end(j, '}');
    }
    json_end(j, ']');
    if (whys != NULL)
        why_free(whys, in->size_count);
    free(groups);
    free(whys);
    return done;
}

static void put_segments(struct json *j, const struct inspection *in)
{
    json_array(j, "segments");
    for (size_t i = 0; i < in->elf.segment_count; i++) {
        const Elf64_Phdr *p = &in->elf.segments[i];
        if (p->p_type != PT_LOAD)
            continue;
        json_object(j, NULL);
        json_text(j, "name", inspect_segment_name(in, p));
        json_text(j, "protection", inspect_protection(p));
        json_number(j, "address", p->p_vaddr);
        json_number(j, "memory", p->p_memsz);
        json_number(j, "file", p->p_filesz);
        json_end(j, '}');
    }
    json_end(j, ']');
}

static void put_facts(struct json *j, const struct map *m)
{
    json_array(j, "facts");
    for (size_t i = 0; i < m->fact_count; i++) {
        json_object(j, NULL);
        json_text(j, "key", map_text(m, m->facts[i].key));
        json_text(j, "value", map_text(m, m->facts[i].value));
        json_end(j, '}');
    }
    json_end(j, ']');
}

/* False: out of memory. */
static bool put_policy(struct json *j, const struct inspection *in)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return false;
    if (in->policy_known)
        policy_print(f, &in->policy);
    bool done = fclose(f) == 0;
    if (done) {
        json_object(j, "policy");
        json_bool(j, "given", in->policy_known && in->policy_given);
        json_text(j, "text", text);
        json_end(j, '}');
    }
    free(text);
    return done;
}

bool inspect_json_members(struct json *j, const struct inspection *in)
{
    const Elf64_Ehdr *h = (const void *)in->elf.data;

    json_number(j, "format", 1);
    json_text(j, "image", in->path);
    json_bool(j, "hosted", in->hosted);
    json_bool(j, "bare", in->image.bare);
    json_number(j, "file_bytes", in->elf.size);
    json_number(j, "loaded_bytes", in->loaded);
    json_number(j, "memory_bytes", in->memory);
    json_number(j, "memory_to_start", in->note.memory_min + in->memory + in->image.root_size);
    json_number(j, "files_bytes", in->image.root_size);
    if (in->hosted)
        json_number(j, "entry", h->e_entry);
    if (in->image.bare)
        json_number(j, "pvh_entry", in->pvh_entry);
    if (in->stack != 0)
        json_number(j, "stack_bytes", in->stack);
    json_bool(j, "network", in->image.network);
    json_bool(j, "preemption", in->upcalls);
    json_text(j, "build_id", in->build_id);
    bool done = put_policy(j, in);
    done &= put_services(j, in);
    json_object(j, "rest");
    json_number(j, "text", inspect_rest(in));
    json_end(j, '}');
    put_segments(j, in);
    if (in->has_map)
        put_facts(j, &in->map);
    return done;
}

bool inspect_json(FILE *f, const struct inspection *in)
{
    struct json j = {.f = f};

    json_object(&j, NULL);
    bool done = inspect_json_members(&j, in);
    json_end(&j, '}');
    return done;
}
