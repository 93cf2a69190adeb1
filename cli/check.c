/* SPDX-License-Identifier: MIT
 *
 * pith check: what a program uses that Pith has not, or not in full, before anybody builds it with
 * pith cc.
 *
 * Object files and archives are one program: their references are followed into Pith's own libc.a,
 * down to the system calls (graph.h). Of linked programs and libraries the imported symbols are,
 * and the "syscall" instructions in their code are looked at.
 *
 * An absent call counts wherever a way leads to it, because it would fail the link. A partial one
 * counts for functions that do nothing else or have its name, or nobody could use printf without
 * being warned of ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "cc.h"
#include "cli.h"
#include "graph.h"
#include "json.h"
#include "options.h"
#include "print.h"
#include "program.h"
#include "table.h"

#define EXIT_PARTIAL 1
#define EXIT_ABSENT  2

/* What the notes are about when a function is not in Pith's libc at all. */
static const struct call_info not_in_libc = {-1, "", CALL_ABSENT,
                                             "Pith's C library does not have it"};

/* One thing to tell. */
struct finding {
    char *file, *function; /* owned; (function) "": unknown */
    char *name, *by;       /* the call or function, owned; what calls it, owned, or "" */
    const struct call_info *info;
};

struct check {
    struct graph graph;
    const char *file; /* that is looked at */
    struct finding *found;
    size_t count, cap;
    bool failed; /* out of memory */
};

static void add(struct check *c, const char *function, const char *name, const char *by,
                const struct call_info *info)
{
    if (strcmp(name, by) == 0)
        by = "";
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->found[i].file, c->file) == 0 && strcmp(c->found[i].name, name) == 0 &&
            strcmp(c->found[i].function, function) == 0 && strcmp(c->found[i].by, by) == 0)
            return;
    struct finding *v = table_grown(c->found, c->count, 1, &c->cap, sizeof(*v));
    if (v == NULL) {
        c->failed = true;
        return;
    }
    c->found = v;
    struct finding f = {strdup(c->file), strdup(function), strdup(name), strdup(by), info};
    if (f.file == NULL || f.function == NULL || f.name == NULL || f.by == NULL)
        c->failed = true;
    else
        c->found[c->count++] = f;
}

/* Names that other C libraries give to functions of programs that were compiled with their headers.
 */
static const char *plain_name(const char *name, char *buf, size_t size)
{
    static const char *const pairs[][2] = {{"__xstat", "stat"},   {"__fxstat", "fstat"},
                                           {"__lxstat", "lstat"}, {"__fxstatat", "fstatat"},
                                           {"__xmknod", "mknod"}, {"__xmknodat", "mknodat"}};
    static const char *const prefixes[] = {"__isoc99_", "__isoc23_", "_IO_", "__"};
    static const char *const suffixes[] = {"_chk", "_2", "64"};

    snprintf(buf, size, "%s", name);
    size_t len = strlen(buf);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        size_t n = strlen(suffixes[i]);
        if (len > n && strcmp(buf + len - n, suffixes[i]) == 0)
            buf[len -= n] = '\0';
    }
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (strcmp(buf, pairs[i][0]) == 0)
            return pairs[i][1];
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncmp(buf, prefixes[i], strlen(prefixes[i])) == 0)
            return buf + strlen(prefixes[i]);
    return buf;
}

/* The node of the function that is called (name) here or in another C library; NO_NODE. */
static uint32_t find_function(struct check *c, const char *name)
{
    char buf[256];
    uint32_t node = graph_find(&c->graph, name);

    return node != NO_NODE ? node : graph_find(&c->graph, plain_name(name, buf, sizeof(buf)));
}

/* Adds what (node), libc's function (by), needs. */
static void add_function(struct check *c, const char *function, uint32_t node, const char *by)
{
    static const char own[] = "__pith_"; /* before what Pith's headers call fcntl and ioctl */
    struct graph *g = &c->graph;
    bool *all = calloc(g->call_count, sizeof(*all));
    size_t total = 0;

    if (strcmp(by, "__pith_fcntl_async") == 0)
        by = "fcntl";
    if (strncmp(by, own, strlen(own)) == 0 && graph_find(g, by + strlen(own)) != NO_NODE)
        by += strlen(own);
    if (all == NULL || graph_calls_of(g, node, all) != 0) {
        c->failed = true;
        free(all);
        return;
    }
    for (size_t i = 0; i < g->call_count; i++) {
        total += all[i];
        if (all[i] && call_infos[i].status == CALL_ABSENT)
            add(c, function, g->calls[i], by, &call_infos[i]);
    }
    for (size_t i = 0; i < g->call_count; i++)
        if (all[i] && call_infos[i].status == CALL_PARTIAL &&
            (total == 1 || strcmp(g->calls[i], by) == 0))
            add(c, function, g->calls[i], by, &call_infos[i]);
    free(all);
}

/* Adds system call (number), made in (function), but for those that C libraries make on their own.
 */
