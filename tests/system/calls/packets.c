/* SPDX-License-Identifier: MIT
 *
 * Packet sockets on the loopback: what they see, what they send, names, options, errors. */
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <linux/filter.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include "inet.h"

#define OWN_TYPE 0x88b5 /* of local experiments */
#define ANY_PORT 4000

static unsigned lo;

static struct sockaddr_ll name_of(int type, unsigned index)
{
    return (struct sockaddr_ll){.sll_family = AF_PACKET,
                                .sll_protocol = htons((uint16_t)type),
                                .sll_ifindex = (int)index,
                                .sll_halen = 6};
}

static int open_packet(int how, int type, unsigned index)
{
    struct sockaddr_ll ll = name_of(type, index);
    int s = socket(AF_PACKET, how | SOCK_NONBLOCK, 0);

    need(s >= 0 && bind(s, (struct sockaddr *)&ll, sizeof(ll)) == 0, "a packet socket");
    return s;
}

static void show_name(const struct sockaddr_ll *ll, socklen_t len)
{
    printf("  %u: family %d type %04x index %d hardware %d kind %d, %d:", len, ll->sll_family,
           ntohs(ll->sll_protocol), ll->sll_ifindex == (int)lo ? 1 : ll->sll_ifindex,
           ll->sll_hatype, ll->sll_pkttype, ll->sll_halen);
    for (int i = 0; i < 6; i++)
        printf(" %02x", ll->sll_addr[i]);
    puts("");
}

/* All that waits for (s): lengths, the last bytes, and who sent it. */
static void show_all(const char *what, int s)
{
    uint8_t b[256];
    struct sockaddr_ll ll;
    socklen_t len = sizeof(ll);
    ssize_t n;

    printf("%s:\n", what);
    while ((n = recvfrom(s, b, sizeof(b), 0, (struct sockaddr *)&ll, &len)) > 0) {
        printf(" %zd bytes, the last %02x\n", n, b[n - 1]);
        show_name(&ll, len);
        len = sizeof(ll);
    }
    T(n);
}

static void makes(void)
{
    struct sockaddr_ll ll = name_of(ETH_P_ALL, lo);
    struct sockaddr_storage got;
    socklen_t len = sizeof(got);
    struct sockaddr *a = (struct sockaddr *)&ll;

    puts("-- names");
    T(socket(AF_PACKET, SOCK_STREAM, 0));
    T(socket(AF_PACKET, SOCK_SEQPACKET, 0));
    int s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
    T(getsockname(s, (struct sockaddr *)&got, &len));
    show_name((struct sockaddr_ll *)&got, len);
    T(bind(s, a, sizeof(ll) - 1));
    T(bind(s, a, 0));
    ll.sll_family = AF_INET;
    T(bind(s, a, sizeof(ll)));
    ll = name_of(ETH_P_ALL, 9999);
    T(bind(s, a, sizeof(ll)));
    ll = name_of(0, lo);
    T(bind(s, a, sizeof(ll)));
    len = sizeof(got);
    T(getsockname(s, (struct sockaddr *)&got, &len));
    show_name((struct sockaddr_ll *)&got, len);
    len = 4;
    T(getsockname(s, (struct sockaddr *)&got, &len));
    T(len);
    len = sizeof(got);
    T(getpeername(s, (struct sockaddr *)&got, &len));
    T(connect(s, a, sizeof(ll)));
    T(listen(s, 1));
    T(accept(s, NULL, NULL));
    T(shutdown(s, SHUT_RDWR));
    int v;
    len = sizeof(v);
    T(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &len));
    T(v);
    T(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &len));
    T(v);
    struct ifreq r = {.ifr_name = "lo"};
    T(ioctl(s, SIOCGIFINDEX, &r));
    T(ioctl(s, SIOCGIFHWADDR, &r));
    T(r.ifr_hwaddr.sa_family);
    close(s);
}

static int bound_udp(struct sockaddr_in *to)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    *to = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_port = htons(ANY_PORT),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    need(s >= 0 && bind(s, (struct sockaddr *)to, sizeof(*to)) == 0, "a UDP socket");
    return s;
}

