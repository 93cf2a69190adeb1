unix.dir  := libos/net/unix
unix.src  := family.c name.c stream.c packet.c queue.c control.c flight.c log.c procunix.c
unix.uses := base iface mm thread time vfs
