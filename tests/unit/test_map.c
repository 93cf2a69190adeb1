/* SPDX-License-Identifier: MIT
 *
 * The map of an image: ld's map file, the form in the file, sizes, chains.
 *
 * sources: cli/map.c cli/ldmap.c
 * uses:    cli */
#include "unit.h"
#include "cli/ldmap.h"
#include "cli/map.h"

static void ld_map_file(void **state)
{
    (void)state;
    char text[] = "Archive member included\n"
                  "\n"
                  "libx.a(a.o)      main.o (a)\n"
                  "Discarded input sections\n"
                  "\n"
                  " .text          0x0000000000000000        0x0 main.o\n"
                  " .text.gone     0x0000000000000000       0x10 main.o\n"
                  "Linker script and memory map\n"
                  "\n"
                  ".text           0x0000000000001000       0x40\n"
                  " *(.text .text.*)\n"
                  " .text.main     0x0000000000001000       0x1a main.o\n"
                  "                0x0000000000001000                main\n"
                  " *fill*         0x000000000000101a        0x6 \n"
                  " .text.a_name_longer_than_the_column\n"
                  "                0x0000000000001020       0x20 dir with space/libx.a(a.o)\n"
                  ".a_long_output_section\n"
                  "                0x0000000000002000       0x18\n"
                  " .rodata.str1.1\n"
                  "                0x0000000000002000       0x20 main.o\n"
                  "                                         0x30 (size before relaxing)\n"
                  " .rodata.str1.8\n"
                  "                0x0000000000002008       0x10 libx.a(b.o)\n"
                  ".debug_info     0x0000000000000000      0x100\n"
                  " .debug_info    0x0000000000000000       0x80 main.o\n"
                  " .debug_info    0x0000000000000080       0x80 libx.a(a.o)\n"
                  " .text          0x0000";
    struct ldmap m;
    assert_int_equal(ldmap_read(&m, text), 0);
    static const struct placed want[] = {
        {".text", ".text.main", "main.o", 0x1000, 0x1a},
        {".text", ".text.a_name_longer_than_the_column", "dir with space/libx.a(a.o)", 0x1020,
         0x20},
        {".a_long_output_section", ".rodata.str1.1", "main.o", 0x2000, 8},
        {".a_long_output_section", ".rodata.str1.8", "libx.a(b.o)", 0x2008, 0x10},
    };
    const struct placed *v = m.placed.v;
    assert_int_equal(m.placed.n, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_string_equal(v[i].output, want[i].output);
        assert_string_equal(v[i].section, want[i].section);
        assert_string_equal(v[i].file, want[i].file);
        assert_int_equal(v[i].address, want[i].address);
        assert_int_equal(v[i].size, want[i].size);
    }
    assert_int_equal(m.file_count, 3);
    assert_int_equal(ldmap_file(&m, "main.o"), 2);
    assert_int_equal(ldmap_file(&m, "other.o"), 3);
    ldmap_free(&m);
}

static void empty_ld_map_file(void **state)
{
    (void)state;
    char text[] = "";
    struct ldmap m;
    assert_int_equal(ldmap_read(&m, text), 0);
    assert_int_equal(m.placed.n, 0);
    assert_int_equal(ldmap_file(&m, "main.o"), 0);
    ldmap_free(&m);
}

/* main -> read -> ring, main -> ring's user; start -> only. */
static const char text[] = "\0program\0libc\0compiler\0tcp\0dns\0main\0read\0ring\0start\0only";
enum { PROGRAM = 1, LIBC = 9, COMPILER = 14, TCP = 23, DNS = 27, MAIN = 31, READ = 36, RING = 41,
       START = 46, ONLY = 52 };
static const struct map_group groups[] = {
    {PROGRAM, 0}, {LIBC, 0}, {COMPILER, 0}, {TCP, 0}, {DNS, 0}};
static const struct map_file files[] = {{0, 0, 0}, {0, 0, 1}, {0, 0, 3}, {0, 0, 4}};
static const struct map_part parts[] = {
    {0x1000, 0x10, MAIN, 0, MAP_TEXT},  {0x1010, 0x20, READ, 1, MAP_TEXT},
    {0x1030, 0x8, RING, 2, MAP_CONSTANT}, {0x1040, 0x4, START, 1, MAP_TEXT},
    {0x2000, 0x100, ONLY, 3, MAP_DATA}, {0x3000, 0x200, RING, 2, MAP_BSS}};
