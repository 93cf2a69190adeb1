/* SPDX-License-Identifier: MIT
 *
 * The RAM file system over an image, through the system calls: tens of thousands of random
 * operations against a simple model, with memory that runs out at random; a script with each of its
 * allocations failing in turn, after which everything can still be removed and nothing is lost; and
 * the corners of sparse files.
 *
 * sources: tests/unit/fake_policy.c libos/vfs/permit.c
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c libos/vfs/open.c
 * sources: libos/thread/thread.c libos/posix/node.c
 * sources: libos/vfs/path.c libos/vfs/pipe.c libos/fs/rom/rom.c libos/thread/wait.c
 * sources: libos/fs/ram/data.c libos/fs/ram/dir.c libos/fs/ram/file.c libos/fs/ram/inode.c
 * sources: libos/posix/read.c libos/posix/ioctl.c tests/unit/fake_console.c
 * sources: libos/posix/io.c libos/posix/file.c libos/posix/path.c libos/posix/stat.c
 * sources: tests/unit/fake_fs.c tests/unit/fake_mm.c tests/unit/fake_plat.c tests/unit/rom_image.c
 * uses: vfs ram rom abi mm thread time random posix */
#include "unit.h"
#include "mm/page.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <unistd.h>
#include "fake_fs.h"
#include "fake_mm.h"
#include "fake_plat.h"
#include "pith_calls.h"
#include "vfs/fd.h"

#define MAX_SIZE   700000u
#define MAX_NODES  80
#define NAMES      10
#define OPEN_FILES 4
#define LIMIT      (3u << 20)

static char text[9000], tail[5000];

static const struct rom_file image_files[] = {
    {"d0", S_IFDIR | 0755, NULL, 0, 0},           {"d0/f1", S_IFREG | 0644, text, sizeof text, 0},
    {"d0/f2", S_IFREG | 0600, "small", 5, 0},     {"f3", S_IFREG | 0644, NULL, 0, 2},
    {"f4", S_IFREG | 0644, tail, sizeof tail, 0}, {"d1", S_IFDIR | 0700, NULL, 0, 0},
};

#define FAILED(r) ((r) == -ENOMEM || (r) == -ENOSPC)

static long sys(long r)
{
    return r;
}

static long open_(const char *path, int flags)
{
    return pith_sys_open((long)path, flags, 0644);
}

/* The model. */
struct mfile {
    unsigned char *data; /* MAX_SIZE bytes, zero behind (size) */
    size_t size;
    unsigned names, opens;
};

struct mnode {
    bool used, dir;
    int parent;
    char name[4];
    struct mfile *file;
};

static struct mnode nodes[MAX_NODES];
static struct {
    long fd;
    struct mfile *file;
} open_files[OPEN_FILES];
static uint64_t seed;

static struct mfile *model_file(void)
{
    struct mfile *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->data = calloc(1, MAX_SIZE);
    assert_non_null(f->data);
    f->names = 1;
    return f;
}

static void model_drop(struct mfile *f)
{
    if (f->names == 0 && f->opens == 0) {
        free(f->data);
        free(f);
    }
}

static int model_add(int parent, const char *name, bool dir, struct mfile *file)
{
    for (int i = 1; i < MAX_NODES; i++) {
        if (nodes[i].used)
            continue;
        nodes[i] = (struct mnode){.used = true, .dir = dir, .parent = parent, .file = file};
        strcpy(nodes[i].name, name);
        return i;
    }
    return -1;
}

static int model_find(int parent, const char *name)
{
    for (int i = 1; i < MAX_NODES; i++)
        if (nodes[i].used && nodes[i].parent == parent && strcmp(nodes[i].name, name) == 0)
            return i;
    return -1;
}

static bool model_empty(int dir)
{
    for (int i = 1; i < MAX_NODES; i++)
        if (nodes[i].used && nodes[i].parent == dir)
            return false;
    return true;
}

static bool model_above(int node, int dir)
{
    for (; dir > 0; dir = nodes[dir].parent)
        if (dir == node)
            return true;
    return node == 0;
}

static size_t model_room(void)
{
    size_t n = 0;
    for (int i = 1; i < MAX_NODES; i++)
        n += !nodes[i].used;
    return n;
}

