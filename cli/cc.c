/* SPDX-License-Identifier: MIT
 *
 * pith cc: gcc or clang, with the arguments that make an image. It becomes the compiler, so that
 * messages and exit status are the compiler's; the link step comes back to Pith as cmd_ld (ld.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cc.h"
#include "cli.h"
#include "describe.h"
#include "policy.h"

/* For every compilation. They come before the user's own options, which may override them. */
static const char *const code_options[] = {
    "-D__pith__=1",
    "-Os",
    "-fPIE",
    "-ffunction-sections",
    "-fdata-sections",
    /* Crash reports find their way from frame to frame by the frame pointer. */
    "-fno-omit-frame-pointer",
    "-mno-omit-leaf-frame-pointer",
    /* Then nobody needs tables for unwinding, a tenth of an image, unless -fexceptions asks for them. */
    "-fno-asynchronous-unwind-tables",
    "-fstack-protector-strong",
};

static const char *const link_options[] = {
    "-static-pie",
    "-nostdlib",
    "-nostartfiles",
};

static const char *const linker_options[] = {
    "-nostdlib",
    "--no-eh-frame-hdr",
    "--no-ld-generated-unwind-info",
    /* What is called at start and end stands in arrays; nobody reads these entries. */
    "-init=",
    "-fini=",
    "--gc-sections",
    "--hash-style=gnu",
    "-z",
    "max-page-size=4096",
    "-z",
    "noexecstack",
    "-z",
    "now",
    "-z",
    "pack-relative-relocs",
    /* A weak symbol that nothing defines is NULL now: there is no dynamic linker to look again. */
    "-z",
    "nodynamic-undefined-weak",
};

/* Adds (before), the path of an installed file, (after) as one argument; for the linker if
 * (linker). */
static int add_path(struct args *a, const char *before, const char *rel, bool linker)
{
    char path[PATH_MAX];
    int err = install_path(path, rel);
    if (err != 0)
        return err;
    if (linker)
        args_add(a, "-Xlinker");
    args_addf(a, "%s%s", before, path);
    return 0;
}

static int add_code_options(struct args *a, const struct compiler *cc, const struct request *r)
{
    int err = 0;
    for (size_t i = 0; i < ARRAY_LEN(code_options); i++)
        args_add(a, code_options[i]);
    if (r->lto)
        args_add(a, cc->clang ? "-flto" : "-flto=auto");
    /* Machine code, too, so that ar, nm and configure scripts see what they expect. */
    if (r->lto && !cc->clang)
        args_add(a, "-ffat-lto-objects");
    if (r->no_includes)
        return 0;
    /* clang's option leaves it its own headers; gcc's are put back by the specs. */
    args_add(a, cc->clang ? "-nostdlibinc" : "-nostdinc");
    if (!cc->clang)
        err = add_path(a, "-specs=", CC_SPECS, false);
    return err;
}

/* autoconf finds out constants at run time by a program that leaves them in a file beside it. */
static bool is_conftest(const struct request *r)
{
    const char *name = r->output;
    if (name == NULL)
        return false;
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    return strcmp(name, "conftest") == 0;
}

/* What comes before the user's objects. */
static int add_link_start(struct args *a, const struct request *r)
{
    if (r->relocatable) {
        args_add(a, "-nostdlib");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(link_options); i++)
        args_add(a, link_options[i]);
    for (size_t i = 0; i < ARRAY_LEN(linker_options); i++)
        args_add_linker(a, linker_options[i]);

    for (size_t i = 0; i < r->wishes.n; i++)
        args_add_linker(a, r->wishes.v[i]);
    args_add(a, "-Xlinker");
    args_addf(a, WISH_FACT "target=%s", target_name(r->target));
    if (is_conftest(r))
        args_add_linker(a, WISH_PLAIN);

    bool bare = r->target == TARGET_BARE;
    const char *note = bare             ? CC_LIB "/note-bare.o"
                       : is_conftest(r) ? CC_LIB "/note-conftest.o"
                                        : CC_LIB "/note.o";
    const char *script = r->target == TARGET_HOSTED ? CC_SCRIPT_HOSTED : CC_SCRIPT;
    int err = add_path(a, "--script=", script, true);
    if (err == 0 && bare)
        args_add_linker(a, "--no-dynamic-linker");
    else if (err == 0)
        err = add_path(a, "--dynamic-linker=", CC_MONITOR, true);
    if (err == 0)
        err = add_path(a, "", note, true);
    if (err == 0 && r->policy != NULL) {
        err = add_path(a, "", CC_NOTE_POLICY, true);
        args_add(a, "-Xlinker");
        args_addf(a, WISH_POLICY "%s", r->policy);
    }
    if (err == 0 && !r->no_start_files)
        err = add_path(a, "", CC_LIB "/crt1.o", true);
    return err;
}

