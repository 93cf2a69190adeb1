/* SPDX-License-Identifier: MIT
 *
 * Response files, and what pith cc understands of gcc's arguments.
 *
 * sources: cli/args.c cli/files.c cli/request.c
 * uses:    cli */
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"
#include "cli/cc.h"
#include "cli/cli.h"

/* A driver's arguments live as long as it does; these are not freed. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* A response file without a name in any folder; (*fd) must be closed. */
static char *response(const char *text, int *fd)
{
    char name[] = "/tmp/pith-test-XXXXXX", *arg;
    *fd = mkstemp(name);
    assert_true(*fd >= 0);
    unlink(name);
    assert_int_equal(write(*fd, text, strlen(text)), strlen(text));
    assert_true(asprintf(&arg, "@/proc/self/fd/%d", *fd) > 0);
    return arg;
}

static void expands_to(const char *text, size_t n, const char *const *expect)
{
    int fd;
    char *arg = response(text, &fd);
    struct args a = {0};
    args_expand(&a, &arg, 1);
    assert_true(a.response);
    assert_int_equal(a.n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(a.v[i], expect[i]);
    if (n > 0)
        assert_null(a.v[n]);
    close(fd);
}

#define EXPANDS(text, ...)                                                                         \
    do {                                                                                           \
        const char *const list[] = {__VA_ARGS__};                                                  \
        expands_to(text, ARRAY_LEN(list), list);                                                   \
    } while (0)

static void response_files(void **state)
{
    (void)state;
    expands_to("", 0, NULL);
    expands_to(" \n\t ", 0, NULL);
    EXPANDS("a", "a");
    EXPANDS(" a  b\nc\r\n", "a", "b", "c");
    EXPANDS("'a b' \"c d\"", "a b", "c d");
    EXPANDS("a\\ b \\\\ \\'", "a b", "\\", "'");
    EXPANDS("-DX=\\\"y\\\"", "-DX=\"y\"");
    EXPANDS("x'y z'w", "xy zw");
    EXPANDS("'' x", "", "x");
    EXPANDS("'a\"b' \"a'b\"", "a\"b", "a'b");
    EXPANDS("'open", "open");
    EXPANDS("end\\", "end\\");
}

static void nested_response_files(void **state)
{
    (void)state;
    int inner_fd, outer_fd;
    char *inner = response("b 'c d'", &inner_fd), *text;
    assert_true(asprintf(&text, "a %s e", inner) > 0);
    char *outer = response(text, &outer_fd);
    struct args a = {0};
    args_expand(&a, &outer, 1);
    assert_int_equal(a.n, 4);
    assert_string_equal(a.v[1], "b");
    assert_string_equal(a.v[2], "c d");
    assert_string_equal(a.v[3], "e");
    close(inner_fd);
    close(outer_fd);
}

static void file_that_names_itself(void **state)
{
    (void)state;
    char name[] = "/tmp/pith-test-XXXXXX", text[64], *arg;
    int fd = mkstemp(name);
    snprintf(text, sizeof(text), "@%s", name);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    arg = text;
    struct args a = {0};
    args_expand(&a, &arg, 1);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.v[0], text);
    unlink(name);
    close(fd);
}

static void missing_file_is_an_argument(void **state)
{
    (void)state;
    char *v[] = {(char *)"@/nonexistent", (char *)"x"};
    struct args a = {0};
    args_expand(&a, v, 2);
    assert_false(a.response);
    assert_int_equal(a.n, 2);
    assert_string_equal(a.v[0], "@/nonexistent");
}

/* What is written to a response file comes back the same. */
static void to_response_and_back(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "", "b c", "\"", "'", "\\", "-DX=\"a b\"", "\n", "@x"};
    struct args a = {0}, back = {0};
    args_add(&a, "program");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        args_add(&a, words[i]);
    assert_int_equal(args_to_response(&a), 0);
    assert_int_equal(a.n, 2);
    assert_string_equal(a.v[0], "program");
    args_expand(&back, a.v + 1, 1);
    assert_int_equal(back.n, ARRAY_LEN(words));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_string_equal(back.v[i], words[i]);
}

/* Parses the words of (line). */
static int parse(struct request *r, const char *line)
{
    static char *words[64];
    char *copy = strdup(line);
    size_t n = 0;
    for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " "))
        words[n++] = w;
    return request_parse(r, words, n);
}

static void user_args_are(const struct request *r, const char *line)
{
    char text[512] = "";
    for (size_t i = 0; i < r->user.n; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, r->user.v[i]);
    }
    assert_string_equal(text, line);
}

