/* SPDX-License-Identifier: MIT
 *
 * Forwards packets between two devices, as a cable would, without a copy:
 *     pith run --net tap:a --net tap:b forward on */
#include <pith/net.h>
#include <stdio.h>

#define BATCH 64

int main(int argc, char **argv)
{
    (void)argv;
    if (argc < 2) {
        puts("usage: forward on");
        return 0;
    }
    if (pith_net_open(0, NULL, NULL) != 0 || pith_net_open(1, NULL, NULL) != 0) {
        fputs("there are no two networks: pith run --net tap:A --net tap:B\n", stderr);
        return 1;
    }
    puts("forwarding");
    fflush(stdout);
    for (;;) {
        struct pith_packet *list;
        unsigned from;
        if (pith_net_receive_any(3, &from, &list, BATCH, -1) > 0)
            pith_net_send(!from, list);
    }
}
