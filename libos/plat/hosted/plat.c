/* SPDX-License-Identifier: MIT
 *
 * The platform contract (iface/plat.h) on a Pith monitor: boot info in, hypercalls out. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "plat/hosted.h"
#include "iface/plat.h"

const struct pith_boot *hosted_boot;
struct plat_info plat_info;

static _Noreturn void refuse(const char *why)
{
    plat_log(why, strlen(why));
    plat_exit(125);
}

/* Whether the (len) bytes at (args) hold (count) strings and nothing else: as many ends, the last
 * one at the end. */
static bool strings_sound(const char *args, size_t len, size_t count)
{
    if (len > 0 && args[len - 1] != '\0')
        return false;
    for (size_t i = 0; i < len; i++)
        count -= args[i] == '\0';
    return count == 0;
}

void plat_start(const struct pith_boot *boot)
{
    /* Without these two there is nobody to tell: a crash is the only message left. */
    if (!boot || boot->magic != PITH_BOOT_MAGIC || !boot->hypercall.addr)
        __builtin_trap();
    hosted_boot = boot;
    if (boot->version != PITH_ABI_VERSION || boot->size < sizeof(*boot))
        refuse("pith: the image was built for another version of the monitor: link it again\n");
    if (!boot->clock.gettime.addr &&
        !(boot->clock.tsc_ns && boot->clock.mono_base_ns && boot->clock.wall_base_ns))
        refuse("pith: the monitor offers no clock\n");
    if (!strings_sound((const char *)boot->args.addr, boot->args_len,
                       (size_t)boot->argc + boot->envc))
        refuse("pith: the monitor passed malformed arguments\n");
    plat_info = (struct plat_info){
        .image = (char *)boot->image.addr,
        .image_len = boot->image_len,
        .stack = (char *)boot->stack.addr,
        .stack_len = boot->stack_len,
        .heap = (char *)boot->heap.addr,
        .heap_len = boot->heap_len,
        .mem = (char *)boot->mem.addr,
        .mem_len = boot->mem_len,
        .root = boot->root_len ? (const void *)boot->root.addr : NULL,
        .root_len = boot->root_len,
        .args = (const char *)boot->args.addr,
        .args_len = boot->args_len,
        .argc = boot->argc,
        .envc = boot->envc,
        .entropy = boot->entropy,
        .generation = &boot->generation,
    };
}

static struct pith_shared *shared(void)
{
    return (struct pith_shared *)hosted_boot->shared.addr;
}

int plat_poll(nsec_t deadline)
{
    _Static_assert(DEADLINE_NEVER == PITH_POLL_FOREVER, "one value for never");
    return (int)hypercall(PITH_HC_POLL, deadline, 0, 0);
}

int plat_protect(void *addr, size_t len, int prot)
{
    _Static_assert(PROT_READ == PITH_PROT_READ && PROT_WRITE == PITH_PROT_WRITE &&
                       PROT_EXEC == PITH_PROT_EXEC,
                   "Linux's protection bits are those of the ABI");
    return (int)hypercall(PITH_HC_PROTECT, (long)addr, (long)len, prot);
}

void plat_release(void *addr, size_t len)
{
    if (hypercall(PITH_HC_RELEASE, (long)addr, (long)len, 0) < 0)
        plat_crash(6, "the monitor does not take memory back");
}

void plat_log(const char *text, size_t len)
{
    hypercall(PITH_HC_LOG, (long)text, (long)len, 0);
}

_Noreturn void plat_exit(int status)
{
    hypercall(PITH_HC_EXIT, status, 0, 0);
    __builtin_trap();
}

_Noreturn void plat_die(int sig)
{
    hypercall(PITH_HC_DIE, sig, 0, 0);
    __builtin_trap();
}

_Noreturn void plat_crash(int sig, const char *reason)
{
    hypercall(PITH_HC_CRASH, sig, (long)reason, (long)strlen(reason));
    __builtin_trap();
}

void plat_signals_catch(uint64_t set)
{
    static uint64_t told; /* masks change often, what is in them at one time or another seldom */

    __atomic_store_n(&shared()->caught, set, __ATOMIC_SEQ_CST);
    if (set & ~told) {
        told |= set;
        hypercall(PITH_HC_SIGNALS, (long)told, 0, 0);
    }
}

uint64_t plat_signals_take(void)
{
    uint64_t *pending = &shared()->pending;

    /* Nearly always there is none, and then the locked exchange is not paid for. */
    if (__atomic_load_n(pending, __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(pending, 0, __ATOMIC_SEQ_CST);
}
