vfs.dir  := libos/vfs
vfs.src  := anon.c epoll.c fd.c fd_alloc.c forward.c inode.c lock.c open.c path.c permit.c pipe.c splice.c text.c tree.c tree_add.c watch.c
vfs.uses := base iface mm thread time
