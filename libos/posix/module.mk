posix.dir  := libos/posix
posix.src  := dyn.c
posix.src  += mem.c
posix.uses := base arch iface mm thread time random vfs ram