static void model_path(int dir, const char *name, char *out)
{
    char buf[512];

    snprintf(buf, sizeof buf, "/%s", name);
    for (; dir > 0; dir = nodes[dir].parent) {
        char longer[512];
        assert_true(snprintf(longer, sizeof longer, "/%s%s", nodes[dir].name, buf) < 500);
        strcpy(buf, longer);
    }
    strcpy(out, buf);
}

static void model_start(void)
{
    memset(nodes, 0, sizeof nodes);
    memset(open_files, 0, sizeof open_files);
    nodes[0] = (struct mnode){.used = true, .dir = true, .parent = -1};
    int d0 = model_add(0, "d0", true, NULL);
    model_add(0, "d1", true, NULL);
    struct mfile *f = model_file();
    memcpy(f->data, text, f->size = sizeof text);
    f->names = 2;
    model_add(d0, "f1", false, f);
    model_add(0, "f3", false, f);
    f = model_file();
    memcpy(f->data, "small", f->size = 5);
    model_add(d0, "f2", false, f);
    f = model_file();
    memcpy(f->data, tail, f->size = sizeof tail);
    model_add(0, "f4", false, f);
}

static int random_dir(void)
{
    for (;;) {
        int i = (int)random_below(&seed, MAX_NODES);
        if (nodes[i].used && nodes[i].dir)
            return i;
    }
}

/* A directory and a name that may or may not be in it. */
static int random_name(char *name, char *path)
{
    int dir = random_dir();
    bool d = random_below(&seed, 3) == 0;

    snprintf(name, 4, "%c%u", d ? 'd' : 'f', (unsigned)random_below(&seed, d ? 4 : NAMES));
    model_path(dir, name, path);
    return dir;
}

/* Compares all bytes of an open file with the model. */
static void check_file(long fd, const struct mfile *f)
{
    static unsigned char got[MAX_SIZE + 1];
    struct stat st;

    assert_int_equal(pith_sys_fstat(fd, (long)&st), 0);
    assert_int_equal(st.st_size, f->size);
    assert_int_equal(st.st_nlink, f->names);
    assert_int_equal(pith_sys_pread64(fd, (long)got, sizeof got, 0), f->size);
    assert_memory_equal(got, f->data, f->size);
}

/* Opens without failing, whatever the chance of failure. */
static long open_surely(const char *path, int flags)
{
    unsigned percent = fake_mm.fail_percent;

    fake_mm.fail_percent = 0;
    long fd = open_(path, flags);
    fake_mm.fail_percent = percent;
    assert_true(fd >= 0);
    return fd;
}

static void check_dir(int dir)
{
    char path[512], buf[300];
    unsigned found = 0, expected = 2;
    long n;

    model_path(nodes[dir].parent < 0 ? 0 : nodes[dir].parent, nodes[dir].name, path);
    for (int i = 1; i < MAX_NODES; i++)
        expected += nodes[i].used && nodes[i].parent == dir;
    long fd = open_surely(path, O_RDONLY | O_DIRECTORY);
    unsigned percent = fake_mm.fail_percent;
    fake_mm.fail_percent = 0;
    while ((n = pith_sys_getdents64(fd, (long)buf, sizeof buf)) > 0) {
        for (long at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(buf + at);
            int node = model_find(dir, d->d_name);
            if (d->d_name[0] != '.') {
                assert_true(node > 0);
                assert_int_equal(d->d_type, nodes[node].dir ? DT_DIR : DT_REG);
            }
            found++;
            at += d->d_reclen;
        }
    }
    fake_mm.fail_percent = percent;
    assert_int_equal(n, 0);
    assert_int_equal(found, expected);
    pith_sys_close(fd);
}

static void check_all(void)
{
    char path[512];

    for (int i = 0; i < MAX_NODES; i++) {
        if (!nodes[i].used)
            continue;
        if (nodes[i].dir) {
            check_dir(i);
            continue;
        }
        model_path(nodes[i].parent, nodes[i].name, path);
        long fd = open_surely(path, O_RDONLY);
        check_file(fd, nodes[i].file);
        pith_sys_close(fd);
    }
}

