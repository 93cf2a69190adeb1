/* SPDX-License-Identifier: MIT
 *
 * adjtimex(2), clock_adjtime(2): the clock is the host's. It can be asked for, and what it answers
 * is that nobody here knows how well it runs. */
#include <errno.h>
#include <sys/timex.h>
#include <time.h>

#include "iface/clock.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"

#define ADJ_ADJTIME 0x8000
#define READ_OFFSET 0xa001 /* ADJ_OFFSET_SS_READ */

/* Linux's values of a clock that nothing disciplines. */
#define ERROR_MAX 16000000 /* microseconds */
#define TOLERANCE 32768000 /* 500 ppm, scaled by 2^16 */
#define PERIOD    10000    /* microseconds a tick of 100 Hz */
#define CONSTANT  2

/* What is set, besides, must make sense: a tick within 10 per cent of its length. */
static bool sound(const struct timex *t)
{
    if (t->modes & ADJ_ADJTIME && !(t->modes & ADJ_OFFSET))
        return false;
    return t->modes & ADJ_ADJTIME || !(t->modes & ADJ_TICK) ||
           (t->tick >= PERIOD * 9 / 10 && t->tick <= PERIOD * 11 / 10);
}

static int check(const struct timex *t)
{
    return user_writable((void *)t, sizeof(*t)) && user_readable(t, sizeof(*t)) ? 0 : -EFAULT;
}

static long read_clock(struct timex *t)
{
    int err = check(t);

    if (err)
        return err;
    if (t->modes != 0 && t->modes != READ_OFFSET)
        return sound(t) ? -EPERM : -EINVAL;
    nsec_t now = clock_wall();
    unsigned modes = t->modes;
    *t = (struct timex){.constant = CONSTANT, .precision = 1, .tolerance = TOLERANCE};
    t->modes = modes;
    t->maxerror = t->esterror = ERROR_MAX;
    t->status = STA_UNSYNC;
    t->tick = PERIOD;
    t->time = (struct timeval){now / NSEC_PER_SEC, now % NSEC_PER_SEC / 1000};
    return TIME_ERROR;
}

long pith_sys_adjtimex(long t)
{
    HOLD;
    return read_clock((struct timex *)t);
}

long pith_sys_clock_adjtime(long clock, long t)
{
    HOLD;
    if ((int)clock == CLOCK_REALTIME)
        return read_clock((struct timex *)t);
    /* Clocks that exist have no more to be asked for. */
    long err = check((const struct timex *)t);
    if (!err)
        err = pith_sys_clock_getres(clock, 0);
    return err ? err : -EOPNOTSUPP;
}
