/* SPDX-License-Identifier: MIT
 *
 * The first thread. */
#include "iface/hold.h"
#include "iface/plat.h"
#include "thread/thread.h"

struct thread thread_main;
struct thread *thread_self = &thread_main;
uint32_t plat_hold;
uint64_t thread_idle;

bool thread_set_pointer(void *tp)
{
    if (!plat_set_thread_pointer(tp))
        return false;
    thread_self->tp = tp;
    return true;
}
