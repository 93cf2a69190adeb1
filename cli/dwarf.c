/* SPDX-License-Identifier: MIT
 *
 * Line tables (dwarf.h): each unit has a header with the names of its files, and a program for a
 * state machine that makes the rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dwarf.h"
#include "table.h"

/* Standard and extended opcodes (DWARF 5, 7.22). */
enum {
    LNS_COPY = 1,
    LNS_ADVANCE_PC,
    LNS_ADVANCE_LINE,
    LNS_SET_FILE,
    LNS_SET_COLUMN,
    LNS_NEGATE_STMT,
    LNS_SET_BASIC_BLOCK,
    LNS_CONST_ADD_PC,
    LNS_FIXED_ADVANCE_PC,
};
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS = 2 };
enum { LNCT_PATH = 1, LNCT_DIRECTORY = 2 };
enum {
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_DATA1 = 0x0b,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
};

/* Bytes that are read one after the other. Reading past the end gives 0 and sets (failed). */
struct reader {
    const unsigned char *at, *end;
    bool failed;
};

static uint64_t take(struct reader *r, size_t size)
{
    uint64_t n = 0;
    if (size > (size_t)(r->end - r->at)) {
        r->failed = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&n, r->at, min_size(size, sizeof(n)));
    r->at += size;
    return n;
}

/* LEB128 numbers (DWARF 5, 7.6). */
static uint64_t take_leb(struct reader *r, bool with_sign)
{
    uint64_t n = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint64_t byte = take(r, 1);
        if (shift < 64)
            n |= (byte & 0x7f) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if (with_sign && (byte & 0x40) != 0 && shift + 7 < 64)
            n |= UINT64_MAX << (shift + 7);
        return n;
    }
}

static const char *take_string(struct reader *r)
{
    const char *s = (const char *)r->at;
    const unsigned char *end = memchr(r->at, '\0', (size_t)(r->end - r->at));
    if (end == NULL) {
        r->failed = true;
        return "";
    }
    r->at = end + 1;
    return s;
}

struct section {
    const char *bytes;
    size_t size;
};

/* A unit's header. */
struct unit {
    unsigned version, offset_size;
    unsigned min_length, default_stmt, line_range, opcode_base;
    int line_base;
    uint8_t lengths[256]; /* number of arguments of each standard opcode */
    struct table dirs;    /* uint64_t: of each folder a number for its name */
    struct table files;   /* uint64_t: likewise, with its folder */
    struct reader program;
};

struct lines {
    struct section line, strings, line_strings;
    dwarf_line_fn *fn;
    void *arg;
};

/* FNV-1a: names become numbers, so that they can be compared. */
static uint64_t hash(uint64_t n, const char *s)
{
    for (; *s != '\0'; s++)
        n = (n ^ (unsigned char)*s) * 0x100000001b3u;
    return n;
}
#define HASH_START 0xcbf29ce484222325u

static const char *string_at(const struct section *s, uint64_t offset)
{
    bool ends = offset < s->size && memchr(s->bytes + offset, '\0', s->size - offset) != NULL;
    return ends ? s->bytes + offset : "";
}

/* One attribute of a file or folder: a number in (*n), or a text in (*text). */
static void take_form(const struct lines *l, struct unit *u, struct reader *r, uint64_t form,
                      uint64_t *n, const char **text)
{
    switch (form) {
    case FORM_STRING:
        *text = take_string(r);
        break;
    case FORM_LINE_STRP:
        *text = string_at(&l->line_strings, take(r, u->offset_size));
        break;
    case FORM_STRP:
        *text = string_at(&l->strings, take(r, u->offset_size));
        break;
    case FORM_UDATA:
        *n = take_leb(r, false);
        break;
    case FORM_DATA1:
        *n = take(r, 1);
        break;
    case FORM_DATA2:
        *n = take(r, 2);
        break;
    case FORM_DATA4:
        *n = take(r, 4);
        break;
    case FORM_DATA8:
        *n = take(r, 8);
        break;
    case FORM_DATA16:
        (void)take(r, 16);
        break;
    case FORM_BLOCK:
        (void)take(r, take_leb(r, false));
        break;
    default:
        r->failed = true;
    }
}