static void add_number(void *arg, const char *function, long number)
{
    const struct call_info *info = call_numbered(number);
    bool of_libc = number == SYS_rt_sigreturn || number == SYS_rseq;

    if (info != NULL && !of_libc && info->status != CALL_FULL)
        add(arg, function, info->name, "", info);
}

/* What relocation (r) of the program's object (object) refers to. */
static void add_reference(struct check *c, uint32_t object, size_t section, const Elf64_Rela *r)
{
    struct graph *g = &c->graph;
    const struct object *o = &g->objects.v[object];
    size_t symbol = ELF64_R_SYM(r->r_info);
    const char *name = object_symbol_name(o, symbol);
    struct graph_target t = graph_target_of(g, object, r);
    char function[256];

    object_place_name(o, section, r->r_offset, function, sizeof(function));
    if (t.kind == TO_NOTHING && symbol < o->symbol_count && name[0] != '\0' &&
        o->symbols[symbol].st_shndx == SHN_UNDEF) {
        uint32_t node = find_function(c, name);
        if (node != NO_NODE)
            t = (struct graph_target){TO_NODE, node};
    }
    if (t.kind == TO_CALL)
        add_number(c, function, call_infos[t.index].number);
    if (t.kind != TO_NODE || graph_is_programs(g, t.index))
        return;
    if (strcmp(name, "syscall") == 0) {
        const Elf64_Shdr *s = &o->sections[section];
        long number = -1;
        /* The instruction before the address of the call is where the number is put. */
        if (s->sh_type == SHT_PROGBITS && range_inside(s->sh_offset, s->sh_size, 0, o->size) &&
            r->r_offset > 0 && r->r_offset <= s->sh_size)
            number = program_constant(o->data + s->sh_offset, r->r_offset - 1, true);
        if (number >= 0)
            add_number(c, function, number);
        return;
    }
    if (g->nodes[t.index].distance != NO_NODE)
        add_function(c, function, t.index, name);
}

/* All references of the object files. */
static void check_objects(struct check *c)
{
    struct graph *g = &c->graph;
    size_t reached = g->count;

    for (uint32_t n = 0; n < reached; n++) {
        const Elf64_Rela *rela;
        struct graph_node node = g->nodes[n];
        const struct object *o = &g->objects.v[node.object];
        char file[PATH_MAX];
        if (!graph_is_programs(g, n))
            continue;
        snprintf(file, sizeof(file), o->member != NULL ? "%s(%s)" : "%s", o->path, o->member);
        c->file = file;
        size_t count = object_relocations(o, node.section, &rela);
        for (size_t i = 0; i < count; i++)
            add_reference(c, node.object, node.section, &rela[i]);
    }
}

static void add_import(void *arg, const char *name, bool libcs)
{
    struct check *c = arg;
    uint32_t node = find_function(c, name);

    /* Names that start so come from another C library's headers. */
    if (node == NO_NODE) {
        if (libcs && strncmp(name, "__", 2) != 0)
            add(c, "", name, "", &not_in_libc);
    } else if (c->graph.nodes[node].distance != NO_NODE && strcmp(name, "syscall") != 0) {
        add_function(c, "", node, name);
    }
}

/* Reaches what (name) stands for, so that the walk goes there. */
static void reach_import(void *arg, const char *name, bool libcs)
{
    (void)libcs;
    (void)find_function(arg, name);
}

/* What the objects leave to be found in a C library. */
static void reach_undefined(struct check *c)
{
    const struct objects *all = &c->graph.objects;

    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 1; all->v[i].library == NULL && k < all->v[i].symbol_count; k++) {
            const Elf64_Sym *s = &all->v[i].symbols[k];
            if (s->st_shndx == SHN_UNDEF && ELF64_ST_BIND(s->st_info) == STB_GLOBAL)
                reach_import(c, object_symbol_name(&all->v[i], k), false);
        }
}

/* A file of the command line. */
struct input {
    const char *path;
    void *data; /* of a linked program, mapped; NULL: it went to the objects */
    size_t size;
    struct program program;
};

static int fault(const char *path, const char *why)
{
    fprintf(stderr, "pith check: %s %s\n", path, why);
    return EXIT_HOST;
}

