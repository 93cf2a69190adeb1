/* SPDX-License-Identifier: MIT
 *
 * Adding sections to a linked file (elfadd.h). */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elfadd.h"

/* More sections than any image has, and a longer table of names. */
#define SECTIONS_MAX 65536u
#define NAMES_MAX    (1u << 24)

static int read_all(int fd, void *buf, size_t len, uint64_t offset)
{
    ssize_t n = pread(fd, buf, len, (off_t)offset);
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -ENOEXEC;
}

/* Writes (len) bytes at (*at), which moves on. */
static int write_all(int fd, const void *buf, size_t len, uint64_t *at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, buf, len, (off_t)*at);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            buf = (const char *)buf + n;
            len -= (size_t)n;
            *at += (uint64_t)n;
        }
    }
    return 0;
}

/* The file's tables of sections, with room for what is added. */
struct tables {
    Elf64_Ehdr head;
    Elf64_Shdr *sections;
    char *names;
    size_t count, names_len;
};

static int read_tables(int fd, struct tables *t, const struct added_section *added, size_t n)
{
    size_t more = 0;
    for (size_t i = 0; i < n; i++)
        more += strlen(added[i].name) + 1;
    int err = read_all(fd, &t->head, sizeof(t->head), 0);
    if (err != 0)
        return err;
    t->count = t->head.e_shnum;
    if (memcmp(t->head.e_ident, ELFMAG, SELFMAG) != 0 || t->head.e_shstrndx >= t->count ||
        t->head.e_shentsize != sizeof(*t->sections) || t->count + n > SECTIONS_MAX - 256)
        return -ENOEXEC;
    t->sections = calloc(t->count + n, sizeof(*t->sections));
    if (t->sections == NULL)
        return -ENOMEM;
    err = read_all(fd, t->sections, t->count * sizeof(*t->sections), t->head.e_shoff);
    if (err != 0)
        return err;
    const Elf64_Shdr *names = &t->sections[t->head.e_shstrndx];
    t->names_len = names->sh_size;
    if (t->names_len > NAMES_MAX)
        return -ENOEXEC;
    t->names = malloc(t->names_len + more);
    if (t->names == NULL)
        return -ENOMEM;
    return read_all(fd, t->names, t->names_len, names->sh_offset);
}

/* Where everything but the names and headers ends. */
static uint64_t end_of_contents(const struct tables *t)
{
    uint64_t end = sizeof(t->head) + t->head.e_phnum * sizeof(Elf64_Phdr);
    for (size_t i = 1; i < t->count; i++) {
        const Elf64_Shdr *s = &t->sections[i];
        uint64_t last = s->sh_offset + (s->sh_type == SHT_NOBITS ? 0 : s->sh_size);
        if (i != t->head.e_shstrndx && last > end)
            end = last;
    }
    return end;
}

static int add(int fd, struct tables *t, const struct added_section *added, size_t n)
{
    static const char zeros[8];
    uint64_t at = end_of_contents(t), start = 0;
    int err = 0;

    for (size_t i = 0; err == 0 && i < n; i++) {
        size_t len = strlen(added[i].name) + 1;
        err = write_all(fd, zeros, (size_t)(align_up(at, 4) - at), &at);
        t->sections[t->count++] = (Elf64_Shdr){.sh_name = (uint32_t)t->names_len,
                                               .sh_type = SHT_PROGBITS,
                                               .sh_offset = at,
                                               .sh_size = added[i].size,
                                               .sh_addralign = 4};
        memcpy(t->names + t->names_len, added[i].name, len);
        t->names_len += len;
        if (err == 0)
            err = write_all(fd, added[i].bytes, added[i].size, &at);
    }
    t->sections[t->head.e_shstrndx].sh_offset = at;
    t->sections[t->head.e_shstrndx].sh_size = t->names_len;
    if (err == 0)
        err = write_all(fd, t->names, t->names_len, &at);
    if (err == 0)
        err = write_all(fd, zeros, (size_t)(align_up(at, 8) - at), &at);
    t->head.e_shoff = at;
    t->head.e_shnum = (uint16_t)t->count;
    if (err == 0)
        err = write_all(fd, t->sections, t->count * sizeof(*t->sections), &at);
    if (err == 0)
        err = write_all(fd, &t->head, sizeof(t->head), &start);
    if (err == 0 && ftruncate(fd, (off_t)at) < 0)
        err = -errno;
    return err;
}

int elf_add_sections(const char *path, const struct added_section *added, size_t n)
{
    struct tables t = {.count = 0};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = read_tables(fd, &t, added, n);
    if (err == 0)
        err = add(fd, &t, added, n);
    free(t.sections);
    free(t.names);
    close(fd);
    return err;
}
