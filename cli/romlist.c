/* SPDX-License-Identifier: MIT
 *
 * Listing a root file system. It may come from anywhere: every offset is checked before use, and
 * every folder is entered once at most. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "abi/rom.h"
#include "cli.h"
#include "rom.h"

/* Paths that are printed may be this deep. */
#define DEPTH_MAX 256

struct list {
    const unsigned char *rom;
    struct pith_rom_header h;
    unsigned char *entered; /* for each inode: a folder that was printed */
    FILE *out;
    struct fault *f;
};

/* Where the walk is: a folder and its next entry. */
struct place {
    struct pith_rom_inode folder;
    uint64_t next;
    size_t path_len;
};

static int broken(struct list *l, const char *what)
{
    return fault_set(l->f, EXIT_IMAGE, "broken root file system: %s", what);
}

static int get_inode(struct list *l, uint32_t i, struct pith_rom_inode *inode)
{
    if (i >= l->h.inode_count)
        return broken(l, "an inode number is too large");
    memcpy(inode, l->rom + l->h.inodes + (uint64_t)i * sizeof(*inode), sizeof(*inode));
    uint64_t unit = S_ISDIR(inode->mode) ? sizeof(struct pith_rom_entry) : 1;
    if (!S_ISDIR(inode->mode) && !S_ISREG(inode->mode) && !S_ISLNK(inode->mode))
        return broken(l, "a file of unknown type");
    if (inode->size > l->h.size / unit ||
        !range_inside(inode->data, inode->size * unit, 0, l->h.size))
        return broken(l, "data outside the file system");
    return 0;
}

/* Prints bytes that may hold anything: control characters as \ooo. */
static void print_text(FILE *out, const unsigned char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] == 0x7f || text[i] == '\\')
            fprintf(out, "\\%03o", text[i]);
        else
            fputc(text[i], out);
}

/* One line: mode, names, size, time (UTC), path, target. */
static void print_line(struct list *l, const struct pith_rom_inode *n, const char *path, size_t len)
{
    char mode[] = "?rwxrwxrwx", when[32] = "?";
    mode[0] = S_ISDIR(n->mode) ? 'd' : S_ISLNK(n->mode) ? 'l' : '-';
    for (int i = 0; i < 9; i++)
        if ((n->mode >> (8 - i) & 1) == 0)
            mode[1 + i] = '-';
    static const struct {
        unsigned bit;
        int at;
        char set, alone;
    } special[] = {{S_ISUID, 3, 's', 'S'}, {S_ISGID, 6, 's', 'S'}, {S_ISVTX, 9, 't', 'T'}};
    for (size_t i = 0; i < ARRAY_LEN(special); i++)
        if ((n->mode & special[i].bit) != 0)
            mode[special[i].at] = mode[special[i].at] == 'x' ? special[i].set : special[i].alone;

    time_t mtime = n->mtime;
    struct tm tm;
    if (gmtime_r(&mtime, &tm) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
    fprintf(l->out, "%s %3u %12llu %s /", mode, n->nlink, (unsigned long long)n->size, when);
    print_text(l->out, (const unsigned char *)path, len);
    if (S_ISLNK(n->mode)) {
        fputs(" -> ", l->out);
        print_text(l->out, l->rom + n->data, n->size);
    }
    fputc('\n', l->out);
}

/* Appends the name of entry (e) to the path, whose length is (len). */
static int add_name(struct list *l, const struct pith_rom_entry *e, char path[PATH_MAX],
                    size_t *len)
{
    if (e->name_len == 0 || e->name_len > PITH_ROM_NAME_MAX ||
        !range_inside(e->name, e->name_len, 0, l->h.size))
        return broken(l, "a name outside the file system");
    if (memchr(l->rom + e->name, '/', e->name_len) != NULL)
        return broken(l, "a name with a slash");
    if (*len + 1 + e->name_len >= PATH_MAX)
        return broken(l, "a path is too long");
    if (*len > 0)
        path[(*len)++] = '/';
    memcpy(path + *len, l->rom + e->name, e->name_len);
    *len += e->name_len;
    return 0;
}

/* Prints everything below the root folder, each folder followed by what is in it. */
static int walk(struct list *l, const struct pith_rom_inode *root)
{
    static struct place stack[DEPTH_MAX];
    char path[PATH_MAX] = "";
    size_t depth = 1;
    stack[0] = (struct place){*root, 0, 0};
    l->entered[0] = 1;
    print_line(l, root, path, 0);
    while (depth > 0) {
        struct place *p = &stack[depth - 1];
        if (p->next == p->folder.size) {
            depth--;
            continue;
        }
        struct pith_rom_entry e;
        struct pith_rom_inode n;
        size_t len = p->path_len;
        memcpy(&e, l->rom + p->folder.data + p->next++ * sizeof(e), sizeof(e));
        if (add_name(l, &e, path, &len) != 0 || get_inode(l, e.inode, &n) != 0)
            return -1;
        print_line(l, &n, path, len);
        if (!S_ISDIR(n.mode))
            continue;
        if (l->entered[e.inode])
            return broken(l, "a folder is in two places");
        if (depth == DEPTH_MAX)
            return broken(l, "folders are nested too deeply");
        l->entered[e.inode] = 1;
        stack[depth++] = (struct place){n, 0, len};
    }
    return 0;
}

int rom_list(const unsigned char *rom, uint64_t size, FILE *out, struct fault *f)
{
    struct list l = {.rom = rom, .out = out, .f = f};
    struct pith_rom_inode root;
    if (size < sizeof(l.h))
        return broken(&l, "it is too short");
    memcpy(&l.h, rom, sizeof(l.h));
    if (l.h.magic != PITH_ROM_MAGIC)
        return broken(&l, "it does not start as one");
    if (l.h.size > size)
        return broken(&l, "it is cut short");
    if (l.h.inode_count == 0 ||
        !range_inside(l.h.inodes, (uint64_t)l.h.inode_count * sizeof(root), 0, l.h.size))
        return broken(&l, "the inodes lie outside");
    if (get_inode(&l, 0, &root) != 0)
        return -1;
    if (!S_ISDIR(root.mode))
        return broken(&l, "the root is not a folder");
    l.entered = calloc(l.h.inode_count, 1);
    if (l.entered == NULL)
        return fault_set(f, EXIT_HOST, "out of memory");
    int result = walk(&l, &root);
    free(l.entered);
    return result;
}
