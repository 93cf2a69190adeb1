/* SPDX-License-Identifier: MIT
 *
 * Signals of the host (struct pith_shared). Whoever runs the machine sends one as a byte to COM2,
 * its number, of those that it was told of; the byte interrupts. */
#include <errno.h>
#include <signal.h>

#include "abi/runner.h"
#include "arch/ring0.h"
#include "bare/bare.h"

static struct pith_shared *shared(void)
{
    return (struct pith_shared *)bare_boot.shared.addr;
}

long signals_catch(uint64_t set)
{
    static bool listens;

    if (!listens && (!clock_interrupts() || !serial_listen()))
        return -ENOSYS;
    listens = true;
    out8(PITH_RUNNER_PORT, PITH_RUNNER_SIGNALS);
    for (int i = 0; i < 8; i++)
        out8(PITH_RUNNER_PORT, (uint8_t)(set >> 8 * i));
    return 0;
}

void signals_receive(void)
{
    for (int sig; (sig = serial_get(SERIAL_ERR)) >= 0;) {
        if (sig < 1 || sig > 64)
            continue;
        uint64_t bit = 1ull << (sig - 1);
        if (shared()->caught & bit)
            shared()->pending |= bit;
        else if (sig != SIGCONT && sig != SIGWINCH) /* no longer caught: the default action */
            power_off(128 + sig);
    }
}

bool signals_pending(void)
{
    return shared()->pending != 0;
}
