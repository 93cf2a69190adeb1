wire.dir  := libos/net/wire
wire.src  := pkt.c
wire.uses := base iface
