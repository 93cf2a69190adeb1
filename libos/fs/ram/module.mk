ram.dir  := libos/fs/ram
ram.src  := 
ram.uses := base iface mm thread time random
