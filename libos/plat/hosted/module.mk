plat.dir  := libos/plat/hosted
plat.src  := 
plat.uses := base arch iface mm abi
