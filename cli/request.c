/* SPDX-License-Identifier: MIT
 *
 * The arguments of pith cc: gcc's, read far enough to know whether something is linked and what
 * must not reach the compiler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cc.h"
#include "cli.h"
#include "describe.h"

/* Options whose argument may be the next word. */
static const char *const with_argument[] = {
    "-o",        "-x",          "-I",          "-D",        "-U",           "-L",
    "-l",        "-u",          "-e",          "-z",        "-T",           "-A",
    "-B",        "-b",          "-V",          "-G",        "-include",     "-imacros",
    "-isystem",  "-iquote",     "-idirafter",  "-iprefix",  "-iwithprefix", "-iwithprefixbefore",
    "-isysroot", "-imultilib",  "-imultiarch", "-MF",       "-MT",          "-MQ",
    "-Xlinker",  "-Xassembler", "-Xclang",     "-mllvm",    "-target",      "-Xpreprocessor",
    "-arch",     "-aux-info",   "-dumpbase",   "-dumpdir",  "-wrapper",     "-dumpbase-ext",
    "--param",   "--sysroot",   "--output",    "--include", "--language",   "-Tbss",
    "-Tdata",    "-Ttext",      "--deny",      "--budget",  "--component",  "--policy",
};

/* An image is a static PIE, whatever a makefile says. */
static const char *const dropped[] = {
    "-static",        "-static-pie",    "-pie",         "-no-pie",  "-nopie",
    "-fno-pie",       "-fno-PIE",       "-fno-pic",     "-fno-PIC", "-rdynamic",
    "-static-libgcc", "-shared-libgcc", "-fuse-ld=bfd",
};

/* Refused, by their beginning. */
static const struct {
    const char *start, *why;
} refused[] = {
    {"-shared", "an image is one static program: there are no shared libraries"},
    {"-m32", "Pith runs 64-bit code only"},
    {"-mx32", "Pith runs 64-bit code only"},
    {"-m16", "Pith runs 64-bit code only"},
    {"-fuse-ld=", "images are linked with GNU ld"},
    {"--malloc", "not available yet"},
    {"--policy", "a file must follow; see docs/policy.md"},
};

static const char *const no_link[] = {
    "-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "--compile", "--assemble", "--preprocess",
};

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "pith cc: %s: %s\n", what, why);
    return EXIT_BUILD;
}

static int refuse_cxx(const char *what)
{
    return refuse(what, "Pith does not support C++ yet: it has no C++ library");
}

static bool is_cxx_file(const char *name)
{
    static const char *const endings[] = {".cc",  ".cp",  ".cxx", ".cpp", ".CPP", ".c++",
                                          ".C",   ".ii",  ".hh",  ".H",   ".hp",  ".hxx",
                                          ".hpp", ".HPP", ".h++", ".tcc"};
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash != NULL ? slash : name, '.');
    return dot != NULL && is_one_of(dot, endings, ARRAY_LEN(endings));
}

static int add_input(struct request *r, const char *name)
{
    /* With -x the ending does not matter. */
    if (r->language == NULL && is_cxx_file(name))
        return refuse_cxx(name);
    r->inputs = true;
    args_add(&r->user, name);
    return 0;
}

static int set_language(struct request *r, const char *language)
{
    if (starts(language, "c++") || starts(language, "objective-c++"))
        return refuse_cxx(language);
    r->language = strcmp(language, "none") == 0 ? NULL : language;
    return 0;
}

static const char *const target_names[] = {
    [TARGET_UNIVERSAL] = "universal", [TARGET_HOSTED] = "hosted", [TARGET_BARE] = "bare"};

static int set_target(struct request *r, const char *arg)
{
    const char *name = arg + strlen("--target=");
    for (size_t i = 0; i < ARRAY_LEN(target_names); i++) {
        if (strcmp(name, target_names[i]) == 0) {
            r->target = (enum target)i;
            return 0;
        }
    }
    return refuse(arg, "Pith builds for its own targets only: universal, hosted or bare");
}

/* Services that the image may not have, separated by commas. */
static int add_denied(struct request *r, const char *list)
{
    for (const char *end; *list != '\0'; list = end + (*end == ',')) {
        end = list + strcspn(list, ",");
        args_addf(&r->wishes, WISH_DENY "%.*s", (int)(end - list), list);
    }
    return 0;
}

/* A part of the program for its bill of materials: NAME@VERSION and more, after commas. */
static int add_component(struct request *r, const char *text)
{
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || at[1] == ',')
        return refuse(text, "--component wants NAME@VERSION[,sha256=HASH][,purl=URL][,license=ID]");
    args_addf(&r->wishes, WISH_FACT "component=%s", text);
    return 0;
}