static bool add_file(struct unit *u, uint64_t folder, const char *name)
{
    const uint64_t *dirs = u->dirs.v;
    uint64_t h = hash(folder < u->dirs.n ? dirs[folder] : HASH_START, name);
    return table_append(&u->files, &h, 1, sizeof(h));
}

/* The table of folders, or of files, of DWARF 5. */
static bool take_entries(const struct lines *l, struct unit *u, struct reader *r, bool files)
{
    uint64_t content[256], form[256];
    size_t formats = take(r, 1);
    for (size_t i = 0; i < formats; i++) {
        content[i] = take_leb(r, false);
        form[i] = take_leb(r, false);
    }
    uint64_t count = take_leb(r, false);
    for (uint64_t i = 0; i < count && !r->failed && formats > 0; i++) {
        uint64_t folder = 0, unused;
        const char *name = "", *other;
        for (size_t k = 0; k < formats; k++)
            take_form(l, u, r, form[k], content[k] == LNCT_DIRECTORY ? &folder : &unused,
                      content[k] == LNCT_PATH ? &name : &other);
        uint64_t h = hash(HASH_START, name);
        if (!(files ? add_file(u, folder, name) : table_append(&u->dirs, &h, 1, sizeof(h))))
            return false;
    }
    return true;
}

/* The same of DWARF 2 to 4, where folder 0 is the unit's, which is not told, and files start
 * with 1. */
static bool take_old_entries(struct unit *u, struct reader *r)
{
    uint64_t h = HASH_START;
    bool done = table_append(&u->dirs, &h, 1, sizeof(h));
    for (const char *s; done && !r->failed && (s = take_string(r))[0] != '\0';) {
        h = hash(HASH_START, s);
        done = table_append(&u->dirs, &h, 1, sizeof(h));
    }
    h = 0;
    done = done && table_append(&u->files, &h, 1, sizeof(h));
    for (const char *s; done && !r->failed && (s = take_string(r))[0] != '\0';) {
        uint64_t folder = take_leb(r, false);
        (void)take_leb(r, false);
        (void)take_leb(r, false);
        done = add_file(u, folder, s);
    }
    return done;
}

/* Reads the header of the unit that is (r). */
static int take_header(const struct lines *l, struct unit *u, struct reader *r)
{
    u->version = (unsigned)take(r, 2);
    if (u->version < 2 || u->version > 5)
        return -EINVAL;
    if (u->version == 5)
        (void)take(r, 2);
    uint64_t length = take(r, u->offset_size);
    if (length > (size_t)(r->end - r->at))
        return -EINVAL;
    u->program = (struct reader){.at = r->at + length, .end = r->end};
    u->min_length = (unsigned)take(r, 1);
    if (u->version >= 4)
        (void)take(r, 1);
    u->default_stmt = (unsigned)take(r, 1);
    u->line_base = (int8_t)take(r, 1);
    u->line_range = (unsigned)take(r, 1);
    u->opcode_base = (unsigned)take(r, 1);
    for (unsigned i = 1; i < u->opcode_base; i++)
        u->lengths[i] = (uint8_t)take(r, 1);
    if (r->failed || u->line_range == 0 || u->opcode_base == 0)
        return -EINVAL;
    bool done = u->version < 5 ? take_old_entries(u, r)
                               : take_entries(l, u, r, false) && take_entries(l, u, r, true);
    return !done ? -ENOMEM : r->failed ? -EINVAL : 0;
}

/* The registers of the state machine that matter here. */
struct state {
    uint64_t address, file, line;
    bool stmt;
};

static void tell(const struct lines *l, const struct unit *u, const struct state *s)
{
    const uint64_t *files = u->files.v;
    if (s->stmt && s->line != 0 && s->file < u->files.n)
        l->fn(l->arg, files[s->file], s->line, s->address);
}

