proc.dir  := libos/fs/proc
proc.src  := machine.c more.c proc.c rare.c self.c
proc.uses := base iface mm thread time random vfs
proc.cflags := -Os
