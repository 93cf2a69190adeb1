block.dir  := libos/block
block.src  := file.c
block.uses := base iface mm
