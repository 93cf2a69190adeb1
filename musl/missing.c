/* SPDX-License-Identifier: MIT
 *
 * One system call that Pith does not have, or a function that it refuses, for programs linked with
 * pith cc --allow-missing: says so once, with where it was called from, and answers ENOSYS.
 * Compiled once for each, with -DCALL=name, into libpith-missing.a. */
#include <errno.h>
#include <stdbool.h>

#include "base/log.h"
#include "iface/plat.h"
#include "iface/user.h"

#define TEXT_(call) #call
#define TEXT(call)  TEXT_(call)

/* Whatever the call's arguments are. */
long missing(void) __asm__("pith_sys_" TEXT(CALL));

/* What a function leaves at its frame pointer. */
struct frame {
    const struct frame *caller;
    uintptr_t back; /* the address that it returns to */
};

/* The place in the image that frame (f) returns to, as addr2line takes it; 0: none. */
static unsigned long place_of(const struct frame *f)
{
    if (!user_readable(f, sizeof(*f)) ||
        !range_inside(f->back, 1, (uintptr_t)plat_info.image, plat_info.image_len))
        return 0;
    return f->back - 1 - (uintptr_t)plat_info.image;
}

/* The last two callers: the first is mostly libc's function of the same name. */
static void say(const struct frame *f)
{
    unsigned long first = place_of(f);
    unsigned long second = first ? place_of(f->caller) : 0;

    if (second)
        log_line(TEXT(CALL) " does not exist here: ENOSYS (called from image+0x%lx, that from "
                            "image+0x%lx)",
                 first, second);
    else
        log_line(TEXT(CALL) " does not exist here: ENOSYS (called from image+0x%lx)", first);
}

long missing(void)
{
    static bool said;

    if (!said) {
        said = true;
        say(__builtin_frame_address(0));
    }
    return -ENOSYS;
}
