/* SPDX-License-Identifier: MIT
 *
 * ioctl of pseudo-terminals, and which terminal controls the session. There is one process, one
 * session and one process group, all called 1: its controlling terminal has it in the foreground.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "iface/cred.h"
#include "iface/signal.h"
#include "iface/user.h"
#include "tty/pty.h"
#include "vfs/tree.h"

/* Of Linux's headers, which libc does not have, or not with these numbers. */
#define GET_MODES2 0x802c542au /* TCGETS2 */
#define SET_MODES2 0x402c542bu /* TCSETS2, then TCSETSW2, TCSETSF2 */
#define GET_MODES  0x5405u     /* TCGETA */
#define SET_MODES  0x5406u     /* TCSETA, then TCSETAW, TCSETAF */
#define NO_SPEED   0010000u    /* BOTHER: the speed is not one of the table's */

#define SESSION 1

/* NULL: the console, if anything (console_controls). */
static struct pty *controlling;

static bool is_controlled(void)
{
    return controlling || console_controls();
}

void control_take(struct pty *p)
{
    if (!is_controlled())
        controlling = p;
}

static void send(int sig)
{
    if (signal_process)
        signal_process(sig);
    else if (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT)
        plat_die(sig);
}

void control_signal(const struct pty *p, int sig)
{
    if (p == controlling)
        send(sig);
}

void control_lost(struct pty *p)
{
    if (p != controlling)
        return;
    controlling = NULL;
    send(SIGHUP);
    send(SIGCONT);
}

int control_open(struct file *f)
{
    if (!is_controlled())
        return -ENXIO;
    return controlling ? pty_open_slave(controlling, f, true) : 1;
}

/* TIOCSCTTY. */
static long take(struct pty *p, const struct file *f)
{
    if (p == controlling)
        return 0;
    if (is_controlled() || ((f->flags & O_ACCMODE) == O_WRONLY && !cred_may(CAP_SYS_ADMIN)))
        return -EPERM;
    control_take(p);
    return 0;
}

static long set_foreground(const struct pty *p, long arg)
{
    if (p != controlling)
        return -ENOTTY;
    if (!user_readable((const int *)arg, sizeof(int)))
        return -EFAULT;
    int group = *(const int *)arg;
    return group < 0 ? -EINVAL : group == SESSION ? 0 : -ESRCH;
}

static long control_ioctl(struct pty *p, const struct file *f, bool master, unsigned request,
                          long arg)
{
    switch (request) {
    case TIOCSCTTY:
        return take(p, f);
    case TIOCNOTTY:
        if (master || p != controlling)
            return -ENOTTY;
        control_lost(p);
        return 0;
    case TIOCSPGRP:
        return set_foreground(p, arg);
    case TIOCGPGRP:
        if (!master && p != controlling)
            return -ENOTTY;
        return user_give_int(arg, p == controlling ? SESSION : 0);
    default: /* TIOCGSID */
        return p == controlling ? user_give_int(arg, SESSION) : -ENOTTY;
    }
}

static uint32_t speed_of(uint32_t code, uint32_t other)
{
    static const uint32_t speeds[] = {0,       50,      75,      110,     134,     150,     200,
                                      300,     600,     1200,    1800,    2400,    4800,    9600,
                                      19200,   38400,   57600,   115200,  230400,  460800,  500000,
                                      576000,  921600,  1000000, 1152000, 1500000, 2000000, 2500000,
                                      3000000, 3500000, 4000000};

    if (code == NO_SPEED)
        return other;
    if (code & NO_SPEED)
        code = (code & ~NO_SPEED) + 15;
    return code < ARRAY_LEN(speeds) ? speeds[code] : 0;
}

static bool stops_by_keys(const struct line_modes *m)
{
    return m->iflag & IXON && m->key[VSTOP] == 19 && m->key[VSTART] == 17;
}

