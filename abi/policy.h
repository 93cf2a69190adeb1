/* SPDX-License-Identifier: MIT
 *
 * The policy of an image in the form that stands in it: what its program may do, written by `pith cc
 * --policy` and `pith pack --policy` (docs/policy.md), read by the monitor, by the library OS and by the
 * pith command. It is the descriptor of a Pith note of type PITH_NOTE_POLICY (abi/image.h) in one of the
 * image's PT_NOTE segments.
 *
 *     struct pith_policy | rules, one after the other
 *
 * Everything is little endian and in 4-byte words. What is not named by a rule is not permitted, but for
 * kinds that (any) has the bit of. Readers trust nothing before policy_sound (abi/policy_match.h). */
#ifndef PITH_ABI_POLICY_H
#define PITH_ABI_POLICY_H

#include <stdint.h>

#define PITH_POLICY_MAGIC   0x6c6f5050u /* "PPol" */
#define PITH_POLICY_VERSION 1u
#define PITH_POLICY_MAX     2048u /* bytes, all in all */

/* What rules are about. */
enum pith_policy_kind {
    PITH_POLICY_LISTEN,  /* ports of the machine's own that others may reach */
    PITH_POLICY_CONNECT, /* places that the program may reach */
    PITH_POLICY_LOOKUP,  /* names that it may ask servers of names for */
    PITH_POLICY_WRITE,   /* paths below which it may change files */
    PITH_POLICY_KINDS
};

/* Bits of (devices): what may be opened. */
#define PITH_POLICY_NET     (1u << 0)
#define PITH_POLICY_DISK    (1u << 1)
#define PITH_POLICY_CONSOLE (1u << 2)
#define PITH_POLICY_DEVICES 7u

/* Lines are those of the text that this was made of, from 1; 0: the text does not say it. */
struct pith_policy {
    uint32_t magic;
    uint16_t version;
    uint16_t size;       /* in bytes, the rules included */
    uint64_t memory_max; /* bytes that the machine may have; 0: as many as it is given */
    uint16_t memory_line;
    uint16_t devices_line;
    uint8_t devices; /* PITH_POLICY_NET ... */
    uint8_t any;     /* bit N: everything of kind N is permitted, and there are no rules of it */
    uint16_t kind_line[PITH_POLICY_KINDS]; /* of the first line about this kind */
    uint16_t reserved;                     /* 0 */
};

/* (kind) LISTEN or CONNECT: (protocol), one of 6 TCP, 17 UDP, 1 ICMP (echo requests, of both versions);
 * addresses whose first (prefix) bits are those of (addr), IPv4 ones as IPv4-mapped; ports from (first)
 * to (last), 0 to 65535 for ICMP. The addresses are the machine's own for LISTEN, its peer's for CONNECT. */
struct pith_policy_net {
    uint8_t kind;
    uint8_t words; /* 7 */
    uint16_t line;
    uint8_t protocol;
    uint8_t prefix;
    uint16_t first, last;
    uint16_t reserved; /* 0 */
    uint8_t addr[16];  /* 0 behind the prefix */
};

/* (kind) LOOKUP or WRITE: a name in small letters, or "*." and a name: all names that end so; or a path without
 * "//", "." and "..", which stands for itself and everything below it. Padded with zeros. */
struct pith_policy_text {
    uint8_t kind;
    uint8_t words;
    uint16_t line;
    uint8_t len; /* of the text, at least 1 */
    char text[];
};

_Static_assert(sizeof(struct pith_policy) == 32 && sizeof(struct pith_policy_net) == 28, "ABI");

#endif
