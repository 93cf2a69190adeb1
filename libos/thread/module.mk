thread.dir  := libos/thread
thread.src  := wait.c thread.c timer.c stack.c
thread.uses := base arch iface
thread.cflags := -Os # in every image
