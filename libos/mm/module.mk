mm.dir  := libos/mm
mm.src  := runs.c page.c share.c heap.c user.c fault.c
mm.uses := base arch iface
