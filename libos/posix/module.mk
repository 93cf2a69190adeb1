posix.dir  := libos/posix
posix.src  := 
posix.uses := base arch iface mm thread time random vfs ram