static void sees(void)
{
    struct sockaddr_in to;
    char b[8];

    puts("-- what is seen");
    int udp = bound_udp(&to);
    int all = open_packet(SOCK_RAW, ETH_P_ALL, lo), ip = open_packet(SOCK_DGRAM, ETH_P_IP, 0),
        arp = open_packet(SOCK_RAW, ETH_P_ARP, lo), none = socket(AF_PACKET, SOCK_RAW, 0);
    struct pollfd p = {ip, POLLIN | POLLOUT, 0};
    T(poll(&p, 1, 0));
    T(p.revents);
    T(sendto(udp, "abcd", 4, 0, (struct sockaddr *)&to, sizeof(to)));
    T(poll(&p, 1, 1000));
    T(p.revents);
    int n;
    T(ioctl(ip, FIONREAD, &n));
    T(n);
    T(recv(ip, b, sizeof(b), MSG_PEEK | MSG_TRUNC));
    T(recv(ip, b, 0, MSG_PEEK));
    show_all("types of IPv4, without header", ip);
    show_all("all, with header", all);
    show_all("ARP", arp);
    T(recv(none, b, sizeof(b), MSG_DONTWAIT));
    T(recv(udp, b, sizeof(b), 0));
    T(sendto(udp, "efgh", 4, 0, (struct sockaddr *)&to, sizeof(to)));
    T(recv(ip, b, sizeof(b), MSG_OOB));
    T(recv(ip, b, sizeof(b), MSG_ERRQUEUE));
    T(read(ip, b, sizeof(b)));
    T(b[0]);
    close(all), close(ip), close(arp), close(none), close(udp);
}

