/* SPDX-License-Identifier: MIT
 *
 * Names and lines of addresses from arbitrary files: the fuzzer's own executable, in which the
 * input replaces bytes of its line table, and the input alone as a line table.
 *
 * sources: monitor/core/symbols.c monitor/core/lines.c
 * uses: monitor abi */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/core/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static volatile size_t sink;

static void use(const struct symbols *s)
{
    struct place p[3] = {{.addr = 0x1000}, {.addr = 0x1010}, {.addr = 0x11ff}};
    symbols_find(s, p, 3);
    lines_find(s, p, 3);
    for (int i = 0; i < 3; i++)
        sink += (p[i].name ? strlen(p[i].name) : 0) + (p[i].dir ? strlen(p[i].dir) : 0) +
                (p[i].file ? strlen(p[i].file) : 0);
}

/* A sound line table of version 5 with one sequence from 0x1000 on, for the input to damage. */
static const uint8_t sound[] = {
    0x49, 0,    0,    0,    5,    0,  8,   0,
    0x25, 0,    0,    0,              /* length, version, address size, header's length */
    1,    1,    1,    0xfb, 14,   13, /* line_base -5, line_range 14, opcode_base 13 */
    0,    1,    1,    1,    1,    0,  0,   0,
    1,    0,    0,    1,                      /* arguments of the opcodes */
    1,    1,    8,    2,    'd',  0,  'e', 0, /* folders: a path each, as a string */
    2,    1,    8,    2,    0x0b, 1,  'f', '.',
    'c',  0,    1, /* files: a path and the number of a folder */
    0,    9,    2,    0,    0x10, 0,  0,   0,
    0,    0,    0, /* set_address 0x1000 */
    4,    0,    0x14, 0x75, 0x30, 8,  2,   0x10,
    3,    5,    1,                   /* set_file 0, rows */
    2,    0x80, 2,    0,    1,    1, /* advance_pc, end_sequence */
    0,    0,    0,    0,
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The table is sound indeed. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct symbols s = {.line = {sound, sizeof(sound)}, .text = 0x1000, .text_len = 0x200};
    struct place p = {.addr = 0x1001};
    (void)argc;
    (void)argv;
    lines_find(&s, &p, 1);
    if (!p.file || strcmp(p.file, "f.c") || !p.dir || strcmp(p.dir, "e"))
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct symbols s;
    symbols_open(bytes, len, 0x1000, 0x200, &s);
    use(&s);

    /* The first half as symbols and names, all of it as a line table and its strings. */
    s = (struct symbols){.symtab = {bytes, len / 2},
                         .strtab = {bytes + len / 2, len - len / 2},
                         .line = {bytes, len},
                         .line_str = {bytes, len},
                         .debug_str = {bytes, len},
                         .text = 0x1000,
                         .text_len = 0x200};
    use(&s);

    uint8_t *table = malloc(sizeof(sound));
    if (!table)
        abort();
    memcpy(table, sound, sizeof(sound));
    for (size_t i = 0; i + 2 <= len; i += 2)
        table[bytes[i] % sizeof(sound)] = bytes[i + 1];
    s.line = (struct bytes){table, sizeof(sound)};
    use(&s);
    free(table);
    return 0;
}
