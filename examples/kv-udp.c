/* SPDX-License-Identifier: MIT
 *
 * A key-value server over UDP port 7000, on raw packets: no sockets, nothing copied, answers are
 * written into the packets that asked. It answers ARP too. Requests: "set KEY VALUE", "get KEY",
 * "quit". Its address is the first argument:
 *     pith run --net tap:tap0 kv-udp 10.0.0.2 */
#include <arpa/inet.h>
#include <pith/net.h>
#include <stdio.h>
#include <string.h>

#define HEADERS 42 /* Ethernet 14, IPv4 20, UDP 8 */
#define ENTRIES 64
#define BATCH   64

static struct pith_net_info net;
static uint8_t address[4];
static struct {
    char key[32];
    uint8_t value[1400];
    size_t len;
} entries[ENTRIES];
static unsigned requests;
static bool quit;

/* The entry of (key), or, if (make), a free one for it. */
static int find(const char *key, bool make)
{
    for (int i = 0; i < ENTRIES; i++) {
        if (make && !entries[i].key[0])
            strcpy(entries[i].key, key);
        if (strcmp(entries[i].key, key) == 0)
            return i;
    }
    return -1;
}

/* Answers the (len) bytes at (text) in their place. Returns the length of the answer. */
static size_t serve(uint8_t *text, size_t len)
{
    char key[32] = "";
    size_t at = 4;

    requests++;
    while (at < len && text[at] != ' ' && at - 4 < sizeof(key) - 1) {
        key[at - 4] = (char)text[at];
        at++;
    }
    if (len > at && memcmp(text, "set ", 4) == 0 && text[at] == ' ' && key[0]) {
        int i = find(key, true);
        size_t n = len - at - 1;
        if (i >= 0 && n <= sizeof(entries[i].value)) {
            memcpy(entries[i].value, text + at + 1, n);
            entries[i].len = n;
            memcpy(text, "stored", 6);
            return 6;
        }
    } else if (len > 4 && memcmp(text, "get ", 4) == 0 && key[0]) {
        int i = find(key, false);
        /* The answer must fit into the packet that asked, or into a new one: see answer(). */
        return i < 0 ? (memcpy(text, "none", 4), 4) : (size_t)(1000000 + i);
    } else if (len >= 4 && memcmp(text, "quit", 4) == 0) {
        quit = true;
        memcpy(text, "bye", 3);
        return 3;
    }
    memcpy(text, "what", 4);
    return 4;
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

static void put16(uint8_t *p, size_t n)
{
    p[0] = (uint8_t)(n >> 8);
    p[1] = (uint8_t)n;
}

/* Makes (p) an answer to itself, or gives a new packet in its place. NULL: there is none. */
static struct pith_packet *answer(struct pith_packet *p)
{
    uint8_t *d = p->data;

    if (!pith_packet_pull(p, p->total) || p->len < HEADERS)
        return NULL;
    d = p->data;
    if (d[12] == 8 && d[13] == 6 && d[21] == 1 && memcmp(d + 38, address, 4) == 0) {
        memcpy(d, d + 6, 6); /* ARP: who has our address? */
        memcpy(d + 6, net.mac, 6);
        d[21] = 2;
        memcpy(d + 32, d + 22, 10);
        memcpy(d + 22, net.mac, 6);
        memcpy(d + 28, address, 4);
        pith_packet_made(p);
        return p;
    }
    size_t len = (size_t)(d[38] << 8 | d[39]);
    if (d[12] != 8 || d[13] != 0 || d[14] != 0x45 || d[23] != 17 || d[36] << 8 != (7000 & 0xff00) ||
        d[37] != (7000 & 0xff) || memcmp(d + 30, address, 4) != 0 || len < 8 || len > p->len - 34)
        return NULL;
    struct pith_packet *a = p;
    len = serve(d + HEADERS, len - 8);
    if (len >= 1000000) {
        size_t i = len - 1000000;
        len = entries[i].len;
        a = pith_packet_alloc(HEADERS + len);
        if (!a)
            return NULL;
        memcpy(a->data, d, HEADERS);
        memcpy(a->data + HEADERS, entries[i].value, len);
        pith_packet_free(p);
        d = a->data;
    }
    pith_packet_trim(a, HEADERS + len);
    swap(d, d + 6, 6);
    swap(d + 26, d + 30, 4);
    swap(d + 34, d + 36, 2);
    put16(d + 16, 28 + len);
    put16(d + 38, 8 + len);
    put16(d + 40, 0); /* UDP over IPv4 may do without a checksum: RFC 768 */
    put16(d + 24, 0);
    uint16_t sum = checksum(d + 14, 20);
    memcpy(d + 24, &sum, 2);
    return a;
}

int main(int argc, char **argv)
{
    if (argc < 2 || inet_pton(AF_INET, argv[1], address) != 1) {
        puts("usage: kv-udp ADDRESS");
        return 0;
    }
    if (pith_net_open(0, NULL, NULL) != 0) {
        fputs("there is no network: pith run --net tap:NAME\n", stderr);
        return 1;
    }
    pith_net_info(0, &net);
    printf("%s: MTU %u\n", net.name, net.mtu);
    fflush(stdout);
    while (!quit) {
        struct pith_packet *list, *answers = NULL, **last = &answers;
        if (pith_net_receive(0, &list, BATCH, -1) < 0)
            continue;
        for (struct pith_packet *p = list, *next; p; p = next) {
            next = p->next;
            p->next = NULL;
            struct pith_packet *a = answer(p);
            if (!a) {
                pith_packet_free(p);
                continue;
            }
            *last = a;
            last = &a->next;
        }
        pith_net_send(0, answers);
    }
    struct pith_packet *rest;
    if (pith_net_receive(0, &rest, BATCH, 0) > 0) /* the last answer leaves */
        pith_packet_free(rest);
    printf("%u requests\n", requests);
    return 0;
}
