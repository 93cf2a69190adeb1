random.dir  := libos/random
random.src  := 
random.uses := base arch iface
