/* SPDX-License-Identifier: MIT
 *
 * What libc asks about threads besides system calls: stacks, and holding. */
#include "iface/hold.h"
#include "iface/plat.h"
#include "thread/thread.h"

/* Memory is counted when it is mapped: stacks of a fixed size would be too large for a small
 * machine with many threads, and too small for one with memory to spare. A thousand of these, each
 * with its guard and its thread-local storage, fit in a machine of 64 MiB. */
#define STACKS_IN_MEMORY 1400
#define STACK_LEAST      ((size_t)32 << 10)
#define STACK_MOST       ((size_t)8 << 20)

size_t thread_stack_default(void)
{
    size_t share = align_down(plat_info.mem_len / STACKS_IN_MEMORY, PAGE_SIZE);

    return min_size(max_size(share, STACK_LEAST), STACK_MOST);
}

size_t thread_boot_stack(char **low)
{
    *low = plat_info.stack;
    return plat_info.stack_len;
}

void thread_hold(void)
{
    hold_begin();
}

void thread_release(void)
{
    hold_end(NULL);
}
