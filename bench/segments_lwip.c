/* SPDX-License-Identifier: MIT
 *
 * lwIP's TCP for bench/segments.c: both ends in one stack, without its IP (tools/bench-tcp links
 * with --wrap=ip4_output_if). */
#include <string.h>

#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "segments.h"

static struct netif netif[2];
static struct tcp_pcb *pcbs[2];
static struct pbuf *came[2];
static ip4_addr_t address[2];
static struct ip_hdr header[2]; /* of a packet to that side */
static int64_t now;

u32_t sys_now(void)
{
    return (u32_t)(now / 1000000);
}

err_t __wrap_ip4_output_if(struct pbuf *p, const ip4_addr_t *from, const ip4_addr_t *to, u8_t ttl,
                           u8_t tos, u8_t protocol, struct netif *out);
err_t __wrap_ip4_output_if(struct pbuf *p, const ip4_addr_t *from, const ip4_addr_t *to, u8_t ttl,
                           u8_t tos, u8_t protocol, struct netif *out)
{
    (void)to;
    (void)ttl;
    (void)tos;
    (void)protocol;
    (void)out;
    segment_begin(ip4_addr_cmp(from, &address[1]));
    for (struct pbuf *q = p; q; q = q->next)
        segment_add(q->payload, q->len);
    segment_end();
    return ERR_OK;
}

static err_t no_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
    (void)n;
    (void)p;
    (void)to;
    return ERR_OK;
}

static err_t init(struct netif *n)
{
    n->mtu = 1500;
    n->output = no_output;
    return ERR_OK;
}

static err_t receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    int side = (int)(intptr_t)arg;

    (void)pcb;
    (void)err;
    if (!p)
        return ERR_OK;
    if (came[side])
        pbuf_cat(came[side], p);
    else
        came[side] = p;
    return ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)err;
    pcbs[1] = pcb;
    tcp_arg(pcb, (void *)1);
    tcp_recv(pcb, receive);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)err;
    pcbs[0] = pcb;
    return ERR_OK;
}

void stack_start(int offloads)
{
    ip4_addr_t mask;

    (void)offloads; /* it has none */
    lwip_init();
    IP4_ADDR(&mask, 255, 255, 255, 0);
    for (int i = 0; i < 2; i++) {
        IP4_ADDR(&address[i], 10, 0, 0, (u8_t)(1 + i));
        netif_add(&netif[i], &address[i], &mask, NULL, NULL, init, ip_input);
        netif_set_up(&netif[i]);
        netif_set_link_up(&netif[i]);
    }
    for (int i = 0; i < 2; i++) {
        IPH_VHL_SET(&header[i], 4, 5);
        IPH_TTL_SET(&header[i], 64);
        header[i].src.addr = address[!i].addr;
        header[i].dest.addr = address[i].addr;
    }
    struct tcp_pcb *l = tcp_new(), *c = tcp_new();
    tcp_bind(l, &address[1], 80);
    tcp_accept(tcp_listen(l), accepted);
    tcp_bind(c, &address[0], 1000);
    tcp_arg(c, (void *)0);
    tcp_recv(c, receive);
    tcp_nagle_disable(c);
    tcp_connect(c, &address[1], 80, connected);
}

int stack_connected(void)
{
    return pcbs[0] && pcbs[1];
}

void stack_time(int64_t ns)
{
    static int64_t last;

    now = ns;
    if (ns - last >= 250000000) {
        last = ns;
        tcp_tmr();
    }
}

size_t stack_write(int side, const void *data, size_t n)
{
    size_t done = 0;

    while (done < n) {
        size_t some = n - done > 0xffff ? 0xffff : n - done;
        if (some > tcp_sndbuf(pcbs[side]))
            some = tcp_sndbuf(pcbs[side]);
        if (some == 0 || tcp_write(pcbs[side], (const char *)data + done, (u16_t)some,
                                   TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        done += some;
    }
    tcp_output(pcbs[side]);
    return done;
}

size_t stack_read(int side)
{
    struct pbuf *p = came[side];

    if (!p)
        return 0;
    came[side] = NULL;
    size_t n = p->tot_len;
    for (size_t left = n; left > 0;) {
        u16_t some = (u16_t)(left > 0xffff ? 0xffff : left);
        tcp_recved(pcbs[side], some);
        left -= some;
    }
    pbuf_free(p);
    return n;
}

void *stack_packet(const void *segment, size_t len)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);

    if (!p)
        abort();
    pbuf_take(p, segment, (u16_t)len);
    return p;
}

void stack_input(int side, void *packet)
{
    ip_data.current_netif = ip_data.current_input_netif = &netif[side];
    ip_data.current_ip4_header = &header[side];
    ip_data.current_ip_header_tot_len = IP_HLEN;
    ip_addr_copy(ip_data.current_iphdr_src, address[!side]);
    ip_addr_copy(ip_data.current_iphdr_dest, address[side]);
    tcp_input(packet, &netif[side]);
}

void stack_input_done(int side)
{
    (void)side;
}