static void do_open(void)
{
    char name[4], path[512];
    int dir = random_name(name, path), slot = (int)random_below(&seed, OPEN_FILES);
    int node = model_find(dir, name);

    if (open_files[slot].file) {
        check_file(open_files[slot].fd, open_files[slot].file);
        assert_int_equal(pith_sys_close(open_files[slot].fd), 0);
        open_files[slot].file->opens--;
        model_drop(open_files[slot].file);
        open_files[slot].file = NULL;
    }
    bool append = random_below(&seed, 4) == 0, create = random_below(&seed, 2) && model_room();
    bool truncate = random_below(&seed, 8) == 0;
    long fd = open_(path, O_RDWR | (append ? O_APPEND : 0) | (create ? O_CREAT : 0) |
                              (truncate ? O_TRUNC : 0));
    if (FAILED(fd))
        return;
    if (node < 0 && !create) {
        assert_int_equal(fd, -ENOENT);
        return;
    }
    if (node >= 0 && nodes[node].dir) {
        assert_int_equal(fd, -EISDIR);
        return;
    }
    assert_true(fd >= 0);
    struct mfile *f = node >= 0 ? nodes[node].file : model_file();
    if (node < 0)
        model_add(dir, name, false, f);
    if (truncate) {
        memset(f->data, 0, f->size);
        f->size = 0;
    }
    f->opens++;
    open_files[slot].fd = fd;
    open_files[slot].file = f;
}

static void do_write(long fd, struct mfile *f)
{
    static unsigned char buf[60000];
    size_t n = random_below(&seed, 5) ? random_below(&seed, 6000) : random_below(&seed, sizeof buf);
    size_t off =
        random_below(&seed, 3) ? random_below(&seed, f->size + 1) : random_below(&seed, MAX_SIZE);

    struct file *file = fd_get(fd);
    if (file->flags & O_APPEND)
        off = f->size;
    if (off + n > MAX_SIZE)
        n = MAX_SIZE - off;
    memset(buf, (int)random_next(&seed), n);
    long r = pith_sys_pwrite64(fd, (long)buf, (long)n, (long)off);
    if (FAILED(r))
        return;
    assert_in_range(r, n ? 1 : 0, n);
    if ((size_t)r < n)
        assert_true(fake_mm.fail_percent || fake_root.pages == fake_root.max_pages);
    memcpy(f->data + off, buf, (size_t)r);
    if (r > 0 && off + (size_t)r > f->size)
        f->size = off + (size_t)r;
}

static void do_read(long fd, const struct mfile *f)
{
    static unsigned char buf[40000];
    size_t n = random_below(&seed, sizeof buf), off = random_below(&seed, MAX_SIZE);
    size_t want = off >= f->size ? 0 : min_size(n, f->size - off);

    assert_int_equal(pith_sys_pread64(fd, (long)buf, (long)n, (long)off), want);
    assert_memory_equal(buf, f->data + off, want);
}

static void do_truncate(long fd, struct mfile *f)
{
    size_t size =
        random_below(&seed, 2) ? random_below(&seed, f->size + 1) : random_below(&seed, MAX_SIZE);

    assert_int_equal(pith_sys_ftruncate(fd, (long)size), 0);
    if (size < f->size)
        memset(f->data + size, 0, f->size - size);
    f->size = size;
}

/* Bytes of [off, end) that a failed call has made zero are zero in the model too from now on. */
static void accept_zeros(long fd, struct mfile *f, size_t off, size_t end)
{
    for (size_t i = off; i < end && i < f->size; i++) {
        unsigned char c;
        assert_int_equal(pith_sys_pread64(fd, (long)&c, 1, (long)i), 1);
        if (c == 0)
            f->data[i] = 0;
    }
}

static void do_allocate(long fd, struct mfile *f)
{
    static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
    int mode = modes[random_below(&seed, ARRAY_LEN(modes))];
    size_t off = random_below(&seed, MAX_SIZE - 1);
    size_t end = off + 1 + random_below(&seed, min_size(MAX_SIZE - off, 50000));

    long r = pith_sys_fallocate(fd, mode, (long)off, (long)(end - off));
    if (FAILED(r)) {
        if (mode & ~FALLOC_FL_KEEP_SIZE)
            accept_zeros(fd, f, off, end);
        return;
    }
    assert_int_equal(r, 0);
    if (mode & ~FALLOC_FL_KEEP_SIZE)
        for (size_t i = off; i < end && i < f->size; i++)
            f->data[i] = 0;
    if (!(mode & FALLOC_FL_KEEP_SIZE) && end > f->size)
        f->size = end;
}