static int add_libc(struct args *a, bool allow_missing)
{
    int err = add_path(a, "", CC_LIB "/libc.a", true);
    if (err == 0)
        err = add_path(a, "", CC_LIB "/libpith.a", true);
    if (err == 0 && allow_missing)
        err = add_path(a, "", CC_LIB "/libpith-missing.a", true);
    return err;
}

/* What comes after them. */
static int add_link_end(struct args *a, const struct compiler *cc, const struct request *r)
{
    if (r->relocatable)
        return 0;
    int err = add_path(a, "-L", CC_LIB, false);
    if (err != 0 || (r->no_libs && !r->libgcc))
        return err;

    char libgcc[PATH_MAX];
    err = compiler_libgcc(cc, libgcc);
    if (err != 0) {
        fprintf(stderr, "pith cc: %s has no libgcc.a\n", cc->name);
        return err;
    }
    args_add_linker(a, "--start-group");
    if (!r->no_libs && !r->no_libc)
        err = add_libc(a, r->allow_missing);
    args_add(a, "-Xlinker");
    args_addf(a, "%s", libgcc);
    args_add_linker(a, "--end-group");
    return err;
}

/* Makes the compiler's arguments (a) of what the user asked for. */
static int build_command(struct args *a, const struct compiler *cc, const struct request *r)
{
    int err = 0;
    args_add(a, cc->name);
    if (r->inputs) {
        /* Not every option that is added has a use in every run: that is no reason for warnings. */
        if (cc->clang)
            args_add(a, "--start-no-unused-arguments");
        err = add_path(a, "-B", CC_TOOLS "/", false);
        if (err == 0)
            err = add_code_options(a, cc, r);
        if (err == 0 && r->links)
            err = add_link_start(a, r);
        if (cc->clang)
            args_add(a, "--end-no-unused-arguments");
    }
    args_append(a, &r->user);
    if (err == 0 && r->inputs) {
        if (cc->clang)
            args_add(a, "--start-no-unused-arguments");
        if (!r->no_includes) {
            args_add(a, "-isystem");
            err = add_path(a, "", CC_INCLUDE, false);
        }
        if (err == 0 && r->links)
            err = add_link_end(a, cc, r);
        if (cc->clang)
            args_add(a, "--end-no-unused-arguments");
    }
    return err;
}

/* Before anything is compiled; the link step reads it again. */
static int check_policy(const char *file)
{
    static struct policy policy;
    struct fault f;
    if (policy_load(file, &policy, &f) == 0)
        return 0;
    fprintf(stderr, "pith cc: %s\n", f.text);
    return EXIT_BUILD;
}

int cmd_cc(int argc, char **argv)
{
    struct args all = {0}, command = {0};
    struct request r;
    struct compiler cc;

    args_expand(&all, argv + 1, (size_t)argc - 1);
    int status = request_parse(&r, all.v, all.n);
    if (status == 0 && r.help)
        return help_usage("cc") ? 0 : EXIT_BUILD;
    if (status == 0 && r.policy != NULL)
        status = check_policy(r.policy);
    if (status == 0)
        status = compiler_find(&cc);
    if (status != 0)
        return status;
    if (r.question != NULL && query_answer(&cc, r.question, &status))
        return status;

    int err = all.failed ? -ENOMEM : build_command(&command, &cc, &r);
    command.response |= all.response;
    if (err == 0)
        err = args_exec(&command);
    if (err == -ENOENT)
        fprintf(stderr, "pith cc: there is no compiler %s\n", cc.name);
    else
        fprintf(stderr, "pith cc: cannot start %s: %s\n", cc.name, strerror(-err));
    return EXIT_BUILD;
}
