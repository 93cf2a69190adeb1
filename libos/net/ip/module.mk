ip.dir  := libos/net/ip
ip.src  := start.c iface.c group.c route.c input.c output.c gso.c local.c reassembly.c lifetime.c names.c pmtu.c port.c
ip.uses := base iface mm random wire
