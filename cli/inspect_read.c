/* SPDX-License-Identifier: MIT
 *
 * Reading an image for pith inspect. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "inspect.h"

#define BUILD_ID_TYPE 3                /* NT_GNU_BUILD_ID */
#define LINK_SECTION  ".gnu_debuglink" /* of binutils: a name, and a checksum */

/* Reads the build id, of the first loaded notes; of a file with debug information alone, whose
 * segments are empty, from the section. */
static void read_build_id(const struct elf_file *e, char id[65])
{
    size_t size = 0, len = 0;
    const unsigned char *note = elf_section(e, ".note.gnu.build-id", &size);
    const unsigned char *bytes =
        note != NULL ? elf_find_note(note, size, "GNU", BUILD_ID_TYPE, 4, &len) : NULL;
    if (bytes == NULL)
        bytes = elf_note(e, "GNU", BUILD_ID_TYPE, 4, &len);
    len = bytes != NULL ? min_size(len, 32) : 0;
    for (size_t i = 0; i < len; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    id[2 * len] = '\0';
}

static void read_notes(struct inspection *in)
{
    size_t size;
    const void *note = elf_note(&in->elf, PITH_NOTE_NAME, PITH_NOTE_TYPE, sizeof(in->note), &size);
    if (note != NULL)
        memcpy(&in->note, note, sizeof(in->note));
    in->hosted = in->note.flags & PITH_NOTE_HOSTED;
    in->upcalls = elf_note(&in->elf, PITH_NOTE_NAME, PITH_NOTE_UPCALLS, 0, &size) != NULL;
    note = elf_note(&in->elf, XEN_NOTE_NAME, XEN_NOTE_ENTRY, sizeof(in->pvh_entry), &size);
    if (note != NULL)
        memcpy(&in->pvh_entry, note, sizeof(in->pvh_entry));
    read_build_id(&in->elf, in->build_id);
}

static bool is_root(const struct inspection *in, const Elf64_Phdr *p)
{
    return in->image.root_offset != 0 && p->p_offset == in->image.root_offset;
}

static void read_segments(struct inspection *in)
{
    for (size_t i = 0; i < in->elf.segment_count; i++) {
        const Elf64_Phdr *p = &in->elf.segments[i];
        if (p->p_type == PT_GNU_STACK)
            in->stack = p->p_memsz;
        if (p->p_type != PT_LOAD || is_root(in, p))
            continue;
        in->loaded = p->p_offset + p->p_filesz;
        in->memory = p->p_vaddr + p->p_memsz;
    }
}

/* Takes the map from (e). False: it has none that is sound. */
static bool take_map(struct inspection *in, const struct elf_file *e)
{
    size_t size;
    const void *bytes = elf_section(e, MAP_SECTION, &size);
    in->has_map = bytes != NULL && map_read(&in->map, bytes, size);
    return in->has_map;
}

/* Opens the file with the map and checks that it is the image's. */
static int open_debug(struct inspection *in, const char *path, struct fault *f)
{
    char id[65];
    if (elf_open(&in->debug, path, f) != 0)
        return -1;
    read_build_id(&in->debug, id);
    if (strcmp(id, in->build_id) != 0)
        return fault_set(f, EXIT_IMAGE,
                         "is of another build than the image: their build ids differ");
    if (!take_map(in, &in->debug))
        return fault_set(f, EXIT_IMAGE, "holds no map of an image");
    in->map_path = path;
    return 0;
}

/* The file beside the image (e) at (image) that it names as that with its debug information, if
 * there is one; the caller frees it. Nobody has checked yet that it belongs to it. */
static char *find_debug(const struct elf_file *e, const char *image)
{
    size_t size = 0;
    const char *name = elf_section(e, LINK_SECTION, &size), *slash = strrchr(image, '/');
    char *path = NULL;
    if (name == NULL || size == 0 || strnlen(name, size) == size || strchr(name, '/') != NULL)
        return NULL;
    int folder = slash != NULL ? (int)(slash + 1 - image) : 0;
    if (asprintf(&path, "%.*s%s", folder, image, name) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Sizes from the map, or those that strip has left. */
static int read_sizes(struct inspection *in, struct fault *f)
{
    size_t size = 0, n;
    const struct map_size *kept = elf_section(&in->elf, SIZES_SECTION, &size);
    n = in->has_map ? in->map.group_count : kept != NULL ? size / sizeof(*kept) : 0;
    in->sizes = calloc(n + 1, sizeof(*in->sizes));
    if (in->sizes == NULL)
        return fault_set(f, EXIT_HOST, "out of memory");
    if (in->has_map)
        map_sizes(&in->map, in->sizes);
    else if (n > 0)
        memcpy(in->sizes, kept, n * sizeof(*kept));
    for (size_t i = 0; i < n; i++) {
        struct map_size *s = &in->sizes[i];
        s->name[sizeof(s->name) - 1] = '\0';
        if (map_size_is_zero(s))
            continue;
        in->total.text += s->text;
        in->total.data += s->data;
        in->total.bss += s->bss;
        in->sizes[in->size_count++] = *s;
    }
    return 0;
}

int inspect_open(struct inspection *in, const char *path, const char *debug, struct fault *f)
{
    *in = (struct inspection){.path = path, .map_path = path};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fault_set(f, EXIT_HOST, "%s: cannot open: %s", path, strerror(errno));
    int err = image_check(fd, &in->image, f);
    if (err == 0)
        in->policy_known =
            policy_of(fd, &in->image, &in->policy, &in->policy_given, &in->policy_fault) == 0;
    close(fd);
    if (err == 0)
        err = elf_open(&in->elf, path, f);
    if (err == 0) {
        read_notes(in);
        read_segments(in);
        (void)take_map(in, &in->elf);
    }
    if (err == 0 && debug == NULL && !in->has_map)
        debug = in->debug_found = find_debug(&in->elf, path);
    if (err == 0 && debug != NULL) {
        path = debug;
        err = open_debug(in, debug, f);
    }
    if (err == 0)
        err = read_sizes(in, f);
    if (err != 0) {
        char why[sizeof(f->text)];
        memcpy(why, f->text, sizeof(why));
        (void)fault_set(f, f->status, "%s: %s", path, why);
        inspect_close(in);
    }
    return err;
}

void inspect_close(struct inspection *in)
{
    if (in->elf.size > 0)
        elf_close(&in->elf);
    if (in->debug.size > 0)
        elf_close(&in->debug);
    free(in->sizes);
    free(in->debug_found);
    *in = (struct inspection){.size_count = 0};
}

uint64_t inspect_rest(const struct inspection *in)
{
    uint64_t known = (uint64_t)in->total.text + in->total.data;
    return in->loaded > known ? in->loaded - known : 0;
}

const char *inspect_segment_name(const struct inspection *in, const Elf64_Phdr *p)
{
    if (is_root(in, p))
        return "files";
    if (p->p_flags & PF_X)
        return "text";
    if (p->p_flags & PF_W)
        return "data";
    return p->p_vaddr == 0 ? "constants" : "relocated";
}

const char *inspect_protection(const Elf64_Phdr *p)
{
    static const char *const names[] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};
    return names[p->p_flags & (PF_R | PF_W | PF_X)];
}
