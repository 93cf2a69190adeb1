/* SPDX-License-Identifier: MIT
 *
 * /dev/log: what programs send there, as syslog(3) does (RFC 3164), becomes lines of the machine's
 * log. The socket is made when the first program asks for it, and stays. */
#include <stddef.h>
#include <string.h>

#include "iface/plat.h"
#include "mm/heap.h"
#include "unix/internal.h"

#define LINE_MAX 1200u

static struct usock *sink;

static const char *const levels[8] = {"emerg",   "alert",  "crit", "err",
                                      "warning", "notice", "info", "debug"};
static const char *const facilities[24] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

struct line {
    char text[LINE_MAX];
    size_t len;
};

static void put(struct line *l, const char *text, size_t len)
{
    len = min_size(len, sizeof(l->text) - 1 - l->len);
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

static void put_string(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* The priority in front of a message: <N>. Returns the length of that, 0 if there is none. */
static size_t read_priority(const char *text, size_t len, unsigned *priority)
{
    size_t i = 1;

    *priority = 0;
    if (len < 3 || text[0] != '<')
        return 0;
    for (; i < len && i < 5 && text[i] >= '0' && text[i] <= '9'; i++)
        *priority = *priority * 10 + (unsigned)(text[i] - '0');
    return i > 1 && i < len && text[i] == '>' && *priority < 24 * 8 ? i + 1 : 0;
}

/* One message as one line: no message can look like several. */
static void write_line(const char *text, size_t len)
{
    struct line l = {.len = 0};
    unsigned priority;
    size_t skip = read_priority(text, len, &priority);

    put_string(&l, "syslog ");
    if (skip) {
        put_string(&l, facilities[priority / 8]);
        put_string(&l, ".");
        put_string(&l, levels[priority % 8]);
    }
    put_string(&l, ": ");
    while (len > skip && (text[len - 1] == '\n' || text[len - 1] == '\0'))
        len--;
    size_t start = l.len;
    put(&l, text + skip, len - skip);
    for (size_t i = start; i < l.len; i++)
        if ((unsigned char)l.text[i] < ' ' && l.text[i] != '\t')
            l.text[i] = '?';
    l.text[l.len++] = '\n';
    plat_log(l.text, l.len);
}

static void write_all(struct waiter *w)
{
    struct umsg *m;

    (void)w;
    while ((m = queue_first(sink))) {
        queue_take(sink, m);
        write_line(m->data, m->end);
        msg_free(m);
    }
}

struct usock *log_socket(void)
{
    static struct waiter reader;
    struct uname *name;

    if (sink)
        return sink;
    struct usock *u = usock_alloc(SOCK_DGRAM);
    if (!u)
        return NULL;
    name = heap_alloc(sizeof(*name));
    if (!name) {
        heap_free(u, sizeof(*u));
        return NULL;
    }
    name->refs = 1;
    name->len = offsetof(struct sockaddr_un, sun_path) + sizeof(LOG_PATH);
    name->addr.sun_family = AF_UNIX;
    memcpy(name->addr.sun_path, LOG_PATH, sizeof(LOG_PATH));
    u->name = name;
    sink = u;
    wait_add(&u->sock.wait, &reader, write_all);
    return sink;
}
