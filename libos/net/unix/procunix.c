/* SPDX-License-Identifier: MIT
 *
 * /proc/net/unix, in Linux's format. Part of images that have /proc/net. */
#include "unix/internal.h"
#include "vfs/text.h"

#define LISTENS 0x10000u /* __SO_ACCEPTCON */

/* Linux's linux/net.h. */
enum { SS_UNCONNECTED = 1, SS_CONNECTING, SS_CONNECTED, SS_DISCONNECTING };

/* Upper-case digits. */
static void hex(struct text *t, uint64_t n, unsigned width)
{
    while (width > 0)
        text_char(t, "0123456789ABCDEF"[n >> 4 * --width & 15]);
}

/* A NUL, with which abstract names begin, is an @. */
static void put_name(struct text *t, const struct uname *name)
{
    size_t len = name->len - offsetof(struct sockaddr_un, sun_path);
    const char *at = name->addr.sun_path;

    if (at[0])
        len--;
    text_char(t, ' ');
    for (size_t n = 0; n < len; n++)
        text_char(t, at[n] ? at[n] : '@');
}

void unix_proc(struct text *t)
{
    text_str(t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    for (const struct list *n = unix_sockets.next; n != &unix_sockets; n = n->next) {
        const struct usock *u = container_of(n, const struct usock, all);
        bool waits = !u->sock.file; /* to be accepted */
        bool datagrams = u->sock.type == SOCK_DGRAM;
        bool connected = u->state == UNIX_CONNECTED || (datagrams && u->peer);
        hex(t, 0, 16); /* no addresses */
        text_str(t, ": ");
        hex(t, !datagrams && u->peer && !u->peer->dead ? 3 : 2, 8);
        text_char(t, ' ');
        hex(t, 0, 8);
        text_char(t, ' ');
        hex(t, u->state == UNIX_LISTENING ? LISTENS : 0, 8);
        text_char(t, ' ');
        hex(t, (unsigned)u->sock.type, 4);
        text_char(t, ' ');
        hex(t, waits ? (connected ? SS_CONNECTING : SS_DISCONNECTING)
                     : connected ? SS_CONNECTED : SS_UNCONNECTED, 2);
        text_char(t, ' ');
        text_dec(t, waits ? 0 : u->sock.inode.ino, 5, ' ');
        if (u->name)
            put_name(t, u->name);
        text_char(t, '\n');
    }
}
