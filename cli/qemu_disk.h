/* SPDX-License-Identifier: MIT
 *
 * The disks of pith run --on qemu. */
#ifndef PITH_CLI_QEMU_DISK_H
#define PITH_CLI_QEMU_DISK_H

#include "args.h"

#define QEMU_DISKS_MAX 8

struct qemu_disk {
    char name[16];
    char *path; /* owned by the argument, or changed in place */
    bool read_only;
    bool device; /* a block device of the host */
};

/* Reads NAME=FILE[:ro], changing (text), as another one of (n) disks at (disks), and looks at the
 * file. Returns 0, or the exit status after a message. */
int qemu_disk_parse(struct qemu_disk *disks, size_t n, char *text);

/* Adds the options for disk number (i): its file, and a virtio device on (bus), which ends the name
 * of QEMU's kind of device, as in "pci". */
void qemu_disk_options(struct args *a, const struct qemu_disk *disk, size_t i, const char *bus);

/* (path) as the value of an option of QEMU's, where a comma is written twice. Relative paths may
 * not look like a protocol's name. */
void qemu_quote_path(char *to, size_t size, const char *path);

#endif
