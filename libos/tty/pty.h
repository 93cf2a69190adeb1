/* SPDX-License-Identifier: MIT
 *
 * Pseudo-terminals: a master and a slave, with a line discipline (tty/line.h) at the slave's end.
 * What is written to one end has arrived at the other when the write returns.
 *
 * A pair lives while its inode in /dev/pts does: the name holds that, from the opening of the
 * master to its end, and so does each open file of the slave. The end of the master hangs the slave
 * up for good; when the last file of the slave is closed the master is told, and goes on with the
 * next. */
#ifndef PITH_TTY_PTY_H
#define PITH_TTY_PTY_H

#include <sys/ioctl.h>

#include "iface/fs.h"
#include "tty/line.h"

/* What waits between the ends, as on Linux: what is typed and the discipline has no room for, and
 * what the slave wrote, of which the first bytes count as arrived. */
#define PTY_TYPED   8192u
#define PTY_ARRIVED 4095u
#define PTY_WRITTEN (PTY_ARRIVED + 8192u)

struct ring {
    uint32_t head, tail; /* bytes [tail, head), at these places modulo (size); tail < size */
    uint32_t size;
    uint8_t *data;
};

struct pty {
    struct inode inode; /* of /dev/pts/N */
    struct pty *next;   /* of those with names, by their numbers */
    unsigned number;
    unsigned slaves;   /* open files of the slave */
    bool master;       /* it is open */
    bool lost;         /* the slave was open, and is not now */
    bool locked;       /* the slave cannot be opened */
    bool halted;       /* TCOOFF of the master */
    bool packet;       /* TIOCPKT */
    bool exclusive[2]; /* TIOCEXCL: of slave, master */
    uint8_t status;    /* TIOCPKT_* that are to be told */
    struct winsize size;
    struct line line;
    struct wait_queue slave_wait, master_wait;
    struct ring typed, written;
    uint8_t typed_data[PTY_TYPED], written_data[PTY_WRITTEN];
};

/* The pairs whose master is open. */
extern struct pty *pty_list;

/* Opens a new pair, whose inode is an empty one but for number, (f) being the master. -ENOSPC: too
 * many; -ENOMEM. */
must_check int pty_open_master(struct file *f);

/* Sets up (f), with its flags, as a slave. (noctty): it does not become the controlling terminal.
 * -EIO: locked, or the master is gone; -EBUSY: TIOCEXCL. */
must_check int pty_open_slave(struct pty *p, struct file *f, bool noctty);

/* Gives a new pair its inode, and takes the name away. Of pts.c. */
void pts_name(struct pty *p);
void pts_unname(struct pty *p);

/* A file of the slave for TIOCGPTPEER: a descriptor. */
long pts_open_peer(struct pty *p, int flags);

/* The ioctl of both ends. Of control.c. */
long pty_ioctl(struct pty *p, struct file *f, bool master, unsigned long request, long arg);

/* Makes (p) the controlling terminal if there is none. */
void control_take(struct pty *p);

/* Sends (sig) to the foreground of (p): the process, if it is the controlling terminal. */
void control_signal(const struct pty *p, int sig);

/* The master of (p) ends. */
void control_lost(struct pty *p);

/* For control.c: */

/* Acts on news of the discipline, and moves what can be moved. */
void pty_act(struct pty *p, unsigned news);
void pty_move(struct pty *p);

/* Tells the master in packet mode. */
void pty_status(struct pty *p, unsigned set, unsigned clear);

/* Drop what was typed; what was written and is not among the first (arrived) bytes; what has
 * arrived at the master; and what it wrote that the discipline has had no room for. */
void pty_flush_typed(struct pty *p);
void pty_flush_written(struct pty *p, size_t arrived);
void pty_flush_arrived(struct pty *p);
void pty_flush_waiting(struct pty *p);

/* Sends one character from the slave or, if (master), from the master past all that waits. */
void pty_send(struct pty *p, bool master, uint8_t c);

static inline uint32_t ring_count(const struct ring *r)
{
    return r->head - r->tail;
}

#endif
