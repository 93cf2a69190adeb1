sock.dir  := libos/net/sock
sock.src  := sock.c message.c option.c
sock.uses := base iface mm thread time vfs
