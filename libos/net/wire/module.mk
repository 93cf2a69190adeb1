wire.dir  := libos/net/wire
wire.src  := pkt.c checksum.c domains.c
wire.uses := base iface