/* Whether a hole or data is where SEEK_HOLE and SEEK_DATA say: data they pass over would be lost to
 * copiers. */
static void do_seek(long fd, const struct mfile *f)
{
    size_t off = random_below(&seed, MAX_SIZE);
    long data = pith_sys_lseek(fd, (long)off, SEEK_DATA);

    if (off >= f->size) {
        assert_int_equal(data, -ENXIO);
        assert_int_equal(pith_sys_lseek(fd, (long)off, SEEK_HOLE), -ENXIO);
        return;
    }
    size_t upto = data == -ENXIO ? f->size : (size_t)data;
    assert_true(upto >= off && upto <= f->size);
    for (size_t i = off; i < upto; i++)
        assert_int_equal(f->data[i], 0);
    long hole = pith_sys_lseek(fd, (long)off, SEEK_HOLE);
    assert_in_range(hole, off, f->size);
    if ((size_t)hole < f->size)
        assert_int_equal(f->data[hole], 0);
}

/* Pages become those that mappings show, with the same contents, and what is written there is what
 * the file has. */
static void do_share(long fd, struct mfile *f)
{
    struct inode *inode = fd_get(fd)->inode;

    if (f->size == 0)
        return;
    uint64_t first = random_below(&seed, (f->size + PAGE_SIZE - 1) / PAGE_SIZE);
    uint64_t n = (f->size + PAGE_SIZE - 1) / PAGE_SIZE - first;
    char *p = inode->ops->share(inode, first, &n);
    if (!p)
        return;
    size_t off = first * PAGE_SIZE, len = min_size(n * PAGE_SIZE, f->size - off);
    assert_memory_equal(p, f->data + off, len);
    size_t at = random_below(&seed, len);
    p[at] = f->data[off + at] = (char)random_below(&seed, 256);
    assert_int_equal(page_use_at(p), PAGE_SHARED);
}

static void do_file(void)
{
    int slot = (int)random_below(&seed, OPEN_FILES);
    struct mfile *f = open_files[slot].file;
    long fd = open_files[slot].fd;

    if (!f)
        return;
    switch (random_below(&seed, 8)) {
    case 0:
        do_truncate(fd, f);
        break;
    case 1:
        do_allocate(fd, f);
        break;
    case 2:
        if (random_below(&seed, 4))
            do_seek(fd, f);
        else
            do_share(fd, f);
        break;
    case 3:
    case 4:
        do_read(fd, f);
        break;
    default:
        do_write(fd, f);
        break;
    }
}

static void model_unname(int node)
{
    nodes[node].used = false;
    if (!nodes[node].dir) {
        nodes[node].file->names--;
        model_drop(nodes[node].file);
    }
}

static void do_unlink(void)
{
    char name[4], path[512];
    int node = model_find(random_name(name, path), name);
    bool rmdir = random_below(&seed, 2);
    long r = rmdir ? pith_sys_rmdir((long)path) : pith_sys_unlink((long)path);

    if (FAILED(r))
        return;
    if (node < 0)
        assert_int_equal(r, -ENOENT);
    else if (rmdir && !nodes[node].dir)
        assert_int_equal(r, -ENOTDIR);
    else if (!rmdir && nodes[node].dir)
        assert_int_equal(r, -EISDIR);
    else if (rmdir && !model_empty(node))
        assert_int_equal(r, -ENOTEMPTY);
    else {
        assert_int_equal(r, 0);
        model_unname(node);
    }
}

static void do_mkdir(void)
{
    char name[4], path[512];
    int dir = random_name(name, path), depth = 0;

    for (int d = dir; d > 0; d = nodes[d].parent)
        depth++;
    if (!model_room() || depth > 8)
        return;
    long r = pith_sys_mkdir((long)path, 0755);
    if (FAILED(r))
        return;
    if (model_find(dir, name) >= 0) {
        assert_int_equal(r, -EEXIST);
        return;
    }
    assert_int_equal(r, 0);
    model_add(dir, name, true, NULL);
}

