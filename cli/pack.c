/* SPDX-License-Identifier: MIT
 *
 * pith pack: puts a folder into an image as its root file system, and a policy. The image is
 * written to a new file beside its final name and renamed when it is complete, so that nobody ever
 * sees half of one.
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
#include "abi/image.h"
#include "cli.h"
#include "image.h"
#include "options.h"
#include "policy.h"
#include "rom.h"

struct options {
    const char *image, *root, *policy, *out;
    bool list;
    bool help;
};

/* The unfinished file, for the signal handler; empty when there is none. */
static char unfinished[PATH_MAX];

/* Returns 0 or the exit status, after a message. */
static int parse(struct options *o, int argc, char **argv)
{
    bool only_names = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const char **value = NULL;
        if (only_names || arg[0] != '-' || arg[1] == '\0') {
            if (o->image != NULL)
                return usage_fault("pack", "more than one image: ", arg);
            o->image = arg;
        } else if (strcmp(arg, "--") == 0) {
            only_names = true;
        } else if (strcmp(arg, "--help") == 0) {
            o->help = true;
        } else if (strcmp(arg, "--list") == 0) {
            o->list = true;
        } else if (option_value("--root", argv, &i, &o->root)) {
            value = &o->root;
        } else if (option_value("--policy", argv, &i, &o->policy)) {
            value = &o->policy;
        } else if (strncmp(arg, "-o", 2) == 0) {
            o->out = arg[2] != '\0' ? arg + 2 : argv[++i];
            value = &o->out;
        } else {
            return usage_fault("pack", "unknown option ", arg);
        }
        if (value != NULL && *value == NULL)
            return usage_fault("pack", "an argument is missing after ", arg);
    }
    if (o->help)
        return 0;
    if (o->image == NULL)
        return usage_fault("pack", "no image is named", "");
    if (o->list == (o->root != NULL || o->policy != NULL))
        return usage_fault("pack", "--root, --policy or both are needed, or --list", "");
    if (o->list && o->out != NULL)
        return usage_fault("pack", "--list writes no image: -o ", o->out);
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

/* Copies the (len) bytes of (from) at (pos), then zeros up to (end) bytes. */
static int copy_part(int from, uint64_t pos, int to, uint64_t len, uint64_t end, struct fault *f)
{
    static char buf[65536];
    uint64_t at = 0;
    while (at < end) {
        ssize_t n = 0;
        if (at < len) {
            n = pread(from, buf, min_size(sizeof(buf), len - at), (off_t)(pos + at));
            if (n <= 0)
                return fault_set(f, EXIT_HOST, "cannot read the image: %s",
                                 n < 0 ? strerror(errno) : "it has become shorter");
        } else {
            n = (ssize_t)min_size(sizeof(buf), end - at);
            memset(buf, 0, (size_t)n);
        }
        for (ssize_t done = 0, w; done < n; done += w)
            if ((w = write(to, buf + done, (size_t)(n - done))) < 0)
                return write_fault(f);
        at += (uint64_t)n;
    }
    return 0;
}

/* What is to be packed. */
struct parts {
    struct rom_tree *tree;       /* NULL: the root that is there, or an empty one */
    const struct policy *policy; /* NULL: none */
};

/* Writes the root: that of (parts), else that of (in), else an empty one. */
static int write_root(int in, const struct image *im, const struct parts *parts, int out,
                      uint64_t *size, struct fault *f)
{
    if (parts->tree != NULL)
        return rom_write(parts->tree, out, size, f);
    if (im->root_offset != 0) {
        *size = im->root_size;
        return copy_part(in, im->root_offset, out, *size, *size, f);
    }
    struct rom_node root = {.mode = S_IFDIR | 0755, .nlink = 2};
    struct rom_tree empty = {.dir = -1, .nodes = &root, .node_count = 1};
    return rom_write(&empty, out, size, f);
}

/* Adds a note with (policy) to the end of (out), which is (at) of the root's segment (root). */
static int write_note(const struct policy *policy, const struct image *im, int out,
                      const Elf64_Phdr *root, uint64_t at, uint64_t *size, struct fault *f)
{
    struct {
        Elf64_Nhdr header;
        char name[8];
        struct policy policy;
    } __attribute__((packed))
    note = {{sizeof(PITH_NOTE_NAME), policy->head.size, PITH_NOTE_POLICY}, PITH_NOTE_NAME, *policy};
    if (im->note_slot == 0)
        return fault_set(f, EXIT_IMAGE,
                         "the image has no spare program header for a policy: link it again");
    *size = sizeof(note) - sizeof(note.policy) + policy->head.size;
    Elf64_Phdr ph = image_note_header(root, at, *size);
    if (write(out, &note, *size) != (ssize_t)*size ||
        pwrite(out, &ph, sizeof(ph), (off_t)im->note_slot) != sizeof(ph))
        return write_fault(f);
    return 0;
}

/* Writes the packed image to (out): everything of (in) but an old root, then the root and, unless
 * it was linked with room for one, the policy. */
static int write_image(int in, const struct image *im, const struct parts *parts, int out,
                       struct fault *f)
{
    bool in_place = im->policy != 0 && !im->packed_policy;
    if (parts->tree == NULL && in_place) {
        if (copy_part(in, 0, out, im->file_size, im->file_size, f) != 0)
            return -1;
    } else {
        uint64_t len = im->root_offset != 0 ? im->root_offset : im->file_size;
        uint64_t start = align_up(len, PAGE_SIZE), size = 0, note = 0;
        if (copy_part(in, 0, out, len, start, f) != 0 ||
            write_root(in, im, parts, out, &size, f) != 0)
            return -1;
        Elf64_Phdr ph = image_root_header(im, start, size);
        if (parts->policy != NULL && !in_place &&
            write_note(parts->policy, im, out, &ph, size, &note, f) != 0)
            return -1;
        ph = image_root_header(im, start, size + note);
        if (pwrite(out, &ph, sizeof(ph), (off_t)im->slot) != sizeof(ph))
            return write_fault(f);
    }
    if (!in_place || parts->policy == NULL)
        return 0;
    if (parts->policy->head.size > im->policy_size)
        return fault_set(f, EXIT_IMAGE, "the image has too little room for this policy");
    if (pwrite(out, parts->policy->bytes, parts->policy->head.size, (off_t)im->policy) !=
        parts->policy->head.size)
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

/* The policy that the packed image will have: of --policy, else the one it has. */
static int find_policy(int in, const struct image *im, const struct options *o, struct parts *parts,
                       struct fault *f)
{
    static struct policy policy;
    bool given = true;
    int result = o->policy != NULL ? policy_load(o->policy, &policy, f)
                                   : policy_of(in, im, &policy, &given, f);
    parts->policy = given ? &policy : NULL;
    return result;
}

static int pack(int in, const struct image *im, const struct options *o, struct fault *f)
{
    char name[PATH_MAX];
    struct stat st;
    struct rom_tree tree = {.dir = -1};
    struct parts parts = {.tree = o->root != NULL ? &tree : NULL};
    int64_t latest;
    if (find_policy(in, im, o, &parts, f) != 0)
        return -1;
    if (latest_time(&latest, f) != 0 || output_name(o, name, f) != 0)
        return -1;
    if (fstat(in, &st) < 0)
        return fault_set(f, EXIT_HOST, "cannot read the image: %s", strerror(errno));
    int result = o->root != NULL ? rom_scan(&tree, o->root, latest, f) : 0;
    int out = -1;
    if (result == 0) {
        out = create_output(name, &st, f);
        result = out < 0 ? -1 : write_image(in, im, &parts, out, f);
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
