/* SPDX-License-Identifier: MIT
 *
 * The monitor's side of a virtqueue, whose rings are the input: every buffer that it names lies in
 * guest memory.
 *
 * sources: monitor/dev/queue.c
 * uses: monitor abi */
#include <stdlib.h>
#include <string.h>

#include "monitor/dev/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

bool probe_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct queue_rings rings;
    static char mem[65536];
    struct queue q = {.rings = &rings,
                      .mem = mem,
                      .mem_base = 0x10000000000,
                      .mem_len = sizeof(mem),
                      .writable = len & 1,
                      .mixed = len & 2};
    struct queue_chain chain;
    const char *why = NULL;

    memset(&rings, 0, sizeof(rings));
    memcpy(&rings, bytes, min_size(len, sizeof(rings)));
    /* Memory begins with an indirect table, for whoever has more to say. */
    memset(mem, 0, 4096);
    if (len > sizeof(rings))
        memcpy(mem, bytes + sizeof(rings), min_size(len - sizeof(rings), 4096));
    /* Half of the addresses are brought near memory, or next to nothing would be accepted. */
    for (unsigned i = 0; i < QUEUE_SIZE; i++)
        if (rings.desc[i].addr & 1)
            rings.desc[i].addr = q.mem_base + rings.desc[i].addr % (sizeof(mem) + 2);
    for (unsigned used = 0; used < 2 * QUEUE_SIZE; used++) {
        int n = queue_peek(&q, &chain, &why);
        if (n <= 0) {
            if (n < 0 && !why)
                abort();
            return 0;
        }
        if (chain.count < 1 || chain.count > (int)QUEUE_SIZE || chain.readable > chain.count)
            abort();
        for (int i = 0; i < chain.count; i++) {
            uint64_t at = (uint64_t)((char *)chain.iov[i].iov_base - mem);
            if (!range_inside(at, chain.iov[i].iov_len, 0, sizeof(mem)))
                abort();
        }
        queue_use(&q, chain.head, 1);
    }
    abort(); /* more chains than a queue can hold */
}