static void do_link(void)
{
    char name[4], path[512], new_name[4], new_path[512];
    int node = model_find(random_name(name, path), name);
    int dir = random_name(new_name, new_path);

    if (!model_room())
        return;
    long r = pith_sys_link((long)path, (long)new_path);
    if (FAILED(r))
        return;
    if (node < 0)
        assert_int_equal(r, -ENOENT);
    else if (model_find(dir, new_name) >= 0)
        assert_int_equal(r, -EEXIST);
    else if (nodes[node].dir)
        assert_int_equal(r, -EPERM);
    else {
        assert_int_equal(r, 0);
        nodes[node].file->names++;
        model_add(dir, new_name, false, nodes[node].file);
    }
}

/* What rename is to answer, from node (what) to (over), -1 if there is none, in (dir). */
static long rename_result(int what, int from, int over, int dir, unsigned flags)
{
    bool exchange = flags & RENAME_EXCHANGE;

    if (what < 0)
        return -ENOENT;
    if (over >= 0 && flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (over < 0 && exchange)
        return -ENOENT;
    if (nodes[what].dir && model_above(what, dir))
        return -EINVAL;
    if (over >= 0 && nodes[over].dir && model_above(over, from))
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (over < 0 || what == over || exchange)
        return 0;
    if (!nodes[what].dir && !nodes[over].dir && nodes[what].file == nodes[over].file)
        return 0;
    if (nodes[what].dir != nodes[over].dir)
        return nodes[what].dir ? -ENOTDIR : -EISDIR;
    return nodes[over].dir && !model_empty(over) ? -ENOTEMPTY : 0;
}

static void do_rename(void)
{
    static const unsigned all_flags[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
    char name[4], path[512], new_name[4], new_path[512];
    unsigned flags = all_flags[random_below(&seed, ARRAY_LEN(all_flags))];
    int from = random_name(name, path), to = random_name(new_name, new_path);
    int what = model_find(from, name), over = model_find(to, new_name);

    long r = pith_sys_renameat2(AT_FDCWD, (long)path, AT_FDCWD, (long)new_path, flags);
    if (FAILED(r))
        return;
    assert_int_equal(r, rename_result(what, from, over, to, flags));
    if (r || what == over)
        return;
    if (over >= 0 && !nodes[what].dir && !nodes[over].dir && nodes[what].file == nodes[over].file)
        return;
    if (flags & RENAME_EXCHANGE) {
        nodes[over].parent = from;
        strcpy(nodes[over].name, name);
    } else if (over >= 0) {
        model_unname(over);
    }
    nodes[what].parent = to;
    strcpy(nodes[what].name, new_name);
}

static void random_operations(unsigned count, unsigned fail_percent)
{
    fake_mm.fail_percent = fail_percent;
    for (unsigned i = 0; i < count; i++) {
        switch (random_below(&seed, 12)) {
        case 0:
            do_open();
            break;
        case 1:
            do_unlink();
            break;
        case 2:
            do_mkdir();
            break;
        case 3:
            do_link();
            break;
        case 4:
            do_rename();
            break;
        default:
            do_file();
            break;
        }
        if (i % 1000 == 999)
            check_all();
    }
    fake_mm.fail_percent = 0;
    check_all();
}

static void close_all(void)
{
    for (int i = 0; i < OPEN_FILES; i++) {
        if (!open_files[i].file)
            continue;
        pith_sys_close(open_files[i].fd);
        open_files[i].file->opens--;
        model_drop(open_files[i].file);
        open_files[i].file = NULL;
    }
}

/* Removes everything below (path), which has a slash at its end. */
static void remove_all(const char *path)
{
    char buf[512], child[600];
    long fd = open_(*path ? path : "/", O_RDONLY | O_DIRECTORY), n;

    assert_true(fd >= 0);
    while ((n = pith_sys_getdents64(fd, (long)buf, sizeof buf)) > 0) {
        for (long at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(buf + at);
            at += d->d_reclen;
            if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
                continue;
            snprintf(child, sizeof child, "%s%s", path, d->d_name);
            if (d->d_type == DT_DIR) {
                strcat(child, "/");
                remove_all(child);
                assert_int_equal(pith_sys_rmdir((long)child), 0);
            } else {
                assert_int_equal(pith_sys_unlink((long)child), 0);
            }
        }
    }
    assert_int_equal(n, 0);
    pith_sys_close(fd);
}

/* Everything removed, only the root directory may still hold memory: its tables. */
static void check_all_given_back(void)
{
    remove_all("");
    assert_int_equal(fake_root.pages, 0);
    assert_int_equal(fake_mm.pages, 0);
    assert_int_equal(fake_root.inodes, 0);
    assert_int_equal(fake_root.fs.root->nlink, 2);
    for (int i = 0; i < RAM_SHARED_BUCKETS; i++)
        assert_null(fake_root.shared[i]);
}

static void start(uint64_t new_seed)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < sizeof tail; i++)
        tail[i] = (char)('A' + i % 25);
    fake_reset();
    fake_mm = (struct fake_mm){.heap_bytes = fake_mm.heap_bytes, .pages = fake_mm.pages};
    seed = new_seed;
    fake_fs(image_files, ARRAY_LEN(image_files), LIMIT);
}

