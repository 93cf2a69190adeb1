/* SPDX-License-Identifier: MIT
 *
 * The monitor's network device, with a guest that fills its rings with anything: nothing but guest
 * memory is touched. The first byte chooses between a TAP device and passt; packets come from the
 * other end of a socket.
 *
 * sources: monitor/dev/net.c monitor/dev/net_trace.c monitor/dev/net_user.c monitor/dev/queue.c
 * uses:    monitor abi */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MEM (64u << 10)

void say(const char *format, ...)
{
    (void)format;
}

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct nets ns;
    char drop[4096], packet[300] = "\0\0\1\x28";
    int pair[2];
    if (len < 1)
        return 0;
    bool user = bytes[0] & 1;
    if (socketpair(AF_UNIX, (user ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK, 0, pair))
        abort();
    /* An allocation, so that what goes beyond it is seen. */
    char *mem = aligned_alloc(4096, MEM);
    memset(mem, 0, MEM);
    memcpy(mem, bytes + 1, len - 1 < MEM ? len - 1 : MEM);
    struct queue q = {.rings = (struct queue_rings *)mem,
                      .mem = mem,
                      .mem_base = 0,
                      .mem_len = MEM,
                      .size = NET_QUEUE_SIZE};
    ns = (struct nets){.count = 1};
    ns.dev[0] = (struct net){.name = "net0", .host = user ? NULL : "t", .fd = pair[0], .mtu = 200};
    ns.dev[0].tx = ns.dev[0].rx = q;
    ns.dev[0].rx.writable = true;
    ns.dev[0].rx.rings = (struct queue_rings *)(mem + 8192);
    for (int i = 0; i < 3; i++) {
        if (write(pair[1], packet, sizeof(packet)) < 0)
            break;
        nets_serve(&ns);
        while (read(pair[1], drop, sizeof(drop)) > 0)
            ;
        (void)net_wants_input(&ns.dev[0]);
    }
    close(pair[0]);
    close(pair[1]);
    free(mem);
    return 0;
}
