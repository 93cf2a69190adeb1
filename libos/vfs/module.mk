vfs.dir  := libos/vfs
vfs.src  := 
vfs.uses := base iface mm thread time
