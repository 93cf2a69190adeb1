tty.dir  := libos/tty
tty.src  := line.c pty.c control.c pts.c
tty.uses := base iface mm thread time vfs
tty.cflags := -Os
