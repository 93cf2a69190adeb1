dev.dir  := libos/fs/dev
dev.src  := dev.c
dev.uses := base iface mm thread time random vfs block
dev.cflags := -Os
