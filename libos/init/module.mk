init.dir  := libos/init
init.src  := init.c stdio.c mounts.c memory_files.c host_files.c
init.uses := base arch abi iface plat mm thread time random virtio vfs rom ram dev proc posix
init.cflags := -Os # in every image
