/* SPDX-License-Identifier: MIT
 *
 * Names and lines of addresses: of small programs that are compiled here, with each version of
 * DWARF.
 *
 * sources: monitor/core/symbols.c monitor/core/lines.c
 * uses:    monitor abi */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "monitor/core/symbols.h"

static char folder[] = "/tmp/pith-symbols-XXXXXX";
static uint8_t *file;
static size_t file_len;

/* Line 3 is in "first", 8 and 9 in "second", which comes from another file. */
static const char main_text[] = "int first(int x)\n"
                                "{\n"
                                "    return x * 3;\n"
                                "}\n"
                                "#include \"sub/other.h\"\n"
                                "int third(int x) { return second(x) + 1; }\n";
static const char other_text[] = "__attribute__((noinline)) int second(int x)\n"
                                 "{\n"
                                 "    for (int i = 0; i < x; i++)\n"
                                 "        x ^= i;\n"
                                 "    return x;\n"
                                 "}\n";

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_folder(void **state)
{
    char sub[200];
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(sub, sizeof(sub), "%s/sub", folder);
    mkdir(sub, 0700);
    write_file("main.c", main_text);
    write_file("sub/other.h", other_text);
    return 0;
}

static int remove_folder(void **state)
{
    char command[300];
    (void)state;
    free(file);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* Compiles main.c with (compiler and flags) to a shared object and reads it. */
static void compile(const char *how)
{
    char command[500], path[200];
    snprintf(command, sizeof(command), "cd %s && %s -O1 -shared -nostdlib -fPIC -o out main.c",
             folder, how);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/out", folder);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    free(file);
    file = malloc(1 << 20);
    file_len = fread(file, 1, 1 << 20, f);
    file = realloc(file, file_len); /* so that reads behind its end are found */
    fclose(f);
}

/* The address of a symbol, by nm: not by the code under test. */
static uint64_t address(const char *name)
{
    char command[300];
    unsigned long addr = 0;
    snprintf(command, sizeof(command), "nm %s/out | awk '$3 == \"%s\" {print $1}'", folder, name);
    FILE *p = popen(command, "r");
    assert_int_equal(fscanf(p, "%lx", &addr), 1);
    pclose(p);
    return addr;
}

static struct place look_up(uint64_t addr)
{
    struct symbols s;
    struct place p = {.addr = addr};
    symbols_open(file, file_len, 0x1000, 0x1000, &s);
    symbols_find(&s, &p, 1);
    lines_find(&s, &p, 1);
    return p;
}

static void check_all(const char *how)
{
    compile(how);
    struct place p = look_up(address("first"));
    assert_string_equal(p.name, "first");
    assert_int_equal(p.offset, 0);
    assert_string_equal(p.file, "main.c");
    assert_int_equal(p.line, 3); /* it is too small to have a line of its start */

    p = look_up(address("second"));
    assert_string_equal(p.name, "second");
    assert_string_equal(p.file + strlen(p.file) - 7, "other.h");
    char whole[300];
    snprintf(whole, sizeof(whole), "%s/%s", p.dir ? p.dir : ".", p.file);
    assert_non_null(strstr(whole, "sub/other.h"));
    assert_true(p.line == 1 || p.line == 2);

    p = look_up(address("third") + 4);
    assert_string_equal(p.name, "third");
    assert_int_equal(p.offset, 4);
    assert_int_equal(p.line, 6);
}

static void every_version(void **state)
{
    (void)state;
    check_all("gcc -gdwarf-2 -gstrict-dwarf");
    check_all("gcc -gdwarf-3 -gstrict-dwarf");
    check_all("gcc -gdwarf-4");
    check_all("gcc -gdwarf-5");
    check_all("gcc -gdwarf-5 -gdwarf64");
    check_all("gcc -gdwarf-4 -gdwarf64");
    check_all("clang -gdwarf-4");
    check_all("clang -gdwarf-5");
}

/* Every address of the text has the line that addr2line gives it. */
static void like_addr2line(void **state)
{
    char command[400], text[300];
    unsigned known = 0;
    (void)state;
    compile("gcc -gdwarf-5");
    uint64_t from = address("first"), to = address("third") + 8;
    snprintf(command, sizeof(command),
             "seq -f %%.0f %lu %lu | xargs printf '%%x\\n' | addr2line -s -e %s/out",
             (unsigned long)from, (unsigned long)to, folder);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    for (uint64_t addr = from; addr <= to && fgets(text, sizeof(text), f); addr++) {
        struct place p = look_up(addr);
        char *colon = strchr(text, ':');
        if (text[0] == '?')
            continue;
        *colon = 0;
        assert_non_null(p.file);
        const char *slash = strrchr(p.file, '/');
        assert_string_equal(slash ? slash + 1 : p.file, text);
        if (colon[1] != '?')
            assert_int_equal(p.line, strtoul(colon + 1, NULL, 10));
        known++;
    }
    pclose(f);
    assert_true(known > 20);
}

static void stripped(void **state)
{
    (void)state;
    compile("gcc -s");
    struct place p = look_up(0x1000);
    assert_null(p.name);
    assert_null(p.file);
    compile("gcc -g0");
    p = look_up(address("third"));
    assert_string_equal(p.name, "third");
    assert_null(p.file);
}

static void no_elf_at_all(void **state)
{
    struct symbols s;
    (void)state;
    for (size_t len = 0; len < 200; len++) {
        uint8_t *junk = malloc(len + 1);
        memset(junk, 0xff, len + 1);
        symbols_open(junk, len, 0, 100, &s);
        assert_int_equal(s.symtab.len + s.line.len, 0);
        free(junk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version),
        cmocka_unit_test(like_addr2line),
        cmocka_unit_test(stripped),
        cmocka_unit_test(no_elf_at_all),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