static void set_modes(struct pty *p, struct line_modes *m)
{
    uint32_t mask = CBAUD, old_lflag = p->line.modes.lflag;
    bool stops = stops_by_keys(m), stopped = stops_by_keys(&p->line.modes);

    m->ospeed = speed_of(m->cflag & mask, m->ospeed);
    m->ispeed = m->cflag >> 16 & mask ? speed_of(m->cflag >> 16 & mask, m->ispeed) : m->ospeed;
    m->cflag = (m->cflag & ~(uint32_t)(CSIZE | PARENB)) | CS8 | CREAD;
    if (stops != stopped)
        pty_status(p, stops ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    if ((old_lflag | m->lflag) & EXTPROC)
        pty_status(p, TIOCPKT_IOCTL, 0);
    pty_act(p, line_set(&p->line, m));
    pty_move(p);
}

/* The forms in which programs have modes: the whole, what is before the speeds, and System V's. */
enum form { WHOLE = sizeof(struct line_modes), SHORT = 36, OLD = 18 };

#define OLD_KEYS 8

struct old_modes {
    uint16_t iflag, oflag, cflag, lflag;
    uint8_t discipline, key[OLD_KEYS];
};

static long give_modes(const struct pty *p, enum form form, long arg)
{
    const struct line_modes *m = &p->line.modes;

    if (!user_writable((void *)arg, form))
        return -EFAULT;
    if (form == OLD) {
        struct old_modes old = {(uint16_t)m->iflag, (uint16_t)m->oflag, (uint16_t)m->cflag,
                                (uint16_t)m->lflag, m->discipline,      {0}};
        memcpy(old.key, m->key, OLD_KEYS);
        memcpy((void *)arg, &old, sizeof(old) - 1);
    } else {
        memcpy((void *)arg, m, form);
    }
    return 0;
}

static uint32_t low_half(uint32_t old, uint16_t low)
{
    return (old & 0xffff0000u) | low;
}

/* (how): 0; 1: what was written is with the master at once; 2: what was typed goes. */
static long set_from(struct pty *p, enum form form, long arg, unsigned how)
{
    struct line_modes m = p->line.modes;
    struct old_modes old;

    if (!user_readable((const void *)arg, form))
        return -EFAULT;
    if (form == OLD) {
        memcpy(&old, (const void *)arg, sizeof(old) - 1);
        m.iflag = low_half(m.iflag, old.iflag);
        m.oflag = low_half(m.oflag, old.oflag);
        m.cflag = low_half(m.cflag, old.cflag);
        m.lflag = low_half(m.lflag, old.lflag);
        m.discipline = old.discipline;
        memcpy(m.key, old.key, OLD_KEYS);
    } else {
        memcpy(&m, (const void *)arg, form);
    }
    if (how == 2)
        pty_flush_typed(p);
    set_modes(p, &m);
    return 0;
}

static long modes_ioctl(struct pty *p, unsigned request, long arg)
{
    switch (request) {
    case TCGETS:
        return give_modes(p, SHORT, arg);
    case GET_MODES2:
        return give_modes(p, WHOLE, arg);
    case GET_MODES:
        return give_modes(p, OLD, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_from(p, SHORT, arg, request - TCSETS);
    case SET_MODES2:
    case SET_MODES2 + 1:
    case SET_MODES2 + 2:
        return set_from(p, WHOLE, arg, request - SET_MODES2);
    case SET_MODES:
    case SET_MODES + 1:
    case SET_MODES + 2:
        return set_from(p, OLD, arg, request - SET_MODES);
    default:
        return -ENOTTY;
    }
}

static long set_size(struct pty *p, long arg)
{
    if (!user_readable((const void *)arg, sizeof(p->size)))
        return -EFAULT;
    if (memcmp(&p->size, (const void *)arg, sizeof(p->size)) == 0)
        return 0;
    memcpy(&p->size, (const void *)arg, sizeof(p->size));
    control_signal(p, SIGWINCH);
    return 0;
}

/* TCFLSH. */
static long flush(struct pty *p, bool master, long which)
{
    if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH && master)
        pty_flush_arrived(p);
    else if (which != TCOFLUSH)
        pty_flush_typed(p);
    if (which != TCIFLUSH && master)
        pty_flush_waiting(p);
    else if (which != TCIFLUSH)
        pty_flush_written(p, PTY_ARRIVED);
    return 0;
}

static void halt(struct pty *p, bool master, bool on)
{
    if (master) {
        p->halted = on;
        if (!on)
            wait_wake(&p->master_wait);
    } else {
        pty_act(p, line_halt(&p->line, on));
    }
}

/* TCXONC. */
static long flow(struct pty *p, bool master, long what)
{
    const uint8_t *key = p->line.modes.key;

    switch (what) {
    case TCOOFF:
    case TCOON:
        halt(p, master, what == TCOOFF);
        return 0;
    case TCIOFF:
    case TCION: {
        /* Those of the master never change. */
        uint8_t stop = master ? 19 : key[VSTOP], start = master ? 17 : key[VSTART];
        uint8_t c = what == TCIOFF ? stop : start;
        if (c)
            pty_send(p, master, c);
        if (c && !master && p->line.stopped && !p->line.halted)
            pty_status(p, TIOCPKT_STOP, TIOCPKT_START); /* it goes on for a moment */
        return 0;
    }
    default:
        return -EINVAL;
    }
}

static long give_count(struct pty *p, bool master, long arg)
{
    size_t n = master ? min_size(ring_count(&p->written), PTY_ARRIVED) : line_count(&p->line);

    return user_give_int(arg, (int)n);
}

static long set_packet(struct pty *p, bool on)
{
    if (on && !p->packet)
        p->status = 0;
    p->packet = on;
    return 0;
}

static long send_signal(const struct pty *p, long sig)
{
    if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
        return -EINVAL;
    control_signal(p, (int)sig);
    return 0;
}

/* What only masters know. */
static long master_ioctl(struct pty *p, unsigned request, long arg)
{
    bool gives = request == TIOCSPTLCK || request == TIOCPKT;

    if (gives && !user_readable((const int *)arg, sizeof(int)))
        return -EFAULT;
    switch (request) {
    case TIOCGPTN:
        return user_give_int(arg, (int)p->number);
    case TIOCSPTLCK:
        p->locked = *(const int *)arg != 0;
        return 0;
    case TIOCGPTLCK:
        return user_give_int(arg, p->locked);
    case TIOCPKT:
        return set_packet(p, *(const int *)arg != 0);
    case TIOCGPKT:
        return user_give_int(arg, p->packet);
    case TIOCSIG:
        return send_signal(p, arg);
    default:
        return -ENOTTY;
    }
}

static long set_discipline(long arg)
{
    if (!user_readable((const int *)arg, sizeof(int)))
        return -EFAULT;
    return *(const int *)arg == 0 ? 0 : -EINVAL;
}

long pty_ioctl(struct pty *p, struct file *f, bool master, unsigned long request, long arg)
{
    if (!p->master)
        return request == TIOCSPGRP ? -ENOTTY : -EIO;
    switch (request) {
    case TIOCGWINSZ:
        if (!user_writable((void *)arg, sizeof(p->size)))
            return -EFAULT;
        memcpy((void *)arg, &p->size, sizeof(p->size));
        return 0;
    case TIOCSWINSZ:
        return set_size(p, arg);
    case FIONREAD:
        return give_count(p, master, arg);
    case TIOCOUTQ: /* nothing waits: see pty.h */
    case TIOCGETD:
        return user_give_int(arg, 0);
    case TIOCSETD:
        return set_discipline(arg);
    case TCFLSH:
        return flush(p, master, arg);
    case TCXONC:
        return flow(p, master, arg);
    case TCSBRK: /* there is no line to break, and all is sent */
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
        return 0;
    case TIOCEXCL:
    case TIOCNXCL:
        p->exclusive[master] = request == TIOCEXCL;
        return 0;
    case TIOCGEXCL:
        return user_give_int(arg, p->exclusive[master]);
    case TIOCGDEV:
        return user_give_int(arg, (int)p->inode.rdev);
    case TIOCSTI: /* as where dev.tty.legacy_tiocsti is 0 */
        return -EIO;
    case TIOCGPTPEER:
        return master ? pts_open_peer(p, (int)arg) : -EIO;
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCSPGRP:
    case TIOCGPGRP:
    case TIOCGSID:
        return control_ioctl(p, f, master, (unsigned)request, arg);
    default: {
        long result = master ? master_ioctl(p, (unsigned)request, arg) : -ENOTTY;
        return result == -ENOTTY ? modes_ioctl(p, (unsigned)request, arg) : result;
    }
    }
}
