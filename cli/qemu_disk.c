/* SPDX-License-Identifier: MIT
 *
 * The disks of pith run --on qemu. What the monitor would say of a file is said here too, since
 * QEMU's messages are about its own options. QEMU locks the file itself, in a way that the
 * monitor's locks are seen by it but not the other way round: a disk in use by a machine of QEMU is
 * seen here by trying QEMU's own lock. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "qemu_disk.h"

#define SECTOR 512

static int refuse(const struct qemu_disk *d, const char *why)
{
    fprintf(stderr, "pith: disk %s: %s: %s\n", d->name, d->path, why);
    return EXIT_HOST;
}

static int check_size(struct qemu_disk *d, int fd)
{
    struct stat st;
    uint64_t size = 0;
    if (fstat(fd, &st) != 0)
        return refuse(d, strerror(errno));
    d->device = S_ISBLK(st.st_mode);
    if (S_ISREG(st.st_mode))
        size = (uint64_t)st.st_size;
    else if (!d->device)
        return refuse(d, "a disk must be a regular file or a block device");
    else if (ioctl(fd, BLKGETSIZE64, &size) != 0)
        return refuse(d, strerror(errno));
    if (size == 0)
        return refuse(d, "the file is empty: give it a size first, as in truncate -s 1G");
    if (size % SECTOR != 0)
        return refuse(d, "the file's size is not a multiple of 512 bytes");
    return 0;
}

static int check(struct qemu_disk *d)
{
    int fd = open(d->path, (d->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return refuse(d, strerror(errno));
    int status = check_size(d, fd);
    /* Of a machine of QEMU that may write to the file, this is refused by the locks that it has on
     * single bytes. */
    struct flock all = {.l_type = d->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    if (status == 0 && fcntl(fd, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK)
        status = refuse(d, d->read_only ? "in use: another machine may write it"
                                        : "in use by another machine: two cannot have one disk, "
                                          "unless all use it with :ro");
    close(fd);
    return status;
}

int qemu_disk_parse(struct qemu_disk *disks, size_t n, char *text)
{
    struct qemu_disk *d = &disks[n];
    static const char sound[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strcspn(text, "="), path = strlen(text);
    const char *why = NULL;

    if (text[len] == '\0' || text[len + 1] == '\0')
        why = "a disk is NAME=FILE; for example --disk data=disk.img";
    else if (len == 0 || len >= sizeof(d->name) || strspn(text, sound) < len || text[0] == '.')
        why = "a name is 1 to 15 letters, digits, '-', '_' and '.', and does not begin with '.'";
    for (size_t i = 0; !why && i < n; i++)
        if (strncmp(disks[i].name, text, len) == 0 && disks[i].name[len] == '\0')
            why = "there is a disk of this name already";
    if (!why && n == QEMU_DISKS_MAX)
        why = "a machine has at most 8 disks";
    if (why) {
        fprintf(stderr, "pith: --disk %s: %s\n", text, why);
        return EXIT_HOST;
    }
    *d = (struct qemu_disk){.path = text + len + 1};
    memcpy(d->name, text, len);
    if (path - len > 4 && strcmp(text + path - 3, ":ro") == 0) {
        d->read_only = true;
        text[path - 3] = '\0';
    }
    return check(d);
}

void qemu_quote_path(char *to, size_t size, const char *path)
{
    size_t len = 0;
    if (path[0] != '/' && len + 2 < size) {
        to[len++] = '.';
        to[len++] = '/';
    }
    for (; *path && len + 2 < size; path++) {
        to[len++] = *path;
        if (*path == ',')
            to[len++] = ',';
    }
    to[len] = '\0';
}

void qemu_disk_options(struct args *a, const struct qemu_disk *disk, size_t i, const char *bus)
{
    char path[2 * PATH_MAX + 3];
    qemu_quote_path(path, sizeof(path), disk->path);
    args_add(a, "-blockdev");
    args_addf(a, "driver=raw,node-name=disk%zu,read-only=%s,file.driver=%s,file.filename=%s", i,
              disk->read_only ? "on" : "off", disk->device ? "host_device" : "file", path);
    args_add(a, "-device");
    args_addf(a, "virtio-blk-%s,drive=disk%zu,serial=%s", bus, i, disk->name);
}
