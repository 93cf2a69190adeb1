wire.dir  := libos/net/wire
wire.src  := pkt.c checksum.c
wire.uses := base iface
