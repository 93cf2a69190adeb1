/* SPDX-License-Identifier: MIT
 *
 * Reading a folder for a root file system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/rom.h"
#include "cli.h"
#include "rom.h"
#include "romtree.h"
#include "table.h"

/* Files with several names, found again by what identifies them on the host. */
struct link_map {
    struct link {
        dev_t dev;
        ino_t ino;
        uint32_t node; /* 0: free; node 0 is the root, which has one name */
    } * v;
    size_t n, mask;
};

static int no_memory(struct fault *f)
{
    return fault_set(f, EXIT_HOST, "out of memory");
}

/* Appends (len) bytes and a NUL to the texts; (*at) is their place. */
static bool add_text(struct rom_tree *t, const char *text, size_t len, uint64_t *at)
{
    char *all = table_grown(t->text, t->text_len, len + 1, &t->text_cap, 1);
    if (all == NULL)
        return false;
    t->text = all;
    *at = t->text_len;
    memcpy(t->text + t->text_len, text, len);
    t->text[t->text_len + len] = '\0';
    t->text_len += len + 1;
    return true;
}

static bool append_node(struct rom_tree *t, struct rom_node node)
{
    struct rom_node *nodes = table_grown(t->nodes, t->node_count, 1, &t->node_cap, sizeof(*nodes));
    if (nodes == NULL)
        return false;
    t->nodes = nodes;
    t->nodes[t->node_count++] = node;
    return true;
}

int rom_path(const struct rom_tree *t, uint32_t entry, char path[PATH_MAX])
{
    /* From the end to the start, then moved to the front. */
    size_t at = PATH_MAX - 1;
    path[at] = '\0';
    for (;;) {
        const struct rom_entry *e = &t->entries[entry];
        bool last = e->folder == 0;
        if (at < e->len + !last)
            return -ENAMETOOLONG;
        at -= e->len;
        memcpy(path + at, t->text + e->name, e->len);
        if (last)
            break;
        path[--at] = '/';
        entry = t->nodes[e->folder].name;
    }
    memmove(path, path + at, PATH_MAX - at);
    return 0;
}

static int host_fault(const struct rom_tree *t, uint32_t entry, int err, struct fault *f)
{
    char path[PATH_MAX];
    if (rom_path(t, entry, path) != 0)
        return fault_set(f, EXIT_HOST, "a path below the root folder is too long");
    return fault_set(f, EXIT_HOST, "cannot read %.400s: %s", path, strerror(err));
}

/* Opens folder (node). Returns a descriptor or -1 with (f). */
static int open_folder(const struct rom_tree *t, uint32_t node, struct fault *f)
{
    char path[PATH_MAX] = ".";
    if (node != 0 && rom_path(t, t->nodes[node].name, path) != 0)
        return host_fault(t, t->nodes[node].name, ENAMETOOLONG, f);
    int fd = openat(t->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && node == 0)
        return fault_set(f, EXIT_HOST, "cannot read the root folder: %s", strerror(errno));
    return fd >= 0 ? fd : host_fault(t, t->nodes[node].name, errno, f);
}

/* Adds the names in the open folder to the texts and entries; their nodes are not known yet. */
static int read_names(struct rom_tree *t, uint32_t folder, DIR *d, struct fault *f)
{
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (e == NULL && errno != 0)
            return fault_set(f, EXIT_HOST, "cannot read a folder: %s", strerror(errno));
        if (e == NULL)
            return 0;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        size_t len = strlen(e->d_name);
        uint64_t at;
        if (len > PITH_ROM_NAME_MAX)
            return fault_set(f, EXIT_HOST, "the name %.300s is too long", e->d_name);
        if (t->entry_count == UINT32_MAX)
            return fault_set(f, EXIT_HOST, "there are too many files");
        struct rom_entry *entries =
            table_grown(t->entries, t->entry_count, 1, &t->entry_cap, sizeof(*entries));
        if (entries == NULL)
            return no_memory(f);
        t->entries = entries;
        if (!add_text(t, e->d_name, len, &at))
            return no_memory(f);
        t->entries[t->entry_count++] =
            (struct rom_entry){.name = at, .len = (uint32_t)len, .folder = folder};
    }
}

static int by_name(const void *a, const void *b, void *text)
{
    const struct rom_entry *x = a, *y = b;
    const char *names = text;
    /* The NUL behind each name is smaller than any byte of a name: a prefix comes first. */
    return memcmp(names + x->name, names + y->name, min_size(x->len, y->len) + 1);
}

/* The link's place in the map, used or free. */
static struct link *find_link(const struct link_map *m, const struct stat *st)
{
    size_t i = ((size_t)st->st_ino * 0x9e3779b97f4a7c15u ^ (size_t)st->st_dev) & m->mask;
    while (m->v[i].node != 0 && (m->v[i].dev != st->st_dev || m->v[i].ino != st->st_ino))
        i = (i + 1) & m->mask;
    return &m->v[i];
}

