/* SPDX-License-Identifier: MIT
 *
 * pith pack: puts a folder into an image as its root file system. The image is written to a new
 * file beside its final name and renamed when it is complete, so that nobody ever sees half of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/boot.h"
#include "cli.h"
#include "image.h"
#include "rom.h"

struct options {
    const char *image, *root, *out;
    bool list;
    bool help;
};

/* The unfinished file, for the signal handler; empty when there is none. */
static char unfinished[PATH_MAX];

static int usage_fault(const char *what, const char *arg)
{
    fprintf(stderr, "pith pack: %s%s\npith pack: hint: see pith help pack\n", what, arg);
    return EXIT_USAGE;
}

/* Returns 0 or the exit status, after a message. */
static int parse(struct options *o, int argc, char **argv)
{
    bool only_names = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const char **value = NULL;
        if (only_names || arg[0] != '-' || arg[1] == '\0') {
            if (o->image != NULL)
                return usage_fault("more than one image: ", arg);
            o->image = arg;
        } else if (strcmp(arg, "--") == 0) {
            only_names = true;
        } else if (strcmp(arg, "--help") == 0) {
            o->help = true;
        } else if (strcmp(arg, "--list") == 0) {
            o->list = true;
        } else if (strcmp(arg, "--root") == 0) {
            value = &o->root;
        } else if (strncmp(arg, "--root=", 7) == 0) {
            o->root = arg + 7;
        } else if (strcmp(arg, "-o") == 0) {
            value = &o->out;
        } else if (strncmp(arg, "-o", 2) == 0) {
            o->out = arg + 2;
        } else {
            return usage_fault("unknown option ", arg);
        }
        if (value != NULL && ++i == argc)
            return usage_fault("an argument is missing after ", arg);
        if (value != NULL)
            *value = argv[i];
    }
    if (o->help)
        return 0;
    if (o->image == NULL)
        return usage_fault("no image is named", "");
    if (o->list == (o->root != NULL))
        return usage_fault("one of --root and --list is needed", "");
    if (o->list && o->out != NULL)
        return usage_fault("--list writes no image: -o ", o->out);
    return 0;
}

/* The latest time that a packed file may have: SOURCE_DATE_EPOCH, or none. */
static int latest_time(int64_t *latest, struct fault *f)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    *latest = INT64_MAX;
    if (text == NULL || *text == '\0')
        return 0;
    char *end;
    errno = 0;
    *latest = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return fault_set(f, EXIT_HOST, "SOURCE_DATE_EPOCH is not a number: %.100s", text);
    return 0;
}

static void clean_up(int sig)
{
    unlink(unfinished);
    signal(sig, SIG_DFL);
    raise(sig);
}