/* Reads a file: objects and archives into (objects), a program into (in). 0 or the exit status. */
static int read_input(struct objects *objects, struct input *in)
{
    static const char archive[] = "!<arch>\n", thin[] = "!<thin>\n";
    struct stat st;
    size_t before = objects->n;
    int fd = open(in->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(stderr, "pith check: cannot read %s: %s\n", in->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return EXIT_HOST;
    }
    in->size = (size_t)st.st_size;
    if (S_ISREG(st.st_mode) && in->size > 0)
        in->data = mmap(NULL, in->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (in->data == NULL || in->data == MAP_FAILED) {
        in->data = NULL;
        return fault(in->path, S_ISREG(st.st_mode) ? "is empty" : "is not a file");
    }

    const Elf64_Ehdr *h = in->data;
    bool is_archive = in->size >= 8 && (memcmp(h, archive, 8) == 0 || memcmp(h, thin, 8) == 0);
    if (!is_archive && !(in->size >= sizeof(*h) && memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 &&
                         h->e_type == ET_REL)) {
        const char *why = program_read(&in->program, in->data, in->size);
        if (why == NULL && in->program.image)
            why = "is a Pith image: pith cc has checked it";
        return why != NULL ? fault(in->path, why) : 0;
    }
    munmap(in->data, in->size);
    in->data = NULL;
    int err = objects_add(objects, in->path, NULL);
    if (err != 0)
        return fault(in->path, "cannot be read");
    if (objects->n == before)
        return fault(in->path, is_archive ? "holds no object files for x86-64"
                                          : "is broken, or for another machine than x86-64");
    return 0;
}

static const char *status_name(const struct finding *f)
{
    return f->info->status == CALL_ABSENT ? "absent" : "partial";
}

static void print_json(const struct check *c)
{
    struct json j = {.f = stdout};
    json_array(&j, NULL);
    for (size_t i = 0; i < c->count; i++) {
        const struct finding *f = &c->found[i];
        json_object(&j, NULL);
        json_text(&j, "file", f->file);
        json_text(&j, "function", f->function);
        json_text(&j, "uses", f->name);
        json_text(&j, "by", f->by);
        json_text(&j, "status", status_name(f));
        json_text(&j, "note", f->info->note);
        json_end(&j, '}');
    }
    json_end(&j, ']');
}

static void print_text(const struct check *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct finding *f = &c->found[i];
        printf("%s: ", status_name(f));
        print_name(stdout, f->file);
        fputs(": ", stdout);
        print_name(stdout, f->function);
        fputs(f->function[0] != '\0' ? " uses " : "uses ", stdout);
        print_name(stdout, f->name);
        if (f->by[0] != '\0') {
            fputs(" by ", stdout);
            print_name(stdout, f->by);
        }
        printf(": %s\n", f->info->note);
    }
}

/* Looks at all (n) inputs, of which the objects are in the graph. 0, -ENOMEM or why libc cannot be
 * read. */
static int look(struct check *c, struct input *in, size_t n)
{
    struct graph *g = &c->graph;
    char libc[PATH_MAX];
    int err = install_path(libc, CC_LIB "/libc.a");

    if (err == 0)
        err = objects_add(&g->objects, libc, "libc");
    g->call_count = call_info_count;
    g->calls = calloc(g->call_count, sizeof(*g->calls));
    for (size_t i = 0; g->calls != NULL && i < g->call_count; i++)
        g->calls[i] = call_infos[i].name;
    if (err == 0)
        err = g->calls != NULL ? graph_build(g) : -ENOMEM;
    if (err != 0)
        return err;

    graph_start_at_all(g);
    reach_undefined(c);
    for (size_t i = 0; i < n; i++)
        if (in[i].data != NULL)
            program_imports(&in[i].program, reach_import, c);
    err = graph_walk(g);
    if (err != 0)
        return err;
    check_objects(c);
    for (size_t i = 0; i < n; i++) {
        if (in[i].data == NULL)
            continue;
        c->file = in[i].path;
        program_imports(&in[i].program, add_import, c);
        program_syscalls(&in[i].program, add_number, c);
    }
    return c->failed || g->failed ? -ENOMEM : 0;
}

/* Its other statuses say what was found. */
static int wrong_usage(const char *what, const char *arg)
{
    (void)usage_fault("check", what, arg);
    return EXIT_HOST;
}

int cmd_check(int argc, char **argv)
{
    struct check c = {.file = ""};
    struct input *in = calloc((size_t)argc, sizeof(*in));
    bool json = false, only_names = false;
    size_t n = 0;
    int status = 0;

    for (int i = 1; i < argc && in != NULL; i++) {
        if (only_names || argv[i][0] != '-' || argv[i][1] == '\0')
            in[n++].path = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_names = true;
        else if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--help") == 0)
            return help_usage("check") ? 0 : EXIT_HOST;
        else
            return wrong_usage("unknown option ", argv[i]);
    }
    if (n == 0)
        return wrong_usage("no file given", "");
    for (size_t i = 0; i < n; i++) {
        int err = read_input(&c.graph.objects, &in[i]);
        status = err != 0 ? err : status;
    }
    if (status != 0)
        return status;

    int err = look(&c, in, n);
    if (err != 0) {
        fprintf(stderr, "pith check: cannot look into Pith's C library: %s\n", strerror(-err));
        return EXIT_HOST;
    }
    if (json)
        print_json(&c);
    else
        print_text(&c);
    for (size_t i = 0; i < c.count; i++) {
        int one = c.found[i].info->status == CALL_ABSENT ? EXIT_ABSENT : EXIT_PARTIAL;
        status = one > status ? one : status;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "pith check: cannot write: %s\n", strerror(errno));
        status = EXIT_HOST;
    }
    return status;
}
