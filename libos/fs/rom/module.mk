rom.dir  := libos/fs/rom
rom.src  := 
rom.uses := base iface mm abi
