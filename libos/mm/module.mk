mm.dir  := libos/mm
mm.src  := 
mm.uses := base arch iface