static void run_model(uint64_t with_seed, unsigned count, unsigned fail_percent)
{
    start(with_seed);
    model_start();
    random_operations(count, fail_percent);
    close_all();
    check_all();
    for (int i = 1; i < MAX_NODES; i++)
        if (nodes[i].used)
            model_unname(i);
    check_all_given_back();
}

static void test_model(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 4; s++)
        run_model(s, 8000, 0);
}

static void test_model_out_of_memory(void **state)
{
    (void)state;
    for (uint64_t s = 5; s <= 8; s++)
        run_model(s, 8000, 10);
}

/* One run of many kinds of calls. Some may fail: what they answer does not matter here. */
static void script(void)
{
    static char buf[300000];
    long a = open_("/d0/f1", O_RDWR), b = open_("/new", O_RDWR | O_CREAT);

    memset(buf, 'x', sizeof buf);
    sys(pith_sys_pwrite64(a, (long)buf, 10, 4090));
    sys(pith_sys_write(b, (long)buf, sizeof buf));
    sys(pith_sys_fallocate(a, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 8500));
    sys(pith_sys_pwrite64(b, (long)buf, 10, 1l << 40));
    sys(pith_sys_mkdir((long)"/m", 0755));
    for (int i = 0; i < 20; i++) {
        char name[20];
        snprintf(name, sizeof name, "/m/%d", i);
        sys(pith_sys_link((long)"/f4", (long)name));
    }
    sys(pith_sys_symlink((long)"/d0", (long)"/s"));
    sys(pith_sys_rename((long)"/s/f2", (long)"/m/moved"));
    sys(pith_sys_rename((long)"/m/3", (long)"/m/4"));
    sys(pith_sys_renameat2(AT_FDCWD, (long)"/d1", AT_FDCWD, (long)"/m/7", RENAME_EXCHANGE));
    sys(pith_sys_renameat2(AT_FDCWD, (long)"/m/5", AT_FDCWD, (long)"/m/six", RENAME_WHITEOUT));
    sys(pith_sys_renameat2(AT_FDCWD, (long)"/m/six", AT_FDCWD, (long)"/m/8", RENAME_WHITEOUT));
    sys(pith_sys_mknod((long)"/fifo", S_IFIFO | 0600, 0));
    long p = open_("/fifo", O_RDWR);
    sys(pith_sys_write(p, (long)buf, 9000));
    long t = open_("/m", O_TMPFILE | O_RDWR);
    sys(pith_sys_write(t, (long)buf, 100));
    sys(pith_sys_unlink((long)"/f3"));
    sys(pith_sys_unlink((long)"/d0/f1"));
    sys(pith_sys_ftruncate(b, 5000));
    for (long fd = 3; fd < 20; fd++)
        pith_sys_close(fd);
}

static void test_each_allocation_failing(void **state)
{
    (void)state;
    uint64_t k = 0;
    do {
        start(1);
        fake_mm.fail_at = ++k;
        fake_mm.allocations = 0;
        script();
        fake_mm.fail_at = 0;
        check_all_given_back();
    } while (fake_mm.allocations >= k && k < 100000);
    assert_in_range(k, 80, 9999);
}

