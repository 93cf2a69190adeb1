link.dir  := libos/net/link
link.src  := pool.c ethernet.c neighbour.c arp.c ndp.c
link.uses := base iface mm wire ip icmp
