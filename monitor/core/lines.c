/* SPDX-License-Identifier: MIT
 *
 * The line table, .debug_line: DWARF 5, section 6.2, and its forerunners since DWARF 2. A unit is a
 * header, tables of folders and files, and a program for a small machine that writes rows (address,
 * file, line) in ascending order of addresses. A row counts up to the address of the next. */
#include <string.h>

#include "monitor/core/symbols.h"

enum {
    LNS_COPY = 1,
    LNS_ADVANCE_PC,
    LNS_ADVANCE_LINE,
    LNS_SET_FILE,
    LNS_CONST_ADD_PC = 8,
    LNS_FIXED_ADVANCE_PC
};
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS };
enum { LNCT_PATH = 1, LNCT_DIRECTORY };
enum {
    FORM_DATA2 = 0x05,
    FORM_DATA4,
    FORM_DATA8,
    FORM_STRING,
    FORM_BLOCK,
    FORM_DATA1 = 0x0b,
    FORM_STRP = 0x0e,
    FORM_UDATA,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP
};

/* A reader that stops at its end: from then on everything reads as 0 and (bad) is set. */
struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static const uint8_t *take(struct cursor *c, uint64_t n)
{
    if (n > (uint64_t)(c->end - c->at)) {
        c->bad = true;
        c->at = c->end;
        return NULL;
    }
    c->at += n;
    return c->at - n;
}

/* A little-endian number of (n) bytes, at most 8. */
static uint64_t number(struct cursor *c, unsigned n)
{
    const uint8_t *p = take(c, n);
    uint64_t v = 0;
    if (p)
        memcpy(&v, p, n);
    return v;
}

static uint64_t leb(struct cursor *c, bool is_signed)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = (uint8_t)number(c, 1);
        if (shift < 64)
            v |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80)
            continue;
        if (is_signed && (b & 0x40) && shift + 7 < 64)
            v |= ~0ull << (shift + 7);
        return v;
    }
}

static const char *string(struct cursor *c)
{
    const uint8_t *nul = memchr(c->at, 0, (size_t)(c->end - c->at));
    if (!nul) {
        c->bad = true;
        c->at = c->end;
        return NULL;
    }
    return (const char *)take(c, (uint64_t)(nul - c->at) + 1);
}

/* What a unit's header says. */
struct unit {
    const struct symbols *s;
    unsigned version, offset_size, min_inst, line_range, opcode_base;
    int line_base;
    const uint8_t *opcode_lengths; /* [opcode_base - 1] */
    struct cursor tables;          /* folders and files */
    struct cursor program;
};

/* One value of a table of DWARF 5. Returns false for a form that cannot be skipped. */
static bool form_value(const struct unit *u, struct cursor *c, uint64_t form, const char **text,
                       uint64_t *value)
{
    *text = NULL;
    *value = 0;
    switch (form) {
    case FORM_STRING:
        *text = string(c);
        return true;
    case FORM_LINE_STRP:
        *text = bytes_string(u->s->line_str, number(c, u->offset_size));
        return true;
    case FORM_STRP:
        *text = bytes_string(u->s->debug_str, number(c, u->offset_size));
        return true;
    case FORM_UDATA:
        *value = leb(c, false);
        return true;
    case FORM_DATA1:
        *value = number(c, 1);
        return true;
    case FORM_DATA2:
        *value = number(c, 2);
        return true;
    case FORM_DATA4:
        *value = number(c, 4);
        return true;
    case FORM_DATA8:
        *value = number(c, 8);
        return true;
    case FORM_DATA16:
        take(c, 16);
        return true;
    case FORM_BLOCK:
        take(c, leb(c, false));
        return true;
    default:
        return false;
    }
}

/* Walks one table of DWARF 5 from its format on and picks entry (want). */
static bool table5_entry(const struct unit *u, struct cursor *c, uint64_t want, const char **path,
                         uint64_t *dir)
{
    struct cursor formats = *c;
    unsigned columns = (unsigned)number(c, 1);
    for (unsigned i = 0; i < 2 * columns; i++)
        leb(c, false);
    uint64_t rows = leb(c, false);
    bool found = false;
    if (columns == 0)
        return false;
    for (uint64_t row = 0; row < rows && !c->bad; row++) {
        struct cursor f = formats;
        number(&f, 1);
        for (unsigned i = 0; i < columns; i++) {
            uint64_t content = leb(&f, false), form = leb(&f, false), value;
            const char *text;
            if (!form_value(u, c, form, &text, &value)) {
                c->bad = true;
                return false;
            }
            if (row == want && content == LNCT_PATH)
                *path = text;
            if (row == want && content == LNCT_DIRECTORY)
                *dir = value;
        }
        found = found || (row == want && !c->bad);
    }
    return found && *path;
}

static void name_file5(const struct unit *u, uint64_t file, struct place *p)
{
    struct cursor folders = u->tables, files = u->tables;
    const char *path = NULL, *dir = NULL;
    uint64_t dir_index = 0, none;
    table5_entry(u, &files, UINT64_MAX, &path, &none); /* over the folders */
    path = NULL;
    if (files.bad || !table5_entry(u, &files, file, &path, &dir_index))
        return;
    p->file = path;
    if (dir_index && table5_entry(u, &folders, dir_index, &dir, &none))
        p->dir = dir;
}

