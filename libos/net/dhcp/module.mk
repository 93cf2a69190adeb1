dhcp.dir  := libos/net/dhcp
dhcp.src  := dhcp.c options.c
dhcp.uses := base iface mm random wire ip udp
dhcp.cflags := -Os