static void test_full(void **state)
{
    (void)state;
    static char buf[1 << 20];
    start(1);
    long fd = open_("/big", O_CREAT | O_RDWR), total = 0, n;

    while ((n = pith_sys_write(fd, (long)buf, sizeof buf)) > 0)
        total += n;
    assert_int_equal(n, -ENOSPC);
    assert_int_equal(total, LIMIT);
    assert_int_equal(fake_root.pages, LIMIT / 4096);
    /* The files of the image do not count; changing them does. */
    long f = open_("/f4", O_RDWR);
    assert_int_equal(pith_sys_pread64(f, (long)buf, 5000, 0), 5000);
    assert_int_equal(pith_sys_pwrite64(f, (long)buf, 1, 0), -ENOSPC);
    assert_int_equal(pith_sys_ftruncate(fd, LIMIT - 4096), 0);
    assert_int_equal(pith_sys_pwrite64(f, (long)buf, 1, 0), 1);
    pith_sys_close(f);
    pith_sys_close(fd);
    check_all_given_back();
}

static void test_sparse(void **state)
{
    (void)state;
    char c = 'z', buf[3];
    start(1);
    long fd = open_("/sparse", O_CREAT | O_RDWR);

    assert_int_equal(pith_sys_ftruncate(fd, INT64_MAX), 0);
    assert_int_equal(pith_sys_lseek(fd, 0, SEEK_DATA), -ENXIO);
    assert_int_equal(pith_sys_lseek(fd, 1000, SEEK_HOLE), 1000);
    assert_int_equal(pith_sys_pwrite64(fd, (long)&c, 1, INT64_MAX - 1), 1);
    assert_int_equal(pith_sys_pwrite64(fd, (long)"ab", 2, INT64_MAX - 1), -EINVAL);
    assert_int_equal(pith_sys_lseek(fd, INT64_MAX - 1, SEEK_SET), INT64_MAX - 1);
    assert_int_equal(pith_sys_write(fd, (long)"ab", 2), -EINVAL);
    assert_int_equal(pith_sys_write(fd, (long)&c, 1), 1);
    assert_int_equal(pith_sys_write(fd, (long)&c, 1), -EINVAL);
    assert_int_equal(pith_sys_lseek(fd, 0, SEEK_DATA), INT64_MAX & ~4095l);
    assert_int_equal(pith_sys_pwrite64(fd, (long)&c, 1, 1l << 33), 1);
    assert_int_equal(pith_sys_lseek(fd, 5, SEEK_DATA), 1l << 33);
    assert_int_equal(pith_sys_lseek(fd, 1l << 33, SEEK_HOLE), (1l << 33) + 4096);
    assert_int_equal(pith_sys_pread64(fd, (long)buf, 3, (1l << 33) - 1), 3);
    assert_memory_equal(buf, "\0z\0", 3);
    assert_in_range(fake_root.pages, 2, 3);
    assert_int_equal(
        pith_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, INT64_MAX), 0);
    assert_int_equal(fake_root.pages, 1); /* the last, of which one byte lies beyond */
    pith_sys_close(fd);
    check_all_given_back();
}

/* A reader of a directory that removes what it sees gets to see all of it. */
static void test_readdir_while_removing(void **state)
{
    (void)state;
    char name[300], buf[100];
    long n;
    unsigned seen = 0;
    start(1);

    assert_int_equal(pith_sys_mkdir((long)"/many", 0755), 0);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "/many/%d-of-them", i);
        assert_int_equal(pith_sys_mknod((long)name, S_IFREG | 0600, 0), 0);
    }
    long fd = open_("/many", O_RDONLY);
    while ((n = pith_sys_getdents64(fd, (long)buf, sizeof buf)) > 0) {
        for (long at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(buf + at);
            at += d->d_reclen;
            if (d->d_name[0] == '.')
                continue;
            snprintf(name, sizeof name, "/many/%s", d->d_name);
            assert_int_equal(pith_sys_unlink((long)name), 0);
            seen++;
        }
    }
    assert_int_equal(seen, 3000);
    assert_int_equal(pith_sys_rmdir((long)"/many"), 0);
    assert_int_equal(pith_sys_getdents64(fd, (long)buf, sizeof buf), -ENOENT);
    pith_sys_close(fd);
    check_all_given_back();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_model_out_of_memory),
        cmocka_unit_test(test_each_allocation_failing),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_readdir_while_removing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