static void extended(struct unit *u, struct state *s)
{
    struct reader *r = &u->program;
    uint64_t len = take_leb(r, false);
    if (len == 0 || len > (size_t)(r->end - r->at)) {
        r->failed = true;
        return;
    }
    struct reader in = {.at = r->at, .end = r->at + len};
    r->at += len;
    uint64_t opcode = take(&in, 1);
    if (opcode == LNE_SET_ADDRESS)
        s->address = take(&in, len - 1);
    else if (opcode == LNE_END_SEQUENCE)
        *s = (struct state){.file = 1, .line = 1, .stmt = u->default_stmt != 0};
}

static void standard(const struct lines *l, struct unit *u, struct state *s, unsigned opcode)
{
    struct reader *r = &u->program;
    switch (opcode) {
    case LNS_COPY:
        tell(l, u, s);
        break;
    case LNS_ADVANCE_PC:
        s->address += take_leb(r, false) * u->min_length;
        break;
    case LNS_ADVANCE_LINE:
        s->line += take_leb(r, true);
        break;
    case LNS_SET_FILE:
        s->file = take_leb(r, false);
        break;
    case LNS_NEGATE_STMT:
        s->stmt = !s->stmt;
        break;
    case LNS_CONST_ADD_PC:
        s->address += (uint64_t)((255 - u->opcode_base) / u->line_range) * u->min_length;
        break;
    case LNS_FIXED_ADVANCE_PC:
        s->address += take(r, 2);
        break;
    default:
        for (unsigned i = 0; i < u->lengths[opcode]; i++)
            (void)take_leb(r, false);
    }
}

static void run(const struct lines *l, struct unit *u)
{
    struct state s = {.file = 1, .line = 1, .stmt = u->default_stmt != 0};
    while (u->program.at < u->program.end && !u->program.failed) {
        unsigned opcode = (unsigned)take(&u->program, 1);
        if (opcode >= u->opcode_base) {
            unsigned n = opcode - u->opcode_base;
            s.address += (uint64_t)(n / u->line_range) * u->min_length;
            s.line += (uint64_t)(int64_t)(u->line_base + (int)(n % u->line_range));
            tell(l, u, &s);
        } else if (opcode == 0) {
            extended(u, &s);
        } else {
            standard(l, u, &s, opcode);
        }
    }
}

/* False: the section is compressed. */
static bool find(const struct elf_file *e, const char *name, struct section *s)
{
    for (size_t i = 1; i < e->section_count; i++)
        if (strcmp(elf_section_name(e, i), name) == 0 &&
            (e->sections[i].sh_flags & SHF_COMPRESSED) != 0)
            return false;
    s->bytes = elf_section(e, name, &s->size);
    s->size = s->bytes != NULL ? s->size : 0;
    return true;
}

int dwarf_lines(const struct elf_file *e, dwarf_line_fn *fn, void *arg)
{
    struct lines l = {.fn = fn, .arg = arg};
    if (!find(e, ".debug_line", &l.line) || !find(e, ".debug_str", &l.strings) ||
        !find(e, ".debug_line_str", &l.line_strings))
        return -ENOTSUP;
    if (l.line.size == 0)
        return -ENOENT;

    struct reader all = {.at = (const unsigned char *)l.line.bytes};
    all.end = all.at + l.line.size;
    int err = 0;
    while (err == 0 && all.at < all.end) {
        struct unit u = {.offset_size = 4};
        uint64_t length = take(&all, 4);
        if (length == UINT32_MAX) {
            u.offset_size = 8;
            length = take(&all, 8);
        }
        if (all.failed || length > (size_t)(all.end - all.at))
            return -EINVAL;
        struct reader r = {.at = all.at, .end = all.at + length};
        all.at += length;
        err = take_header(&l, &u, &r);
        if (err == 0) {
            run(&l, &u);
            err = u.program.failed ? -EINVAL : 0;
        }
        free(u.dirs.v);
        free(u.files.v);
    }
    return err;
}