/* IPv6 and UDP, from ::1 to ::1, with four bytes. (Linux takes no IPv4 of 127.0.0.1 this way.) */
static void make_datagram(uint8_t b[52])
{
    static const uint8_t head[8] = {0x60, 0, 0, 0, 0, 12, 17, 64};
    uint32_t sum = 17 + 12;

    memset(b, 0, 52);
    memcpy(b, head, sizeof(head));
    b[23] = b[39] = 1;
    b[40] = 0x10;
    b[42] = ANY_PORT >> 8, b[43] = ANY_PORT & 255;
    b[45] = 12;
    memcpy(b + 48, "wxyz", 4);
    for (int i = 8; i < 52; i += 2)
        sum += (uint32_t)b[i] << 8 | b[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    b[46] = (uint8_t)(sum >> 8), b[47] = (uint8_t)sum;
}

static void sends(void)
{
    uint8_t frame[14 + 52] = {[12] = OWN_TYPE >> 8, [13] = OWN_TYPE & 255};
    static uint8_t big[70000];
    struct sockaddr_ll ll = name_of(OWN_TYPE, lo);
    struct sockaddr *a = (struct sockaddr *)&ll;
    char b[8];

    puts("-- sending");
    int raw = open_packet(SOCK_RAW, ETH_P_ALL, lo), cooked = open_packet(SOCK_DGRAM, OWN_TYPE, lo),
        idle = socket(AF_PACKET, SOCK_RAW, 0);
    frame[45] = 0x77;
    T(send(raw, frame, 46, 0));
    show_all("seen by the sender", raw);
    show_all("seen by another", cooked);
    T(sendto(cooked, "12", 2, 0, a, sizeof(ll)));
    show_all("seen by another", raw);
    show_all("seen by the sender", cooked);
    T(send(cooked, "3", 1, 0));
    show_all("seen by another", raw);
    show_all("seen by the sender", cooked);

    T(send(idle, frame, 46, 0));
    T(sendto(idle, frame, 46, 0, a, sizeof(ll)));
    T(sendto(raw, frame, 46, 0, a, sizeof(ll) - 1));
    T(send(raw, frame, 13, 0));
    T(send(raw, frame, 0, 0));
    T(send(raw, big, 70000, 0));
    ll.sll_ifindex = 9999;
    T(sendto(raw, frame, 46, 0, a, sizeof(ll)));
    ll = name_of(OWN_TYPE, lo);
    ll.sll_halen = 99;
    T(sendto(raw, frame, 46, 0, a, sizeof(ll)));

    struct sockaddr_in6 to = six("::1", ANY_PORT);
    int udp = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    need(bind(udp, (struct sockaddr *)&to, sizeof(to)) == 0, "a UDP socket");
    frame[12] = ETH_P_IPV6 >> 8, frame[13] = ETH_P_IPV6 & 255;
    make_datagram(frame + 14);
    T(send(raw, frame, sizeof(frame), 0));
    T(recv(udp, b, sizeof(b), 0));
    printf("%.4s\n", b);
    ll = name_of(ETH_P_IPV6, lo);
    T(sendto(cooked, frame + 14, 52, 0, a, sizeof(ll)));
    T(recv(udp, b, sizeof(b), 0));
    close(raw), close(cooked), close(idle), close(udp);
}

static void options(void)
{
    struct packet_mreq m = {.mr_ifindex = (int)lo, .mr_type = PACKET_MR_PROMISC};
    struct {
        unsigned packets, drops;
    } stats;
    socklen_t len = sizeof(stats);
    int v = 1;

    puts("-- options");
    int s = open_packet(SOCK_RAW, ETH_P_ALL, lo), other = open_packet(SOCK_DGRAM, OWN_TYPE, lo);
    T(setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)));
    T(setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m) - 1));
    T(setsockopt(s, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &m, sizeof(m)));
    m.mr_ifindex = 9999;
    T(setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)));
    T(setsockopt(s, SOL_PACKET, PACKET_AUXDATA, &v, 1));
    T(setsockopt(s, SOL_PACKET, PACKET_AUXDATA, &v, 4));
    T(send(other, "ab", 2, 0));
    char b[64], c[256];
    struct iovec part = {b, sizeof(b)};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = c, .msg_controllen = 256};
    T(recvmsg(s, &h, 0));
    struct cmsghdr *m1 = CMSG_FIRSTHDR(&h);
    IS(m1 && m1->cmsg_level == SOL_PACKET && m1->cmsg_type == PACKET_AUXDATA);
    unsigned aux[5];
    memcpy(aux, CMSG_DATA(m1), sizeof(aux));
    printf("lengths %u %u, %u header bytes\n", aux[1], aux[2], aux[3] >> 16);
    T(getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &stats, &len));
    T(stats.packets);
    T(stats.drops);
    T(getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &stats, &len));
    T(stats.packets);
    v = 2;
    T(setsockopt(s, SOL_PACKET, 23, &v, 4)); /* PACKET_IGNORE_OUTGOING */
    v = 1;
    T(setsockopt(s, SOL_PACKET, 23, &v, 4));
    T(recv(s, b, sizeof(b), 0));
    T(send(other, "ab", 2, 0));
    show_all("without those that leave", s);
    T(setsockopt(s, SOL_PACKET, 99, &v, 4));
    T(getsockopt(s, SOL_PACKET, 99, &v, &len));
    T(setsockopt(s, SOL_IP, IP_TTL, &v, 4));
    close(s), close(other);
}

#define ATTACH(s, code)                                                                            \
    setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER,                                                    \
               &(struct sock_fprog){sizeof(code) / sizeof(code[0]), code},                         \
               sizeof(struct sock_fprog))

/* Attaches a program of one instruction and an end, which may be unsound. */
static void check_code(int s, unsigned code, unsigned k)
{
    struct sock_filter f[] = {BPF_STMT(code, k), BPF_STMT(BPF_RET | BPF_K, 0)};

    printf("%02x %x: %s\n", code, k, ATTACH(s, f) ? strerror(errno) : "sound");
}

static void show_lengths(const char *what, int s)
{
    char b[256];
    ssize_t n;

    printf("%s:", what);
    while ((n = recv(s, b, sizeof(b), MSG_TRUNC)) > 0)
        printf(" %zd", n);
    puts("");
}