static bool grow_links(struct link_map *m)
{
    if (m->v != NULL && 2 * m->n <= m->mask)
        return true;
    struct link_map larger = {.n = m->n, .mask = m->v != NULL ? 2 * m->mask + 1 : 255};
    larger.v = calloc(larger.mask + 1, sizeof(*larger.v));
    if (larger.v == NULL)
        return false;
    for (size_t i = 0; m->v != NULL && i <= m->mask; i++)
        if (m->v[i].node != 0)
            *find_link(&larger, &(struct stat){.st_dev = m->v[i].dev, .st_ino = m->v[i].ino}) =
                m->v[i];
    free(m->v);
    *m = larger;
    return true;
}

static int add_target(struct rom_tree *t, int dir, uint32_t entry, struct rom_node *node,
                      struct fault *f)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, t->text + t->entries[entry].name, target, sizeof(target));
    if (n < 0)
        return host_fault(t, entry, errno, f);
    if (n == 0 || n == sizeof(target))
        return host_fault(t, entry, ENAMETOOLONG, f);
    node->size = (uint64_t)n;
    return add_text(t, target, (size_t)n, &node->target) ? 0 : no_memory(f);
}

static int check_type(const struct rom_tree *t, uint32_t entry, mode_t mode, struct fault *f)
{
    char path[PATH_MAX];
    const char *what;
    if (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode))
        return 0;
    if (S_ISFIFO(mode))
        what = "a named pipe";
    else if (S_ISSOCK(mode))
        what = "a socket";
    else
        what = "a device";
    if (rom_path(t, entry, path) != 0)
        return host_fault(t, entry, ENAMETOOLONG, f);
    return fault_set(f, EXIT_HOST, "%.400s is %s, which an image cannot hold: remove it", path,
                     what);
}

/* Finds out what entry (entry) of the open folder (dir) is, and makes a node for it or finds the
 * one that it is another name of. */
static int add_node(struct rom_tree *t, int dir, uint32_t entry, struct link_map *links,
                    struct fault *f)
{
    struct rom_entry *e = &t->entries[entry];
    struct stat st;
    if (fstatat(dir, t->text + e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return host_fault(t, entry, errno, f);
    if (check_type(t, entry, st.st_mode, f) != 0)
        return -1;

    struct link *link = NULL;
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
        if (!grow_links(links))
            return no_memory(f);
        link = find_link(links, &st);
        if (link->node != 0) {
            e->node = link->node;
            t->nodes[e->node].nlink++;
            return 0;
        }
    }

    struct rom_node node = {
        .mode = st.st_mode & (S_IFMT | 07777),
        .nlink = S_ISDIR(st.st_mode) ? 2 : 1,
        .mtime = st.st_mtime < t->latest ? st.st_mtime : t->latest,
        .size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
        .name = entry,
    };
    if (S_ISLNK(st.st_mode) && add_target(t, dir, entry, &node, f) != 0)
        return -1;
    e->node = (uint32_t)t->node_count;
    if (!append_node(t, node))
        return no_memory(f);
    if (S_ISDIR(st.st_mode))
        t->nodes[e->folder].nlink++;
    if (link != NULL) {
        *link = (struct link){st.st_dev, st.st_ino, e->node};
        links->n++;
    }
    return 0;
}

static int scan_folder(struct rom_tree *t, uint32_t node, struct link_map *links, struct fault *f)
{
    int fd = open_folder(t, node, f);
    if (fd < 0)
        return -1;
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        return no_memory(f);
    }
    size_t first = t->entry_count;
    int result = read_names(t, node, d, f);
    if (result == 0) {
        t->nodes[node].first = (uint32_t)first;
        t->nodes[node].size = t->entry_count - first;
        if (t->nodes[node].size > 0)
            qsort_r(t->entries + first, t->nodes[node].size, sizeof(*t->entries), by_name, t->text);
    }
    for (size_t i = first; result == 0 && i < t->entry_count; i++)
        result = add_node(t, dirfd(d), (uint32_t)i, links, f);
    closedir(d);
    return result;
}

int rom_scan(struct rom_tree *t, const char *root, int64_t latest, struct fault *f)
{
    struct stat st;
    *t = (struct rom_tree){.latest = latest};
    t->dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0)
        return fault_set(
            f, EXIT_HOST, "cannot read the root folder %.300s: %s%s", root, strerror(errno),
            errno == EACCES ? " (its owner must give you read and search permission)" : "");
    if (fstat(t->dir, &st) < 0)
        return fault_set(f, EXIT_HOST, "cannot read the root folder: %s", strerror(errno));
    const struct rom_node top = {
        .mode = st.st_mode & (S_IFMT | 07777),
        .nlink = 2,
        .mtime = st.st_mtime < latest ? st.st_mtime : latest,
    };
    if (!append_node(t, top))
        return no_memory(f);

    struct link_map links = {0};
    int result = 0;
    for (size_t i = 0; result == 0 && i < t->node_count; i++)
        if (S_ISDIR(t->nodes[i].mode))
            result = scan_folder(t, (uint32_t)i, &links, f);
    free(links.v);
    return result;
}

void rom_free(struct rom_tree *t)
{
    free(t->nodes);
    free(t->entries);
    free(t->text);
    if (t->dir >= 0)
        close(t->dir);
    *t = (struct rom_tree){.dir = -1};
}
