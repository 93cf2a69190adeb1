icmp.dir  := libos/net/icmp
icmp.src  := icmp.c
icmp.uses := base iface wire ip
icmp.cflags := -Os
