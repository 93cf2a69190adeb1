/* SPDX-License-Identifier: MIT
 *
 * Compiled policies that are not what pith cc writes, and frames of hostile guests and networks against them. What is
 * accepted must be safe to ask anything. The input: two bytes with the policy's length, the policy, then frames, each
 * behind its length of two bytes.
 *
 * sources: monitor/dev/packet.c
 * uses:    monitor abi */
#include <stdlib.h>
#include <string.h>

#include "monitor/dev/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A copy of exactly (len) bytes, so that reading behind its end is seen. */
static void *copy(const uint8_t *from, size_t len)
{
    void *to = malloc(len ? len : 1);
    memcpy(to, from, len);
    return to;
}

static void judge(struct packet_rules *r, const uint8_t *frame, size_t len)
{
    struct packet_refused why;
    for (int way = 0; way < 2; way++) {
        bool permitted = packet_permitted(r, (enum packet_way)way, frame, len, &why);
        bool arp = len >= 14 && frame[12] == 8 && frame[13] == 6;
        if (permitted != (why.what == NULL) && !arp)
            abort();
        if (memchr(why.name, '\0', sizeof(why.name)) == NULL)
            abort();
    }
    if (len > PACKET_HEADER)
        (void)packet_header_sound(frame, frame + PACKET_HEADER, len - PACKET_HEADER);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    size_t n = min_size(bytes[0] | bytes[1] << 8, len - 2), at = 2 + n;
    struct pith_policy *p = copy(bytes + 2, n);

    if (n >= sizeof(*p)) { /* the fuzzer finds the rest itself */
        p->magic = PITH_POLICY_MAGIC;
        p->version = PITH_POLICY_VERSION;
        p->reserved = 0;
    }
    if (policy_sound(p, n)) {
        struct packet_rules r = {.policy = {p}, .policies = 1};
        for (size_t here; len - at >= 2; at += here) {
            here = min_size(bytes[at] | bytes[at + 1] << 8, len - at - 2);
            at += 2;
            uint8_t *frame = copy(bytes + at, here);
            judge(&r, frame, here);
            (void)policy_permits_text(p, PITH_POLICY_LOOKUP, (const char *)frame, here);
            (void)policy_permits_text(p, PITH_POLICY_WRITE, (const char *)frame, here);
            free(frame);
        }
    }
    free(p);
    return 0;
}
