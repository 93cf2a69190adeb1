time.dir  := libos/time
time.src  := uptime.c
time.uses := base arch iface
