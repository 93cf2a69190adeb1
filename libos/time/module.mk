time.dir  := libos/time
time.src  := 
time.uses := base arch iface
