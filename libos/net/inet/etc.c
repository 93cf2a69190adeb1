/* SPDX-License-Identifier: MIT
 *
 * /etc/resolv.conf, where the image has none of its own: the servers of names and the domains to
 * search that settings, DHCP and routers have told. It is an ordinary file: whoever writes it keeps
 * it, and what is told later does not change it any more. */
#include "inet/internal.h"

#include <fcntl.h>

#include "mm/heap.h"
#include "vfs/text.h"
#include "wire/bytes.h"

static struct inode *file; /* ours, held, while nobody else has written it */
static nsec_t written;

static void put_addr(struct text *t, const struct ip_addr *a)
{
    if (ip_is_v4(a)) {
        for (int i = 12; i < 16; i++) {
            text_dec(t, a->b[i], 0, ' ');
            if (i < 15)
                text_char(t, '.');
        }
        return;
    }
    for (int i = 0; i < 16; i += 2) {
        text_hex(t, get_be16(a->b + i), 0, ' ');
        if (i < 14)
            text_char(t, ':');
    }
}

static void make_text(struct text *t)
{
    if (ip_names.search[0]) {
        text_str(t, "search ");
        text_str(t, ip_names.search);
        text_char(t, '\n');
    }
    for (unsigned i = 0; i < ip_names.count; i++) {
        text_str(t, "nameserver ");
        put_addr(t, &ip_names.server[i]);
        text_char(t, '\n');
    }
}

/* Replaces the contents. What there is no memory for is left out. */
static void write_file(void)
{
    static const struct inode_attr empty = {.which = ATTR_SIZE, .size = 0};
    struct file f = {.inode = file, .flags = O_WRONLY};
    struct text t = {0};
    uint64_t pos = 0;

    make_text(&t);
    struct iovec all = {t.buf, t.len};
    if (!t.failed && file->ops->setattr(file, &empty) == 0 && t.len > 0 &&
        file->ops->open(file, &f) == 0)
        (void)!f.ops->writev(&f, &all, 1, &pos);
    if (t.buf)
        heap_free(t.buf, t.size);
    written = file->mtime;
}

void ip_names_changed(void)
{
    if (!file)
        return;
    if (file->mtime == written && file->nlink > 0) {
        write_file();
        return;
    }
    inode_put(file);
    file = NULL;
}

int resolv_start(struct inode *etc)
{
    static const struct inode_new what = {.mode = S_IFREG | 0644};
    static const struct name name = {"resolv.conf", 11};
    struct inode *found;
    int err = ip_start();

    if (err)
        return err;
    err = etc->ops->lookup(etc, name, &found);
    if (!err) {
        inode_put(found);
        return 0;
    }
    err = err == -ENOENT ? etc->ops->create(etc, name, &what, &file) : err;
    if (!err)
        write_file();
    return err;
}
