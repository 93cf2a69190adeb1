/* SPDX-License-Identifier: MIT
 *
 * What pith inspect knows about an image, for the forms that it is shown in. */
#ifndef PITH_CLI_INSPECT_H
#define PITH_CLI_INSPECT_H

#include <stdio.h>

#include "abi/image.h"
#include "elffile.h"
#include "image.h"
#include "json.h"
#include "map.h"
#include "policy.h"

/* How wide names of services are in tables of text. */
#define SERVICE_COLUMN 13

struct inspection {
    const char *path;    /* of the image */
    struct elf_file elf; /* the image */
    struct image image;  /* what image_check found */
    struct pith_note note;
    bool hosted;        /* it can be a process or a guest of the monitor */
    bool upcalls;       /* it asks the monitor for them */
    uint64_t pvh_entry; /* where a virtual machine is entered, if (image.bare) */
    uint64_t stack;     /* of threads; 0: as it comes */
    uint64_t loaded;    /* bytes of the file that are loaded, without the root file system */
    uint64_t memory;    /* that these take in memory */
    char build_id[65];  /* hexadecimal; "" */

    struct policy policy;      /* what it may do */
    bool policy_given;         /* by its author; else it follows from the link */
    bool policy_known;
    struct fault policy_fault; /* why it is not */

    const char *map_path;  /* of the file that has the map, and debug information */
    struct elf_file debug; /* that file, if it is not the image */
    char *debug_found;     /* its path, if the image told it; owned */
    bool has_map;
    struct map map;
    struct map_size *sizes; /* of the services that it has; owned */
    size_t size_count;      /* 0: it does not say */
    struct map_size total;  /* of all of them */
};

/* Looks at the image at (path), whose map is in the file (debug); NULL: in the image, or in the file
 * that this names. Returns 0, or -1 with (f). */
must_check int inspect_open(struct inspection *in, const char *path, const char *debug,
                            struct fault *f);
void inspect_close(struct inspection *in);

/* The bytes that are loaded and belong to no service: headers, relocations, alignment. */
uint64_t inspect_rest(const struct inspection *in);

/* What a segment is: "constants", "text", "relocated", "data", "files"; its protection, "r-x". */
const char *inspect_segment_name(const struct inspection *in, const Elf64_Phdr *p);
const char *inspect_protection(const Elf64_Phdr *p);

/* What the image runs as: "virtual machines without a monitor (bare)". */
const char *inspect_target(const struct inspection *in);

/* What a service is: as the image says, else as this pith knows it. */
const char *inspect_service_what(const struct inspection *in, const char *name);

/* Print all of it, as text and as JSON (docs/inspect.md); and what differs between two images.
 * False: out of memory. */
void inspect_text(FILE *f, const struct inspection *in);
must_check bool inspect_json(FILE *f, const struct inspection *in);
must_check bool inspect_compare(FILE *f, const struct inspection *a, const struct inspection *b);

/* Writes the members of what inspect_json prints into an object of (j). False: out of memory. */
must_check bool inspect_json_members(struct json *j, const struct inspection *in);

/* Writes a page for browsers to the file (path), which must not be an ELF file. Returns the exit
 * status; after a message, unless 0, and then leaves no half page. */
must_check int inspect_html(const char *path, const struct inspection *in);

/* Prints a bill of materials, CycloneDX 1.5, of an image with a map. Returns 0; -ENOMEM; -EIO, or
 * why sha256sum, which makes hashes, cannot be started. */
must_check int inspect_sbom(FILE *f, const struct inspection *in);

/* Prints how many lines of source each service has, from debug information, of an image with a map.
 * Returns 0, or what dwarf_lines returns. */
must_check int inspect_lines(FILE *f, const struct inspection *in);

#endif
