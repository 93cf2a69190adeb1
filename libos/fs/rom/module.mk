rom.dir  := libos/fs/rom
rom.src  := rom.c
rom.uses := base iface mm abi