static void filters(void)
{
    /* Of its own type, and with 'b' behind the header: 16 bytes; the rest not at all. */
    struct sock_filter raw[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_TYPE, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'b', 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 16),          BPF_STMT(BPF_RET | BPF_K, 0),
    };
    /* The sum of two bytes behind the header, each found in its own way, less an eighth of the
     * length, if it leaves; more than there is, if it comes. */
    struct sock_filter cooked[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_NET_OFF),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_ST, 1),
        BPF_STMT(BPF_LD | BPF_MEM, 3),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 3),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 1),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
        BPF_STMT(BPF_ST, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 2),
        BPF_STMT(BPF_LD | BPF_MEM, 0),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_LL_OFF + 12),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_filter beyond[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 1000),
                                   BPF_STMT(BPF_RET | BPF_K, 100)};
    struct sock_filter divides[] = {BPF_STMT(BPF_LD | BPF_IMM, 8),
                                    BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
                                    BPF_STMT(BPF_RET | BPF_K, 100)};
    struct sock_filter everything[] = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
    struct sock_fprog none = {0, everything};
    int on = 1, off = 0;

    puts("-- filters");
    int s = open_packet(SOCK_RAW, ETH_P_ALL, lo), c = open_packet(SOCK_DGRAM, ETH_P_ALL, lo),
        from = open_packet(SOCK_DGRAM, OWN_TYPE, lo);
    T(ATTACH(s, raw));
    T(ATTACH(c, cooked));
    T(send(from, "abcdefghijklmnopqrstuvwxyz", 26, 0));
    T(send(from, "bcdefghijklmnopqrstuvwxyz", 25, 0));
    T(send(from, "\1\2\3\4\5\6\7\10", 8, 0));
    show_lengths("of one type", s);
    show_lengths("calculated", c);
    T(ATTACH(s, beyond));
    T(ATTACH(c, divides));
    T(send(from, "b", 1, 0));
    T(ATTACH(s, everything));
    T(send(from, "bc", 2, 0));
    show_lengths("everything", s);
    show_lengths("nothing", c);
    T(setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    T(setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    T(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none)));
    T(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none) - 1));
    none = (struct sock_fprog){5000, everything};
    T(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none)));
    none = (struct sock_fprog){2, (void *)8};
    T(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof(none)));
    check_code(s, BPF_LD | BPF_IMM, 1);
    check_code(s, BPF_ST, 15);
    check_code(s, BPF_ST, 16);
    check_code(s, BPF_ALU | BPF_DIV | BPF_K, 0);
    check_code(s, BPF_ALU | BPF_DIV | BPF_X, 0);
    check_code(s, BPF_ALU | BPF_LSH | BPF_K, 31);
    check_code(s, BPF_ALU | BPF_LSH | BPF_K, 32);
    check_code(s, BPF_ALU | BPF_NEG, 0);
    check_code(s, BPF_ALU | 0xb0, 0);
    check_code(s, BPF_JMP | BPF_JA, 0);
    check_code(s, BPF_JMP | BPF_JA, 1);
    check_code(s, BPF_JMP | BPF_JA, 0xffffffff);
    check_code(s, BPF_JMP | 0x50, 0);
    check_code(s, BPF_RET | BPF_X, 0);
    check_code(s, BPF_MISC | 0x40, 0);
    check_code(s, BPF_LD | BPF_H | BPF_LEN, 0);
    check_code(s, BPF_LDX | BPF_W | BPF_ABS, 0);
    check_code(s, BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF + 62);
    check_code(s, 0x100 | BPF_LD | BPF_IMM, 0);
    T(setsockopt(s, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
    T(setsockopt(s, SOL_SOCKET, SO_LOCK_FILTER, &off, sizeof(off)));
    T(setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)));
    T(ATTACH(s, everything));
    close(s), close(c), close(from);
}

int main(void)
{
    lo = if_nametoindex("lo");
    need(lo > 0, "lo");
    makes();
    sees();
    sends();
    options();
    filters();
    return 0;
}
