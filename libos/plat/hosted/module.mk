plat.dir  := libos/plat/hosted
plat.src  := plat.c share.c clock.c device.c thread.c upcall.c setting.c
plat.uses := base arch iface mm abi
plat.cflags := -Os # in every image
