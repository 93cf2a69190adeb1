proc.dir  := libos/fs/proc
proc.src  := 
proc.uses := base iface mm thread time vfs
