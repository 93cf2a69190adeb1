/* SPDX-License-Identifier: MIT
 *
 * lwIP as it is fastest and does what Pith's TCP does: options, no checksums, its own pools. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_STATS           0
#define LWIP_NOASSERT        1
#define LWIP_IPV6            0
#define LWIP_UDP             0
#define LWIP_RAW             0
#define LWIP_ARP             0
#define LWIP_ICMP            0

#define CHECKSUM_GEN_IP    0
#define CHECKSUM_GEN_TCP   0
#define CHECKSUM_CHECK_IP  0
#define CHECKSUM_CHECK_TCP 0

#define TCP_MSS             1460
#define LWIP_TCP_TIMESTAMPS 1
#define LWIP_WND_SCALE      1
#define TCP_RCV_SCALE       2
#define TCP_WND             (128 * 1024)
#define TCP_SND_BUF         (128 * 1024)
#define TCP_SNDLOWAT        16384
#define TCP_SND_QUEUELEN    400
#define LWIP_TCP_SACK_OUT   1
#define MEM_ALIGNMENT       8
#define MEM_SIZE            (4 * 1024 * 1024)
#define MEMP_NUM_TCP_SEG    512
#define MEMP_NUM_PBUF       512
#define PBUF_POOL_SIZE      512
#define PBUF_POOL_BUFSIZE   1600

#endif
