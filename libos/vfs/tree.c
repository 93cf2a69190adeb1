/* SPDX-License-Identifier: MIT
 *
 * File systems whose names stand in constant tables (tree.h). */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "vfs/fd.h"
#include "vfs/mount.h"
#include "vfs/tree.h"

static const struct inode_ops tree_ops, link_ops, jump_ops;

/* A number that is the same in every run: inode numbers are the places of nodes in the image. */
static const char anchor;

static uint64_t ino_of(const struct tree_node *node, int number)
{
    uint64_t place = (uint32_t)((const char *)node - &anchor);

    return place | (uint64_t)(number + 1) << 32;
}

struct inode *tree_inode(struct fs *fs, struct inode *parent, const struct tree_node *node,
                         int number)
{
    struct tree_inode *ti = heap_alloc(sizeof *ti);

    if (!ti)
        return NULL;
    ti->node = node;
    ti->number = number;
    struct inode *in = &ti->inode;
    in->ops = !S_ISLNK(node->mode) ? &tree_ops : node->follow ? &jump_ops : &link_ops;
    in->fs = fs;
    in->refs = 1;
    in->nlink = S_ISDIR(node->mode) ? 2 : 1;
    in->ino = parent ? ino_of(node, number) : 1;
    in->mode = node->mode;
    /* What nobody else may see is the process's own, whoever it has become. */
    if (S_ISDIR(node->mode) && !(node->mode & 077)) {
        struct cred c = cred_current();
        in->uid = c.fsuid;
        in->gid = c.fsgid;
    }
    in->rdev = S_ISCHR(node->mode) || S_ISBLK(node->mode) ? node->rdev : 0;
    in->atime = in->mtime = in->ctime = in->btime = clock_wall();
    if (parent) {
        inode_hold(parent);
        in->parent = parent;
    }
    return in;
}

int tree_start(struct fs *fs, const struct tree_node *node)
{
    fs->root = tree_inode(fs, NULL, node, -1);
    return fs->root ? 0 : -ENOMEM;
}

/* The decimal number that (name) is, without sign or leading zeros; -1: none. */
static int number_of(struct name name)
{
    int n = 0;

    if (name.len > 7 || (name.text[0] == '0' && name.len > 1))
        return -1;
    for (size_t i = 0; i < name.len; i++) {
        if (name.text[i] < '0' || name.text[i] > '9')
            return -1;
        n = n * 10 + (name.text[i] - '0');
    }
    return n;
}

/* Writes (n) to (buf) of at least 10 bytes, no NUL. Returns the length. */
static size_t put_number(char *buf, int n)
{
    char digits[10];
    size_t len = 0;

    do
        digits[len++] = (char)('0' + n % 10);
    while (n /= 10);
    for (size_t i = 0; i < len; i++)
        buf[i] = digits[len - 1 - i];
    return len;
}

static const struct tree_node *find_child(const struct tree_node *dir, struct name name)
{
    for (unsigned i = 0; i < dir->count; i++) {
        const char *text = dir->children[i].name;
        if (strncmp(text, name.text, name.len) == 0 && text[name.len] == '\0')
            return &dir->children[i];
    }
    return NULL;
}

static int tree_lookup(struct inode *dir, struct name name, struct inode **out)
{
    struct tree_inode *ti = to_tree(dir);
    const struct tree_node *node = find_child(ti->node, name);
    int number = ti->number;

    if (!node && ti->node->each) {
        number = number_of(name);
        if (number >= 0 && ti->node->next(number) == number)
            node = ti->node->each;
    }
    if (!node)
        return -ENOENT;
    /* A directory that something is mounted on has its inode already. */
    for (struct fs *m = mount_list; m; m = m->next_mount) {
        if (m->covered->fs == dir->fs && to_tree(m->covered)->node == node) {
            inode_hold(m->covered);
            *out = m->covered;
            return 0;
        }
    }
    *out = tree_inode(dir->fs, dir, node, number);
    return *out ? 0 : -ENOMEM;
}

static ssize_t tree_name(struct inode *inode, char *buf, struct inode **parent)
{
    struct tree_inode *ti = to_tree(inode);

    if (!inode->parent)
        return -ENOENT;
    *parent = inode->parent;
    if (!ti->node->name)
        return (ssize_t)put_number(buf, ti->number);
    size_t len = strlen(ti->node->name);
    memcpy(buf, ti->node->name, len);
    return (ssize_t)len;
}

static ssize_t tree_readlink(struct inode *inode, char *buf, size_t size)
{
    const struct tree_node *node = to_tree(inode)->node;

    if (node->readlink)
        return node->readlink(inode, buf, size);
    size_t n = min_size(size, strlen(node->target));
    memcpy(buf, node->target, n);
    return (ssize_t)n;
}

static int tree_follow(struct inode *inode, struct inode **out)
{
    return to_tree(inode)->node->follow(inode, out);
}

/* Positions: 0 ".", 1 "..", then the children, then (each) by number. */
static int tree_readdir(struct file *f, uint64_t *pos, readdir_fn fn, void *arg)
{
    struct inode *dir = f->inode;
    const struct tree_node *node = to_tree(dir)->node;
    const uint64_t first_number = 2 + (uint64_t)node->count;

    for (; *pos < first_number; ++*pos) {
        struct name name = {"..", *pos + 1};
        uint64_t ino = *pos == 1 && dir->parent ? dir->parent->ino : dir->ino;
        mode_t mode = S_IFDIR;
        if (*pos >= 2) {
            const struct tree_node *child = &node->children[*pos - 2];
            name = (struct name){child->name, strlen(child->name)};
            ino = ino_of(child, to_tree(dir)->number);
            mode = child->mode;
        }
        if (!fn(arg, name, ino, (unsigned char)((mode & S_IFMT) >> 12), *pos + 1))
            return 0;
    }
    while (node->each) {
        char text[10];
        int number = node->next((int)min_size(*pos - first_number, INT32_MAX));
        if (number < 0)
            break;
        struct name name = {text, put_number(text, number)};
        uint64_t next = first_number + (uint64_t)number + 1;
        if (!fn(arg, name, ino_of(node->each, number),
                (unsigned char)((node->each->mode & S_IFMT) >> 12), next))
            return 0;
        *pos = next;
    }
    return 0;
}

static ssize_t dir_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)iov, (void)n, (void)pos;
    return -EISDIR;
}

static const struct file_ops dir_ops = {
    .readv = dir_readv,
    .readdir = tree_readdir,
    .release = file_free,
};

static int tree_open(struct inode *inode, struct file *file)
{
    const struct tree_node *node = to_tree(inode)->node;

    if (S_ISDIR(inode->mode)) {
        file->ops = &dir_ops;
        file->kind = FILE_SEEKABLE;
        return 0;
    }
    if (node->says)
        return text_open_constant(file, node->says);
    if (node->text)
        return text_open(file, node->text, node->write, to_tree(inode)->number);
    return node->open ? node->open(inode, file) : -ENXIO;
}

static void tree_evict(struct inode *inode)
{
    heap_free(to_tree(inode), sizeof(struct tree_inode));
}

static const struct inode_ops tree_ops = {
    .lookup = tree_lookup,
    .name = tree_name,
    .open = tree_open,
    .evict = tree_evict,
};

static const struct inode_ops link_ops = {
    .readlink = tree_readlink,
    .name = tree_name,
    .evict = tree_evict,
};

static const struct inode_ops jump_ops = {
    .readlink = tree_readlink,
    .follow = tree_follow,
    .name = tree_name,
    .evict = tree_evict,
};
