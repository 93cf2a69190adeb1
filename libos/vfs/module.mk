vfs.dir  := libos/vfs
vfs.src  := fd.c fd_alloc.c
vfs.uses := base iface mm thread time
