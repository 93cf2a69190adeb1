link.dir  := libos/net/link
link.src  := pool.c ethernet.c neighbour.c arp.c ndp.c slaac.c listener.c
link.uses := base iface mm random wire ip icmp
