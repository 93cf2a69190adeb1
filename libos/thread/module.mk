thread.dir  := libos/thread
thread.src  := wait.c thread.c timer.c libc.c sched.c upcall.c
thread.uses := base arch iface mm
thread.cflags := -Os # in every image
