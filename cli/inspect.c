/* SPDX-License-Identifier: MIT
 *
 * pith inspect: what is in an image, why, and what it may do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "inspect.h"
#include "options.h"
#include "print.h"
#include "services.h"
#include "why.h"

#define EXIT_NOT_IN_IMAGE 1

struct options {
    const char *images[2];
    size_t count;
    const char *why, *debug, *html;
    bool json, lines, sbom, help;
};

/* Returns 0 or the exit status, after a message. */
static int parse(struct options *o, int argc, char **argv)
{
    bool only_names = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const char **value = NULL;
        if (only_names || arg[0] != '-' || arg[1] == '\0') {
            if (o->count == ARRAY_LEN(o->images))
                return usage_fault("inspect", "more than two images: ", arg);
            o->images[o->count++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            only_names = true;
        } else if (strcmp(arg, "--help") == 0) {
            o->help = true;
        } else if (strcmp(arg, "--json") == 0) {
            o->json = true;
        } else if (strcmp(arg, "--lines") == 0) {
            o->lines = true;
        } else if (strcmp(arg, "--sbom") == 0) {
            o->sbom = true;
        } else if (option_value("--why", argv, &i, &o->why)) {
            value = &o->why;
        } else if (option_value("--debug", argv, &i, &o->debug)) {
            value = &o->debug;
        } else if (option_value("--html", argv, &i, &o->html)) {
            value = &o->html;
        } else {
            return usage_fault("inspect", "unknown option ", arg);
        }
        if (value != NULL && *value == NULL)
            return usage_fault("inspect", "an argument is missing after ", arg);
    }
    if (o->help)
        return 0;
    if (o->count == 0)
        return usage_fault("inspect", "no image is named", "");
    int forms = o->json + o->lines + o->sbom + (o->why != NULL) + (o->html != NULL);
    if (o->count == 2 && (forms > 0 || o->debug != NULL))
        return usage_fault("inspect", "two images are only compared, without other options", "");
    if (forms > 1)
        return usage_fault("inspect", "one of --html, --json, --lines, --sbom and --why at a time",
                           "");
    return 0;
}

static int out_of_memory(void)
{
    fputs("pith inspect: out of memory\n", stderr);
    return EXIT_HOST;
}

/* Says that the image has no map. Returns the exit status. */
static int no_map(const struct inspection *in)
{
    fprintf(stderr,
            "pith inspect: %s: the map that says so was stripped from it\n"
            "pith inspect: hint: --debug FILE names the file before strip, or what objcopy "
            "--only-keep-debug made of it\n",
            in->path);
    return EXIT_IMAGE;
}

static int show_lines(const struct inspection *in)
{
    static const struct {
        int err;
        const char *why;
    } faults[] = {{-ENOENT, "there is no debug information: link with -g, or without -s"},
                  {-ENOTSUP, "debug information is compressed: link without -gz"},
                  {-EINVAL, "broken debug information"}};
    int err = in->has_map ? inspect_lines(stdout, in) : 0;
    if (!in->has_map)
        return no_map(in);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (faults[i].err != err)
            continue;
        fprintf(stderr, "pith inspect: %s: %s\n", in->map_path, faults[i].why);
        return EXIT_IMAGE;
    }
    return err == 0 ? 0 : out_of_memory();
}

static int show_sbom(const struct inspection *in)
{
    if (!in->has_map)
        return no_map(in);
    int err = inspect_sbom(stdout, in);
    if (err == 0)
        return 0;
    fprintf(stderr, "pith inspect: cannot hash %s with sha256sum: %s\n", in->path, strerror(-err));
    return EXIT_HOST;
}

static bool has_service(const struct inspection *in, const char *name)
{
    for (size_t i = 0; i < in->size_count; i++)
        if (strcmp(in->sizes[i].name, name) == 0)
            return true;
    return false;
}

/* Prints why the image has a service. Returns the exit status. */
static int show_why(const struct inspection *in, const char *name)
{
    if (!has_service(in, name)) {
        bool known = service_find(name) < service_count;
        fprintf(stderr, "pith inspect: %s: %s %s\n", in->path,
                known ? "the image does not have" : "there is no service", name);
        return known ? EXIT_NOT_IN_IMAGE : EXIT_USAGE;
    }
    if (!in->has_map)
        return no_map(in);
    uint32_t group = map_find_group(&in->map, name);
    if (group == MAP_PROGRAM)
        puts("program: it is what the image was linked for");
    else if (!why_print(stdout, &in->map, group, in->map_path, ""))
        return out_of_memory();
    return 0;
}

static int show(const struct options *o)
{
    struct inspection in[2];
    struct fault f;
    size_t opened = 0;
    int status = 0;

    while (opened < o->count && status == 0) {
        if (inspect_open(&in[opened], o->images[opened], o->debug, &f) == 0) {
            opened++;
            continue;
        }
        fprintf(stderr, "pith inspect: %s\n", f.text);
        status = f.status;
    }
    if (status == 0 && o->count == 2)
        status = inspect_compare(stdout, &in[0], &in[1]) ? 0 : out_of_memory();
    else if (status == 0 && o->why != NULL)
        status = show_why(&in[0], o->why);
    else if (status == 0 && o->html != NULL)
        status = inspect_html(o->html, &in[0]);
    else if (status == 0 && o->sbom)
        status = show_sbom(&in[0]);
    else if (status == 0 && o->lines)
        status = show_lines(&in[0]);
    else if (status == 0 && o->json)
        status = inspect_json(stdout, &in[0]) ? 0 : out_of_memory();
    else if (status == 0)
        inspect_text(stdout, &in[0]);
    while (opened > 0)
        inspect_close(&in[--opened]);
    return status;
}

int cmd_inspect(int argc, char **argv)
{
    struct options o = {.count = 0};
    int status = parse(&o, argc, argv);
    if (status != 0)
        return status;
    if (o.help)
        return help_usage("inspect") ? 0 : EXIT_HOST;
    status = show(&o);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "pith inspect: cannot write: %s\n", strerror(errno));
        return EXIT_HOST;
    }
    return status;
}
