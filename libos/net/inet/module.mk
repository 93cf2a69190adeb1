inet.dir  := libos/net/inet
inet.src  := parts.c permit.c permit_ip.c family.c name.c option.c errors.c glue.c stream.c stream_io.c push.c exit.c etc.c ready.c dgram.c raw.c group.c interface.c netlink.c rtnetlink.c netlink_watch.c netlink_parts.c netlink_more.c rtnetlink_set.c packet.c packet_parts.c filter.c sockfilter.c procnet.c zerocopy.c
inet.uses := base iface mm random thread vfs wire link ip icmp tcp udp
