/* SPDX-License-Identifier: MIT
 *
 * The calls of abi/hypercall.h, served by the machine itself. */
#include <errno.h>

#include "bare/bare.h"
#include "bare/virtio.h"

/* A device that is at work is done soon, and somebody who sends input sends more of it: so long
 * they are waited for awake. */
#define AWAKE_NS 200000

static long poll(int64_t deadline)
{
    int64_t awake_until = 0;
    bool armed = false;

    for (;;) {
        int used = console_serve() + virtio_serve();
        if (used > 0)
            return used;
        if (signals_pending())
            return -EINTR;
        int64_t now = deadline > 0 ? clock_now() : 0;
        if (now >= deadline)
            return 0;
        if (awake_until == 0)
            awake_until = console_listens() || virtio_busy() ? now + AWAKE_NS : now;
        if (now < awake_until)
            continue;
        if (armed)
            clock_wait(deadline);
        else
            virtio_arm();
        armed = !armed;
    }
}

/* Frame pointer of bare_hypercall, for the report of a crash. */
static uint64_t bare_caller;

static long serve(long number, long a, long b, long c)
{
    switch (number) {
    case PITH_HC_POLL:
        return poll(a);
    case PITH_HC_PROTECT:
        return pages_protect((uint64_t)a, (uint64_t)b, (unsigned)c);
    case PITH_HC_RELEASE:
        return pages_release((uint64_t)a, (uint64_t)b);
    case PITH_HC_SHARE:
        return pages_share((uint64_t)a, (uint64_t)b, (uint64_t)c);
    case PITH_HC_REACH:
        return pages_reach((uint64_t)a, (uint64_t)b, c);
    case PITH_HC_STOP:
        return virtio_stop((uint64_t)a);
    case PITH_HC_LOG:
        serial_put(SERIAL_ERR, (const char *)a, (size_t)b);
        return b;
    case PITH_HC_EXIT:
        power_off((int)a);
    case PITH_HC_DIE:
        power_off(128 + (int)a);
    case PITH_HC_CRASH:
        crash_call((int)a, (const char *)b, (size_t)c, bare_caller);
    case PITH_HC_SIGNALS:
        return signals_catch((uint64_t)a);
    case PITH_HC_UPCALL:
        return upcall_register((uint64_t)a);
    case PITH_HC_TRACE:
        crash_trace((uint64_t)a, (uint64_t)b, (uint64_t)c);
        return 0;
    default:
        return -ENOSYS;
    }
}

long bare_hypercall(long number, long a, long b, long c)
{
    bare_caller = (uint64_t)__builtin_frame_address(0);
    upcall_pause();
    long result = serve(number, a, b, c);
    upcall_go_on();
    return result;
}
