thread.dir  := libos/thread
thread.src  := wait.c thread.c timer.c
thread.uses := base arch iface
thread.cflags := -Os # in every image