/* The most bytes that the image may load: a number, with K or M for 1024 or its square. */
static int set_budget(struct request *r, const char *size)
{
    char *end;
    unsigned long long n = strtoull(size, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 0;
    end += shift != 0;
    if (size[0] < '0' || size[0] > '9' || *end != '\0' || n == 0 || n > UINT64_MAX >> shift)
        return refuse(size, "--budget wants a number of bytes, as 65536, 64K or 1M");
    args_addf(&r->wishes, WISH_BUDGET "%llu", n << shift);
    return 0;
}

/* Pith's own options and those that only change what pith cc does. True: (arg) was one, with
 * (*status). */
static bool take_own(struct request *r, const char *arg, int *status)
{
    *status = 0;
    if (strcmp(arg, "--allow-missing") == 0)
        r->allow_missing = true;
    else if (strcmp(arg, "--lto") == 0)
        r->lto = true;
    else if (strcmp(arg, "--separate-debug") == 0)
        args_add(&r->wishes, WISH_DEBUG);
    else if (strcmp(arg, "--help") == 0)
        r->help = true;
    else if (starts(arg, "--policy=") && arg[9] != '\0')
        r->policy = arg + 9;
    else if (starts(arg, "--target="))
        *status = set_target(r, arg);
    else if (starts(arg, "--deny="))
        *status = add_denied(r, arg + strlen("--deny="));
    else if (starts(arg, "--budget="))
        *status = set_budget(r, arg + strlen("--budget="));
    else if (starts(arg, "--component="))
        *status = add_component(r, arg + strlen("--component="));
    else if (!is_one_of(arg, dropped, ARRAY_LEN(dropped)))
        return false;
    return true;
}

/* Whether an option says how code is made, and nothing about the folders it is made in. */
static bool makes_code(const char *arg)
{
    return strchr(arg, '/') == NULL &&
           (starts(arg, "-O") || starts(arg, "-m") || starts(arg, "-f") || starts(arg, "-g") ||
            starts(arg, "-std="));
}

/* Notes what an option of the compiler's means for pith cc. */
static void note_option(struct request *r, const char *arg)
{
    if (makes_code(arg))
        args_addf(&r->wishes, WISH_FACT "option=%s", arg);
    if (is_one_of(arg, no_link, ARRAY_LEN(no_link)))
        r->links = false;
    else if (strcmp(arg, "-r") == 0 || strcmp(arg, "-Wl,-r") == 0)
        r->relocatable = true;
    else if (strcmp(arg, "-nostdlib") == 0)
        r->no_start_files = r->no_libs = true;
    else if (strcmp(arg, "-nostartfiles") == 0)
        r->no_start_files = true;
    else if (strcmp(arg, "-nodefaultlibs") == 0)
        r->no_libs = true;
    else if (strcmp(arg, "-nolibc") == 0)
        r->no_libc = true;
    else if (strcmp(arg, "-nostdinc") == 0)
        r->no_includes = true;
    else if (starts(arg, "-Wl,") || starts(arg, "-l"))
        r->inputs = true;

    const char *word = starts(arg, "--") ? arg + 1 : arg;
    if (r->question == NULL && (starts(word, "-print-") || strcmp(word, "-dumpmachine") == 0))
        r->question = word;
}

/* An option with its argument in the next word. */
static int take_pair(struct request *r, const char *option, const char *value)
{
    int status = 0;
    if (strcmp(option, "--deny") == 0)
        return add_denied(r, value);
    if (strcmp(option, "--budget") == 0)
        return set_budget(r, value);
    if (strcmp(option, "--component") == 0)
        return add_component(r, value);
    if (strcmp(option, "-o") == 0 || strcmp(option, "--output") == 0)
        r->output = value;
    else if (strcmp(option, "-x") == 0 || strcmp(option, "--language") == 0)
        status = set_language(r, value);
    else if (strcmp(option, "-l") == 0 || strcmp(option, "-Xlinker") == 0)
        r->inputs = true;
    else if (strcmp(option, "-target") == 0)
        return refuse(option, "Pith builds for its own target only");
    if (strcmp(option, "--policy") == 0) {
        r->policy = value;
        return 0;
    }
    args_add(&r->user, option);
    args_add(&r->user, value);
    return status;
}

static int take_option(struct request *r, const char *arg)
{
    int status;
    if (take_own(r, arg, &status))
        return status;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (starts(arg, refused[i].start))
            return refuse(arg, refused[i].why);

    /* What it means is always linked; the folder that it is in is not searched. */
    static const char *const libgcc[] = {"-lgcc", "-lgcc_s", "-lgcc_eh"};
    if (is_one_of(arg, libgcc, ARRAY_LEN(libgcc))) {
        r->inputs = r->libgcc = true;
        return 0;
    }
    note_option(r, arg);
    if (starts(arg, "-o"))
        r->output = arg + 2;
    if (starts(arg, "-x"))
        status = set_language(r, arg + 2);
    args_add(&r->user, arg);
    return status;
}

const char *target_name(enum target target)
{
    return target_names[target];
}

int request_parse(struct request *r, char *const *v, size_t n)
{
    *r = (struct request){.links = true};
    for (size_t i = 0; i < n; i++) {
        int status;
        if (v[i][0] != '-' || v[i][1] == '\0')
            status = add_input(r, v[i]);
        else if (i + 1 < n && is_one_of(v[i], with_argument, ARRAY_LEN(with_argument))) {
            status = take_pair(r, v[i], v[i + 1]);
            i++;
        } else
            status = take_option(r, v[i]);
        if (status != 0)
            return status;
    }
    return 0;
}
