/* SPDX-License-Identifier: MIT
 *
 * The end of the program: what it has written still reaches its peers, and they are told that it has
 * gone, as by a system that goes on after its programs. */
#include "inet/internal.h"
#include "iface/wait.h"

#define PATIENCE (5 * NSEC_PER_SEC) /* with peers that do not acknowledge */

void process_ends(void)
{
    nsec_t now = clock_monotonic(), until = now + PATIENCE;

    while (inet_tcp && now < until) {
        inet_tcp_now();
        tcp_run(inet_tcp);
        bool left = tcp_close_all(inet_tcp);
        ip_run_local();
        if (!left)
            break;
        nsec_t next = tcp_next(inet_tcp);
        (void)wait_poll(next < until ? next : until);
        now = clock_monotonic();
    }
    /* Resets and last acknowledgements. */
    (void)wait_poll(DEADLINE_NOW);
}
