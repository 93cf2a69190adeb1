/* SPDX-License-Identifier: MIT
 *
 * TCP's header (RFC 9293, 3.1). Fields are big endian. */
#ifndef PITH_WIRE_TCP_H
#define PITH_WIRE_TCP_H

#include "wire/bytes.h"

struct packed wire_tcp {
    uint16_t from, to;
    uint32_t seq, ack;
    uint8_t offset; /* header length / 4, in the high half */
    uint8_t flags;
    uint16_t window, checksum, urgent;
};

#define TCP_HEADER     20u
#define TCP_HEADER_MAX 60u

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

#endif
