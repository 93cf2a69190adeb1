/* SPDX-License-Identifier: MIT
 *
 * Files of /etc that the network makes, each where the image has none of its own: resolv.conf, the
 * servers of names and the domains to search that settings, DHCP and routers have told; hosts, with
 * the machine's own name and addresses; and hostname. They are ordinary files: whoever writes one
 * keeps it, and what changes later does not change it any more. */
#include "inet/internal.h"

#include <fcntl.h>

#include "inet/ready.h"
#include "mm/heap.h"
#include "vfs/text.h"
#include "wire/bytes.h"

static void (*put_hostname)(struct text *t); /* with a line's end */

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

static void make_resolv(struct text *t)
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

/* Addresses that mean this machine to others, too. */
static bool is_known_outside(const struct ip_iface *i, const struct ip_iface_addr *a)
{
    return i->dev && !ip_is_link_local(&a->addr) &&
           (a->state == IP_ADDR_PREFERRED || a->state == IP_ADDR_DEPRECATED);
}

static void make_hosts(struct text *t)
{
    bool any = false;

    text_str(t, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (const struct ip_iface *i = ip_ifaces; i; i = i->next)
        for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
            if (!is_known_outside(i, a))
                continue;
            put_addr(t, &a->addr);
            text_char(t, '\t');
            put_hostname(t);
            any = true;
        }
    if (any)
        return;
    text_str(t, "127.0.1.1\t");
    put_hostname(t);
}

static void make_hostname(struct text *t)
{
    put_hostname(t);
}

static struct made {
    struct name name;
    void (*make)(struct text *t);
    struct inode *file; /* ours, held, while nobody else has written it */
    nsec_t written;
    struct text text; /* what stands in it */
} files[] = {
    {.name = {"resolv.conf", 11}, .make = make_resolv},
    {.name = {"hosts", 5}, .make = make_hosts},
    {.name = {"hostname", 8}, .make = make_hostname},
};

static void free_text(struct text *t)
{
    if (t->buf)
        heap_free(t->buf, t->size);
    *t = (struct text){0};
}

/* Replaces the contents, if they are others now. What there is no memory for is left out. */
static void write_file(struct made *m)
{
    static const struct inode_attr empty = {.which = ATTR_SIZE, .size = 0};
    struct file f = {.inode = m->file, .flags = O_WRONLY};
    struct text t = {0};
    uint64_t pos = 0;

    m->make(&t);
    if (!t.failed && t.len == m->text.len && (!t.len || memcmp(t.buf, m->text.buf, t.len) == 0)) {
        free_text(&t);
        return;
    }
    struct iovec all = {t.buf, t.len};
    if (!t.failed && m->file->ops->setattr(m->file, &empty) == 0 && t.len > 0 &&
        m->file->ops->open(m->file, &f) == 0)
        (void)!f.ops->writev(&f, &all, 1, &pos);
    free_text(&m->text);
    m->text = t;
    m->written = m->file->mtime;
}

void ip_told(void)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct made *m = &files[i];
        if (!m->file)
            continue;
        if (m->file->mtime == m->written && m->file->nlink > 0) {
            write_file(m);
            continue;
        }
        inode_put(m->file);
        m->file = NULL;
        free_text(&m->text);
    }
    inet_ready_look();
}

static int start_file(struct inode *etc, struct made *m)
{
    static const struct inode_new what = {.mode = S_IFREG | 0644};
    struct inode *found;
    int err = etc->ops->lookup(etc, m->name, &found);

    if (!err) {
        inode_put(found);
        return 0;
    }
    err = err == -ENOENT ? etc->ops->create(etc, m->name, &what, &m->file) : err;
    if (err)
        return err;
    m->written = m->file->mtime;
    write_file(m);
    return 0;
}

int etc_start(struct inode *etc, void (*hostname)(struct text *t))
{
    int err = ip_start();

    put_hostname = hostname;
    for (size_t i = 0; i < ARRAY_LEN(files) && !err; i++)
        err = start_file(etc, &files[i]);
    return err;
}
