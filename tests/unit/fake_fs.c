/* SPDX-License-Identifier: MIT
 *
 * A root file system for tests (fake_fs.h). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fake_fs.h"
#include "random/random.h"
#include "rom/rom.h"
#include "vfs/path.h"

#define IMAGE_BYTES (1u << 20)

struct ram_fs fake_root;

static struct rom rom;
static char image[IMAGE_BYTES] __attribute__((aligned(4096)));

static const struct file_ops nowhere_ops = {0};
static struct file nowhere[3] = {
    {.ops = &nowhere_ops, .refs = 1, .flags = O_RDONLY, .kind = FILE_STREAM | FILE_STATIC},
    {.ops = &nowhere_ops, .refs = 1, .flags = O_WRONLY, .kind = FILE_STREAM | FILE_STATIC},
    {.ops = &nowhere_ops, .refs = 1, .flags = O_WRONLY, .kind = FILE_STREAM | FILE_STATIC},
};
struct file *const stdio_files[3] = {&nowhere[0], &nowhere[1], &nowhere[2]};

void random_bytes(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

static struct ram_fs first;

/* Roots of old file systems, so that the leak checker finds them. */
static struct inode *old_roots[4096];
static unsigned old_count;

struct fs *root_start(void)
{
    return ram_start(&first, "ramfs", 1, NULL, 1 << 20, 0755) ? NULL : &first.fs;
}

void fake_fs(const struct rom_file *files, size_t count, uint64_t max_bytes)
{
    size_t len = rom_image(image, sizeof image, files, count);

    if (old_count == ARRAY_LEN(old_roots) ||
        path_lookup(AT_FDCWD, "/", 0, &old_roots[old_count++]) || rom_open(&rom, image, len) ||
        ram_start(&fake_root, "ramfs", 2, &rom.lower, max_bytes, 0755))
        abort();
    path_set_root(fake_root.fs.root);
    path_set_cwd(fake_root.fs.root);
}
