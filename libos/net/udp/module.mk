udp.dir  := libos/net/udp
udp.src  := udp.c
udp.uses := base iface random wire ip