/* Makes the new file beside (name), with the mode of the image. */
static int create_output(const char *name, const struct stat *image, struct fault *f)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    if (snprintf(unfinished, sizeof(unfinished), "%s.XXXXXX", name) >= (int)sizeof(unfinished)) {
        unfinished[0] = '\0';
        return fault_set(f, EXIT_HOST, "the name of the output is too long");
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        signal(signals[i], clean_up);
    /* A file size limit is an error like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    int fd = mkostemp(unfinished, O_CLOEXEC);
    if (fd < 0) {
        unfinished[0] = '\0';
        return fault_set(f, EXIT_HOST, "cannot make a file beside %.300s: %s", name,
                         strerror(errno));
    }
    if (fchmod(fd, image->st_mode & 07777) < 0) {
        close(fd);
        return fault_set(f, EXIT_HOST, "cannot set the mode of the output: %s", strerror(errno));
    }
    return fd;
}

static int write_fault(struct fault *f)
{
    return fault_set(f, EXIT_HOST, "cannot write the image: %s", strerror(errno));
}

/* Copies the first (len) bytes of (from), then zeros up to (end). */
static int copy_start(int from, int to, uint64_t len, uint64_t end, struct fault *f)
{
    static char buf[65536];
    uint64_t pos = 0;
    while (pos < end) {
        ssize_t n = 0;
        if (pos < len) {
            n = pread(from, buf, min_size(sizeof(buf), len - pos), (off_t)pos);
            if (n <= 0)
                return fault_set(f, EXIT_HOST, "cannot read the image: %s",
                                 n < 0 ? strerror(errno) : "it has become shorter");
        } else {
            n = (ssize_t)min_size(sizeof(buf), end - pos);
            memset(buf, 0, (size_t)n);
        }
        for (ssize_t done = 0, w; done < n; done += w)
            if ((w = write(to, buf + done, (size_t)(n - done))) < 0)
                return write_fault(f);
        pos += (uint64_t)n;
    }
    return 0;
}

/* Writes the packed image to (out): everything of (in) but an old root, then the new one. */
static int write_image(int in, const struct image *im, struct rom_tree *tree, int out,
                       struct fault *f)
{
    uint64_t len = im->root_offset != 0 ? im->root_offset : im->file_size;
    uint64_t start = align_up(len, PAGE_SIZE), size = 0;
    if (copy_start(in, out, len, start, f) != 0 || rom_write(tree, out, &size, f) != 0)
        return -1;
    Elf64_Phdr ph = image_root_header(im, start, size);
    if (pwrite(out, &ph, sizeof(ph), (off_t)im->slot) != sizeof(ph))
        return write_fault(f);
    return 0;
}

/* The file that the packed image replaces: where symbolic links lead, and nothing but a regular
 * file. */
static int output_name(const struct options *o, char name[PATH_MAX], struct fault *f)
{
    const char *given = o->out != NULL ? o->out : o->image;
    struct stat st;
    if (realpath(given, name) == NULL) {
        if (snprintf(name, PATH_MAX, "%s", given) >= PATH_MAX)
            return fault_set(f, EXIT_HOST, "the name of the output is too long");
        return 0;
    }
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
        return fault_set(f, EXIT_HOST, "%.300s is not a regular file: it is not replaced", given);
    return 0;
}

static int pack(int in, const struct image *im, const struct options *o, struct fault *f)
{
    char name[PATH_MAX];
    struct stat st;
    struct rom_tree tree;
    int64_t latest;
    if (latest_time(&latest, f) != 0 || output_name(o, name, f) != 0)
        return -1;
    if (fstat(in, &st) < 0)
        return fault_set(f, EXIT_HOST, "cannot read the image: %s", strerror(errno));
    int result = rom_scan(&tree, o->root, latest, f);
    int out = -1;
    if (result == 0) {
        out = create_output(name, &st, f);
        result = out < 0 ? -1 : write_image(in, im, &tree, out, f);
        if (out >= 0 && close(out) < 0 && result == 0)
            result = write_fault(f);
        if (result == 0 && rename(unfinished, name) < 0)
            result = fault_set(f, EXIT_HOST, "cannot replace %.300s: %s", name, strerror(errno));
        if (result != 0 && unfinished[0] != '\0')
            unlink(unfinished);
    }
    rom_free(&tree);
    return result;
}

static int list(int in, const struct image *im, struct fault *f)
{
    if (im->root_offset == 0)
        return 0;
    if (im->root_size == 0)
        return fault_set(f, EXIT_IMAGE, "broken image: its root file system is empty");
    void *rom = mmap(NULL, im->root_size, PROT_READ, MAP_PRIVATE, in, (off_t)im->root_offset);
    if (rom == MAP_FAILED)
        return fault_set(f, EXIT_HOST, "cannot read the image: %s", strerror(errno));
    int result = rom_list(rom, im->root_size, stdout, f);
    munmap(rom, im->root_size);
    if (fflush(stdout) != 0 && result == 0)
        result = fault_set(f, EXIT_HOST, "cannot write: %s", strerror(errno));
    return result;
}

int cmd_pack(int argc, char **argv)
{
    struct options o = {0};
    struct fault f;
    struct image im;
    int status = parse(&o, argc, argv);
    if (status != 0)
        return status;
    if (o.help)
        return help_usage("pack") ? 0 : EXIT_USAGE;

    int in = open(o.image, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        fprintf(stderr, "pith pack: %s: %s\n", o.image, strerror(errno));
        return EXIT_HOST;
    }
    int result = image_check(in, &im, &f);
    if (result == 0)
        result = o.list ? list(in, &im, &f) : pack(in, &im, &o, &f);
    close(in);
    if (result == 0)
        return 0;
    fprintf(stderr, "pith pack: %s: %s\n", o.image, f.text);
    return f.status;
}
