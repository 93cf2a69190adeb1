posix.dir  := libos/posix
posix.src  := dyn.c
posix.src  += mem.c
posix.src  += process.c ids.c limits.c system.c time.c random.c futex.c
posix.src  += signal.c signal_pending.c signal_deliver.c signal_frame.c clone.c sched.c
posix.src  += io.c fcntl.c file.c path.c stat.c xattr.c pipe.c poll.c
posix.uses := base arch iface mm thread time random vfs ram
