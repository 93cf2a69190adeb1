thread.dir  := libos/thread
thread.src  := 
thread.uses := base arch iface
