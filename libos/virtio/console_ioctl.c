/* SPDX-License-Identifier: MIT
 *
 * ioctl of the console's files: what a program may ask of a terminal. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "iface/user.h"
#include "virtio/console.h"
#include "virtio/console_file.h"
#include "virtio/console_tx.h"

/* The length of Linux's struct termios, which ends before libc's. */
#define TERMIOS_SIZE 36

/* What a terminal is set to, as far as a program may ask: the usual modes. Nothing can be changed
 * from here. */
static void get_modes(struct termios *t)
{
    t->c_iflag = ICRNL | IXON;
    t->c_oflag = OPOST | ONLCR;
    t->c_cflag = B38400 | CS8 | CREAD;
    t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    t->c_line = 0;
    /* Linux's table has 19 entries; libc's struct is longer. */
    static const unsigned char keys[19] = {3,  28, 127, 21, 4,  0,  1,  0,
                                           17, 19, 26,  0,  18, 15, 23, 22};
    for (size_t i = 0; i < sizeof(keys); i++)
        t->c_cc[i] = keys[i];
}

/* The modes that it has can be set. */
static long set_modes(const void *modes)
{
    struct termios t;

    if (!user_readable(modes, TERMIOS_SIZE))
        return -EFAULT;
    get_modes(&t);
    return memcmp(&t, modes, TERMIOS_SIZE) == 0 ? 0 : -EINVAL;
}

#define SESSION 1 /* of the process, and its group */

/* The process is in the foreground until it gives the terminal up. */
static long control(unsigned long request, long arg)
{
    if (console_released)
        return request == TIOCSCTTY ? -EPERM : -ENOTTY;
    switch (request) {
    case TIOCSCTTY:
        return 0;
    case TIOCNOTTY:
        console_released = true;
        return 0;
    case TIOCSPGRP:
        if (!user_readable((const int *)arg, sizeof(int)))
            return -EFAULT;
        return *(const int *)arg == SESSION ? 0 : *(const int *)arg < 0 ? -EINVAL : -ESRCH;
    default: /* TIOCGPGRP, TIOCGSID */
        return user_give_int(arg, SESSION);
    }
}

static long terminal_ioctl(const volatile struct pith_console_config *config, unsigned long request,
                           long arg)
{
    switch (request) {
    case TIOCGWINSZ:
        if (!user_writable((void *)arg, sizeof(struct winsize)))
            return -EFAULT;
        *(struct winsize *)arg = (struct winsize){.ws_row = config->rows, .ws_col = config->cols};
        return 0;
    case TCGETS:
        if (!user_writable((void *)arg, TERMIOS_SIZE))
            return -EFAULT;
        get_modes((struct termios *)arg);
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_modes((const void *)arg);
    case TCSBRK: /* tcdrain: all that was written is with the host */
        return 0;
    case TIOCSWINSZ:
    case TCFLSH:
    case TCXONC:
        return -EINVAL; /* the host's alone */
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCSPGRP:
    case TIOCGPGRP:
    case TIOCGSID:
        return control(request, arg);
    default:
        return -ENOTTY;
    }
}

long console_ioctl(struct file *f, unsigned long request, long arg)
{
    bool in = f == &console_stdin;
    const struct console_tx *tx = f->data;

    if (in && request == FIONREAD)
        return user_give_int(arg, console_in_count ? console_in_count() : 0);
    if (!(f->kind & FILE_TERMINAL))
        return -ENOTTY;
    return terminal_ioctl(in ? f->data : tx->config, request, arg);
}