static void links_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool inputs, links;
    } cases[] = {
        {"", false, true},
        {"-O2 -v", false, true},
        {"x.c", true, true},
        {"-", true, true},
        {"x.o -lm", true, true},
        {"-lm", true, true},
        {"-l m", true, true},
        {"-Wl,--version", true, true},
        {"-Xlinker --version", true, true},
        {"-c x.c", true, false},
        {"-S x.c", true, false},
        {"-E x.c", true, false},
        {"-M x.c", true, false},
        {"-MM x.c", true, false},
        {"-MD x.c", true, true},
        {"-fsyntax-only x.c", true, false},
        /* Arguments of options are not inputs. */
        {"-o x.c", false, true},
        {"-I x -D y -include z -MF a -MT b", false, true},
        {"-x c", false, true},
        {"-o -c x.c", true, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct request r;
        assert_int_equal(parse(&r, cases[i].line), 0);
        if (r.inputs != cases[i].inputs || r.links != cases[i].links)
            fail_msg("%s: inputs %d, links %d", cases[i].line, r.inputs, r.links);
    }
}

static void outputs(void **state)
{
    (void)state;
    struct request r;
    assert_int_equal(parse(&r, "x.c -o a -oconftest"), 0);
    assert_string_equal(r.output, "conftest");
    assert_int_equal(parse(&r, "x.c -o ./b"), 0);
    assert_string_equal(r.output, "./b");
    assert_int_equal(parse(&r, "x.c"), 0);
    assert_null(r.output);
}

static void dropped_and_taken(void **state)
{
    (void)state;
    struct request r;
    assert_int_equal(parse(&r, "-static -O2 -no-pie x.c -rdynamic -fno-PIC -fPIC -fuse-ld=bfd"), 0);
    user_args_are(&r, "-O2 x.c -fPIC");
    assert_int_equal(parse(&r, "--target=hosted --allow-missing x.c -lgcc_s -lgcc -lgccpp"), 0);
    user_args_are(&r, "x.c -lgccpp");
    assert_true(r.allow_missing && r.libgcc);
    assert_int_equal(parse(&r, "-nostdlib -nostdinc -r x.o"), 0);
    user_args_are(&r, "-nostdlib -nostdinc -r x.o");
    assert_true(r.no_start_files && r.no_libs && r.no_includes && r.relocatable);
    assert_int_equal(parse(&r, "-nostartfiles -nodefaultlibs"), 0);
    assert_true(r.no_start_files && r.no_libs);
    assert_int_equal(parse(&r, "-nolibc x.c"), 0);
    assert_true(r.no_libc && !r.no_libs && !r.no_start_files);
}

static void questions(void **state)
{
    (void)state;
    struct request r;
    assert_int_equal(parse(&r, "--print-file-name=x -dumpmachine"), 0);
    assert_string_equal(r.question, "-print-file-name=x");
    assert_int_equal(parse(&r, "-dumpmachine"), 0);
    assert_string_equal(r.question, "-dumpmachine");
    assert_int_equal(parse(&r, "-dumpversion"), 0);
    assert_null(r.question);
}

static void wishes(void **state)
{
    (void)state;
    struct request r;
    assert_int_equal(parse(&r, "--deny tcp,udp --deny=dns --budget=3K -O2 -I/x -g x.c"), 0);
    static const char *const want[] = {"--pith-deny=tcp",       "--pith-deny=udp",
                                       "--pith-deny=dns",       "--pith-budget=3072",
                                       "--pith-fact=option=-O2", "--pith-fact=option=-g"};
    assert_int_equal(r.wishes.n, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(r.wishes.v[i], want[i]);
    assert_int_equal(r.user.n, 4);
    assert_int_equal(parse(&r, "--budget 2M"), 0);
    assert_string_equal(r.wishes.v[0], "--pith-budget=2097152");
    static const char *const bad[] = {"--budget=0", "--budget=", "--budget=-1", "--budget=1G",
                                      "--budget=1KK", "--budget=18014398509481984K"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse(&r, bad[i]), EXIT_BUILD);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-shared x.c",    "-m32 x.c",
        "-mx32",          "-fuse-ld=gold",
        "--budget=x x.c", "--malloc=x",
        "--policy=",      "x.cc",
        "a/b.C",          "x.cpp",
        "-x c++ x.c",     "-xc++ x.c",
        "--target=metal", "--target=arm-none",
        "-x none y.cxx",  "-x c++-header x.h",
        "-target arm",    "x.ii",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct request r;
        if (parse(&r, lines[i]) != EXIT_BUILD)
            fail_msg("%s was not refused", lines[i]);
    }
    static const char *const allowed[] = {"-x c x.cc", "-c a.cc.c", "x.c++/y.c", "-o x.cc y.c"};
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        struct request r;
        assert_int_equal(parse(&r, allowed[i]), 0);
    }
    struct request r;
    assert_int_equal(parse(&r, "--policy=p x.c"), 0);
    assert_string_equal(r.policy, "p");
    assert_int_equal(parse(&r, "x.c --policy q"), 0);
    assert_string_equal(r.policy, "q");
    assert_int_equal(r.user.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_files),
        cmocka_unit_test(nested_response_files),
        cmocka_unit_test(file_that_names_itself),
        cmocka_unit_test(missing_file_is_an_argument),
        cmocka_unit_test(to_response_and_back),
        cmocka_unit_test(links_or_not),
        cmocka_unit_test(outputs),
        cmocka_unit_test(dropped_and_taken),
        cmocka_unit_test(questions),
        cmocka_unit_test(wishes), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
