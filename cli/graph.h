/* SPDX-License-Identifier: MIT
 *
 * Which function needs which system call, found in object files: sections are nodes, relocations
 * edges, and the system calls looked for, pith_sys_NAME, are where ways end. It is what
 * --gc-sections makes of the same files but for two points: archive members count from the start,
 * and a weak reference to what is not there leads nowhere. */
#ifndef PITH_CLI_GRAPH_H
#define PITH_CLI_GRAPH_H

#include "object.h"

#define CALL_PREFIX "pith_sys_"
#define NO_NODE     UINT32_MAX

/* Where a reference leads. */
struct graph_target {
    enum { TO_NOTHING, TO_NODE, TO_CALL } kind;
    uint32_t index; /* of the node, or of the call in graph.calls */
};

/* A section that is reached. */
struct graph_node {
    uint32_t object, section;
    uint32_t distance; /* references to the nearest call by way of libraries only; NO_NODE: none */
    uint64_t at;       /* offset of the first of these */
    struct graph_target next; /* what it leads to */
};

struct graph_definition;

struct graph {
    struct objects
        objects;        /* added by the user before graph_build; (library) tells the program's */
    const char **calls; /* names of the calls that are looked for, without the prefix; the user's */
    size_t call_count;
    struct graph_node *nodes; /* in the order of reaching: breadth first */
    size_t count, cap;
    struct graph_definition *table; /* hash table of (mask) + 1 places */
    size_t mask;
    uint32_t **node_of; /* for each object and section the number of its node + 1, or NULL */
    bool failed;        /* out of memory */
};

/* Notes every global definition of the objects. 0, -ENOMEM. */
must_check int graph_build(struct graph *g);

/* Starts at symbol (name), if there is one; at what an image keeps whether it is referred to or not
 * (constructors of the program's objects); at all sections of the program's objects. */
void graph_start_at(struct graph *g, const char *name);
void graph_start_at_kept(struct graph *g);
void graph_start_at_all(struct graph *g);

/* Follows all references, then measures distances. 0, -ENOMEM. */
must_check int graph_walk(struct graph *g);

/* Where relocation (r) of an object leads. Nodes that were not reached are TO_NOTHING. */
struct graph_target graph_target_of(struct graph *g, uint32_t object, const Elf64_Rela *r);

/* What relocation (r) of a section of (*object) refers to: sets (*object), (*section) and
 * (*offset), and returns true, unless it is nothing that the objects define. Needs graph_build
 * only. */
bool graph_refers_to(const struct graph *g, const Elf64_Rela *r, uint32_t *object,
                     uint32_t *section, uint64_t *offset);

/* The node of what symbol (name) defines, reached or not yet (it then is, at the end of what the
 * next graph_walk follows); NO_NODE: nobody defines it. */
uint32_t graph_find(struct graph *g, const char *name);

/* Whether the node is the program's own, and not a library's. */
static inline bool graph_is_programs(const struct graph *g, uint32_t node)
{
    return g->objects.v[g->nodes[node].object].library == NULL;
}

/* Marks in (found), of g->call_count, the calls that (node) reaches by way of libraries. */
must_check int graph_calls_of(struct graph *g, uint32_t node, bool *found);

void graph_free(struct graph *g);

#endif