/* DWARF 2 to 4: strings up to an empty one, twice; both counted from 1. */
static void name_file2(const struct unit *u, uint64_t file, struct place *p)
{
    struct cursor c = u->tables;
    const char *name;
    while ((name = string(&c)) && *name)
        ;
    uint64_t dir = 0;
    for (uint64_t i = 1; (name = string(&c)) && *name; i++) {
        dir = leb(&c, false);
        leb(&c, false);
        leb(&c, false);
        if (i == file)
            break;
    }
    if (!name || !*name)
        return;
    p->file = name;
    c = u->tables;
    for (uint64_t i = 1; dir && (name = string(&c)) && *name; i++)
        if (i == dir) {
            p->dir = name;
            break;
        }
}

/* A row of the table, and the row before it in its sequence. */
struct row {
    uint64_t addr, file;
    uint64_t line;
};

static void use_row(const struct unit *u, const struct row *row, uint64_t end, struct place *places,
                    size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct place *p = &places[i];
        if (p->has_line || p->addr < row->addr || p->addr >= end)
            continue;
        if (u->version >= 5)
            name_file5(u, row->file, p);
        else
            name_file2(u, row->file, p);
        p->line = row->line;
        p->has_line = true;
    }
}

/* The machine's state. (sound): the sequence began inside the text. Those of functions that the
 * linker dropped begin at 0. */
struct machine_state {
    struct row now, last;
    bool have_last, sound;
};

static void append_row(const struct unit *u, struct machine_state *m, struct place *places,
                       size_t n)
{
    if (!m->have_last)
        m->sound = range_inside(m->now.addr, 1, u->s->text, u->s->text_len);
    else if (m->sound)
        use_row(u, &m->last, m->now.addr, places, n);
    m->last = m->now;
    m->have_last = true;
}

static void reset(struct machine_state *m)
{
    *m = (struct machine_state){.now = {0, 1, 1}};
}

static void extended(const struct unit *u, struct cursor *c, struct machine_state *m,
                     struct place *places, size_t n)
{
    uint64_t len = leb(c, false);
    const uint8_t *p = take(c, len);
    if (!p || len == 0)
        return;
    struct cursor arg = {p + 1, p + len, false};
    if (p[0] == LNE_END_SEQUENCE) {
        append_row(u, m, places, n);
        reset(m);
    } else if (p[0] == LNE_SET_ADDRESS && len == 9) {
        m->now.addr = number(&arg, 8);
    }
}

static void standard(const struct unit *u, unsigned op, struct cursor *c, struct machine_state *m,
                     struct place *places, size_t n)
{
    switch (op) {
    case LNS_COPY:
        append_row(u, m, places, n);
        break;
    case LNS_ADVANCE_PC:
        m->now.addr += leb(c, false) * u->min_inst;
        break;
    case LNS_ADVANCE_LINE:
        m->now.line += leb(c, true);
        break;
    case LNS_SET_FILE:
        m->now.file = leb(c, false);
        break;
    case LNS_CONST_ADD_PC:
        m->now.addr += (255 - u->opcode_base) / u->line_range * u->min_inst;
        break;
    case LNS_FIXED_ADVANCE_PC:
        m->now.addr += number(c, 2);
        break;
    default: /* of no effect on the row, or unknown: the header says how many arguments to skip */
        for (unsigned i = 0; i < u->opcode_lengths[op - 1]; i++)
            leb(c, false);
        break;
    }
}

static void run(const struct unit *u, struct place *places, size_t n)
{
    struct cursor c = u->program;
    struct machine_state m;
    reset(&m);
    while (c.at < c.end && !c.bad) {
        unsigned op = (unsigned)number(&c, 1);
        if (op >= u->opcode_base) {
            unsigned step = op - u->opcode_base;
            m.now.addr += step / u->line_range * u->min_inst;
            m.now.line += (uint64_t)(int64_t)(u->line_base + (int)(step % u->line_range));
            append_row(u, &m, places, n);
        } else if (op == 0) {
            extended(u, &c, &m, places, n);
        } else {
            standard(u, op, &c, &m, places, n);
        }
    }
}

/* Reads the header of the unit that is all of (c). */
static bool read_header(struct unit *u, struct cursor c)
{
    u->version = (unsigned)number(&c, 2);
    if (u->version < 2 || u->version > 5)
        return false;
    if (u->version >= 5 && (number(&c, 1) != 8 || number(&c, 1) != 0))
        return false;
    uint64_t header_len = number(&c, u->offset_size);
    struct cursor rest = c;
    if (!take(&rest, header_len))
        return false;
    u->program = rest;
    c.end = rest.at;
    u->min_inst = (unsigned)number(&c, 1);
    if (u->version >= 4)
        number(&c, 1); /* operations of one instruction word: 1 on x86 */
    number(&c, 1);     /* default_is_stmt */
    u->line_base = (int8_t)number(&c, 1);
    u->line_range = (unsigned)number(&c, 1);
    u->opcode_base = (unsigned)number(&c, 1);
    if (u->line_range == 0 || u->opcode_base == 0)
        return false;
    u->opcode_lengths = take(&c, u->opcode_base - 1);
    u->tables = c;
    return !c.bad;
}

void lines_find(const struct symbols *s, struct place *places, size_t n)
{
    if (s->line.len == 0)
        return;
    struct cursor c = {s->line.at, s->line.at + min_size(s->line.len, LINES_MAX), false};
    while (c.at < c.end && !c.bad) {
        struct unit u = {.s = s, .offset_size = 4};
        uint64_t len = number(&c, 4);
        if (len == 0xffffffff) {
            u.offset_size = 8;
            len = number(&c, 8);
        }
        const uint8_t *p = take(&c, len);
        if (p && read_header(&u, (struct cursor){p, p + len, false}))
            run(&u, places, n);
    }
}
