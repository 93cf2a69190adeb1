/* SPDX-License-Identifier: MIT
 *
 * What an image was linked from: the map that pith cc leaves in it and pith inspect reads.
 *
 * It is a section ".debug_pith" that is not loaded, and goes when debug information goes (strip,
 * objcopy
 * --strip-debug). What strip leaves is a section ".pith.services" with the sizes alone (struct
 * map_size). Both are little endian and 4-byte aligned. The map is a struct map_head, then its
 * tables in the order of their counts, then the text that all names are in: offsets of strings that
 * end with 0.
 *
 * Parts are functions and objects, by address: what of the image's input sections a symbol names.
 * The file is hostile when it is read: map_read accepts only what is consistent in itself. */
#ifndef PITH_CLI_MAP_H
#define PITH_CLI_MAP_H

#include "base/base.h"

#define MAP_SECTION   ".debug_pith"
#define MAP_MAGIC     0x50414d50u /* "PMAP" */
#define MAP_VERSION   1u
#define SIZES_SECTION ".pith.services"
#define MAP_NONE      UINT32_MAX

/* A service, or one of the groups that are none. */
struct map_group {
    uint32_t name, what;
};

/* Groups that every map starts with. */
enum { MAP_PROGRAM, MAP_LIBC, MAP_COMPILER, MAP_GROUPS };

/* More than that no map has, so that what is asked of each of them stays cheap. */
#define MAP_GROUPS_MAX 256

/* An input file: an object, or a member of an archive. */
struct map_file {
    uint32_t name;   /* of the object or the archive, as the user knows it */
    uint32_t member; /* "" for an object */
    uint32_t group;
};

enum map_kind { MAP_TEXT, MAP_CONSTANT, MAP_DATA, MAP_BSS, MAP_KINDS };

struct map_part {
    uint32_t address, size;
    uint32_t name; /* of the function or object, "" unknown */
    uint32_t file;
    uint32_t kind;
};

/* One part refers to another, at (address), its first place that does. */
struct map_edge {
    uint32_t from, to;
    uint32_t address;
};

/* How the image was built: "compiler", "GCC: (Debian 12.2.0) 12.2.0". */
struct map_fact {
    uint32_t key, value;
};

struct map_head {
    uint32_t magic, version;
    uint32_t group_count, file_count, part_count, edge_count, fact_count;
    uint32_t text_size;
    uint32_t entry; /* the part that is entered first; MAP_NONE */
};

struct map {
    const struct map_group *groups;
    const struct map_file *files;
    const struct map_part *parts; /* by ascending address; they do not overlap */
    const struct map_edge *edges; /* by ascending (from) */
    const struct map_fact *facts;
    const char *text;
    size_t group_count, file_count, part_count, edge_count, fact_count, text_size;
    uint32_t entry;
};

/* What a group takes of an image, in SIZES_SECTION. */
struct map_size {
    char name[16];            /* ends with 0 */
    uint32_t text, data, bss; /* bytes of what is not written, written, and zero at the start */
};

static inline bool map_size_is_zero(const struct map_size *s)
{
    return s->text == 0 && s->data == 0 && s->bss == 0;
}

/* Finds the tables in the (size) bytes at (bytes), which must stay. False: they are no map of this
 * version, or not a sound one. */
must_check bool map_read(struct map *m, const void *bytes, size_t size);

/* The bytes of a map, for the caller to free. NULL: out of memory. Only what map_read accepts makes
 * sense. */
must_check void *map_write(const struct map *m, size_t *size);

/* A name of (m). */
static inline const char *map_text(const struct map *m, uint32_t offset)
{
    return m->text + offset;
}

/* The group that a part belongs to. */
static inline uint32_t map_group_of(const struct map *m, uint32_t part)
{
    return m->files[m->parts[part].file].group;
}

/* The number of the group called (name); MAP_NONE. */
uint32_t map_find_group(const struct map *m, const char *name);

/* Adds up what each group takes, into (sizes), one for each group. */
void map_sizes(const struct map *m, struct map_size *sizes);

/* The shortest chain of references from the program's own parts, or where none of these leads there
 * from the first code of the image, to a part of (group): edges by their number in (chain), which
 * has room for part_count. Returns their count, 0: nothing leads there; -ENOMEM. */
must_check long map_why(const struct map *m, uint32_t group, uint32_t *chain);

#endif
