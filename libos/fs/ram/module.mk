ram.dir  := libos/fs/ram
ram.src  := data.c dir.c file.c find.c inode.c
ram.uses := base iface mm thread time random