static const struct map_edge edges[] = {
    {0, 1, 0x1004}, {1, 2, 0x1014}, {1, 5, 0x1018}, {3, 0, 0x1040}, {3, 4, 0x1042}};
static const struct map_fact facts[] = {{MAIN, READ}};

static struct map sample(void)
{
    return (struct map){groups, files, parts, edges, facts, text, 5, 4, 6, 5, 1, sizeof(text), 3};
}

static void written_and_read(void **state)
{
    (void)state;
    struct map m = sample(), back;
    size_t size;
    unsigned char *bytes = map_write(&m, &size);
    assert_non_null(bytes);
    assert_true(map_read(&back, bytes, size));
    assert_int_equal(back.part_count, 6);
    assert_memory_equal(back.parts, parts, sizeof(parts));
    assert_memory_equal(back.edges, edges, sizeof(edges));
    assert_string_equal(map_text(&back, back.facts[0].value), "read");
    assert_int_equal(back.entry, 3);

    /* Whatever is cut off, or points outside, makes it no map. */
    for (size_t n = 0; n < size; n++)
        assert_false(map_read(&back, bytes, n));
    for (size_t i = 0; i + 4 <= size - sizeof(text); i += 4) {
        uint32_t kept, wild = 0x7fffffff;
        memcpy(&kept, bytes + i, 4);
        memcpy(bytes + i, &wild, 4);
        if (map_read(&back, bytes, size)) {
            /* Only places and sizes in the image may be anything. */
            struct map_size sizes[5];
            uint32_t chain[6];
            map_sizes(&back, sizes);
            assert_true(map_why(&back, 3, chain) >= 0);
        }
        memcpy(bytes + i, &kept, 4);
    }
    free(bytes);
}

static void sizes_of_groups(void **state)
{
    (void)state;
    struct map m = sample();
    struct map_size sizes[5];
    map_sizes(&m, sizes);
    assert_string_equal(sizes[3].name, "tcp");
    assert_int_equal(sizes[0].text, 0x10);
    assert_int_equal(sizes[1].text, 0x24);
    assert_int_equal(sizes[2].text, 0);
    assert_int_equal(sizes[3].text, 8);
    assert_int_equal(sizes[3].bss, 0x200);
    assert_int_equal(sizes[4].data, 0x100);
    assert_int_equal(map_find_group(&m, "dns"), 4);
    assert_int_equal(map_find_group(&m, "udp"), MAP_NONE);
}

static void chains(void **state)
{
    (void)state;
    struct map m = sample();
    uint32_t chain[6];
    assert_int_equal(map_why(&m, 3, chain), 2);
    assert_int_equal(chain[0], 0);
    assert_int_equal(chain[1], 1);
    /* The program does not lead there, the start does. */
    assert_int_equal(map_why(&m, 4, chain), 1);
    assert_int_equal(chain[0], 4);
    /* Nothing does. */
    assert_int_equal(map_why(&m, 2, chain), 0);
    m.entry = MAP_NONE;
    assert_int_equal(map_why(&m, 4, chain), 0);
}

static bool is_read_with(size_t group_count)
{
    static const struct map_group many[MAP_GROUPS_MAX + 1];
    struct map m = {.groups = many, .text = "", .group_count = group_count, .text_size = 1};
    struct map back;
    size_t size;
    m.entry = MAP_NONE;
    void *bytes = map_write(&m, &size);
    assert_non_null(bytes);
    bool sound = map_read(&back, bytes, size);
    free(bytes);
    return sound;
}

static void number_of_groups(void **state)
{
    (void)state;
    assert_false(is_read_with(MAP_GROUPS - 1));
    assert_true(is_read_with(MAP_GROUPS));
    assert_true(is_read_with(MAP_GROUPS_MAX));
    assert_false(is_read_with(MAP_GROUPS_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ld_map_file),      cmocka_unit_test(empty_ld_map_file),
        cmocka_unit_test(written_and_read), cmocka_unit_test(sizes_of_groups),
        cmocka_unit_test(chains),           cmocka_unit_test(number_of_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
