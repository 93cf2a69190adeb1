time.dir  := libos/time
time.src  := alarm.c uptime.c
time.uses := base arch iface
